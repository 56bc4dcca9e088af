"""A house whose webhooks may lead to endpoints of a test, and what tests of webhooks need in it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from tests.console.house import ConsoleHouse, Visitor
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.delivery import Attempt
from tidings.core.event import Event, Subject
from tidings.core.subscription import Subscription
from tidings.core.vault import new_key
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.store.audit import Audit
from tidings.testing.clock import ManualClock
from tidings.workspace.groups import NewGroup

ORDERS = Subject("Application", "orders")
HOSTILE = "<script>alert(1)</script><b>Pune</b>"
AMOUNT = json.dumps([{"path": "data.amount", "op": "gt", "value": 10}])
REAL = Clock()


@contextlib.asynccontextmanager
async def opened_house(folder: Path, *, portal_origins: str = "") -> AsyncIterator[ConsoleHouse]:
    clock = ManualClock(REAL.now())
    settings = load(
        {},
        folder=folder,
        database=f"sqlite:{folder / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_http="on",
        portal_origins=portal_origins,
    )
    async with (
        served(settings, clock=clock) as server,
        httpx.AsyncClient(base_url=server.url, headers={"accept": "text/html"}) as stranger,
        ConsoleHouse(server, clock=clock, stranger=stranger) as house,
    ):
        yield house


async def subscribed(
    house: ConsoleHouse,
    url: str,
    *,
    subject: Subject = ORDERS,
    terms: Terms | None = None,
    connector: str = "shop",
    owner: str = "",
) -> Subscription:
    terms = terms or Terms(types=("order.*",), url=url)
    made, _ = await house.parts.subscribing.create(subject, terms, connector=connector, owner=owner)
    return made


def form_for(subject: Subject, url: str, **more: str | list[str]) -> dict[str, str | list[str]]:
    return {"objectType": subject.kind, "objectId": subject.id, "callBackUrl": url, **more}


async def happened(
    house: ConsoleHouse, *, type_: str = "order.created", subject: Subject = ORDERS, data: bytes = b"{}"
) -> int:
    """The id of an event."""
    event = Event(type=type_, subjects=(subject,), data=data, at=house.clock.now(), source="shop")
    return (await house.parts.hub.publisher.publish_one(Draft(event=event))).id


async def group_of(house: ConsoleHouse, visitor: Visitor, *, name: str = "Field team") -> Subject:
    """A group of which somebody is the admin."""
    caller = Caller(connector="shop", kind=TokenKind.USER, person=visitor.person, scopes=frozenset())
    made = await house.parts.workspace.groups.create(caller, NewGroup(name=name))
    return Subject("Group", made.id)


class Attempts:
    """Waits until so many attempts are on disk."""

    def __init__(self, house: ConsoleHouse) -> None:
        self._seen = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        house.parts.hub.watch(kept=lambda event: None, attempted=self._attempted)  # noqa: ARG005 - nobody asks

    async def reach(self, count: int) -> None:
        if self._seen < count:
            reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((count, reached))
            async with asyncio.timeout(60):
                await reached

    def _attempted(self, attempt: Attempt) -> None:
        del attempt
        self._seen += 1
        for count, reached in self._waiting:
            if self._seen >= count and not reached.done():
                reached.set_result(None)


async def audited(house: ConsoleHouse) -> list[tuple[str, str, str]]:
    """Who did what to what, newest first."""
    return [(one.actor, one.action, one.about) for one in await Audit(house.parts.database).entries()]
