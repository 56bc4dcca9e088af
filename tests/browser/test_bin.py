"""A bin's page in a browser: live, inert, searched, judged, compared and promoted; at any width, in any light."""

import hashlib
import hmac
import json

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.browser.looks import every_width, is_usable, is_usable_in_every_look
from tests.web.conversation import Answer, ask
from tidings.access.scope import ADMIN
from tidings.app.serve import Served

EVIL = "</pre></textarea></script><script>window.evil = 1</script><img src=x onerror='window.evil = 1'>"
EVIL_URL = "?a=%3Cscript%3Ewindow.evil%3D1%3C/script%3E&%22onfocus%3Dalert(1)%20autofocus%3D%22=1"
ORDER = {"customer": {"id": 42, "name": "Asha Verma"}, "amount": 1299.5, "lines": [{"sku": "A-1"}, {"sku": "B-7"}]}


class BinOnPage:
    """A new bin, with a browser that has entered its view token."""

    def __init__(self, page: Page, site: Served, *, name: str) -> None:
        self.page = page
        self.site = site
        self.name = name
        self.url = f"{site.url}bin/{name}"

    async def send(
        self, body: bytes = b"", *, line: str = "POST", rest: str = "", headers: dict[str, str] | None = None
    ) -> Answer:
        port = self.site.parts.settings.port
        return await ask(port, f"{line} /bin/{self.name}{rest}", headers=headers, body=body)

    async def open(self, query: str = "") -> None:
        answer = await self.page.goto(f"{self.url}?inspect{query}")
        assert answer is not None

    @property
    def rows(self) -> Locator:
        return self.page.locator("#requests li")


@pytest_asyncio.fixture(loop_scope="session")
async def caught(page: Page, site: Served, request: pytest.FixtureRequest) -> BinOnPage:
    name = f"b{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
    made = await site.parts.inspector.make(name, connector="shop")
    caught = BinOnPage(page, site, name=name)
    await page.goto(f"{caught.url}?inspect")
    await page.get_by_label("View token").fill(made.view_token)
    await page.get_by_role("button", name="Look").click()
    await expect(page.get_by_role("heading", name="Send anything here")).to_be_visible()
    return caught


async def test_the_entrance_can_be_used_by_everybody(page: Page, site: Served) -> None:
    await page.goto(f"{site.url}bin/mine?inspect")
    await is_usable_in_every_look(page)

    await page.get_by_label("View token").fill("tdb_wrong")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("alert")).to_contain_text("not this bin's view token")
    await is_usable_in_every_look(page)


async def test_each_page_of_a_bin_can_be_used_by_everybody(caught: BinOnPage) -> None:
    order = json.dumps(ORDER).encode()
    kind = {"Content-Type": "application/json", "X-Hub-Signature-256": "sha256=" + "ab" * 32}
    await caught.open()
    await is_usable_in_every_look(caught.page)
    await caught.send(order, headers=kind)
    await caught.send(order.replace(b"42", b"43"), rest=f"/{'long/' * 60}{EVIL_URL}", headers=kind)
    await caught.send(b"a=1&b=%00", headers={"content-type": "application/x-www-form-urlencoded"})

    for query in ("", "=&text=none", "=&json=..", "=1", "=2", "=3", "=9", "=2&with=1", "=1&preview=raw"):
        await caught.open(query)
        await is_usable_in_every_look(caught.page)

    await caught.page.get_by_label("Secret, which is not kept").fill("hush")
    await caught.page.get_by_role("button", name="Check").click()
    await expect(caught.page.get_by_role("heading", name="The signature is not right")).to_be_visible()
    await is_usable_in_every_look(caught.page)


