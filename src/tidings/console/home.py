"""Home: what is happening now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from tidings.console.figures import FigureBoard
from tidings.console.live import Live, Piece
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.identifier import identifier_at
from tidings.store.pulse import Happened, Pulse, Step, Tried

_SHOWN = 20
# A poll looks no further back: whoever publishes more a second than this sees the newest of them.
_AT_ONCE = 20
# What happened since a page was made, when it begins to listen; what it shows already it leaves out.
_BEFORE_A_PAGE_MS = 10 * SECOND
# Looks between two tellings of the figures.
_FIGURES_EVERY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A time that a chart is of, and how it is divided."""

    name: str
    title: str
    length_ms: int
    step_ms: int
    form: str


SPANS = (
    Span(name="hour", title="Last hour", length_ms=HOUR, step_ms=MINUTE, form="%H:%M"),
    Span(name="day", title="Last day", length_ms=DAY, step_ms=30 * MINUTE, form="%d %b %H:%M"),
    Span(name="month", title="Last month", length_ms=30 * DAY, step_ms=12 * HOUR, form="%d %b %H:%M"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A step of a chart: `values` are those of its series."""

    text: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """What came in and what went out."""

    came: list[Bar]
    went: list[Bar]


class Home:
    """Shows figures, what fails, charts, and what happens; goes on by itself while it is open."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._pages = pages
        self._clock = offers.clock
        self._pulse = Pulse(offers.database)
        self._board = FigureBoard(offers.history, self._pulse, clock=offers.clock)
        self._last_event = self._last_attempt = 0
        self._looks = 0
        self._live = Live(self._look, clock=offers.clock)

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/", does=self._show, needs=Right.BE_ONESELF),
            Place(path="/live", does=self._listen, needs=Right.LOOK),
        ]

    def close(self) -> None:
        """End what goes on for as long as somebody looks."""
        self._live.close()
        self._board.close()

    async def _show(self, visit: Visit) -> Response:
        if not visit.may(Right.LOOK):
            return visit.go("/console/groups") if self._pages.has("/groups") else visit.go("/console/settings/sessions")
        span = next((one for one in SPANS if one.name == visit.query.get("span")), SPANS[0])
        events = await self._pulse.events(after=0, most=_SHOWN)
        attempts = await self._pulse.attempts(after=0, most=_SHOWN)
        return visit.page(
            "home/home.html",
            block="charts",
            figures=await self._board.now(),
            spans=SPANS,
            span=span,
            charts=await self._charts(span),
            happenings=_merged(events, attempts)[:_SHOWN],
        )

    async def _listen(self, visit: Visit) -> Response:
        del visit
        return self._live.answer()

    async def _charts(self, span: Span) -> Charts:
        now = self._clock.now()
        first = now - now % span.step_ms - span.length_ms + span.step_ms
        steps = await self._pulse.steps(
            since=first, until=now + 1, step_ms=span.step_ms, most=span.length_ms // span.step_ms + 1
        )
        by_start = {step.at: step for step in steps}
        whole = [by_start.get(at) or Step(at=at) for at in range(first, now + 1, span.step_ms)]
        return Charts(came=[_came(step, span) for step in whole], went=[_went(step, span) for step in whole])

    async def _look(self) -> Sequence[Piece]:
        """What is new since the last look; the first one goes back a moment, as pages take to come."""
        floor = identifier_at(self._clock.now() - _BEFORE_A_PAGE_MS)
        events = await self._pulse.events(after=max(self._last_event, floor), most=_AT_ONCE)
        attempts = await self._pulse.attempts(after=max(self._last_attempt, floor), most=_AT_ONCE)
        self._last_event = max([self._last_event, floor, *(one.id for one in events)])
        self._last_attempt = max([self._last_attempt, floor, *(one.id for one in attempts)])
        pieces = []
        if events or attempts:
            rows = self._pages.block("home/home.html", "rows", happenings=_merged(events, attempts))
            pieces.append(Piece(name="happenings", html=rows))
        self._looks += 1
        if self._looks % _FIGURES_EVERY == 1:
            figures = await self._board.now(patience_s=None)
            pieces.append(Piece(name="figures", html=self._pages.block("home/home.html", "figures", figures=figures)))
        return pieces


def _merged(events: Sequence[Happened], attempts: Sequence[Tried]) -> list[Happened | Tried]:
    """Both, the newest first."""
    return sorted([*events, *attempts], key=lambda one: (one.at, one.id), reverse=True)


def _came(step: Step, span: Span) -> Bar:
    text = f"{_began(step, span)}: {step.kept:,} events, {step.received:,} callbacks received"
    return Bar(text=text, values=(step.kept, step.received))


def _went(step: Step, span: Span) -> Bar:
    text = f"{_began(step, span)}: {step.delivered:,} delivered, {step.failed:,} attempts failed"
    return Bar(text=text, values=(step.delivered, step.failed))


def _began(step: Step, span: Span) -> str:
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=step.at):{span.form}} UTC"
