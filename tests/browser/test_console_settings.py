"""Settings in a browser: usable by everybody; somebody is invited, a key made, rolled and revoked, by real clicks."""

import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import is_usable, narrow
from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.event import Actor

EVIL = "</script><script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"


@pytest_asyncio.fixture(loop_scope="session")
async def owner(page: Page, site: Served) -> Actor:
    """An owner who is signed in."""
    return await sign_in(page, site, Role.OWNER)


async def connector(site: Served, *, name: str = "Shop") -> str:
    made = await site.parts.access.create_connector(name, actor="test")
    return made.id


@narrow
async def test_every_page_of_the_settings_can_be_used_by_everybody(page: Page, site: Served, owner: Actor) -> None:
    shop = await connector(site, name=f"A {EVIL}")
    await site.parts.access.create_key(shop, actor="test", phone=owner.phone)
    places = [
        "people",
        "people?search=nobody+at+all",
        f"people/{owner.id}",
        f"people/{owner.id}/erase",
        "connectors/new",
        f"connectors/{shop}",
        f"connectors/{shop}?of=tokens",
        f"connectors/{shop}/tokens/new",
        "audit",
        "audit?until=x",
        "retention",
    ]

    for place in places:
        await page.goto(f"{site.url}console/settings/{place}")
        await is_usable(page)

    assert await page.evaluate("window.evil === undefined")


async def test_somebody_is_invited_and_made_an_operator(page: Page, site: Served, owner: Actor) -> None:
    number = "+9112" + owner.phone[-8:]
    await page.goto(f"{site.url}console/settings/people")
    await page.get_by_role("link", name="Invite somebody").click()
    await page.get_by_label("Phone number").fill("12")
    await page.get_by_label("Name").fill("Ravi Menon")
    await page.get_by_role("button", name="Invite").click()
    await expect(page.get_by_text("Expected a phone number")).to_be_visible()
    await expect(page.get_by_label("Name")).to_have_value("Ravi Menon")
    await page.get_by_label("Phone number").fill(number)
    await page.get_by_role("button", name="Invite").click()
    await expect(page.get_by_text("/console/first/")).to_be_visible()
    await is_usable(page)

    await page.get_by_role("link", name="Done").click()
    await page.get_by_label("May").select_option("operator")
    await page.get_by_role("button", name="Give this role").click()

    await expect(page.get_by_role("status").filter(has_text="Ravi Menon is an operator now")).to_be_visible()
    await page.get_by_role("link", name="What was done to them").click()
    await expect(page.get_by_role("link", name="console.role_operator")).to_be_visible()
    await is_usable(page)


@narrow
async def test_a_key_is_made_rolled_and_revoked(page: Page, site: Served, owner: Actor) -> None:
    del owner
    shop = await connector(site)
    await page.goto(f"{site.url}console/settings/connectors/{shop}")
    await page.get_by_role("link", name="New key").first.click()
    await page.get_by_label("Good for").select_option("90")
    await page.get_by_role("button", name="Make the key").click()
    first = await page.locator("#told-1").text_content()
    await is_usable(page)
    await page.get_by_role("link", name="I have copied it").click()
    await page.get_by_role("button", name="Roll").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await is_usable(page)
    await page.get_by_label("This one ends").select_option("0")
    await page.get_by_role("button", name="Make the new key").click()
    second = await page.locator("#told-1").text_content()

    await page.get_by_role("link", name="I have copied it").click()
    page.once("dialog", lambda dialog: dialog.accept())
    await page.get_by_role("button", name="Revoke", exact=True).click()

    await expect(page.get_by_role("status").filter(has_text="It is revoked")).to_be_visible()
    await expect(page.get_by_text("revoked", exact=True)).to_have_count(2)
    assert first != second
    assert str(first).startswith("tdk_")
    await is_usable(page)


async def test_a_person_is_erased(page: Page, site: Served, owner: Actor) -> None:
    number = "+9113" + owner.phone[-8:]
    ravi = await site.parts.access.create_person(number, actor="test", name="Ravi Menon")
    await page.goto(f"{site.url}console/settings/people/{ravi.id}")
    await page.get_by_role("link", name="Erase this person").click()
    await page.get_by_label("Write +9113").fill(number)
    await page.get_by_role("button", name="Erase for good").click()

    await expect(page.get_by_role("status").filter(has_text="The person is erased.")).to_be_visible()
    await page.goto(f"{site.url}console/settings/people/{ravi.id}")
    await expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
