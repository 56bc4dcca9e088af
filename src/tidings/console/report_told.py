"""What was told of a report: the callbacks before and after it, and to whom they went."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from tidings.console.offers import Offers
from tidings.core.clock import MINUTE
from tidings.core.event import Event, Subject
from tidings.core.report import Report
from tidings.reports.telling import POST, PRE, TASK
from tidings.store.deliveries import Deliveries, Hearer

# Events of one task within a run's time: its own, and those of other runs at the same time (a filter cycle's).
_LOOKED_AT = 500
_HEARERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event about a report, and the webhooks that it was sent to; `is_whole` if these are all."""

    event: Event
    hearers: Sequence[Hearer]
    is_whole: bool


class ReportTold:
    """Finds what was told: by the key under which it was published, and when that is forgotten, by when it was."""

    def __init__(self, offers: Offers) -> None:
        self._history = offers.history
        self._look_ups = offers.look_ups
        self._deliveries = Deliveries(offers.database)

    async def of(self, report: Report) -> Sequence[Told]:
        """Of one report, in the order in which it was told."""
        return [await self._told(event) async for event in self._events(report)]

    async def _events(self, report: Report) -> AsyncIterator[Event]:
        began = report.began_at or report.queued_at
        over = report.completed_at
        for type_, since, until in ((PRE, report.queued_at, began), (POST, over or began, over)):
            number = await self._look_ups.event_keyed(f"{type_}:{report.id}")
            found = await self._history.event(number) if number else None
            if found is None:
                found = await self._among(type_, report, since=since, until=until)
            if found is not None:
                yield found

    async def _among(self, type_: str, report: Report, *, since: int, until: int | None) -> Event | None:
        """Of so many events around that time."""
        events, _ = await self._history.events(
            limit=_LOOKED_AT,
            type_=type_,
            subject=Subject(TASK, report.task),
            since=max(0, since - MINUTE),
            until=None if until is None else until + MINUTE,
        )
        return next((event for event in events if _is_about(event, report)), None)

    async def _told(self, event: Event) -> Told:
        hearers, is_whole = await self._deliveries.of_event(event, most=_HEARERS)
        return Told(event=event, hearers=[one for one in hearers if one.state], is_whole=is_whole)


def _is_about(event: Event, report: Report) -> bool:
    told = event.document()["data"].get("reportTask")
    return isinstance(told, dict) and told.get("id") == report.id
