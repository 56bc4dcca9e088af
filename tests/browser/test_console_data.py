"""What was received, in a browser: a source, a dashboard that goes on by itself, tables, bins, a tool connected."""

import asyncio
import zipfile

import httpx
import msgspec
from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import is_usable, narrow
from tests.dashboards.forms import QUESTIONS, TABLE
from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.clock import Clock
from tidings.store.receipts import State

EVIL = "<img src=x onerror=alert(1)>"
CLOCK = Clock()
SECRET = "sesame-open-up"


def callback(name: str, *, outlet: str, rice: int, at: int) -> bytes:
    answers = [[outlet], rice, ["Salt", EVIL], at, {"lt": 18.52, "lg": 73.85, "n": "Quay"}, EVIL]
    asked = [
        {"title": title, "type": type_, "answer": answer}
        for (title, type_), answer in zip(QUESTIONS, answers, strict=False)
    ]
    data = {
        "actionId": "a1",
        "actionPackageId": "com.example.OrderForm",
        "groupId": "g1",
        "responseId": name,
        "responder": "+910000000001",
        "responderName": EVIL,
        "responseDetails": {"responseWithQuestions": asked},
    }
    body = {
        "objectId": "g1",
        "objectType": "Group",
        "eventType": "ActionResponse",
        "eventId": name,
        "data": data,
        "fromUser": "+910000000001",
        "fromUserId": "u1",
        "fromUserName": "Asha",
    }
    return msgspec.json.encode(body)


async def receive(site: Served, *bodies: bytes, token: str = SECRET) -> None:
    """Send a source that; it is made if it is not there."""
    if await site.parts.inbox.sources.get("shop") is None:
        await site.parts.inbox.create_source("shop", dialect="kaizala", actor="test", secret=SECRET)
    async with httpx.AsyncClient(base_url=site.url) as sender:
        for body in bodies:
            await sender.post("/receive/shop", content=body, headers={"kz-callback-token": token})


async def orders(site: Served, number: int) -> None:
    now = CLOCK.now()
    outlets = ("Harbour", "Market", EVIL)
    await receive(
        site,
        *(callback(f"r{one}", outlet=outlets[one % 3], rice=one, at=now + one * 3_600_000) for one in range(number)),
    )
    await settle(site)


async def arrive(page: Page, address: str) -> None:
    """Go there, as soon as it is there: a new table is known everywhere a second later."""
    async with asyncio.timeout(60):
        while (answer := await page.goto(address)) is None or not answer.ok:
            await CLOCK.sleep(0.1)


async def settle(site: Served, *, source: str = "shop") -> None:
    """All that came was looked at, and is in the tables."""
    async with asyncio.timeout(60):
        while any(one.state is State.KEPT for one in await site.parts.inbox.receipts.glimpses(source, most=100)):
            await CLOCK.sleep(0.05)


async def chart(page: Page, name: str) -> None:
    """A chart has been drawn, in the page and not as a picture."""
    await expect(page.locator(f"#figure-{name} svg.marks")).to_be_visible()


async def test_a_dashboard_is_drawn_and_goes_on_by_itself(page: Page, site: Served) -> None:
    await orders(site, 4)
    await sign_in(page, site, Role.READER)
    await arrive(page, f"{site.url}console/dashboards/{TABLE}")
    await page.goto(f"{site.url}console/dashboards")
    await expect(page.get_by_text("in the last 30 days").first).to_be_visible()

    await page.get_by_role("link", name="Responses to com.example.OrderForm").click()
    for name in ("over-time", "outlet", "rice_1kg", "extras", "place_latitude"):
        await chart(page, name)
    figure = page.locator(".stat .value").first
    await expect(figure).to_have_text("4")
    await page.locator("#numbers-outlet summary").click()
    await page.evaluate("window.isStillHere = true")
    await receive(site, callback("r9", outlet="Station", rice=7, at=site.parts.clock.now()))

    await expect(figure).to_have_text("5")
    await expect(page.locator("#figure-outlet svg.marks")).to_contain_text("Station")
    await expect(page.locator("#numbers-outlet")).to_contain_text("Station")
    assert await page.evaluate("window.isStillHere")
    await expect(page.locator("#content").get_by_text(EVIL).first).to_be_visible()


