"""Who does what in the portal: each of its pages, by links that allow it, that do not, and that are worth nothing."""

from collections.abc import AsyncIterator, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from tests.security.asking import Answer, ask
from tests.security.estate import Estate, opened_estate
from tests.security.things import MARK, NOWHERE
from tidings.console.portal import hash_of
from tidings.console.portal_guest import HEADER
from tidings.core.clock import HOUR
from tidings.core.event import Subject
from tidings.store.portal_links import Grant, PortalLink, portal_link_ended, portal_link_made

_ONE = "/portal/webhooks/{id}"
# What a link must allow for each page, None where looking is enough.
NEEDS: Mapping[str, Grant | None] = {
    "GET /portal/webhooks": None,
    "GET /portal/webhooks/new": Grant.MAKE,
    "POST /portal/webhooks/new": Grant.MAKE,
    f"GET {_ONE}": None,
    f"GET {_ONE}/deliveries/{{delivery}}": None,
    f"POST {_ONE}/deliveries/{{delivery}}/retry": Grant.REPLAY,
    f"POST {_ONE}/pause": Grant.PAUSE,
    f"POST {_ONE}/resume": Grant.PAUSE,
    f"POST {_ONE}/rotate": Grant.ROTATE,
    f"POST {_ONE}/test": Grant.TEST,
    f"POST {_ONE}/replay": Grant.REPLAY,
    f"POST {_ONE}/end": Grant.MAKE,
}
# It asks for the token, which browsers do not send by themselves.
FRAME = "GET /portal"
FORM = {"callBackUrl": NOWHERE, "eventTypes": "MemberAdded"}


class Worthless(StrEnum):
    """Links that lead nowhere."""

    NONE = "none"
    FORGED = "forged"
    EXPIRED = "expired"
    ENDED = "ended"


class Links:
    """`of` has the tokens: of worthless links, of links with a single grant, and of one to somebody else's webhooks."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.of: dict[Worthless | Grant | str, str] = {Worthless.NONE: "", Worthless.FORGED: "forged"}

    async def make(self) -> None:
        at, now = self._estate.things.at, self._estate.parts.clock.now()
        hers, elsewhere = Subject("Group", at["group"]), Subject("Group", self._estate.other_group)
        for grant in Grant:
            self.of[grant] = await self._made(grant, about=hers, grants={grant})
        self.of["looks"] = await self._made("looks", about=hers, grants=set())
        self.of["other"] = await self._made("other", about=elsewhere, grants=set(Grant))
        self.of[Worthless.EXPIRED] = await self._made("expired", about=hers, grants=set(Grant), ends=now)
        self.of[Worthless.ENDED] = await self._made("ended", about=hers, grants=set(Grant))
        await self._estate.parts.database.write(portal_link_ended("ended"))

    async def ask(self, who: Worthless | Grant | str, page: str) -> Answer:
        method, _, path = page.partition(" ")
        at = self._estate.things.at
        is_spent = path.endswith("/end")
        webhook = await self._estate.things.fresh("webhook") if is_spent else at["delivered"]
        url = self._estate.address(path, other={"webhook": webhook})
        headers = {"hx-request": "true"} | ({HEADER: self.of[who]} if self.of[who] else {})
        self._estate.changes.since()
        form = FORM if method == "POST" else None
        return await ask(self._estate.front.application, method, url, headers=headers, form=form)

    async def _made(self, name: str, *, about: Subject, grants: set[Grant], ends: int = 0) -> str:
        now = self._estate.parts.clock.now()
        link = PortalLink(
            id=name,
            title="A subscriber",
            owner=self._estate.things.at["asha"],
            subject=about,
            grants=frozenset(grants),
            made_by="test",
            made_at=now,
            expires_at=ends or now + HOUR,
        )
        await self._estate.parts.database.write(portal_link_made(link, hash_=hash_of(f"token-{name}")))
        return f"token-{name}"


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with opened_estate(tmp_path) as estate:
        yield estate


@pytest.fixture
async def links(estate: Estate) -> Links:
    links = Links(estate)
    await links.make()
    return links


async def test_every_page_of_the_portal_says_what_a_link_must_allow(estate: Estate) -> None:
    pages = {f"{method} {page.path}" for page in estate.front.pages if page.name == "portal" for method in page.methods}

    assert pages == {*NEEDS, FRAME}, "say in NEEDS of tests/security/test_portal_matrix.py what a link must allow there"


async def test_a_link_that_is_worth_nothing_or_leads_elsewhere_opens_nothing(estate: Estate, links: Links) -> None:
    wrong = []

    for page in NEEDS:
        for who in (*Worthless, "other"):
            answer = await links.ask(who, page)
            # Somebody else's own list, and their own form, are theirs to see.
            is_own = who == "other" and "{id}" not in page
            is_refused = answer.status in {403, 404} or (is_own and answer.status == 200)
            if not is_refused or estate.changes.since() or MARK in answer.text:
                wrong.append(f"{page} answers {who} with {answer.status}")

    assert not wrong, "\n".join(wrong)


async def test_a_link_opens_what_it_allows_and_nothing_else(estate: Estate, links: Links) -> None:
    wrong = []

    for page, needs in NEEDS.items():
        for who in (*Grant, "looks"):
            answer = await links.ask(who, page)
            is_changed = estate.changes.since()
            is_fine = answer.status == 200 if needs in {None, who} else answer.status == 403 and not is_changed
            if not is_fine:
                wrong.append(f"{page} answers a link to {who} with {answer.status}")

    assert not wrong, "\n".join(wrong)
