"""Noted: what is written down behind the back of what happens, so that nothing on the way of an event pays for it."""

from collections.abc import Coroutine
from typing import Any

from tidings.app.parts import Parts
from tidings.console.counting import Counting
from tidings.console.noting import Noting
from tidings.store.pulse import Counts, Pulse
from tidings.store.traits import Traits


def noted(parts: Parts) -> tuple[Coroutine[Any, Any, None], ...]:
    """What to run alongside: counts of each minute, and what events can be found by."""
    return _counting(parts).run(), Noting(Traits(parts.database), clock=parts.clock).run()


def _counting(parts: Parts) -> Counting:
    publisher, courier, receiving = parts.hub.publisher, parts.hub.courier, parts.inbox.receiving

    def look() -> Counts:
        return Counts(
            kept=publisher.accepted,
            delivered=0 if courier is None else courier.delivered,
            failed=0 if courier is None else courier.refused,
            received=receiving.received,
        )

    return Counting(Pulse(parts.database), look=look, clock=parts.clock)