async def test_a_dashboard_is_narrowed_and_taken_along(page: Page, site: Served) -> None:
    await orders(site, 6)
    await sign_in(page, site, Role.READER)
    await arrive(page, f"{site.url}console/dashboards/{TABLE}")

    await page.get_by_text("Filter", exact=True).click()
    await page.get_by_label("Question").select_option("Outlet")
    await page.get_by_role("button", name="Show").click()

    await chart(page, "outlet")
    await expect(page.locator("[data-chart]")).to_have_count(1)
    async with page.expect_download() as asked:
        await page.get_by_role("link", name="Outlet as PNG").click()
    assert (await (await asked.value).path()).read_bytes().startswith(b"\x89PNG")


async def test_rows_are_found_by_what_they_hold(page: Page, site: Served) -> None:
    await orders(site, 6)
    await sign_in(page, site, Role.READER)
    await arrive(page, f"{site.url}console/tables/{TABLE}")
    await page.goto(f"{site.url}console/tables")

    await page.get_by_role("link", name=TABLE, exact=True).click()
    await page.get_by_label("Only rows where").select_option("outlet")
    await page.get_by_label("Value").fill("Market")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_role("list", name="Filters")).to_contain_text("Market")
    shown = page.get_by_role("table", name="Rows of").get_by_role("row")
    await expect(shown).to_have_count(3)
    await page.get_by_role("link", name="rice_1kg").click()

    await expect(page.get_by_role("columnheader", name="rice_1kg")).to_have_attribute("aria-sort", "descending")
    await page.get_by_role("link", name="Without: outlet is Market").click()
    await expect(shown).not_to_have_count(3)


async def test_a_source_is_made_and_what_it_cannot_read_is_found(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OPERATOR)
    await page.goto(f"{site.url}console/sources")

    await page.get_by_role("link", name="New source").first.click()
    await page.get_by_label("Name").fill("harbour")
    await page.get_by_label("Who sends").select_option("raw")
    await page.get_by_role("button", name="Make the source").click()
    codes = page.locator(".copyable code")
    await expect(codes).to_have_count(2)
    address, secret = await codes.all_text_contents()
    assert address
    assert secret
    async with httpx.AsyncClient() as sender:
        headers = {"authorization": f"Bearer {secret}"}
        assert (await sender.post(address, content=b'{"a": ]', headers=headers)).status_code == 200
    await settle(site, source="harbour")
    await page.get_by_role("link", name="See what arrives").click()
    await page.get_by_role("link", name="Unreadable").click()

    await expect(page.get_by_text("the body is not JSON").first).to_be_visible()
    await page.get_by_role("link", name="receipt").first.click()
    await page.get_by_role("button", name="Read it again").click()
    await expect(page.get_by_text("It still cannot be understood").first).to_be_visible()


async def test_a_bin_is_made_and_looked_into(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OPERATOR)
    await page.goto(f"{site.url}console/inspector")

    await page.get_by_label("Name").fill("mine")
    await page.get_by_role("button", name="Make a bin").click()
    async with httpx.AsyncClient(base_url=site.url) as sender:
        await sender.post("/bin/mine", json={"hello": "world"})
    await page.get_by_role("link", name="mine", exact=True).click()

    await expect(page).to_have_url(f"{site.url}bin/mine?inspect")
    await expect(page.get_by_text("POST").first).to_be_visible()


async def test_a_tool_is_connected_with_its_files(page: Page, site: Served) -> None:
    await orders(site, 1)
    await sign_in(page, site, Role.OWNER)
    await page.goto(f"{site.url}console/connect")

    await page.get_by_label("Grafana").check()
    await page.get_by_label("Who it is for").fill("Sales")
    await page.get_by_role("button", name="Connect").click()
    async with page.expect_download() as asked:
        await page.get_by_role("link", name="Download").click()

    with zipfile.ZipFile(await (await asked.value).path()) as archive:
        assert {"README.txt", "tidings.json"} <= set(archive.namelist())
    await page.get_by_role("link", name="Who reads the tables").click()
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Revoke Sales (grafana)").click()
    await expect(page.get_by_text("Nobody yet")).to_be_visible()


PAGES = [
    "dashboards",
    f"dashboards/{TABLE}",
    "tables",
    f"tables/{TABLE}",
    "sources",
    "sources/new",
    "sources/shop",
    "sources/shop/pulls/new",
    "sources/shop/sinks/new",
    "inspector",
    "connect",
]


@narrow
async def test_every_page_is_usable(page: Page, site: Served) -> None:
    await orders(site, 4)
    await receive(site, b"{}", token="wrong")
    await site.parts.inspector.make(None, connector="the console")
    await sign_in(page, site, Role.OWNER)

    for place in PAGES:
        await arrive(page, f"{site.url}console/{place}")
        if place == f"dashboards/{TABLE}":
            await chart(page, "outlet")
            await chart(page, "place_latitude")
        await is_usable(page)
