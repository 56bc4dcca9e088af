"""Permits: who may publish what, remembered for a moment, so that a stream of like events asks once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.event import Actor, Event, Subject

# Seconds. What was taken away from a caller stops within a second everywhere (DESIGN, rules of delivery).
GOOD_FOR_S = 1.0
# Within the last so many of these one asks again, while the others go on by what is remembered: otherwise all that a
# busy second brings would go the long way together, once a second.
ASKS_AGAIN_S = GOOD_FOR_S / 2
# A guess: more kinds of event than a busy second brings. Above it everything is asked anew, once.
MOST_REMEMBERED = 10_000

_Key = tuple[Caller, str, tuple[Subject, ...], Actor]


@dataclass(slots=True, kw_only=True)
class _Allowed:
    until: float
    subjects: tuple[Subject, ...]
    is_asked_again: bool = False


class Permits:
    """Asks `judge`, which raises what forbids, and remembers what it allowed. Refusals are not remembered.

    `judge` says what else the event is about than what it names: its own subjects, and others behind each.
    """

    def __init__(self, judge: Callable[[Caller, Event], Awaitable[tuple[Subject, ...]]], clock: Clock) -> None:
        self._judge = judge
        self._clock = clock
        self._allowed: dict[_Key, _Allowed] = {}

    def remembered(self, caller: Caller, event: Event) -> Event | None:
        """The event as it is published, if that caller was allowed to publish one like this a moment ago.

        None also for the one that is to ask again, by `check`.
        """
        allowed = self._allowed.get(_key(caller, event))
        left = 0.0 if allowed is None else allowed.until - self._clock.monotonic()
        if allowed is None or left <= 0:
            return None
        if left <= ASKS_AGAIN_S and not allowed.is_asked_again:
            allowed.is_asked_again = True
            return None
        return _about(allowed.subjects, event)

    async def check(self, caller: Caller, event: Event) -> Event:
        """The event as it is published. Raises whatever the judge raises if the caller may not publish it."""
        key, asked_at = _key(caller, event), self._clock.monotonic()
        allowed = self._allowed.get(key)
        if allowed is None or allowed.until - asked_at <= ASKS_AGAIN_S:
            subjects = await self._judge(caller, event)
            if len(self._allowed) >= MOST_REMEMBERED:
                self._allowed.clear()
            allowed = self._allowed[key] = _Allowed(until=asked_at + GOOD_FOR_S, subjects=subjects)
        return _about(allowed.subjects, event)


def _key(caller: Caller, event: Event) -> _Key:
    return caller, event.type, event.subjects, event.actor


def _about(subjects: tuple[Subject, ...], event: Event) -> Event:
    # Nearly always it is about what it names, and nothing needs to be made anew.
    return event if len(subjects) == len(event.subjects) else msgspec.structs.replace(event, subjects=subjects)
