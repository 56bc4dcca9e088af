"""Events and deliveries in a browser: where an event went, what an endpoint did not take, and having it again."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import is_usable, narrow
from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.delivery import State
from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.store.history import Delivery
from tidings.testing.endpoint import Answer, Captured, Endpoint

SHOP = Subject("Application", "shop")
HOSTILE = "<script>alert(1)</script>\u202e<img src=x onerror=alert(1)>"


def picky(request: Captured) -> Answer:
    """Takes everything but new orders."""
    if b"order.created" in request.body:
        return Answer(503, (("content-type", "text/html"),), f"<h1>Busy</h1>{HOSTILE}".encode())
    return Answer(204)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A shop that publishes, and an endpoint that hears of it."""

    site: Served
    endpoint: Endpoint
    hook: Subscription

    async def publish(self, type_: str, data: object = HOSTILE) -> int:
        event = Event(
            type=type_,
            subjects=(SHOP, Subject("Application", HOSTILE)),
            data=json.dumps({"note": data}).encode(),
            at=self.site.parts.clock.now(),
            actor=Actor(name=f"Asha {HOSTILE}"),
            source="shop",
        )
        return (await self.site.parts.hub.publisher.publish_one(Draft(event=event))).id

    async def ends(self, event: int, state: State) -> Delivery:
        """Wait until the event's delivery stands so."""
        history, number = self.site.parts.history, self.hook.number
        while (found := await history.delivery(event, number)) is None or found.state != state:
            await self.site.parts.clock.sleep(0.02)
        return found


@pytest_asyncio.fixture(loop_scope="session")
async def shop(site: Served) -> AsyncIterator[Shop]:
    async with Endpoint(picky) as endpoint:
        terms = Terms(types=("order.*",), url=endpoint.url, schedule="300ms")
        hook, _ = await site.parts.subscribing.create(SHOP, terms, connector="shop", owner="")
        yield Shop(site=site, endpoint=endpoint, hook=hook)
        await site.parts.subscribing.end(hook)


async def given_up(shop: Shop, count: int) -> list[int]:
    """Events that the endpoint did not take in all their tries, while it took another."""
    events = [await shop.publish("order.created") for _ in range(count)]
    await shop.endpoint.received(count)
    await shop.publish("order.paid")
    for event in events:
        await shop.ends(event, State.FAILED)
    return events


async def test_a_failing_endpoint_is_found_from_home_and_what_it_missed_is_made_again(page: Page, shop: Shop) -> None:
    events = await given_up(shop, 3)
    await sign_in(page, shop.site, Role.OPERATOR)

    # Where did it go? Three clicks: the failing endpoint, its failed deliveries, one of them.
    await page.get_by_role("row").filter(has_text=shop.endpoint.url).get_by_role("link", name="Deliveries").click()
    await page.get_by_role("link", name="Failed", exact=True).click()
    await page.get_by_role("link", name="order.created").first.click()
    await expect(page.get_by_text("The server answered 503 Service Unavailable").first).to_be_visible()
    await expect(page.get_by_text("Try 2 of 2. Given up.")).to_be_visible()
    await page.get_by_text("Request and answer").first.click()
    await expect(page.get_by_text("<h1>Busy</h1>").first).to_be_visible()

    shop.endpoint.script(200)
    await page.get_by_role("link", name="Deliveries of this webhook").click()
    await page.get_by_role("link", name="Replay…").click()
    await page.get_by_role("button", name="Count").click()
    await page.get_by_role("button", name="Make 3 deliveries again").click()
    await expect(page.get_by_text("They go out now")).to_be_visible()
    for event in events:
        await shop.ends(event, State.DELIVERED)
    await page.get_by_role("link", name="See its deliveries").click()

    await expect(page.locator("tbody .pill.good")).to_have_count(4)
    await is_usable(page)


async def test_one_delivery_is_retried_by_hand_and_its_page_says_when_it_arrived(page: Page, shop: Shop) -> None:
    [event] = await given_up(shop, 1)
    await sign_in(page, shop.site, Role.OPERATOR)
    await page.goto(f"{shop.site.url}console/deliveries/{outside(event, shop.hook.number)}")
    shop.endpoint.script(200)

    await page.get_by_role("button", name="Send again").click()

    await expect(page.get_by_text("Delivered", exact=False).first).to_be_visible()
    await expect(page.get_by_text("The server answered 200 OK")).to_be_visible()


async def test_an_event_is_found_by_what_it_carries(page: Page, shop: Shop) -> None:
    await shop.publish("order.paid", "the order of Mrs Needle")
    await shop.publish("order.shipped", "another")
    await sign_in(page, shop.site, Role.READER)

    await page.get_by_role("link", name="Events", exact=True).click()
    await page.get_by_label("Text in the payload").fill("mrs needle")
    await page.get_by_role("button", name="Find").click()

    await expect(page.get_by_text("That is all there is, 1 event.")).to_be_visible()
    await page.get_by_role("link", name="order.paid").click()
    await expect(page.get_by_label("Payload").get_by_text("Mrs Needle")).to_be_visible()


async def test_a_long_search_streams_what_it_finds_and_is_stopped_and_taken_up_again(
    page: Page, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.console.search._MOST_LOOKS", 0)
    monkeypatch.setattr("tidings.console.search.FIRST_LOOK", 10)
    await shop.publish("order.oldest", "haystack needle")
    for number in range(600):
        await shop.publish("user.seen", f"hay {number}")
    await shop.publish("order.newest", "needle")
    await sign_in(page, shop.site, Role.READER)

    await page.goto(f"{shop.site.url}console/events?text=needle&span=1h")
    await expect(page.get_by_role("link", name="order.newest")).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("button", name="Stop")).to_be_hidden()
    await page.get_by_role("link", name="Go on").click()

    await expect(page.get_by_role("link", name="order.oldest")).to_be_visible()
    await expect(page.get_by_role("button", name="Stop")).to_be_hidden()


@narrow
async def test_every_page_of_events_and_deliveries_is_usable_and_inert(page: Page, shop: Shop) -> None:
    [event] = await given_up(shop, 1)
    await sign_in(page, shop.site, Role.OPERATOR)
    delivery = outside(event, shop.hook.number)

    for path in (
        "events",
        f"events/{outside(event)}",
        f"deliveries?webhook={shop.hook.id}&status=503",
        f"deliveries/{delivery}",
        f"deliveries/replay?webhook={shop.hook.id}&span=1h&count=1",
    ):
        await page.goto(f"{shop.site.url}console/{path}")
        for summary in await page.locator("main summary").all():
            await summary.click()
        await is_usable(page)
