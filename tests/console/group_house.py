"""Groups of visitors, and an example of each kind of post to them."""

import re
from collections.abc import Mapping

import httpx

from tests.console.house import Visitor

_NEW = re.compile(r"/console/groups/([0-9a-f-]{36})$")

KINDS: dict[str, dict[str, str | list[str]]] = {
    "announcement": {"title": "New rota", "text": "It begins on Monday"},
    "poll": {"title": "Which day?", "choices": "Monday\nTuesday", "due": "24"},
    "meeting": {
        "title": "Stand-up",
        "starting_at": "2030-01-31T09:00",
        "duration": "15",
        "place": "Gate 4",
        "latitude": "12.97",
        "longitude": "77.59",
    },
    "survey": {
        "title": "How was it?",
        "row": ["0", "3"],
        "q0-title": "Your mark",
        "q0-type": "SingleOption",
        "q0-options": "Good\nBad",
        "q3-title": "Why?",
        "q3-type": "LargeText",
        "q3-required": "on",
        "who_sees": "All",
        "due": "24",
    },
    "form": {
        "title": "Order form",
        "package_id": "com.example.order",
        "row": "0",
        "q0-title": "How many",
        "q0-type": "Numeric",
        "multiple": "on",
        "due": "720",
    },
}


async def make_group(visitor: Visitor, name: str = "Night shift", members: str = "") -> str:
    """A new group of the visitor's; its id."""
    answer = await visitor.post("/console/groups", {"name": name, "members": members})
    assert answer.status_code == 303, answer.text
    found = _NEW.search(answer.headers["location"])
    assert found
    return found[1]


async def post(visitor: Visitor, group: str, kind: str, form: Mapping[str, str | list[str]]) -> httpx.Response:
    return await visitor.post(f"/console/groups/{group}/new/{kind}", form)


async def send(visitor: Visitor, group: str, kind: str) -> str:
    """Post the example of that kind; the address to which that led."""
    answer = await post(visitor, group, kind, KINDS[kind])
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]
