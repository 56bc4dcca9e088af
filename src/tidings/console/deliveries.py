"""Deliveries: what is owed and what became of it, over all webhooks; one of them with all that was tried; again."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from tidings.console.delivery_request import Rewriting, answered
from tidings.console.delivery_words import standing, steps
from tidings.console.offers import Offers
from tidings.console.period import OPTIONS, Period, period_of
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.secrecy import headers
from tidings.console.visit import Visit
from tidings.core.clock import SECOND
from tidings.core.delivery import FINAL, State
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.identifier import inside, outside
from tidings.core.subscription import State as WebhookState
from tidings.core.subscription import Subscription
from tidings.store.audit import audited
from tidings.store.database import Statement
from tidings.store.deliveries import Deliveries, Page, Wish
from tidings.store.history import Delivery
from tidings.store.order import NEVER
from tidings.web.events import LARGEST_ID

_SHOWN = 50
_ATTEMPTS = 50
_LONGEST = 256
# As the tabs call them.
_TABS = (
    ("", "All"),
    (State.FAILED, "Failed"),
    (State.RETRYING, "To be tried again"),
    (State.PENDING, "Waiting"),
    (State.HELD, "Held"),
    (State.DELIVERED, "Delivered"),
    (State.SKIPPED, "Skipped"),
    (State.CANCELLED, "Cancelled"),
)
_FIELDS = ("state", "webhook", "type", "status", "span", "since", "until")
# An unfinished delivery that is due by then is looked at again by its page.
_SOON_MS = 30 * SECOND
_NO_DELIVERY = "there is no such delivery; it may be older than what is kept"


class DeliveryPages:
    """Lists for whoever may look; trying again and skipping for whoever may operate."""

    def __init__(self, offers: Offers) -> None:
        self._clock = offers.clock
        self._history = offers.history
        self._look_ups = offers.look_ups
        self._subscriptions = offers.subscriptions
        self._lanes = offers.lanes
        self._hub = offers.hub
        self._schedule = offers.retry_schedule
        self._deliveries = Deliveries(offers.database)
        self._rewriting = Rewriting(offers.dialects)

    def places(self) -> list[Place]:
        return [
            Place(path="/deliveries", does=self._list, needs=Right.LOOK),
            Place(path="/deliveries/{id}", does=self._show, needs=Right.LOOK),
            Place(path="/deliveries/{id}/retry", does=self._retry, needs=Right.OPERATE, method="POST"),
            Place(path="/deliveries/{id}/skip", does=self._skip, needs=Right.OPERATE, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        asked = {name: visit.query.get(name, "").strip()[:_LONGEST] for name in _FIELDS}
        page, error, webhook = Page(deliveries=[]), None, None
        cursor = visit.query.get("cursor", "")
        try:
            webhook = await self._webhook(asked["webhook"])
            period = period_of(asked, now=self._clock.now())
            wish = _wish(asked, period, webhook=webhook)
            page = await self._deliveries.page(wish, most=_SHOWN, cursor=cursor)
        except Invalid as refused:
            error = refused
        return visit.page(
            "deliveries/list.html",
            error=error,
            asked=asked,
            is_filtered=any(text for name, text in asked.items() if name != "state"),
            webhook=webhook,
            page=page,
            is_newest=not cursor,
            address=lambda **more: _list_address({**asked, **more}),
            tabs=[(title, _list_address({**asked, "state": state}), state == asked["state"]) for state, title in _TABS],
            never=NEVER,
            now=self._clock.now(),
            spans=OPTIONS,
        )

    async def _show(self, visit: Visit) -> Response:
        delivery, webhook = await self._found(visit)
        event = await self._history.event(delivery.event)
        tried, older = await self._history.attempts(
            delivery.event, delivery.subscription, limit=_ATTEMPTS, cursor=visit.query.get("cursor", "")
        )
        health = await self._lanes.health(webhook.number)
        is_all = visit.may(Right.OPERATE)
        is_finished = delivery.state in FINAL
        last = tried[0].at if tried else self._clock.now()
        now = self._clock.now()
        return visit.page(
            "deliveries/delivery.html",
            block="detail",
            delivery=delivery,
            id=outside(delivery.event, delivery.subscription),
            webhook=webhook,
            event=event,
            steps=steps(tried, webhook, default=self._schedule),
            older=older,
            matter=standing(delivery, webhook, circuit=health.circuit),
            circuit=health.circuit,
            never=NEVER,
            is_all=is_all,
            is_finished=is_finished,
            is_lasting=webhook.state is not WebhookState.ENDED,
            is_watched=not is_finished and delivery.state is not State.HELD and delivery.due <= now + _SOON_MS,
            sent=event and self._rewriting.sent(event, webhook, at=last, is_whole=is_all),
            sent_at=lambda at: event and self._rewriting.sent(event, webhook, at=at, is_whole=is_all),
            answer_headers=lambda sent: sent if is_all else headers(sent),
            answered=lambda body: answered(body, is_whole=is_all),
        )

    async def _retry(self, visit: Visit) -> Response:
        delivery, webhook = await self._found(visit)
        must_last(webhook)
        record = self._record(visit, "delivery.retried", about=delivery)
        await self._history.retry(delivery.event, delivery.subscription, now=self._clock.now(), also=record)
        return self._done(visit, delivery, said="It is tried again at once.")

    async def _skip(self, visit: Visit) -> Response:
        delivery, _ = await self._found(visit)
        record = self._record(visit, "delivery.skipped", about=delivery)
        await self._history.skip(delivery.event, delivery.subscription, at=self._clock.now(), also=record)
        return self._done(visit, delivery, said="The delivery is skipped.")

    def _record(self, visit: Visit, action: str, *, about: Delivery) -> tuple[Statement, ...]:
        name = outside(about.event, about.subscription)
        return (audited(actor=visit.person.id, action=action, about=name, at=self._clock.now()),)

    def _done(self, visit: Visit, delivery: Delivery, *, said: str) -> Response:
        self._hub.owed(delivery.subscription)
        return visit.go(f"/console/deliveries/{outside(delivery.event, delivery.subscription)}", said=said)

    async def _found(self, visit: Visit) -> tuple[Delivery, Subscription]:
        event, number = inside(visit.path["id"]) or (0, 0)
        name = await self._look_ups.webhook_numbered(number) if number and 0 < event <= LARGEST_ID else None
        webhook = await self._subscriptions.get(name) if name else None
        delivery = await self._history.delivery(event, number) if webhook else None
        if webhook is None or delivery is None:
            raise NotFound(_NO_DELIVERY)
        return delivery, webhook

    async def _webhook(self, name: str) -> Subscription | None:
        if not name:
            return None
        found = await self._subscriptions.get(name)
        if found is None:
            raise Invalid("webhook: there is none of that id; copy it from the webhook’s page")
        return found


def must_last(webhook: Subscription) -> None:
    """Raise Conflict if nothing is sent to a webhook any more."""
    if webhook.state is WebhookState.ENDED:
        raise Conflict("the webhook has ended, so nothing is sent to it any more; make a new one")


def _wish(asked: Mapping[str, str], period: Period, *, webhook: Subscription | None) -> Wish:
    if asked["state"] not in {"", *State}:
        raise Invalid("state: choose one of the list")
    status = asked["status"]
    if status and not (status.isascii() and status.isdigit() and len(status) <= 3):  # noqa: PLR2004 - digits of a status
        raise Invalid("status: write a status code, like 503")
    return Wish(
        state=State(asked["state"]) if asked["state"] else None,
        webhook=webhook.number if webhook else 0,
        type=asked["type"],
        status=int(status or 0),
        since=period.since,
        until=period.until,
    )


def _list_address(asked: Mapping[str, object]) -> str:
    fields = {name: text for name, text in asked.items() if text}
    return f"/console/deliveries?{urlencode(fields)}" if fields else "/console/deliveries"