async def test_what_arrives_appears_without_a_reload_and_runs_nothing(caught: BinOnPage) -> None:
    await expect(caught.page.get_by_text("Live", exact=True)).to_be_visible()
    await expect(caught.rows).to_have_count(0)

    await caught.send(EVIL.encode(), rest=EVIL_URL)
    await expect(caught.rows).to_have_count(1)
    await caught.send(line="DELETE", rest="/second")
    await expect(caught.rows).to_have_count(2)
    came = await caught.rows.all_inner_texts()
    await caught.open()

    assert await caught.rows.all_inner_texts() == came
    assert came[0].split()[:3] == ["DELETE", "/second", "#2"]
    assert EVIL_URL.partition("&")[0] in came[1]
    await caught.rows.first.get_by_role("link").click()
    await expect(caught.page.get_by_role("heading", level=1)).to_contain_text("/second")


async def test_the_newest_appear_beside_an_open_request_too(caught: BinOnPage) -> None:
    await caught.send(b"one")
    await caught.open("=1")
    await expect(caught.page.get_by_text("Live", exact=True)).to_be_visible()

    await caught.send(b"two")

    await expect(caught.rows).to_have_count(2)
    await expect(caught.page.locator("[aria-current]")).to_have_count(1)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", EVIL.encode()),
        ("application/json", json.dumps({EVIL: [EVIL, {"__proto__": 1}], "n": -1.5e300, "t": None}).encode()),
        ("application/x-www-form-urlencoded", f"a={EVIL}".encode()),
        (
            "multipart/form-data; boundary=x",
            f'--x\r\nContent-Disposition: form-data; name="{EVIL}"\r\n\r\n{EVIL}\r\n--x--'.encode(),
        ),
        (EVIL, b"\xff\x00\x1b[2J\xe2\x80\xaegnp"),
    ],
)
async def test_hostile_requests_are_shown_and_run_nothing(caught: BinOnPage, kind: str, body: bytes) -> None:
    page = caught.page
    await caught.send(body, rest=EVIL_URL, headers={"content-type": kind, "X-Evil": EVIL, "Cookie": EVIL})
    await caught.send(b"{}")

    for query in ("", "=1", "=1&with=2", "=1&preview=raw", "=&text=%3Cscript%3E", "=1&preview=%3Cscript%3E"):
        await caught.open(query)
        # Whatever would run does so at the latest when the page has loaded and everything was looked at.
        for view in await page.locator(".views > label").all():
            await view.click()
        for summary in await page.locator("summary").all():
            await summary.click()
        assert await page.evaluate("window.evil === undefined && document.images.length === 0")
        await expect(page.locator("script")).to_have_count(1)


async def test_json_keeps_every_letter_in_its_colours(caught: BinOnPage) -> None:
    await caught.send(json.dumps(ORDER | {'a "quoted" name': 'a\\b"\n', "none": None}).encode())
    await caught.open("=1")

    shown = await caught.page.locator("#json").text_content()

    assert json.loads(shown or "") == ORDER | {'a "quoted" name': 'a\\b"\n', "none": None}
    await expect(caught.page.locator("#json .name-of").first).to_have_text('"customer"')


@every_width
async def test_requests_are_searched_by_text_and_by_a_place_in_their_json(caught: BinOnPage) -> None:
    page = caught.page
    await caught.send(json.dumps(ORDER).encode())
    await caught.send(b'{"customer": {"id": 7}}')
    await caught.open()

    await page.get_by_role("searchbox").fill("asha")
    await page.keyboard.press("Enter")
    await expect(caught.rows).to_have_count(1)
    await page.get_by_text("Show all again").click()
    await page.get_by_text("More to search by").click()
    await page.get_by_label("JSON at a path").fill("customer.id=7")
    await page.keyboard.press("Enter")
    await expect(caught.rows).to_have_count(1)
    await caught.rows.get_by_role("link").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text(caught.name)
    await expect(page.locator("#json")).to_contain_text("7")
    assert "json=customer.id%3D7" in page.url


