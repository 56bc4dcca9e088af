"""A shop whose events webhooks hear, for tests of events and deliveries in the console."""

from tests.console.house import ConsoleHouse
from tests.console.webhook_house import subscribed
from tidings.core.event import NOBODY, Actor, Event, Subject
from tidings.core.subscription import Subscription
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms

SHOP = Subject("Application", "shop")
HOSTILE = "<script>alert(1)</script>\"'\u202e<img src=x onerror=alert(1)>"


async def happen(
    house: ConsoleHouse,
    *,
    type_: str = "order.created",
    about: Subject | None = None,
    wire_id: str = "",
    actor: Actor = NOBODY,
    data: bytes = b"{}",
) -> int:
    """Publish an event of the shop; its id inside."""
    subjects = (SHOP,) if about is None else (SHOP, about)
    event = Event(
        type=type_, subjects=subjects, data=data, at=house.clock.now(), actor=actor, wire_id=wire_id, source="shop"
    )
    return (await house.parts.hub.publisher.publish_one(Draft(event=event))).id


async def hears(house: ConsoleHouse, url: str, *types: str, terms: Terms | None = None) -> Subscription:
    """A webhook on the shop, for those types or all."""
    return await subscribed(house, url, subject=SHOP, terms=terms or Terms(types=types or ("*",), url=url))
