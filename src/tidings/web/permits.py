"""Permits: who may publish what, remembered for a moment, so that a stream of like events asks once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.event import Actor, Event, Subject
from tidings.web.submission import Said

# Seconds. What was taken away from a caller stops within a second everywhere (DESIGN, rules of delivery).
GOOD_FOR_S = 1.0
# Within the last so many of these one asks again, while the others go on by what is remembered: otherwise all that a
# busy second brings would go the long way together, once a second.
ASKS_AGAIN_S = GOOD_FOR_S / 2
# A guess: more kinds of event than a busy second brings. Above it everything is asked anew, once.
MOST_REMEMBERED = 10_000

# Bytes and characters of what such an event says beside its data. What says more is asked for anew each time, so that
# all that is remembered takes some 20 MB at most.
LONGEST_REMEMBERED = 1_024

_Key = tuple[int, str, bytes, str | None, str | None, str | None, str | None, bool]


@dataclass(slots=True, kw_only=True)
class Permit:
    """That a caller may publish events of one kind: whom they are from, what they are about, and `until` when."""

    caller: Caller
    actor: Actor
    subjects: tuple[Subject, ...]
    until: float
    is_asked_again: bool = False


class Permits:
    """Asks `judge`, which raises what forbids, and remembers what it allowed. Refusals are not remembered.

    `judge` says what else the event is about than what it names: its own subjects, and others behind each.
    """

    def __init__(self, judge: Callable[[Caller, Event], Awaitable[tuple[Subject, ...]]], clock: Clock) -> None:
        self._judge = judge
        self._clock = clock
        self._allowed: dict[_Key, Permit] = {}

    def remembered(self, caller: Caller, said: Said) -> Permit | None:
        """The permit, if that caller was allowed a moment ago to publish an event of which the same was said.

        None also for the one that is to ask again, by `check`.
        """
        permit = self._allowed.get(_key(caller, said))
        if permit is None or permit.caller is not caller:
            return None
        left = permit.until - self._clock.monotonic()
        if left > ASKS_AGAIN_S:
            return permit
        if left <= 0 or not permit.is_asked_again:
            permit.is_asked_again = True
            return None
        return permit

    async def check(self, caller: Caller, said: Said, *, event: Event) -> Permit:
        """The permit for that event. Raises whatever the judge raises if the caller may not publish it."""
        key, asked_at = _key(caller, said), self._clock.monotonic()
        permit = self._allowed.get(key)
        if permit is None or permit.caller is not caller or permit.until - asked_at <= ASKS_AGAIN_S:
            subjects = await self._judge(caller, event)
            permit = Permit(caller=caller, actor=event.actor, subjects=subjects, until=asked_at + GOOD_FOR_S)
            if len(self._allowed) >= MOST_REMEMBERED:
                self._allowed.clear()
            if _size(key) <= LONGEST_REMEMBERED:
                self._allowed[key] = permit
        return permit


def _key(caller: Caller, said: Said) -> _Key:
    # The permit holds the caller, so that no other has its address. A caller is one object while its token is known.
    return (
        id(caller),
        said.type,
        bytes(said.subjects),
        said.from_user,
        said.from_user_id,
        said.from_user_name,
        said.from_user_profile_pic,
        said.is_bot_from_user,
    )


def _size(key: _Key) -> int:
    return sum(len(part) for part in key if isinstance(part, str | bytes))
