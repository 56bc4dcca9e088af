"""Tenure: the number under which this process owns debts, and whether it may still act on it."""

import logging

from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Unavailable
from tidings.store.database import Database

log = logging.getLogger(__name__)

# The store takes an owner for dead after 10 s without a beat; nothing is sent on a beat older than 5 s, so that
# whatever we begin to send is under way before anybody else may take it.
BEAT_EVERY_S = 2.0
TRUST_BEAT_FOR_S = 5.0


class Tenure:
    """Enrols, beats, and enrols anew when the store has declared us dead or a commit's fate is unknown."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.number = 0
        self.dead_were_found = False
        self.trouble = ""  # why the last beat failed
        self._database = database
        self._clock = clock
        self._beaten_at = float("-inf")

    @property
    def is_fresh(self) -> bool:
        """Whether what we own is surely still ours. Failure policy: when in doubt, nothing is sent."""
        return self.number != 0 and self._clock.monotonic() - self._beaten_at < TRUST_BEAT_FOR_S

    async def begin(self) -> None:
        """Enrol under a new number. Debts of the former one go back into the table when its beat has run out."""
        began = self._clock.monotonic()
        self.number = await self._database.enrol()
        self._beaten_at = began

    def doubt(self) -> None:
        """Give the number up: a commit's fate is unknown, so some debts may be ours without our knowing them."""
        self.number = 0

    async def beat(self) -> None:
        """Say that we live; once every `BEAT_EVERY_S`. Notes whether debts of the dead came back."""
        # Counted from before the request: a slow answer must not make the beat look younger than it is.
        began = self._clock.monotonic()
        try:
            if self.number == 0:
                self.number = await self._database.enrol()
            dead = await self._database.beat(self.number)
        except Conflict:
            log.warning("tenure.lost owner=%s", self.number)
            self.number = 0
            return
        except Unavailable as error:
            log.warning("tenure.beat_failed owner=%s error=%r", self.number, error.message)
            self.trouble = error.message
            return
        self.trouble = ""
        self._beaten_at = began
        self.dead_were_found |= bool(dead)
        for number in dead:
            log.warning("tenure.reclaimed from=%s by=%s", number, self.number)

    async def end(self) -> None:
        """Leave in good order."""
        number, self.number = self.number, 0
        if number:
            await self._database.retire(number)
