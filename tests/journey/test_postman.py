"""The Postman collection, run by newman from top to bottom against `tidings serve`."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import LONGEST_S, Terminal

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs/postman"
COLLECTION = FOLDER / "tidings.postman_collection.json"
# Where tools/test-machine puts it.
NEWMAN = Path(sys.prefix) / "newman/node_modules/.bin/newman"


PHONE = "+910000000001"
CONNECTOR = "postman"
SECRET = "change-me"


def content() -> Any:  # noqa: ANN401 - JSON of others' making
    return json.loads(COLLECTION.read_text())


def requests(item: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    """The requests in a folder, or in the collection, in its order."""
    for one in item["item"]:
        if "request" in one:
            yield one
        else:
            yield from requests(one)


def run(*folders: str, variables: dict[str, str]) -> str:
    """What newman prints about some folders or requests. Fails if one of their tests does."""
    command = [str(NEWMAN), "run", str(COLLECTION), "--working-dir", str(FOLDER), "--color", "off"]
    chosen = [part for folder in folders for part in ("--folder", folder)]
    given = [part for name, value in variables.items() for part in ("--env-var", f"{name}={value}")]
    done = subprocess.run(
        [*command, *chosen, *given], capture_output=True, text=True, timeout=2 * LONGEST_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not (NEWMAN.exists() and shutil.which("node")), reason="newman is not installed")
def test_the_collection_runs_from_top_to_bottom(tmp_path: Path) -> None:
    # It lets the server fetch a file of its own, at an address that is not public.
    terminal = Terminal(folder=tmp_path, settings={"TIDINGS_EGRESS_HTTP": "on", "TIDINGS_EGRESS_ALLOW": "127.0.0.1/32"})
    send_pin, *others = (one["name"] for one in content()["item"][0]["item"])
    folders = [one["name"] for one in content()["item"][1:]]

    with terminal.serving() as base:
        terminal.says("user", "create", "--phone", PHONE, "--name", "Asha Verma")
        terminal.says("connector", "create", "--name", "Postman", "--id", CONNECTOR, "--secret", SECRET)
        variables = {"base": base, "phone": PHONE, "applicationId": CONNECTOR, "applicationSecret": SECRET}
        run(send_pin, variables=variables)
        variables["pin"] = terminal.says("user", "pin", PHONE)
        variables["tenantRefreshToken"] = terminal.says("token", "create", "--connector", CONNECTOR)
        printed = run(*others, *folders, variables=variables)

    called = re.findall(r"^↳ (.*)$", printed, re.MULTILINE)
    assert called == [one["name"] for one in requests(content())][1:]


def test_each_request_says_what_it_does_and_tests_its_answer() -> None:
    assert [
        one["name"] for one in requests(content()) if not (one["request"]["description"] and one["event"][0]["script"])
    ] == []


def test_no_number_in_the_collection_is_anybodys() -> None:
    assert set(re.findall(r"\+\d{6,}", COLLECTION.read_text())) <= {f"+91000000000{digit}" for digit in range(10)}
