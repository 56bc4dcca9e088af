"""The demo's ledger: whether every callback that was promised has arrived, and stands in the tables."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from tidings.core.delivery import State
from tidings.core.event import Event
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.demo.screen import Tally
from tidings.demo.stage import Stage

_PAGE = 500


class Ledger:
    """Holds what was received against what the store says: two witnesses that know nothing of each other."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._receivers = stage.receivers
        self._inbox = stage.parts.inbox
        # The deliveries that our own server received, and how far its receipts were read.
        self._caught: set[str] = set()
        self._last_receipt = 0

    async def tally(self) -> Tally:
        """The count as it stands. Lost is what was accepted and is nowhere, or was delivered and nobody saw."""
        # Before the look into the store: what is accepted during it must not seem to be missing there.
        promised = self._stage.parts.hub.publisher.accepted
        accepted = waiting = lost = 0
        async for event in self._events():
            accepted += 1
            for webhook in self._stage.webhooks.values():
                if webhook.wants(event, event.document) and not self._has_arrived(event, webhook):
                    delivery = await self._stage.parts.history.delivery(event.id, webhook.number)
                    is_waiting = delivery is not None and delivery.state is not State.DELIVERED
                    waiting += is_waiting
                    # Asked again: it may have arrived while the store was asked, and receivers see it first.
                    await self._read_receipts()
                    lost += not is_waiting and not self._has_arrived(event, webhook)
        laying = self._inbox.laying
        done = laying.laid + laying.repeated + laying.unreadable
        return Tally(
            accepted=accepted,
            delivered=len(self._receivers.accepted) + len(self._caught),
            retried=self._receivers.retries,
            waiting=waiting + self._inbox.receiving.received - done,
            lost=lost + laying.unreadable + max(0, promised - accepted),
        )

    async def rows(self) -> Mapping[str, int]:
        """How many rows the tables have, by name; those that have none are left out."""
        return await asyncio.to_thread(self._count)

    def _count(self) -> Mapping[str, int]:
        tables = self._stage.parts.open_tables()
        tables.refresh()
        counts = {name: sum(1 for _ in tables.rows(name)) for name in sorted(tables.known())}
        return {name: count for name, count in counts.items() if count}

    def _has_arrived(self, event: Event, webhook: Subscription) -> bool:
        delivery = outside(event.id, webhook.number)
        return delivery in self._receivers.accepted or delivery in self._caught

    async def _read_receipts(self) -> None:
        while receipts := await self._inbox.receipts.after(self._last_receipt, most=_PAGE):
            self._last_receipt = receipts[-1].id
            self._caught.update(one.header("webhook-id") for one in receipts)

    async def _events(self) -> AsyncIterator[Event]:
        events, cursor = await self._stage.parts.history.events(limit=_PAGE)
        while True:
            for event in events:
                yield event
            if not cursor:
                return
            events, cursor = await self._stage.parts.history.events(limit=_PAGE, cursor=cursor)
