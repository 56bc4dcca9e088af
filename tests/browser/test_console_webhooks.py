"""Webhooks by hand: one made, tried and sent a test; and the portal in somebody else's page."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import Look, is_usable
from tidings.app.serve import Served, served
from tidings.app.settings import load
from tidings.console.rights import Role
from tidings.console.webhook_words import snippets
from tidings.core.caller import Caller, TokenKind
from tidings.core.event import Actor, Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_key_pair, new_secret, sign
from tidings.core.subscription import Subscription
from tidings.core.vault import new_key
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.store.connectors import Connectors
from tidings.testing.endpoint import Answer, Endpoint
from tidings.workspace.groups import NewGroup

HOSTILE = "<img src=x onerror=alert(1)> Pune"
ORDERS = Subject("Application", "orders")
# Each width and each theme once: these walks are long.
two_looks = pytest.mark.parametrize("look", [Look(width=360, theme="dark"), Look()], ids=str, indirect=True)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> AsyncIterator[Endpoint]:
    """Somebody else's site: its page frames the portal at the address that comes in its query."""
    async with Endpoint(lambda request: Answer(200, (("content-type", "text/html"),), _framing(request.target))) as one:
        yield one


def _framing(target: str) -> bytes:
    where = target.partition("?")[2].replace("!", "#")
    frame = f'<iframe title="Webhooks" src="{where}" width="900" height="700"></iframe>'
    return f'<!doctype html><title>Shop</title><link rel="icon" href="data:,">{frame}'.encode()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory, shop: Endpoint) -> AsyncIterator[Served]:
    folder = tmp_path_factory.mktemp("portal")
    settings = load(
        {},
        folder=folder,
        database=f"sqlite:{folder / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_http="on",
        portal_origins=f"http://127.0.0.1:{shop.port}",
    )
    async with served(settings) as site:
        yield site


async def group_of(site: Served, person: Actor) -> Subject:
    caller = Caller(connector="shop", kind=TokenKind.USER, person=person, scopes=frozenset())
    made = await site.parts.workspace.groups.create(caller, NewGroup(name=HOSTILE))
    return Subject("Group", made.id)


async def happened(site: Served, subject: Subject, *, type_: str, data: bytes = b"{}") -> None:
    event = Event(type=type_, subjects=(subject,), data=data, at=site.parts.clock.now(), source="shop")
    await site.parts.hub.publisher.publish_one(Draft(event=event))


@two_looks
async def test_a_webhook_is_made_tried_tested_and_paused(page: Page, site: Served) -> None:
    person = await sign_in(page, site, Role.OPERATOR)
    group = await group_of(site, person)
    for amount in (5, 50):
        await happened(site, group, type_="TextMessageCreated", data=b'{"amount":%d}' % amount)

    await page.goto(f"{site.url}console/webhooks/new")
    await is_usable(page)
    await page.get_by_role("link", name=re.compile("Everything that happens in a group")).click()
    await page.get_by_label("Search by name").fill("pune")
    await page.locator(f'a[href$="{group.id}"]').click()
    await page.get_by_label("TextMessageCreated").check()
    await page.get_by_label("Filter").fill('[{"path": "data.amount", "op": "gt", "value": 10}]')
    await page.get_by_role("button", name="Try it on recent events").click()
    await expect(page.get_by_text("1 of the last 2 events would go out.")).to_be_visible()
    await is_usable(page)
    async with Endpoint(echo=False) as mute:
        await page.get_by_label("URL").fill(mute.url)
        await page.get_by_role("button", name="Make the webhook").click()
        await expect(page.get_by_text("did not pass the validation handshake")).to_be_visible()
    await is_usable(page)
    async with Endpoint() as endpoint:
        await page.get_by_label("URL").fill(endpoint.url)
        await page.get_by_role("button", name="Make the webhook").click()
        await expect(page.get_by_text("passed the handshake")).to_be_visible()
        await expect(page.get_by_text(re.compile("^whsec_"))).to_be_visible()
        await is_usable(page)
        await page.get_by_role("button", name="Send a test").click()
        await endpoint.received(2)
    await page.goto(f"{site.url}console/webhooks?object={group.id}&kind=Group")
    await is_usable(page)
    await page.get_by_role("link", name=endpoint.url).click()
    await is_usable(page)
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    await page.get_by_role("link", name="Edit").click()
    await expect(page.get_by_label("TextMessageCreated")).to_be_checked()
    await is_usable(page)


