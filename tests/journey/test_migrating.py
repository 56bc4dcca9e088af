"""docs/migrating.md, held against what is served, what is heard, and the Postman collection."""

import json
import re
from pathlib import Path

from tests.cli.terminal import Terminal
from tests.journey.test_postman import content, requests
from tidings.dialects.kaizala.catalogue import EVENT_TYPES, HEARD_AT, Kind

PAGE = Path(__file__).parents[2] / "docs/migrating.md"
GUIDE = PAGE.read_text()


def calls(pattern: str, text: str) -> set[str]:
    """Methods and paths, with whatever is variable in a path as a star."""
    found = re.findall(pattern, text, re.MULTILINE)
    paths = {f"{method} /{path.lstrip('/')}" for method, path in found}
    return {re.sub(r"\{[^}]*\}+", "*", path).rstrip("/").lower() for path in paths}


def test_each_call_that_is_documented_is_served(tmp_path: Path) -> None:
    described = json.loads(Terminal(folder=tmp_path).says("openapi"))["paths"]
    served = "\n".join(f"{method.upper()} {path}" for path, item in described.items() for method in item)

    documented = calls(r"^\| \*?`(GET|POST|PUT|DELETE) (\S+)`", GUIDE)

    assert len(documented) > 40
    assert documented - calls(r"^(\w+) (\S+)$", served) == set()


def test_each_call_that_kaizala_had_is_in_the_collection() -> None:
    requested = "\n".join(f"{one['request']['method']} {one['request']['url']}" for one in requests(content()))
    collected = calls(r"^(\w+) (?:\{\{base\}\}|\{\{endpointUrl\}\})/?(?=v1|groups)([^?\s]+)", requested)
    with_version = {call.replace(" /groups", " /v1/groups") for call in collected}

    documented = calls(r"^\| `(GET|POST|PUT|DELETE) (/v1\S+)`", GUIDE)

    assert documented - with_version == set()


def test_events_are_heard_where_the_page_says() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\w*) ?\| (\w*) ?\| (\w*) ?\|$", GUIDE, re.MULTILINE)
    told = {
        (name, kind)
        for names, *marks in rows
        for name in re.findall(r"\w+", names)
        for kind, mark in zip(Kind, marks, strict=True)
        if mark == "yes"
    }

    assert told == {(name, kind) for kind in Kind for name in HEARD_AT[kind]}
    assert {name for name, _ in told} == set(EVENT_TYPES)


def test_each_of_the_thirty_contradictions_is_decided() -> None:
    decided = re.findall(r"^\| (\d{1,2}) \| .+ \| .+ \|$", GUIDE, re.MULTILINE)

    assert [int(number) for number in decided] == list(range(1, 31))


def test_what_the_page_leads_to_is_there() -> None:
    linked = re.findall(r"\]\((?!http|#)([^)]+)\)", GUIDE)

    assert [link for link in linked if not (PAGE.parent / link).exists()] == []
