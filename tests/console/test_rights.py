"""Who gets where: every place of the console, for every role, and no change without proof of whose form it is."""

import itertools
import re
from html.parser import HTMLParser

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.app.front import front
from tidings.console.place import Place
from tidings.console.rights import Right, Role, may

_PARAMETER = re.compile(r"\{[^}]+\}")
STRANGE_FORM = "this form did not come from a page of yours here"


def places(house: ConsoleHouse) -> list[Place]:
    console = front(house.parts).console
    assert console is not None
    return list(console.places)


def address(place: Place) -> str:
    return "/console" + _PARAMETER.sub("0", place.path)


async def look(visitor: Visitor, path: str) -> httpx.Response:
    """An answer with its body, unless that goes on for ever."""
    async with visitor.http.stream("GET", path) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.aread()
        return answer


async def visitor_of(house: ConsoleHouse, role: Role) -> Visitor:
    return house.stranger if role is Role.STRANGER else await house.person(role)


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role or "member")
async def test_a_role_looks_at_what_it_may_and_at_nothing_else(house: ConsoleHouse, role: Role) -> None:
    visitor = await visitor_of(house, role)

    for place in places(house):
        if place.method != "GET":
            continue
        answer = await look(visitor, address(place))
        if place.path.startswith("/reports/") and answer.status_code == 403 and role is not Role.OWNER:
            # Reports have roles of their own, beside those of the installation.
            assert "ask an owner for that role" in answer.text, place.path
        elif may(role, place.needs):
            assert answer.status_code < 500, place.path
            assert answer.status_code != 403, place.path
            assert role is Role.STRANGER or "/console/sign-in" not in answer.headers.get("location", ""), place.path
        elif role is Role.STRANGER:
            assert answer.headers["location"].startswith("/console/sign-in"), place.path
        else:
            assert answer.status_code == 403, place.path
            assert "ask an owner for that role" in answer.text, place.path


@pytest.mark.parametrize("role", list(Role), ids=lambda role: role or "member")
async def test_a_role_changes_what_it_may_and_that_only_with_proof(house: ConsoleHouse, role: Role) -> None:
    visitor = await visitor_of(house, role)
    visitor.csrf = "0" * 64

    for place in places(house):
        if place.method == "GET" or (role is Role.STRANGER and place.needs is Right.ENTER):
            continue
        answer = await visitor.post(address(place))
        assert answer.status_code == (401 if role is Role.STRANGER else 403), place.path
        if may(role, place.needs):
            assert STRANGE_FORM in answer.text.lower(), place.path
        elif role is not Role.STRANGER:
            assert "ask an owner for that role" in answer.text, place.path


async def test_no_form_is_taken_that_another_site_sent(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    honest = {"origin": owner.origin, "sec-fetch-site": "same-origin"}
    form = {"csrf": owner.csrf, "back": "/console/", "theme": "dark"}
    cases: list[tuple[dict[str, str], dict[str, str], int]] = [
        (honest, form, 303),
        ({"origin": owner.origin}, form, 303),
        ({"sec-fetch-site": "same-origin"}, form, 303),
        ({**honest, "x-csrf-token": owner.csrf}, {"theme": "dark"}, 303),
        ({}, form, 403),
        ({"origin": "https://example.com", "sec-fetch-site": "cross-site"}, form, 403),
        ({"origin": owner.origin, "sec-fetch-site": "same-site"}, form, 403),
        ({"origin": "null"}, form, 403),
        (honest, form | {"csrf": ""}, 403),
        (honest, {"theme": "dark"}, 403),
    ]

    for headers, sent, expected in cases:
        answer = await owner.http.post("/console/theme", data=sent, headers=headers)
        assert answer.status_code == expected, (headers, sent)


class Markup(HTMLParser):
    """What of a page a strict policy would stop."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.stopped: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.stopped.append(tag)
        self.stopped += [name for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.stopped += [name for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]


async def test_every_page_is_under_the_strict_policy_and_keeps_to_it(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)

    for place in places(house):
        if place.method != "GET":
            continue
        answer = await look(owner, address(place))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy, place.path
        assert "unsafe" not in policy, place.path
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "frame-ancestors 'none'" in policy, place.path
            assert answer.headers["cache-control"] == "no-store", place.path
            assert not Markup(answer.text).stopped, place.path
            assert '<html lang="en"' in answer.text, place.path
            assert "<title>" in answer.text, place.path


def test_rights_grow_from_role_to_role() -> None:
    ladder = [Role.STRANGER, Role.MEMBER, Role.READER, Role.OPERATOR, Role.OWNER]

    for lower, higher in itertools.pairwise(ladder):
        assert {right for right in Right if may(lower, right)} < {right for right in Right if may(higher, right)}
