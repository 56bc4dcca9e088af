"""Upkeep: what time asks for: ends of validity, announcements, and forgetting what is old."""

import contextlib
import logging
from collections.abc import Sequence

from tidings.core.clock import DAY
from tidings.core.delivery import GIVE_UP_AFTER_MS
from tidings.core.errors import Conflict
from tidings.core.identifier import identifier_at
from tidings.outbox.directory import Directory
from tidings.outbox.notices import notice
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Database, Key, Statement
from tidings.store.duties import Duties, expiry_announced
from tidings.store.history import History
from tidings.store.kept_for import Forgotten, KeptFor
from tidings.store.subscriptions import ending

log = logging.getLogger(__name__)

ANNOUNCE_EXPIRY_MS = 30 * DAY
ANNOUNCE_HELD_MS = DAY
# A step is one transaction of some milliseconds, so that deliveries go on between two of them.
STEP = 500


class Upkeep:
    """Does a round of duties. Several processes may do the same round: the store lets each duty be done once.

    `retention_ms` is the most that events are kept.
    """

    def __init__(self, *, database: Database, publisher: Publisher, directory: Directory, retention_ms: int) -> None:
        self._database = database
        self._duties = Duties(database)
        self._history = History(database)
        self._publisher = publisher
        self._directory = directory
        self._kept = KeptFor(database, Forgotten.EVENTS, most_ms=retention_ms)

    async def round(self, *, now: int) -> None:
        """Do everything that is due at that instant. Raises `Unavailable`; what is left waits for the next round."""
        await self._announce_expiry(now)
        await self._end_overdue(now)
        await self._announce_held(now)
        for number in await self._duties.leaving(most=STEP):
            await self._history.cancel(number, at=now)
        while await self._database.expire(before=now - await self._kept.ms(), most=STEP) == STEP:
            pass

    async def _announce_expiry(self, now: int) -> None:
        numbers = await self._duties.expiring(before=now + ANNOUNCE_EXPIRY_MS, most=STEP)
        for number in numbers:
            subscription = self._directory.index.get(number)
            if subscription is not None:
                draft = Draft(
                    event=notice("webhook.expiring", subscription, at=now, validity=subscription.expires_at),
                    also=(expiry_announced(number),),
                )
                await self._publish(draft)

    async def _end_overdue(self, now: int) -> None:
        numbers = await self._duties.overdue(now=now, drained=now - GIVE_UP_AFTER_MS, most=STEP)
        for number in numbers:
            subscription = self._directory.index.get(number)
            if subscription is not None:
                event = notice("webhook.ended", subscription, at=now, why="its validity ended")
                also: Sequence[Statement] = (ending(number, at=now),)
                await self._publish(Draft(event=event, also=also))
                log.info("webhook.ended webhook=%s why=validity", subscription.id)
        if numbers:
            await self._directory.refresh()

    async def _announce_held(self, now: int) -> None:
        ends = now - await self._kept.ms()
        for holding in await self._duties.holding(before=identifier_at(ends + ANNOUNCE_HELD_MS), most=STEP):
            subscription = self._directory.index.get(holding.number)
            if subscription is not None:
                event = notice(
                    "held.expiring", subscription, at=now, held=holding.held, expiresBefore=now + ANNOUNCE_HELD_MS
                )
                # Once a day: the key makes a repetition a duplicate.
                key = Key(f"held.expiring:{subscription.id}:{now // DAY}", b"")
                await self._publish(Draft(event=event, keys=(key,)))

    async def _publish(self, draft: Draft) -> None:
        with contextlib.suppress(Conflict):  # another process was faster
            await self._publisher.publish_one(draft)
