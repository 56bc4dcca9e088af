"""The walk-through of the Kaizala webhooks post, from its first step to its fifth, without a terminal."""

import asyncio

from playwright.async_api import Page, expect

from tests.browser.looks import is_usable
from tidings.app.serve import Served

MESSAGE = "A message to test Kaizala webhook!"
BIN, GROUP, SOURCE = "walk", "Field team", "field"


async def test_a_first_owner_goes_from_an_empty_house_to_a_drawn_answer(
    page: Page, other_page: Page, site: Served
) -> None:
    await become_owner(page, site)
    address = await make_bin(page, site)
    await let_bina_in(page, other_page)
    group = await make_group(page)
    await make_webhook(page, url=address, types=("TextMessageCreated", "Announcement", "SurveyCreated"))
    await feed_tables(page, group)

    await page.goto(group)
    await post(page)
    await announce(page)
    await send_survey(page, group)
    await send_form(page, group)
    await other_page.goto(group)
    await answer_survey(other_page, group)
    await answer_form(other_page, group)

    await see_in_inspector(page)
    await see_in_deliveries(page, address)
    await see_drawn(page, site, group=group)


async def become_owner(page: Page, site: Served) -> None:
    """By the link that the server prints at its first start."""
    await page.goto(f"{site.url}console/first/{await site.parts.entrance.link(actor='test')}")
    await page.get_by_label("Your name").fill("Asha Verma")
    await page.get_by_label("Your phone number").fill("+910000000001")
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_text("You are an owner of this installation")).to_be_visible()


async def make_bin(page: Page, site: Served) -> str:
    """Step 1: an address that shows what comes; returns it."""
    await page.get_by_role("link", name="Inspector").click()
    await page.get_by_label("Name").fill(BIN)
    await page.get_by_role("button", name="Make a bin").click()
    await expect(page.get_by_role("link", name=BIN, exact=True)).to_be_visible()
    return f"{site.url}bin/{BIN}"


async def let_bina_in(page: Page, other_page: Page) -> None:
    """A second person, by a link that the first one hands over."""
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("link", name="Invite somebody").first.click()
    await page.get_by_label("Phone number").fill("+910000000002")
    await page.get_by_label("Name").fill("Bina Roy")
    await page.get_by_label("Role").select_option("")
    await page.get_by_role("button", name="Invite").click()
    link = await page.locator("#secret").text_content()
    assert link
    await other_page.goto(link)
    await expect(other_page.get_by_role("heading", level=1)).to_be_visible()


async def make_group(page: Page) -> str:
    """Step 2: the group, and its address."""
    await page.get_by_role("link", name="Groups").click()
    await page.get_by_role("link", name="New group").first.click()
    await page.get_by_label("Name").fill(GROUP)
    await page.get_by_label("Members").fill("+910000000002")
    await page.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_role("heading", name=GROUP, level=1)).to_be_visible()
    return page.url


async def make_webhook(page: Page, *, url: str, types: tuple[str, ...], token: str = "") -> None:
    """Step 3: a webhook on the group whose page this is, which asks its address for the handshake."""
    await page.get_by_role("link", name="New webhook").click()
    await page.get_by_label("URL").fill(url)
    for one in types:
        await page.get_by_label(one, exact=True).check()
    if token:
        await page.get_by_text("More: what goes along").click()
        await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Make the webhook").click()
    await expect(page.get_by_text(f"{url} passed the handshake.")).to_be_visible()


async def feed_tables(page: Page, group: str) -> None:
    """A source of our own, and a second webhook that tells it of answers."""
    await page.get_by_role("link", name="Sources").click()
    await page.get_by_role("link", name="New source").first.click()
    await page.get_by_label("Name").fill(SOURCE)
    await page.get_by_role("button", name="Make the source").click()
    codes = page.locator(".copyable code")
    await expect(codes).to_have_count(2)
    address, secret = await codes.all_text_contents()
    assert address
    assert secret
    await page.goto(group)
    await make_webhook(page, url=address, types=("SurveyCreated", "SurveyResponse", "ActionResponse"), token=secret)


async def post(page: Page) -> None:
    """Step 4: a message."""
    await page.get_by_label("Message").fill(MESSAGE)
    await page.get_by_role("button", name="Post").click()
    await expect(page.get_by_role("article").filter(has_text=MESSAGE)).to_be_visible()


async def announce(page: Page) -> None:
    await page.get_by_role("link", name="Announcement", exact=True).click()
    await page.get_by_label("Title").fill("Depot")
    await page.get_by_label("Text").fill("The depot opens at seven")
    await page.get_by_role("button", name="Announce").click()
    await expect(page.get_by_role("article").filter(has_text="The depot opens at seven")).to_be_visible()


