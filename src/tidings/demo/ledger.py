"""The demo's ledger: whether every callback that was promised has arrived."""

from collections.abc import AsyncIterator

from tidings.core.delivery import State
from tidings.core.event import Event
from tidings.core.identifier import outside
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
        """The count as it stands. Lost is what an event's subscriber never got although nothing is owed any more."""
        accepted = waiting = lost = 0
        async for event in self._events():
            accepted += 1
            for webhook in self._stage.webhooks.values():
                if not webhook.wants(event, event.document):
                    continue
                if outside(event.id, webhook.number) not in self._receivers.accepted:
                    is_waiting = await self._is_waiting(event.id, webhook.number)
                    waiting += is_waiting
                    lost += not is_waiting
        return Tally(
            accepted=accepted,
            delivered=len(self._receivers.accepted),
            retried=self._receivers.retries,
            waiting=waiting,
            lost=lost + self._stage.parts.hub.publisher.accepted - accepted,
        )

    async def _events(self) -> AsyncIterator[Event]:
        events, cursor = await self._stage.parts.history.events(limit=_PAGE)
        while True:
            for event in events:
                yield event
            if not cursor:
                return
            events, cursor = await self._stage.parts.history.events(limit=_PAGE, cursor=cursor)

    async def _is_waiting(self, event: int, webhook: int) -> bool:
        delivery = await self._stage.parts.history.delivery(event, webhook)
        return delivery is not None and delivery.state is not State.DELIVERED
