"""Notices: operational events, which tell whoever subscribed to them how their webhooks fare."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import msgspec

from tidings.core.alongside import alongside
from tidings.core.circuit import Circuit
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Unavailable
from tidings.core.event import Event, Subject
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.outbox.directory import Directory
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Settlement, Statement
from tidings.store.subscriptions import disabling

log = logging.getLogger(__name__)

# While the store cannot keep anything, reports wait and are tried again at that pace.
TRY_AGAIN_S = 1.0
SYSTEM = Subject("System", "tidings")
# Each but the last has `webhookId`, `objectType`, `objectId` and `callbackUrl` in its data, and what is named here.
OPERATIONAL_TYPES = {
    "webhook.disabled": "why",
    "webhook.enabled": "",
    "webhook.ended": "why",
    "webhook.expiring": "validity",
    "delivery.failed": "deliveryId, eventId, status, error",
    "circuit.opened": "failures, nextProbe",
    "circuit.closed": "",
    "held.expiring": "held, expiresBefore",
    "table.changed": "tables",
}


def notice(type_: str, subscription: Subscription, *, at: int, **data: object) -> Event:
    """An operational event about a webhook."""
    about = {
        "webhookId": subscription.id,
        "objectType": subscription.subject.kind,
        "objectId": subscription.subject.id,
        "callbackUrl": subscription.url,
    }
    return Event(
        type=type_,
        subjects=(Subject("Webhook", subscription.id), SYSTEM),
        data=msgspec.json.encode(about | data),
        at=at,
    )


class Notices:
    """Publishes what the courier reports, in that order; disabling a webhook is one of the consequences."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._closing = asyncio.Event()
        self._reports: asyncio.Queue[tuple[Event, tuple[Statement, ...]] | None] = asyncio.Queue()

    def circuit_changed(self, subscription: Subscription, circuit: Circuit) -> None:
        """A lane's circuit opened or closed."""
        now = self._clock.now()
        if circuit.is_open:
            log.warning("circuit.opened subscription=%s failures=%s", subscription.id, circuit.failures)
            event = notice(
                "circuit.opened", subscription, at=now, failures=circuit.failures, nextProbe=circuit.probe_at
            )
        else:
            log.info("circuit.closed subscription=%s", subscription.id)
            event = notice("circuit.closed", subscription, at=now)
        self._reports.put_nowait((event, ()))

    def delivery_failed(self, settlement: Settlement) -> None:
        """A delivery was given up; if nothing succeeded since its first attempt, the webhook is disabled."""
        attempt = settlement.attempt
        subscription = self._directory.index.get(attempt.subscription)
        if subscription is None:
            return
        now = self._clock.now()
        why = f"status {attempt.status}" if attempt.status else attempt.error
        failed = notice(
            "delivery.failed",
            subscription,
            at=now,
            deliveryId=outside(attempt.event, attempt.subscription),
            eventId=outside(attempt.event),
            status=attempt.status,
            error=attempt.error,
        )
        self._reports.put_nowait((failed, ()))
        if settlement.result.disables and subscription.is_sending:
            gone = attempt.outcome == "gone"
            reason = "it answered 410 Gone" if gone else f"a delivery failed after its last retry ({why})"
            statement = disabling(
                subscription.number, why=reason, at=now, unless_succeeded_since=now if gone else settlement.first_at
            )
            disabled = notice("webhook.disabled", subscription, at=now, why=reason)
            self._reports.put_nowait((disabled, (statement,)))

    @contextlib.asynccontextmanager
    async def running(self, publisher: Publisher) -> AsyncIterator[None]:
        """Publish reports while in the context; on leaving, those that are there."""
        async with alongside(self._run(publisher), finish=self._close):
            yield

    def _close(self) -> None:
        self._closing.set()
        self._reports.put_nowait(None)

    async def _run(self, publisher: Publisher) -> None:
        while (report := await self._reports.get()) is not None:
            event, also = report
            while not await self._is_done_with(Draft(event=event, also=also), publisher):
                await self._clock.wait(self._closing, TRY_AGAIN_S)

    async def _is_done_with(self, draft: Draft, publisher: Publisher) -> bool:
        event = draft.event
        try:
            await publisher.publish_one(draft)
            if draft.also:
                log.warning("webhook.disabled about=%s", event.subjects[0].id)
                await self._directory.refresh()
        except Conflict:
            pass  # something succeeded in the meantime, or it is disabled already
        except Unavailable as error:
            if not self._closing.is_set():
                return False
            log.warning("notice.lost type=%s error=%r", event.type, error.message)
        return True