async def send_survey(page: Page, group: str) -> None:
    await page.goto(group)
    await page.get_by_role("link", name="Survey", exact=True).click()
    await page.get_by_label("Title").fill("How was the day?")
    first = page.get_by_role("group", name="Question 1")
    await first.get_by_label("Question", exact=True).fill("Your mark")
    await first.get_by_label("Options").fill("Good\nBad")
    await page.get_by_role("button", name="Send to the group").click()
    await expect(page.get_by_text("The survey is sent to the group.")).to_be_visible()


async def send_form(page: Page, group: str) -> None:
    """A form of the group's own, built here: one of several, a number, and a place."""
    await page.goto(group)
    await page.get_by_role("link", name="Form", exact=True).click()
    await page.get_by_label("Title").fill("Orders of the day")
    first = page.get_by_role("group", name="Question 1")
    await first.get_by_label("Question", exact=True).fill("Outlet")
    await first.get_by_label("Options").fill("Harbour\nMarket")
    await page.get_by_role("button", name="Add a question").click()
    second = page.get_by_role("group", name="Question 2")
    await expect(second.get_by_label("Question", exact=True)).to_be_focused()
    await page.keyboard.type("Rice 1 kg")
    await second.get_by_label("Answer").select_option("Number")
    await page.get_by_role("button", name="Add a question").click()
    third = page.get_by_role("group", name="Question 3")
    await expect(third.get_by_label("Question", exact=True)).to_be_focused()
    await page.keyboard.type("Location")
    await third.get_by_label("Answer").select_option("Place")
    await page.get_by_role("button", name="Send to the group").click()
    await expect(page.get_by_text("The form is sent to the group.")).to_be_visible()


async def answer_survey(page: Page, group: str) -> None:
    await page.goto(group)
    await page.get_by_role("link", name="How was the day?").click()
    await page.get_by_label("Good").check()
    await page.get_by_role("button", name="Send your answer").click()
    await expect(page.get_by_text("Your answer has been sent.")).to_be_visible()
    await is_usable(page)


async def answer_form(page: Page, group: str) -> None:
    await page.goto(group)
    await page.get_by_role("link", name="Orders of the day").click()
    await page.get_by_label("Harbour").check()
    await page.get_by_label("Rice 1 kg").fill("12")
    await page.get_by_label("Latitude").fill("9.97")
    await page.get_by_label("Longitude").fill("76.24")
    await page.get_by_role("button", name="Send your answer").click()
    await expect(page.get_by_text("Your answer has been sent.")).to_be_visible()


async def see_in_inspector(page: Page) -> None:
    """Step 5: the callback, as it came."""
    await page.get_by_role("link", name="Inspector").click()
    await page.get_by_role("link", name=BIN, exact=True).click()
    callbacks = page.locator("#requests li").filter(has_text="POST")
    await expect(callbacks).to_have_count(3)
    await callbacks.last.get_by_role("link").click()
    await expect(page.get_by_role("main")).to_contain_text("TextMessageCreated")
    await expect(page.get_by_role("main")).to_contain_text(MESSAGE)
    await is_usable(page)


async def see_in_deliveries(page: Page, address: str) -> None:
    """And as it was sent."""
    await page.goto(f"{address.partition('/bin/')[0]}/console/")
    await page.get_by_role("link", name="Deliveries", exact=True).click()
    await page.get_by_role("row").filter(has_text=address).get_by_role("link", name="TextMessageCreated").click()
    await expect(page.get_by_text("The server answered 200 OK")).to_be_visible()
    await page.get_by_text("Request and answer").first.click()
    await expect(page.get_by_text(MESSAGE).first).to_be_visible()


async def see_drawn(page: Page, site: Served, *, group: str) -> None:
    """Both answers are on dashboards that nobody made."""
    for title, chart, answer in (("How was the day?", "Your mark", "Good"), ("Orders of the day", "Outlet", "Harbour")):
        await page.goto(group)
        await page.get_by_role("link", name=title).click()
        # A new table is known everywhere a second later.
        async with asyncio.timeout(60):
            while not await page.get_by_role("link", name="Its dashboard").count():
                await site.parts.clock.sleep(0.1)
                await page.reload()
        await page.get_by_role("link", name="Its dashboard").click()
        card = page.get_by_role("region", name=chart, exact=True)
        await expect(card.locator("svg.marks")).to_be_visible()
        await expect(card.locator("tbody td")).to_have_text([answer, "1"])
        await is_usable(page)
