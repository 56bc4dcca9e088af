"""Permits: who may publish what, remembered for a moment, so that a stream of like events asks once."""

from collections.abc import Awaitable, Callable

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.event import Actor, Event, Subject

# Seconds. What was taken away from a caller stops within a second everywhere (DESIGN, rules of delivery).
GOOD_FOR_S = 1.0
# A guess: more kinds of event than a busy second brings. Above it everything is asked anew, once.
MOST_REMEMBERED = 10_000

_Key = tuple[Caller, str, tuple[Subject, ...], Actor]


class Permits:
    """Asks `judge`, which raises what forbids, and remembers what it allowed. Refusals are not remembered."""

    def __init__(self, judge: Callable[[Caller, Event], Awaitable[None]], clock: Clock) -> None:
        self._judge = judge
        self._clock = clock
        self._until: dict[_Key, float] = {}

    def remembers(self, caller: Caller, event: Event) -> bool:
        """Whether that caller was allowed to publish an event like this one a moment ago."""
        return self._until.get(_key(caller, event), 0.0) > self._clock.monotonic()

    async def check(self, caller: Caller, event: Event) -> None:
        """Raise whatever the judge raises if the caller may not publish this event."""
        if self.remembers(caller, event):
            return
        asked_at = self._clock.monotonic()
        await self._judge(caller, event)
        if len(self._until) >= MOST_REMEMBERED:
            self._until.clear()
        self._until[_key(caller, event)] = asked_at + GOOD_FOR_S


def _key(caller: Caller, event: Event) -> _Key:
    return caller, event.type, event.subjects, event.actor
