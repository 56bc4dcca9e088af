"""Deliveries over HTTP: how each one stands, what was tried, and trying again."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from tidings.core.clock import Clock
from tidings.core.delivery import FINAL, State
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.identifier import inside, outside
from tidings.core.pattern import MOST_PATTERNS
from tidings.core.route import Call, Parameter, Route
from tidings.core.subscription import State as SubscriptionState
from tidings.core.subscription import Subscription
from tidings.store.audit import audited
from tidings.store.database import Statement
from tidings.store.history import Delivery, History
from tidings.store.look_ups import LookUps
from tidings.store.subscriptions import Subscriptions
from tidings.web.cursor import LIST_PARAMETERS, limit_of
from tidings.web.delivery_wire import DeliveriesShown, DeliveryShown, DeliveryWithAttempts, attempt_told, delivery_told
from tidings.web.events import LARGEST_ID
from tidings.web.instant import Instant, instant_of
from tidings.web.login import caller_of
from tidings.workspace.rights import Rights

NO_SUCH_WEBHOOK = "there is no such webhook; list those of an object with GET /v1/webhook"
NO_SUCH_DELIVERY = "there is no such delivery; list those of a webhook with GET /v1/webhook/{id}/deliveries"
# Newest first; a delivery with the default schedule has at most seven, probes of its circuit aside.
MOST_ATTEMPTS = 100


class Replay(msgspec.Struct, rename="camel"):
    """What to deliver again: finished deliveries in those states (failed ones), of events kept in that time."""

    since: Instant
    until: Instant | None = None
    event_types: Annotated[list[str], Meta(max_length=MOST_PATTERNS)] = msgspec.field(default_factory=list)
    states: Annotated[list[State], Meta(min_length=1)] = msgspec.field(default_factory=lambda: [State.FAILED])


class Replayed(msgspec.Struct):
    """How many deliveries are owed again."""

    deliveries: int


class DeliveriesApi:
    """Whoever may manage a webhook sees its deliveries; `on_owed` is told of webhooks that something is owed to."""

    def __init__(
        self,
        *,
        history: History,
        look_ups: LookUps,
        subscriptions: Subscriptions,
        rights: Rights,
        clock: Clock,
        on_owed: Callable[[int], None],
    ) -> None:
        self._history = history
        self._look_ups = look_ups
        self._subscriptions = subscriptions
        self._rights = rights
        self._clock = clock
        self._on_owed = on_owed

    def routes(self) -> Sequence[Route]:
        return [
            _route(
                "GET",
                "/v1/webhook/{webhookId}/deliveries",
                name="listDeliveries",
                summary="List the deliveries of a webhook, newest event first",
                handler=self._list,
                needs="webhook.read",
                answers=DeliveriesShown,
                parameters=(
                    *LIST_PARAMETERS,
                    Parameter(name="states", meaning=f"Only these, separated by commas: {', '.join(State)}"),
                ),
            ),
            _route(
                "POST",
                "/v1/webhook/{webhookId}/replay",
                name="replayWebhook",
                summary="Deliver again, oldest first, what failed or was delivered in a time",
                handler=self._replay,
                needs="webhook.update",
                body=Replay,
                answers=Replayed,
                errors=(Conflict,),
            ),
            *self._routes_of_one(),
        ]

    def _routes_of_one(self) -> Sequence[Route]:
        return [
            _route(
                "GET",
                "/v1/deliveries/{id}",
                name="getDelivery",
                summary="Show a delivery with its attempts, newest first",
                handler=self._get,
                needs="webhook.read",
                answers=DeliveryWithAttempts,
            ),
            _route(
                "POST",
                "/v1/deliveries/{id}/retry",
                name="retryDelivery",
                summary="Try a delivery at once, be it finished or not",
                handler=self._retry,
                needs="webhook.update",
                answers=DeliveryShown,
                errors=(Conflict,),
            ),
            _route(
                "POST",
                "/v1/deliveries/{id}/skip",
                name="skipDelivery",
                summary="Let a delivery go, so that those behind it in their order go on",
                handler=self._skip,
                needs="webhook.update",
                answers=DeliveryShown,
                errors=(Conflict,),
            ),
        ]

    async def _list(self, call: Call) -> DeliveriesShown:
        subscription = await self._managed(call, call.path["webhookId"])
        found, cursor = await self._history.deliveries(
            subscription.number,
            limit=limit_of(call),
            cursor=call.query.get("cursor", ""),
            states=_states(call.query.get("states", "")),
        )
        return DeliveriesShown(deliveries=[delivery_told(one, subscription) for one in found], cursor=cursor or UNSET)

    async def _replay(self, call: Call) -> Replayed:
        subscription = _lasting(await self._managed(call, call.path["webhookId"]))
        asked: Replay = call.body
        if unfinished := [state for state in asked.states if state not in FINAL]:
            raise Invalid(f"states: {unfinished[0]} is not finished; name some of {', '.join(sorted(FINAL))}")
        count = await self._history.replay(
            subscription.number,
            since=instant_of(asked.since, place="since"),
            until=None if asked.until is None else instant_of(asked.until, place="until"),
            types=asked.event_types,
            states=asked.states,
            also=self._record(call, "webhook.replayed", about=subscription.id),
        )
        self._on_owed(subscription.number)
        return Replayed(deliveries=count)

    async def _get(self, call: Call) -> DeliveryWithAttempts:
        delivery, subscription = await self._delivery(call)
        attempts, _ = await self._history.attempts(delivery.event, delivery.subscription, limit=MOST_ATTEMPTS)
        return DeliveryWithAttempts(
            **msgspec.structs.asdict(delivery_told(delivery, subscription)),
            attempts=[attempt_told(one) for one in attempts],
        )

    async def _retry(self, call: Call) -> DeliveryShown:
        delivery, subscription = await self._delivery(call)
        _lasting(subscription)
        record = self._record(call, "delivery.retried", about=outside(delivery.event, delivery.subscription))
        await self._history.retry(delivery.event, delivery.subscription, now=self._clock.now(), also=record)
        return await self._told_anew(delivery, subscription)

    async def _skip(self, call: Call) -> DeliveryShown:
        delivery, subscription = await self._delivery(call)
        record = self._record(call, "delivery.skipped", about=outside(delivery.event, delivery.subscription))
        await self._history.skip(delivery.event, delivery.subscription, at=self._clock.now(), also=record)
        return await self._told_anew(delivery, subscription)

    async def _told_anew(self, delivery: Delivery, subscription: Subscription) -> DeliveryShown:
        self._on_owed(subscription.number)
        now = await self._history.delivery(delivery.event, delivery.subscription)
        return delivery_told(now or delivery, subscription)

    def _record(self, call: Call, action: str, *, about: str) -> tuple[Statement, ...]:
        return (audited(actor=caller_of(call).actor, action=action, about=about, at=self._clock.now()),)

    async def _delivery(self, call: Call) -> tuple[Delivery, Subscription]:
        event, number = inside(call.path["id"]) or (0, 0)
        webhook = await self._look_ups.webhook_numbered(number) if number and 0 < event <= LARGEST_ID else None
        found = await self._history.delivery(event, number) if webhook is not None else None
        if webhook is None or found is None:
            raise NotFound(NO_SUCH_DELIVERY)
        return found, await self._managed(call, webhook)

    async def _managed(self, call: Call, webhook: str) -> Subscription:
        subscription = await self._subscriptions.get(webhook)
        if subscription is None:
            raise NotFound(NO_SUCH_WEBHOOK)
        await self._rights.may_manage(caller_of(call), subscription)
        return subscription


def _route(method: str, path: str, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=path, tag="Deliveries", **rest)


def _lasting(subscription: Subscription) -> Subscription:
    if subscription.state is SubscriptionState.ENDED:
        raise Conflict("the webhook has ended, so nothing is sent to it any more; make a new one")
    return subscription


def _states(text: str) -> Sequence[State]:
    names = [name for name in map(str.strip, text.split(",")) if name]
    if unknown := [name for name in names if name not in list(State)]:
        raise Invalid(f"states: there is no state {unknown[0][:64]!r}; name some of {', '.join(State)}")
    return [State(name) for name in names]
