"""Permits: who may publish what, remembered for a moment, so that a stream of like events asks once."""

from collections.abc import Awaitable, Callable

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.event import Actor, Event, Subject

# Seconds. What was taken away from a caller stops within a second everywhere (DESIGN, rules of delivery).
GOOD_FOR_S = 1.0
# A guess: more kinds of event than a busy second brings. Above it everything is asked anew, once.
MOST_REMEMBERED = 10_000

_Key = tuple[Caller, str, tuple[Subject, ...], Actor]


class Permits:
    """Asks `judge`, which raises what forbids, and remembers what it allowed. Refusals are not remembered.

    `judge` says what else the event is about than what it names: its own subjects, and others behind each.
    """

    def __init__(self, judge: Callable[[Caller, Event], Awaitable[tuple[Subject, ...]]], clock: Clock) -> None:
        self._judge = judge
        self._clock = clock
        self._allowed: dict[_Key, tuple[float, tuple[Subject, ...]]] = {}

    def remembered(self, caller: Caller, event: Event) -> Event | None:
        """The event as it is published, if that caller was allowed to publish one like this a moment ago."""
        until, subjects = self._allowed.get(_key(caller, event), (0.0, ()))
        return _about(subjects, event) if until > self._clock.monotonic() else None

    async def check(self, caller: Caller, event: Event) -> Event:
        """The event as it is published. Raises whatever the judge raises if the caller may not publish it."""
        remembered = self.remembered(caller, event)
        if remembered is not None:
            return remembered
        asked_at = self._clock.monotonic()
        subjects = await self._judge(caller, event)
        if len(self._allowed) >= MOST_REMEMBERED:
            self._allowed.clear()
        self._allowed[_key(caller, event)] = asked_at + GOOD_FOR_S, subjects
        return _about(subjects, event)


def _key(caller: Caller, event: Event) -> _Key:
    return caller, event.type, event.subjects, event.actor


def _about(subjects: tuple[Subject, ...], event: Event) -> Event:
    # Nearly always it is about what it names, and nothing needs to be made anew.
    return event if len(subjects) == len(event.subjects) else msgspec.structs.replace(event, subjects=subjects)
