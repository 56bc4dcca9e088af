"""The console in a browser: signing in, what is told live, components at both widths and themes, the keyboard."""

from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import every_width, is_usable, is_usable_in_every_look
from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft

EVIL = "<img src=x onerror=alert(1)>"


async def publish(site: Served, type_: str) -> None:
    now = site.parts.clock.now()
    event = Event(type=type_, subjects=(Subject("Application", EVIL),), data=b"{}", at=now, source="test")
    await site.parts.hub.publisher.publish_one(Draft(event=event))


@every_width
async def test_a_person_signs_in_with_a_pin_and_out_again(page: Page, site: Served) -> None:
    phone = f"+9100000{page.viewport_size['width'] if page.viewport_size else 0:05}"
    await site.parts.access.create_person(phone, actor="test", name=EVIL)

    await page.goto(f"{site.url}console/settings/sessions")
    await is_usable(page)
    await page.get_by_label("Your phone number").fill(phone)
    await page.get_by_role("button", name="Send me a PIN").click()
    await page.get_by_label("PIN").fill(await site.parts.access.waiting_pin(phone))
    await page.get_by_role("button", name="Sign in", exact=True).click()

    await expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    await is_usable(page)
    if page.viewport_size and page.viewport_size["width"] < 500:
        await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Sign out").first.click()
    await expect(page.get_by_label("Your phone number")).to_be_visible()


async def test_the_first_owner_comes_by_a_link(page: Page, site: Served) -> None:
    link = await site.parts.entrance.link(actor="test")

    await page.goto(f"{site.url}console/first/{link}")
    await page.get_by_label("Your name").fill("Meera Iyer")
    await page.get_by_label("Your phone number").fill("+910000000077")
    await is_usable(page)
    await page.get_by_role("button", name="Begin").click()

    await expect(page.get_by_text("You are an owner of this installation")).to_be_visible()


async def test_every_component_is_usable(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OWNER)

    await page.goto(f"{site.url}console/components")

    await expect(page.locator("[data-chart] svg")).to_be_visible()
    await is_usable_in_every_look(page)
    await page.get_by_role("button", name="Open a window").click()
    await expect(page.get_by_role("heading", name="A window over the page")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("heading", name="A window over the page")).to_be_hidden()


async def test_what_happens_appears_on_home_by_itself_as_text(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.READER, name=EVIL)
    await page.goto(f"{site.url}console/")

    await publish(site, f"order.{EVIL}")

    await expect(page.locator("#live li").filter(has_text=f"order.{EVIL}")).to_have_count(1)
    await is_usable(page)


async def test_the_time_of_the_charts_is_changed_without_leaving_the_page(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.READER)
    await page.goto(f"{site.url}console/")

    await page.get_by_role("link", name="Last month").click()

    await expect(page.get_by_role("link", name="Last month")).to_have_attribute("aria-current", "page")
    await expect(page).to_have_url(f"{site.url}console/?span=month")
    await expect(page.get_by_role("heading", name="Live")).to_have_count(1)


async def test_the_keyboard_is_enough(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OWNER)
    await page.goto(f"{site.url}console/settings/sessions")

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await expect(page.locator("main :focus")).to_have_count(1)


async def test_a_theme_that_was_chosen_stays(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.READER)

    await page.get_by_role("button", name="Dark").click()
    await page.goto(f"{site.url}console/components")

    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("[data-chart] svg")).to_be_visible()
