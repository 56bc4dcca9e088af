"""Figures: how the installation stands, looked up at most every few seconds however many look."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from tidings.console.counting import rate_window
from tidings.core.clock import DAY, SECOND, Clock
from tidings.core.errors import TidingsError
from tidings.core.identifier import instant_of
from tidings.store.history import History, Standing
from tidings.store.pulse import Counts, Pulse, Trouble

log = logging.getLogger(__name__)

_FRESH_MS = 4 * SECOND
# Counting very many debts takes longer than a page may; it comes with the next figures then.
_PATIENCE_S = 0.02
_MOST_TROUBLES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`rate` is what happened in so many `seconds`; `oldest` is when the oldest debt was made, 0 for none."""

    at: int
    rate: Counts
    seconds: float
    standing: Standing
    troubles: tuple[Trouble, ...]

    @property
    def oldest(self) -> int:
        return instant_of(self.standing.oldest) if self.standing.oldest else 0

    @property
    def owed(self) -> int:
        return self.standing.pending + self.standing.retrying

    def a_second(self, count: int) -> float:
        return count / self.seconds


class FigureBoard:
    """Keeps the newest figures. Failure policy: the ones before stay, with the time that they are of."""

    def __init__(self, history: History, pulse: Pulse, *, clock: Clock) -> None:
        self._history = history
        self._pulse = pulse
        self._clock = clock
        self._figures: Figures | None = None
        self._looking: asyncio.Task[None] | None = None

    async def now(self, *, patience_s: float | None = _PATIENCE_S) -> Figures | None:
        """The newest figures, a few seconds old at most if they can be had in time; None if there are none yet."""
        if self._figures is None or self._clock.now() - self._figures.at >= _FRESH_MS:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    await asyncio.shield(self._looking)
        return self._figures

    def close(self) -> None:
        """End what is under way."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        now = self._clock.now()
        since, seconds = rate_window(now)
        try:
            steps = await self._pulse.steps(since=since, until=now + 1, step_ms=DAY, most=2)
            self._figures = Figures(
                at=now,
                rate=Counts(
                    kept=sum(step.kept for step in steps),
                    delivered=sum(step.delivered for step in steps),
                    failed=sum(step.failed for step in steps),
                    received=sum(step.received for step in steps),
                ),
                seconds=seconds,
                standing=await self._history.standing(),
                troubles=tuple(await self._pulse.troubles(since=now - DAY, most=_MOST_TROUBLES)),
            )
        except TidingsError as error:
            log.warning("figures.not_read error=%r", error.message)
