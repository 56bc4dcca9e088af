"""The demo's ledger: whether every callback that was promised has arrived."""

from collections.abc import AsyncIterator

from tidings.core.delivery import State
from tidings.core.event import Event
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.demo.receiver import Receivers
from tidings.demo.screen import Tally
from tidings.demo.stage import Stage

_PAGE = 500


class Ledger:
    """Holds what the receivers saw against what the store says: two witnesses that know nothing of each other."""

    def __init__(self, stage: Stage, receivers: Receivers) -> None:
        self._stage = stage
        self._receivers = receivers

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
                    lost += not is_waiting and not self._has_arrived(event, webhook)
        return Tally(
            accepted=accepted,
            delivered=len(self._receivers.accepted),
            retried=self._receivers.retries,
            waiting=waiting,
            lost=lost + max(0, promised - accepted),
        )

    def _has_arrived(self, event: Event, webhook: Subscription) -> bool:
        return outside(event.id, webhook.number) in self._receivers.accepted

    async def _events(self) -> AsyncIterator[Event]:
        events, cursor = await self._stage.parts.history.events(limit=_PAGE)
        while True:
            for event in events:
                yield event
            if not cursor:
                return
            events, cursor = await self._stage.parts.history.events(limit=_PAGE, cursor=cursor)