@two_looks
async def test_a_subscriber_looks_after_their_webhooks_in_the_shops_page(
    page: Page, site: Served, shop: Endpoint
) -> None:
    async with Endpoint() as endpoint:
        terms = Terms(types=("order.*",), url=endpoint.url)
        await Connectors(site.parts.database).name_application(ORDERS.id, connector="shop", at=0)
        await site.parts.subscribing.create(ORDERS, terms, connector="shop", owner="")
        await sign_in(page, site, Role.OPERATOR)
        await page.goto(f"{site.url}console/webhooks/portal")
        await is_usable(page)
        await page.get_by_label("About").select_option("Application")
        await page.get_by_label("Id of that object").fill("orders")
        await page.get_by_label("Make webhooks on that object").check()
        await page.get_by_role("button", name="Make a link").click()
        await is_usable(page)
        link = await page.get_by_role("link", name="Open it").get_attribute("href")
        assert link
        # Whoever is framed has no cookie here, and needs none.
        await page.context.clear_cookies()

        await page.goto(link)
        await expect(page.get_by_role("button", name=endpoint.url)).to_be_visible()
        await is_usable(page)
        await page.goto(f"{shop.url}?{link.replace('#', '!')}")
        portal = page.frame_locator("iframe")
        await portal.get_by_role("button", name=endpoint.url).first.click()
        await portal.get_by_role("button", name="Send a test").click()
        await expect(portal.get_by_text("is on its way")).to_be_visible()
        await endpoint.received(1)
        page.once("dialog", lambda dialog: dialog.accept())
        await portal.get_by_role("button", name="Pause").click()
        await expect(portal.get_by_text("The webhook is paused")).to_be_visible()
        page.once("dialog", lambda dialog: dialog.accept())
        await portal.get_by_role("button", name="End this webhook").click()
        await expect(portal.get_by_text("The webhook has ended")).to_be_visible()
        assert await page.context.cookies() == []


async def test_an_address_without_its_end_says_so(page: Page, site: Served) -> None:
    await page.goto(f"{site.url}portal")

    await expect(page.get_by_text("open the link as it was given to you")).to_be_visible()
    await is_usable(page)


async def test_the_javascript_that_verifies_does(page: Page, site: Served) -> None:
    await page.goto(f"{site.url}portal")
    for secret, told in ((one := new_secret(), one.text), (two := new_key_pair(), two.public_text)):
        webhook = Subscription(
            id="w",
            subject=ORDERS,
            types=compile_types(["*"]),
            url="https://example.com/",
            format="standard",
            secrets=(secret,),
            expires_at=1,
        )
        code = next(one.text for one in snippets(webhook) if one.name == "JavaScript")
        now = site.parts.clock.now() // 1000
        signature = sign([secret], "m", timestamp=now, body=b'{"n":"\xc3\xa4"}')
        headers = {"webhook-id": "m", "webhook-timestamp": str(now), "webhook-signature": signature}
        tried = """([secret, headers, body]) => {
            %s
            return verify(secret, new Headers(headers), body).then(() => "genuine", (error) => String(error.message));
        }"""

        async def says(body: str, code: str = tried % code, told: str = told, headers: object = headers) -> str:
            return str(await page.evaluate(code, [told, headers, body]))

        assert await says('{"n":"ä"}') == "genuine"
        assert await says('{"n":"a"}') == "not from Tidings"
        old = headers | {"webhook-timestamp": str(now - 600)}
        assert await says('{"n":"ä"}', headers=old) == "too old"
