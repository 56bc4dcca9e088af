"""Reports by hand: a template filled and previewed in its frame, and a task whose next runs follow what is chosen."""

import re

from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import is_usable_in_every_look, narrow, open_all
from tidings.app.serve import Served
from tidings.console.rights import Role

PAGE = "<h1>Report</h1>{% for row in data.sales %}<p>{{ row.region }}</p>{% endfor %}"


@narrow
async def test_a_template_is_filled_and_previewed_and_becomes_a_task(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OPERATOR)
    await page.goto(f"{site.url}console/reports/templates/new")
    await page.get_by_label("Title").fill("Sales of the week")
    await page.get_by_role("button", name="Make it").click()

    await filled(page)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("#html-error")).to_contain_text("there is no 'nothing' here")
    await expect(page.get_by_label("Page")).to_be_focused()
    await page.get_by_label("Page").fill(PAGE)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.frame_locator("iframe").get_by_text("North")).to_be_visible()
    await expect(page.locator("iframe")).to_be_in_viewport()
    # What is in the frame has an origin of its own.
    assert await page.frames[1].evaluate("origin") == "null"
    await open_all(page)
    await is_usable_in_every_look(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved as version 2.")).to_be_visible()

    await page.get_by_role("link", name="Schedule").click()
    await expect(page.get_by_label("since")).to_be_visible()
    await scheduled(page)
    await open_all(page)
    await is_usable_in_every_look(page)
    await page.get_by_role("button", name="Make the task").click()
    await expect(page.get_by_text("The task is there.")).to_be_visible()
    await page.goto(f"{site.url}console/reports/calendar?month=2031-10&zone=Europe/Berlin")
    await expect(page.get_by_role("link", name=re.compile("09:00 Weekly sales")).first).to_be_visible()


async def filled(page: Page) -> None:
    """A query, a parameter, and a page with a mistake in it."""
    await page.get_by_role("button", name="Add a query").click()
    await expect(page.locator("#query0-name")).to_be_focused()
    await page.locator("#query0-name").fill("sales")
    await page.locator("#query0-sql").fill("SELECT 'North' AS region, 12 AS amount")
    await page.get_by_role("button", name="Add a parameter").click()
    await page.locator("#parameter0-name").fill("since")
    await page.locator("#parameter0-kind").select_option("instant")
    await page.get_by_label("Page").fill(PAGE.replace("region", "nothing"))


async def scheduled(page: Page) -> None:
    """On days around the end of daylight saving; the next runs follow."""
    await page.get_by_label("Title").fill("Weekly sales")
    await page.get_by_label("How often").select_option("Cron")
    await page.get_by_label("Time zone").fill("Europe/Berlin")
    await page.get_by_label("Cron line").fill("0 9 24-28 10 *")
    await page.get_by_label("From").fill("2031-10-01T00:00")
    await expect(page.locator("#coming")).to_contain_text("Fri 24 Oct 2031, 09:00")
    await expect(page.locator("#coming")).to_contain_text("CET, the clocks have changed")
