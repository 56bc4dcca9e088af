"""What store tests are made of: name only what the test is about."""

import uuid
from collections.abc import Sequence

from tidings.core.clock import DAY, Clock
from tidings.core.delivery import Attempt, Debt, Result, State
from tidings.core.event import Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database, Kept, Key, Owed, Publication, Settlement, Statement, Wanted
from tidings.store.subscriptions import Subscriptions

NOW = Clock().now()
SHOP = Subject("Application", "shop")


def event(
    *,
    type_: str = "order.created",
    subject: Subject = SHOP,
    data: bytes = b'{"amount":10}',
    at: int = NOW,
    wire_id: str = "",
    source: str = "c-1",
) -> Event:
    return Event(type=type_, subjects=(subject,), data=data, at=at, wire_id=wire_id, source=source)


def publication(
    *subscriptions: int,
    of: Event | None = None,
    order_key: str | None = None,
    handed_over: bool = False,
    keys: Sequence[Key] = (),
    also: Sequence[Statement] = (),
) -> Publication:
    owed = [Owed(number, order_key, handed_over) for number in subscriptions]
    return Publication(event=of or event(), owed=owed, keys=keys, also=also)


def settlement(
    event_id: int, *, to: int = 1, state: State = State.DELIVERED, due: int = 0, tries: int = 0
) -> Settlement:
    attempt = Attempt(
        event=event_id,
        subscription=to,
        at=NOW,
        outcome="ok" if state is State.DELIVERED else "refused",
        state=state,
        status=200 if state is State.DELIVERED else 503,
        error="" if state is State.DELIVERED else "it answered 503",
        address="127.0.0.1",
        headers=(("content-type", "text/plain"),),
        answer=b"\x00thanks",
        timings=(0.1, 0.2, -1, 3.4, 5.6),
        next_at=due,
    )
    return Settlement(attempt=attempt, result=Result(state=state, tries=tries, due=due), first_at=NOW)


async def subscribed(database: Database, *, order_key: str | None = None) -> int:
    """The number of a subscription that is sending."""
    subscription = Subscription(
        id=str(uuid.uuid4()),
        subject=SHOP,
        types=compile_types(["*"]),
        url="https://example.com/hook",
        format="standard",
        secrets=(new_secret(),),
        order_key=order_key,
        expires_at=NOW + DAY,
    )
    return (await Subscriptions(database, Vault([new_key()])).add(subscription)).number


async def kept(database: Database, *publications: Publication, owner: int = 0) -> list[int]:
    """Keep them at the version that the store is at; the events' ids."""
    [version] = await database.read(int, "subscriptions_version")
    answers = await database.keep(publications, version=version, owner=owner)
    return [answer.id for answer in answers if isinstance(answer, Kept)]


async def claimed(database: Database, *lanes: Wanted | int, owner: int, now: int = NOW) -> list[Debt]:
    wanted = [lane if isinstance(lane, Wanted) else Wanted(subscription=lane, most=100) for lane in lanes]
    return (await database.claim(wanted, owner=owner, now=now)).debts


def events_of(debts: Sequence[Debt]) -> list[int]:
    return [debt.event.id for debt in debts]
