"""Noting: what events can be found by is written down behind their backs, so that publishing pays nothing for it."""

import logging

from tidings.core.clock import HOUR, SECOND, Clock
from tidings.core.errors import Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.traits import Traits

log = logging.getLogger(__name__)

# Seconds. What was kept since is gone through by whoever looks for it.
EVERY_S = 5.0
# Seconds between two transactions: whoever has a backlog of events notes 20,000 a second with a tenth of a processor.
_PAUSE_S = 0.1
# On PostgreSQL an event may be committed a little after others that got later identifiers. Failure policy: one that
# takes longer than this is not found by its traits, and is in every list all the same.
_BEHIND_MS = 10 * SECOND
_FORGET_EVERY_MS = HOUR


class Noting:
    """Notes stretch by stretch; several processes may."""

    def __init__(self, traits: Traits, *, clock: Clock) -> None:
        self._traits = traits
        self._clock = clock
        self._forgot_at = 0

    async def run(self) -> None:
        """Note until cancelled."""
        while True:
            await self._clock.sleep(EVERY_S)
            try:
                await self.note()
            except Unavailable as error:
                log.warning("noting.waits error=%r", error.message)

    async def note(self) -> None:
        """Note all that is new, but what is newest, and forget what is gone."""
        while await self._traits.note(before=identifier_at(self._clock.now() - _BEHIND_MS)):
            await self._clock.sleep(_PAUSE_S)
        if self._clock.now() - self._forgot_at > _FORGET_EVERY_MS:
            await self._traits.forget()
            self._forgot_at = self._clock.now()
