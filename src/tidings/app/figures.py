"""Figures of what is fetched, what is sent on and what is made: of each pull and sink, of porters, of reports."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from tidings.app.parts import Parts
from tidings.core.clock import SECOND
from tidings.egress.porters import Porters
from tidings.store import pulls, sinks
from tidings.web.metrics import Figure, Kind

_PAGE = 500
S = TypeVar("S", pulls.Standing, sinks.Standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Each(Generic[S]):
    """Figures of all that a list gives page by page."""

    label: str
    page: Callable[..., Awaitable[Sequence[S]]]

    def figure(self, name: str, meaning: str, *, of: Callable[[S], float], kind: Kind = Kind.GAUGE) -> Figure:
        return Figure(name=name, meaning=meaning, read=partial(self._read, of), kind=kind, label=self.label)

    async def _read(self, of: Callable[[S], float]) -> Mapping[str, float]:
        found: list[S] = []
        while step := await self.page(after=found[-1].name if found else "", most=_PAGE):
            found += step
        return {one.name: of(one) for one in found}


def named_figures(parts: Parts) -> Sequence[Figure]:
    return [*_pull_figures(parts), *_sink_figures(parts), *_porter_figures(parts), *_report_figures(parts)]


def _pull_figures(parts: Parts) -> Iterator[Figure]:
    def age(one: pulls.Standing) -> float:
        return (parts.clock.now() - (one.succeeded_at or one.created_at)) / SECOND

    each = _Each(label="pull", page=parts.pulling.pulls.standings)
    yield each.figure("tidings_pull_age_seconds", "Since it last brought all, or was made if it never did", of=age)
    yield each.figure("tidings_pull_failures", "Failures in a row", of=lambda one: one.failures)
    pulled = "Receipts that it brought"
    yield each.figure("tidings_pulled_total", pulled, of=lambda one: one.pulled, kind=Kind.COUNTER)


def _sink_figures(parts: Parts) -> Iterator[Figure]:
    each = _Each(label="sink", page=parts.passing.sinks.standings)
    behind = "Receipts and deliveries that it has not got yet, of each up to ten thousand"
    yield each.figure("tidings_sink_behind", behind, of=lambda one: one.receipts + one.deliveries)
    failed = "Deliveries to it that failed for good"
    yield each.figure("tidings_sink_failed_total", failed, of=lambda one: one.failed, kind=Kind.COUNTER)


def _porter_figures(parts: Parts) -> Iterator[Figure]:
    client = parts.client
    if isinstance(client, Porters):
        meaning = "Processes that send for this one, and are ready"
        yield Figure(name="tidings_porters", meaning=meaning, read=lambda: client.ready, kind=Kind.GAUGE)


def _report_figures(parts: Parts) -> Iterator[Figure]:
    yield Figure(
        name="tidings_reports",
        meaning="Runs of report tasks that wait, and that are under way, of each up to ten thousand",
        read=parts.reports.store.standing,
        kind=Kind.GAUGE,
        label="state",
    )
    yield Figure(
        name="tidings_reports_ended_total",
        meaning="Runs of report tasks that came to an end in this process",
        read=lambda: dict(parts.reports.running.ended),
        label="state",
    )