@every_width
async def test_the_answer_is_decided_on_the_page(caught: BinOnPage) -> None:
    page = caught.page
    await page.get_by_label("Status").fill("503")
    await page.get_by_label("Headers, one a line").fill("retry-after: 7")
    await page.get_by_role("textbox", name="Body", exact=True).fill("later")
    await page.get_by_role("button", name="Answer so").click()
    await expect(page.get_by_label("Status")).to_have_value("503")

    answer = await caught.send(b"a")

    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "7", b"later")
    await page.get_by_label("Headers, one a line").fill("set-cookie: a=b")
    await page.get_by_role("button", name="Answer so").click()
    await expect(page.get_by_role("alert")).to_contain_text("cannot be set")
    await expect(page.get_by_label("Headers, one a line")).to_have_value("set-cookie: a=b")


async def test_a_signature_is_judged_on_the_page(caught: BinOnPage) -> None:
    page, body = caught.page, json.dumps(ORDER).encode()
    signature = hmac.new(b"hush-hush", body, hashlib.sha256).hexdigest()
    await caught.send(body, headers={"X-Hub-Signature-256": f"sha256={signature}"})
    await caught.open("=1")

    for secret, words in (("hush-hush", "The signature is right"), ("n0-secret", "The signature is not right")):
        await page.get_by_label("Secret, which is not kept").fill(secret)
        await page.get_by_role("button", name="Check").click()
        await expect(page.get_by_role("heading", name=words)).to_be_visible()

    assert "n0-secret" not in await page.content()


@every_width
async def test_two_requests_are_compared_on_the_page(caught: BinOnPage) -> None:
    page = caught.page
    await caught.send(json.dumps(ORDER).encode(), headers={"X-Try": "1"})
    await caught.send(json.dumps(ORDER | {"amount": 1350}).encode(), headers={"X-Try": "2"})
    await caught.open("=2")

    await page.get_by_role("link", name="Compare with 1").click()

    table = page.get_by_role("region", name="Differences")
    for words in ("x-try", "amount", "1299.5", "1350"):
        await expect(table.get_by_text(words, exact=True)).to_be_visible()


@every_width
async def test_a_bin_is_promoted_after_a_look_at_its_rows(caught: BinOnPage) -> None:
    page, source = caught.page, f"s{caught.name}"
    owner = await caught.site.parts.access.create_connector("Office", actor="test", scopes=[ADMIN])
    key = await caught.site.parts.access.create_key(owner.id, scopes=[ADMIN], actor="test")
    for body in (b'{"amount": 1}', b'{"amount": 2}', b"no JSON"):
        await caught.send(body, headers={"X-Token": "plain"})
    await caught.open("=1")
    await page.get_by_label("Rows that it would be as").select_option("raw")
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_role("heading", name="As raw would lay it")).to_be_visible()

    await page.get_by_label("Name of the source").fill(source)
    await page.get_by_label("A token with the scope admin").fill("tdk_wrong")
    await page.get_by_role("button", name="Make it a source").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("A token with the scope admin").fill(key)
    await page.get_by_role("button", name="Make it a source").click()

    await expect(page.get_by_role("heading", name=f"{source} is a source now")).to_be_visible()
    await expect(page.locator("#source-address")).to_contain_text(f"/receive/{source}")
    await is_usable(page)
    assert key not in await page.content()


@every_width
async def test_a_bin_is_read_with_the_keyboard_alone(caught: BinOnPage) -> None:
    page = caught.page
    await caught.send(json.dumps(ORDER).encode())
    await caught.open()

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await caught.rows.get_by_role("link").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Body")).to_be_visible()
    await page.get_by_role("radio", name="JSON").focus()
    await page.keyboard.press("ArrowRight")

    await expect(page.locator("#text")).to_be_visible()
    await expect(page.locator("#json")).to_be_hidden()


async def test_a_request_is_copied_as_a_command(caught: BinOnPage) -> None:
    page = caught.page
    await caught.send(b"it's")
    await caught.open("=1")

    await page.get_by_role("button", name="Copy as curl").click()

    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert (await page.evaluate("navigator.clipboard.readText()")).startswith("curl ")


async def test_whoever_leaves_must_enter_the_token_again(caught: BinOnPage) -> None:
    await caught.page.get_by_role("button", name="Leave").click()

    await expect(caught.page.get_by_label("View token")).to_be_visible()
