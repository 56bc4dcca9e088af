"""Groups in a browser: made, posted to, asked and answered by two people, and told live."""

from playwright.async_api import Page, expect

from tests.browser.console import sign_in
from tests.browser.looks import is_usable, narrow
from tidings.app.serve import Served
from tidings.console.rights import Role


async def make_group(page: Page, site: Served, *, name: str, member: str = "") -> str:
    """Make a group by hand; the address of its feed."""
    await page.goto(f"{site.url}console/groups")
    await page.get_by_role("link", name="New group").first.click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Members").fill(member)
    await page.get_by_role("button", name="Make the group").click()
    await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return page.url


async def test_a_survey_is_built_sent_answered_by_another_and_its_result_seen(
    page: Page, other_page: Page, site: Served
) -> None:
    bina = await sign_in(other_page, site, Role.MEMBER, name="Bina Roy")
    await sign_in(page, site, Role.MEMBER)
    feed = await make_group(page, site, name="Night shift", member=bina.phone)

    await page.get_by_role("link", name="Survey", exact=True).click()
    await page.get_by_label("Title").fill("How was the night?")
    first = page.get_by_role("group", name="Question 1")
    await first.get_by_label("Question", exact=True).fill("Your mark")
    await first.get_by_label("Options").fill("Quiet\nBusy")
    await page.get_by_role("button", name="Add a question").click()
    second = page.get_by_role("group", name="Question 2")
    await expect(second.get_by_label("Question", exact=True)).to_be_focused()
    await page.keyboard.type("What happened?")
    await second.get_by_label("Answer").select_option("Long text")
    await expect(second.get_by_label("Options")).to_be_hidden()
    await second.get_by_label("Required").check()
    await page.get_by_role("button", name="Move question 2 up").click()
    await expect(page.get_by_role("group", name="Question 1").get_by_label("Question", exact=True)).to_have_value(
        "What happened?"
    )
    await is_usable(page)
    await page.get_by_role("button", name="Send to the group").click()
    await expect(page.get_by_text("The survey is sent to the group.")).to_be_visible()

    await other_page.goto(feed)
    await other_page.get_by_role("link", name="How was the night?").click()
    await other_page.get_by_label("What happened?").fill("<b>Nothing</b> at all")
    await other_page.get_by_label("Quiet").check()
    await other_page.get_by_role("button", name="Send your answer").click()
    await expect(other_page.get_by_text("Your answer has been sent.")).to_be_visible()
    await is_usable(other_page)

    await page.reload()
    results = page.get_by_role("table", name="Answers")
    await expect(results.get_by_role("row", name="Bina Roy")).to_contain_text("<b>Nothing</b> at all")
    await expect(page.get_by_role("region", name="Your mark")).to_contain_text("100 %")


async def test_what_somebody_posts_appears_at_once_to_whoever_looks(page: Page, other_page: Page, site: Served) -> None:
    bina = await sign_in(other_page, site, Role.MEMBER, name="Bina Roy")
    await sign_in(page, site, Role.OWNER)
    feed = await make_group(page, site, name="Gate", member=bina.phone)
    await other_page.goto(feed)

    await page.get_by_label("Message").fill("Doors open at six")
    await page.get_by_role("button", name="Post").click()
    await page.goto(f"{feed}/new/poll")
    await page.get_by_label("Question").fill("Which gate?")
    await page.get_by_label("Choices").fill("North\nSouth")
    await page.get_by_role("button", name="Send to the group").click()
    await page.get_by_label("North").check()
    await page.get_by_role("button", name="Send your answer").click()

    posts = other_page.get_by_role("list", name="Posts, the newest first").get_by_role("article")
    await expect(posts).to_have_count(2)
    await expect(posts.first).to_contain_text("1 answer")
    await expect(posts.last).to_contain_text("Doors open at six")


async def test_a_post_is_liked_and_commented_on_by_keyboard_and_others_see_it_at_once(
    page: Page, other_page: Page, site: Served
) -> None:
    bina = await sign_in(other_page, site, Role.MEMBER, name="Bina Roy")
    await sign_in(page, site, Role.MEMBER)
    feed = await make_group(page, site, name="Gate", member=bina.phone)
    await page.get_by_label("Message").fill("Doors open at six")
    await page.get_by_role("button", name="Post").click()
    await other_page.goto(feed)

    like = other_page.get_by_role("button", name="Like")
    await like.press("Enter")
    await expect(like).to_have_attribute("aria-pressed", "true")
    await expect(like).to_be_focused()
    await expect(page.get_by_role("button", name="Like 1")).to_have_attribute("aria-pressed", "false")
    await other_page.get_by_role("link", name="Comment", exact=True).press("Enter")
    await other_page.get_by_label("Your comment").fill("<b>We</b> are ready")
    await other_page.get_by_role("button", name="Comment").press("Enter")

    await expect(other_page.get_by_role("list", name="Comments")).to_contain_text("<b>We</b> are ready")
    await is_usable(other_page)
    said = page.get_by_role("list", name="Latest comments")
    await expect(said).to_contain_text("<b>We</b> are ready")
    await expect(page.get_by_role("link", name="1 comment")).to_be_visible()
    await like_back(other_page, feed)
    await expect(page.get_by_role("button", name="Like", exact=True)).to_be_visible()


async def like_back(page: Page, feed: str) -> None:
    """Like a post no more."""
    await page.goto(feed)
    like = page.get_by_role("button", name="Like 1")
    await like.press("Enter")
    await expect(page.get_by_role("button", name="Like", exact=True)).to_have_attribute("aria-pressed", "false")


@narrow
async def test_the_pages_of_a_group_are_for_everybody(page: Page, site: Served) -> None:
    await sign_in(page, site, Role.OWNER)
    feed = await make_group(page, site, name="North <i>gate</i> " + "and a name that goes on " * 5)
    await page.get_by_label("Message").fill("https://example.com/" + "long" * 80)
    await page.get_by_role("button", name="Post").click()
    await page.get_by_role("article").wait_for()

    for path in ("/console/groups", "", "/members", "/sub-groups", "/settings", "/new/form", "/new/job"):
        await page.goto(f"{site.url.rstrip('/')}{path}" if path.startswith("/console") else f"{feed}{path}")
        await is_usable(page)
