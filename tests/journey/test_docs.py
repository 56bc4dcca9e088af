"""The pages of docs/, held against what there is: links, commands with their options, figures for Prometheus."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from standardwebhooks import Webhook

from tidings.cli.main import tidings
from tidings.core.clock import SECOND, Clock

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
# Code is fenced as a shell's, or indented.
_CODE = re.compile(r"^```(?:sh|bash)\b[^\n]*\n[\s\S]*?^```|^ {4}.*$", re.MULTILINE)
# At the beginning of a line, behind what is set for it; up to what explains it or goes on with it.
_COMMAND = re.compile(r"^ *(?:\w+=\S* )*(?:\w+=\$\()?tidings (.*?)(?: {2,}| [#>|;]|\)|$)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """What a link may say behind the `#`: the headings, as the hosts of repositories write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[tuple[str, Path, str]]:
    """Each link that leads to a file: as it is written, the file, and the place in it."""
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        yield link, (page.parent / path).resolve() if path else page, anchor


def commands(page: Path) -> Iterator[list[str]]:
    """What stands behind each `tidings` in the code of a page."""
    for code in _CODE.findall(re.sub(r"\\\n *", "", page.read_text())):
        yield from map(shlex.split, _COMMAND.findall(code))


def misunderstood(words: list[str]) -> str:
    """What the command line would not understand in it; nothing if all is well."""
    command: click.Command = tidings
    context = click.Context(tidings)
    while isinstance(command, click.Group):
        name = words.pop(0) if words else ""
        found = command.get_command(context, name)
        if found is None:
            return f"there is no command {name!r}"
        command = found
    known = {option for one in command.params for option in one.opts}
    return ", ".join(word for word in words if word.startswith("--") and word not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = [link for link, path, anchor in links(page) if not path.exists() or (anchor and anchor not in anchors(path))]

    assert lost == []


def test_every_page_is_two_clicks_from_the_readme() -> None:
    first = {path for _, path, _ in links(README)}
    second = {path for page in first if page.suffix == ".md" for _, path, _ in links(page)}

    assert [page.name for page in PAGES if page not in first | second | {README}] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_understood_as_it_is_written(page: Path) -> None:
    assert [(line, wrong) for line in commands(page) if (wrong := misunderstood(line.copy()))] == []


def test_commands_are_found() -> None:
    assert sum(1 for page in PAGES for _ in commands(page)) > 50


def test_every_figure_that_is_named_is_served() -> None:
    named = {one for page in PAGES for one in re.findall(r"\b(tidings_[a-z_]+)\b", page.read_text())}
    source = "\n".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))

    assert [one for one in named if one.removesuffix("_bucket").removesuffix("_total") not in source] == []


SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
BODY = '{"text": "Grüße"}'


def signed(*, body: str = BODY, age: timedelta = timedelta()) -> dict[str, str]:
    """The headers of a callback, by the makers of the scheme; another signature stands before ours."""
    at = datetime.fromtimestamp(Clock().now() // SECOND, UTC) - age
    signature = Webhook(SECRET).sign("one", at, body)
    return {
        "webhook-id": "one",
        "webhook-timestamp": f"{at.timestamp():.0f}",
        "webhook-signature": f"v1,AAAA {signature}",
    }


def block(language: str) -> str:
    """The code in that language on the page that tells how to verify."""
    [found] = re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "docs/receiving.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return str(found)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_what_the_page_has_in_javascript_verifies_callbacks_and_nothing_else() -> None:
    tries = [signed(), signed(body="{}"), signed(age=timedelta(minutes=6)), {}]
    script = f"""{block("js")}
        const tries = {json.dumps(tries)}, body = Buffer.from({json.dumps(BODY)});
        console.log(JSON.stringify(tries.map((headers) => verified({json.dumps(SECRET)}, headers, body))));"""

    said = subprocess.run(["node", "-e", script], capture_output=True, text=True, timeout=60, check=True)

    assert json.loads(said.stdout) == [True, False, False, False]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize(("body", "status"), [(BODY, 0), ("{}", 1)])
def test_what_the_page_has_for_a_shell_verifies_callbacks_and_nothing_else(body: str, status: int) -> None:
    script = f"{block('sh')}\nverified {SECRET} {shlex.join(signed().values())}"

    done = subprocess.run(["sh", "-c", script], input=body, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stderr) == (status, "")
