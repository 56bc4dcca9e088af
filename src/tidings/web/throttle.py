"""Throttle: how many calls a minute a connector may make, and all of them together.

Each process counts for itself, in memory: with several, as many times more get through. A single `POST /v1/events` is
not counted, nor are its arrays: whoever publishes cannot choose to do so less often, and a refused event would be lost
where a refused look is only late; the store's pace holds publishers back. Calls without a token are not counted either:
nobody could be told apart, and signing in has limits of its own.
"""

import math

from tidings.core.clock import Clock
from tidings.core.errors import Throttled

_MINUTE_S = 60.0
# What is added up a million times need not come out even.
_ROUNDING_S = 1e-6
# More than an installation has; so many take 2 MB. Failure policy: let through; beyond it, what was counted is
# forgotten, and every connector begins its minute anew.
_MOST_CONNECTORS = 10_000
_ALL = ""


class Throttle:
    """Counts calls by the generic cell rate algorithm: a whole minute's calls at once, then one by one as time passes.

    A limit of 0 is none.
    """

    def __init__(self, clock: Clock, *, per_connector: int = 0, per_tenant: int = 0) -> None:
        self._clock = clock
        self._per_connector = per_connector
        self._per_tenant = per_tenant
        self._spent: dict[str, tuple[float, float]] = {}  # how much of a minute, and when that was so

    def admit(self, connector: str) -> None:
        """Count a call. Raises Throttled, counting nothing, if there were too many."""
        now = self._clock.monotonic()
        by_it = self._with_one_more(connector, limit=self._per_connector, now=now)
        by_all = self._with_one_more(_ALL, limit=self._per_tenant, now=now)
        if len(self._spent) > _MOST_CONNECTORS:
            self._spent.clear()
        self._spent[connector] = by_it, now
        self._spent[_ALL] = by_all, now

    def _with_one_more(self, whose: str, *, limit: int, now: float) -> float:
        if not limit:
            return 0.0
        spent, at = self._spent.get(whose, (0.0, now))
        spent = max(spent - (now - at), 0.0) + _MINUTE_S / limit
        if spent > _MINUTE_S + _ROUNDING_S:
            wait = math.ceil(spent - _MINUTE_S)
            who = "this connector" if whose else "all connectors together"
            raise Throttled(
                f"{who} may make {limit} calls a minute, and had them; wait for {wait} seconds", retry_after=wait
            )
        return spent
