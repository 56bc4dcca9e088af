"""Audit log: who did what, to what, and when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, urlencode

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import DAY, SECOND
from tidings.core.errors import Invalid
from tidings.store.audit import NEWEST, Asked, Audit, Told
from tidings.store.cursor import read_cursor

_A_PAGE = 50
# Beyond that a list to choose from is none; everybody's page leads to what they did.
_CHOICES = 200
_HASH = re.compile(r"[0-9a-f]{64}")
# Where what an action is about can be looked at, by how the action begins.
_PLACES = {
    "connector": "/settings/connectors/{id}",
    "person": "/settings/connectors/{id}",  # by which a person signed in; people themselves are told apart
    "token.created": "/settings/connectors/{id}",
    "webhook": "/webhooks/{id}",
    "group": "/groups/{id}",
    "event": "/events/{id}",
    "source": "/sources/{name}",
    "report_template": "/reports/templates/{id}",
    "report_task": "/reports/tasks/{id}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry with where what it is about can be looked at; empty for nowhere."""

    entry: Told
    address: str

    @property
    def shown(self) -> str:
        """What it is about; of a token's hash the beginning, as elsewhere."""
        one = self.entry
        return one.about_name or (one.about[:12] if _HASH.fullmatch(one.about) else one.about)


class AuditPages:
    """For whoever may look; the record is only ever added to."""

    def __init__(self, offers: Offers) -> None:
        self._audit = Audit(offers.database)

    def places(self) -> Sequence[Place]:
        return [Place(path="/settings/audit", does=self._list, needs=Right.LOOK)]

    async def _list(self, visit: Visit) -> Response:
        query = {name: visit.query.get(name, "").strip() for name in ("actor", "action", "about", "since", "until")}
        entries: list[Told] = []
        error = None
        try:
            asked = _asked(query)
            before = read_cursor(visit.query.get("cursor", ""), start=NEWEST)
            entries = await self._audit.told(asked, before=before, most=_A_PAGE)
        except Invalid as wrong:
            error = wrong
        here = f"/console/settings/audit?{urlencode({name: text for name, text in query.items() if text})}"
        return visit.page(
            "settings/audit.html",
            error=error,
            lines=[Line(entry=one, address=_address(visit, one)) for one in entries],
            query=query,
            is_asked=any(query.values()),
            actors=_named([(one.id, one.name or one.id) for one in await self._audit.actors(most=_CHOICES)], query),
            actions=await self._audit.actions(most=_CHOICES),
            older=f"{here}&cursor={entries[-1].id}" if len(entries) == _A_PAGE else "",
            newest=here if "cursor" in visit.query else "",
        )


def _asked(query: dict[str, str]) -> Asked:
    until = _day(query, "until")
    return Asked(
        actor=query["actor"],
        action=query["action"],
        about=query["about"],
        since=_day(query, "since") or 0,
        until=None if until is None else until + DAY,
    )


def _day(query: dict[str, str], name: str) -> int | None:
    """The instant at which a day begins, in UTC. Raises Invalid."""
    if not query[name]:
        return None
    try:
        day = date.fromisoformat(query[name])
    except ValueError as error:
        raise Invalid(f"{name}: write a day like 2026-01-31") from error
    at = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * SECOND)
    if at < 0:
        raise Invalid(f"{name}: nothing was recorded before 1970")
    return at


def _named(actors: list[tuple[str, str]], query: dict[str, str]) -> list[tuple[str, str]]:
    """Whom to choose from; whoever is asked about is one of them in any case."""
    chosen = query["actor"]
    if chosen and all(actor != chosen for actor, _ in actors):
        actors.append((chosen, chosen))
    return sorted(actors, key=lambda one: one[1].casefold())


def _address(visit: Visit, entry: Told) -> str:
    path = "/settings/people/{id}" if entry.is_about_person else ""
    path = path or next((path for begin, path in _PLACES.items() if entry.action.startswith(begin)), "")
    if not (path and entry.about and visit.pages.has(path)):
        return ""
    return f"/console{path.partition('{')[0]}{quote(entry.about, safe='')}"
