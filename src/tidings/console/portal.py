"""Portal links: an operator lets a subscriber look after their own webhooks, for a while."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from tidings.access.phone import normal_phone
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import CONNECTOR, Visit
from tidings.console.webhook_subjects import WebhookSubjects
from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid, TidingsError
from tidings.core.event import Subject
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES
from tidings.store.audit import audited
from tidings.store.people import People
from tidings.store.portal_links import (
    Grant,
    PortalLink,
    PortalLinks,
    portal_link_ended,
    portal_link_made,
    portal_links_swept,
)
from tidings.store.webhooks import Webhooks

# Where links lead to, below the public URL. What follows the `#` is sent to nobody.
PORTAL = "portal"
LIVES: Mapping[str, tuple[str, int]] = {
    "15m": ("15 minutes", 15 * MINUTE),
    "1h": ("an hour", HOUR),
    "8h": ("8 hours", 8 * HOUR),
    "24h": ("a day", DAY),
}
GRANTS = (
    (Grant.MAKE, "Make webhooks on that object, and end them"),
    (Grant.PAUSE, "Pause and resume"),
    (Grant.ROTATE, "Make new signing secrets"),
    (Grant.TEST, "Send tests"),
    (Grant.REPLAY, "Deliver again"),
)
_HERE = "/console/webhooks/portal"
_PAGE = 50
_BYTES = 32
_LONGEST_TITLE = 120


class PortalPages:
    """Makes links, shows which there are, and ends them."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._clock = offers.clock
        self._database = offers.database
        self._links = PortalLinks(offers.database)
        self._people = People(offers.database)
        self._subjects = WebhookSubjects(offers)
        self._webhooks = Webhooks(offers.database)

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/webhooks/portal", does=self._list, needs=Right.OPERATE),
            Place(path="/webhooks/portal", does=self._make, needs=Right.OPERATE, method="POST"),
            Place(path="/webhooks/portal/{id}/end", does=self._end, needs=Right.OPERATE, method="POST"),
        ]

    async def _list(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        links = await self._links.page(before=_before(visit.query.get("before", "")), most=_PAGE)
        return visit.page(
            "portal/links.html",
            error=error,
            links=links,
            now=self._clock.now(),
            older=f"{_HERE}?before={links[-1].made_at}.{links[-1].id}" if len(links) == _PAGE else "",
            connectors=[("", "any"), *await self._subjects.connectors(), (CONNECTOR, CONNECTOR)],
            kinds=[("", "anything"), *((one, one) for one in OBJECT_TYPES)],
            grants=GRANTS,
            lives=[(name, words) for name, (words, _) in LIVES.items()],
            origins=self._offers.portal_origins,
        )

    async def _make(self, visit: Visit) -> Response:
        try:
            link = await self._asked(visit)
        except Invalid as error:
            return await self._list(visit, error=error)
        token = secrets.token_urlsafe(_BYTES)
        await self._database.write(
            portal_links_swept(link.made_at),
            portal_link_made(link, hash_=hash_of(token)),
            audited(actor=link.made_by, action="portal.link_made", about=link.id, at=link.made_at),
        )
        shown, _ = await self._webhooks.page(link.scope, limit=_PAGE)
        return visit.page(
            "portal/made.html",
            link=link,
            url=f"{self._offers.public_url}{PORTAL}#{token}",
            count=len(shown),
            origins=self._offers.portal_origins,
        )

    async def _end(self, visit: Visit) -> Response:
        entry = audited(actor=visit.person.id, action="portal.link_ended", about=visit.path["id"], at=self._clock.now())
        await self._database.write(portal_link_ended(visit.path["id"]), entry)
        return visit.go(_HERE, said="That link leads nowhere any more.")

    async def _asked(self, visit: Visit) -> PortalLink:
        form, now = visit.form, self._clock.now()
        values: dict[str, Any] = {"connector": form.text("connector"), "owner": await self._owner(form.text("phone"))}
        kind, identifier = form.text("objectType"), form.text("objectId")
        if kind or identifier:
            if kind not in OBJECT_TYPES or not identifier:
                raise Invalid("objectId: an object has a kind and an id; choose both, or neither")
            values["subject"] = Subject(kind, identifier)
        if not any(values.values()):
            raise Invalid("connector: name a program, a person or an object; a link never leads to all webhooks")
        grants = frozenset(one for one in Grant if one in form.all("grants"))
        if Grant.MAKE in grants:
            if not kind:
                raise Invalid("objectId: name the object on which webhooks may be made")
            await self._subjects.must_hear(visit, values["subject"], connector=values["connector"])
        lives = form.text("lives", "1h")
        if lives not in LIVES:
            raise Invalid("lives: choose one of the list")
        return PortalLink(
            id=secrets.token_hex(8),
            title=form.text("title")[:_LONGEST_TITLE],
            grants=grants,
            made_by=visit.person.id,
            made_at=now,
            expires_at=now + LIVES[lives][1],
            **values,
        )

    async def _owner(self, phone: str) -> str:
        if not phone:
            return ""
        person = await self._people.by_phone(normal_phone(phone, field="phone"))
        if person is None:
            raise Invalid("phone: nobody here has this number")
        return person.id


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _before(text: str) -> tuple[int, str]:
    at, _, identifier = text.partition(".")
    if not (at.isascii() and at.isdigit() and len(at) < 16):  # noqa: PLR2004 - epoch milliseconds have 13
        return 2**62, ""
    return int(at), identifier
