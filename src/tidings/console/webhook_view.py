"""How a webhook fares: its health, how long its receiver takes, and what was tried last."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidings.console.offers import Offers
from tidings.core.delivery import State
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.store.history import Delivery
from tidings.store.lanes import Health
from tidings.store.webhooks import Standing, Trial, Webhooks, standing_of

# Attempts that latency is told of, and deliveries that the page of a webhook begins with.
_ATTEMPTS, _DELIVERIES = 100, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Faring:
    """`median_ms` and `slow_ms` (the 95th of 100) are of the last attempts that were answered, 0 if there is none."""

    standing: Standing
    health: Health
    owed: int
    latencies: Sequence[float]
    deliveries: Sequence[Delivery]
    cursor: str
    last: Trial | None

    @property
    def median_ms(self) -> float:
        return _at(self.latencies, 50)

    @property
    def slow_ms(self) -> float:
        return _at(self.latencies, 95)

    @property
    def share(self) -> str:
        """Of finished deliveries, how many arrived; empty if none is finished."""
        finished = self.health.delivered + self.health.failed
        if not finished:
            return ""
        # Not all of them is never shown as all.
        tenths = self.health.delivered * 1_000 // finished
        return f"{tenths / 10:g} %"


class WebhookView:
    """Reads how a webhook fares."""

    def __init__(self, offers: Offers) -> None:
        self._lanes = offers.lanes
        self._history = offers.history
        self._webhooks = Webhooks(offers.database)

    async def faring(
        self, subscription: Subscription, *, cursor: str = "", states: Sequence[State] = (), most: int = _DELIVERIES
    ) -> Faring:
        health = await self._lanes.health(subscription.number)
        attempts = await self._webhooks.attempts(subscription.number, most=_ATTEMPTS)
        deliveries, older = await self._history.deliveries(
            subscription.number, limit=most, cursor=cursor, states=states
        )
        return Faring(
            standing=standing_of(
                subscription.state,
                withheld=subscription.withheld,
                is_failing=health.refused_at > health.succeeded_at,
            ),
            health=health,
            owed=await self._history.owed_to(subscription.number),
            # Oldest first, as a line is read.
            latencies=[one.timings[-1] for one in reversed(attempts) if one.status and one.timings],
            deliveries=deliveries,
            cursor=older,
            last=max(attempts, key=lambda one: one.at, default=None),
        )


def delivery_id(delivery: Delivery) -> str:
    """As the outside calls it."""
    return outside(delivery.event, delivery.subscription)


def _at(latencies: Sequence[float], percent: int) -> float:
    ranked = sorted(latencies)
    return ranked[min(len(ranked) - 1, len(ranked) * percent // 100)] if ranked else 0.0
