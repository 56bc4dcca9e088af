"""Replaying: which deliveries to a webhook are made again: counted first, then asked, then watched."""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import Response

from tidings.console.deliveries import must_last
from tidings.console.offers import Offers
from tidings.console.period import OPTIONS, Period, local, period_of
from tidings.console.place import Place
from tidings.console.replays import Order, Replays
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.delivery import FINAL, State
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.store.audit import audited
from tidings.store.deliveries import Count, Deliveries

_STATES = (
    (State.FAILED, "failed"),
    (State.CANCELLED, "cancelled"),
    (State.SKIPPED, "skipped"),
    (State.DELIVERED, "delivered"),
)


class Replaying:
    """For whoever may operate; what is done is in the audit log."""

    def __init__(self, offers: Offers) -> None:
        self._clock = offers.clock
        self._subscriptions = offers.subscriptions
        self._deliveries = Deliveries(offers.database)
        self._replays = Replays(offers.history, clock=offers.clock, on_owed=offers.hub.owed)

    def places(self) -> list[Place]:
        return [
            # Before /deliveries/{id}: the first that fits is taken.
            Place(path="/deliveries/replay", does=self._ask, needs=Right.OPERATE),
            Place(path="/deliveries/replay", does=self._begin, needs=Right.OPERATE, method="POST"),
            Place(path="/deliveries/replay/{name}", does=self._watch, needs=Right.OPERATE),
        ]

    def close(self) -> None:
        """Stop what is under way."""
        self._replays.close()

    async def _ask(self, visit: Visit) -> Response:
        """The form; with what it holds counted, as soon as it holds anything."""
        asked = {name: visit.query.get(name, "").strip() for name in ("webhook", "span", "since", "until", "types")}
        states = visit.query.getlist("states") or [State.FAILED]
        order, count, error = None, None, None
        try:
            if asked["webhook"] and "count" in visit.query:
                order = await self._order(asked, states)
                count = await self._count(order)
        except (Invalid, Conflict) as refused:
            error = refused
        return visit.page(
            "deliveries/replay.html",
            error=error,
            asked=asked,
            chosen=states,
            order=order,
            count=count,
            since=local(order.since) if order else "",
            until=local(order.until or self._clock.now()) if order else "",
            states=_STATES,
            spans=[one for one in OPTIONS if one[0]],
        )

    async def _begin(self, visit: Visit) -> Response:
        form = visit.form
        asked = {name: form.text(name) for name in ("webhook", "span", "since", "until", "types")}
        try:
            order = await self._order(asked, form.all("states"))
        except Invalid as error:
            # What was counted cannot be wrong: somebody wrote this address.
            fields = urlencode({**asked, "states": form.all("states"), "count": 1}, doseq=True)
            return visit.go(f"/console/deliveries/replay?{fields}", said=error.message, is_good=False)
        record = audited(actor=visit.person.id, action="webhook.replayed", about=order.webhook.id, at=self._clock.now())
        name = self._replays.begin(replace(order, also=(record,)), count=await self._count(order))
        return visit.go(f"/console/deliveries/replay/{name}")

    async def _watch(self, visit: Visit) -> Response:
        replay = self._replays.find(visit.path["name"])
        if replay is None:
            raise NotFound("this replay is not known here any more; its webhook’s deliveries show what it has done")
        return visit.page("deliveries/replaying.html", block="progress", replay=replay)

    async def _count(self, order: Order) -> Count:
        return await self._deliveries.count(
            order.webhook.number, since=order.since, until=order.until, types=order.types, states=order.states
        )

    async def _order(self, asked: Mapping[str, str], states: list[str]) -> Order:
        webhook = await self._webhook(asked["webhook"])
        period = period_of(asked, now=self._clock.now())
        if period == Period():
            raise Invalid("span: say from when on")
        if not states or (set(states) - FINAL):
            raise Invalid("states: choose at least one")
        types = asked["types"].replace(",", " ").split()
        compile_types(types or ["*"], place="types")
        return Order(
            webhook=webhook,
            since=period.since,
            until=period.until or self._clock.now(),
            types=types,
            states=[State(state) for state in states],
        )

    async def _webhook(self, name: str) -> Subscription:
        found = await self._subscriptions.get(name) if name else None
        if found is None:
            raise Invalid("webhook: there is none of that id; copy it from the webhook’s page")
        must_last(found)
        return found
