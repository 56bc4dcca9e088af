"""Hostile content, sent in by every door there is: every page that shows it is looked at, and shows it as text."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.looks import open_all
from tests.dialects.installation import Installation
from tests.workspace.files import png
from tidings.app.front import front
from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.testing.endpoint import Answer, Captured, Endpoint
from tools.shots import DRAWN, Finding

RUNS = "evil=1"
# Leaves attributes, text areas, titles and scripts; asks templates to count. Short enough for whatever has a name.
MARKUP = (
    f"\"'></title></textarea></script><script>{RUNS}</script><img src=x onerror={RUNS}>"
    f"<svg onload={RUNS}><a href=javascript:{RUNS}>evil{{{{7*7}}}}<!--"
)
# Turns the line around, and hides in it.
TOLD = "evil{{7*7}}"
TURNING = "\u202egnp.exe\u2066\u200f"
# What a terminal, and nothing else, would obey.
CONTROL = "\x1b[2J\x07\x85"
EVIL = MARKUP + TURNING
WORST = EVIL + CONTROL
# As far as a line of HTTP holds it.
LINE = MARKUP.encode().decode("latin-1")
PHONE = "+910000000091"
QUESTIONS = [
    {"title": f"Choose {EVIL}", "type": "SingleOption", "options": [{"title": f"One {EVIL}"}, {"title": "Two"}]},
    {"title": f"Several {EVIL}", "type": "MultiOption", "options": [{"title": f"Three {EVIL}"}, {"title": "Four"}]},
    {"title": f"Tell {EVIL}", "type": "Text"},
    {"title": f"Where {EVIL}", "type": "Location"},
]
ANSWERS = [f"One {EVIL}", [f"Three {EVIL}"], WORST, {"lt": 9.9, "lg": 76.2, "n": EVIL}]
# Lists of what differs from one to the next, and what each of theirs is called.
LISTS = ("/console/groups/", "/console/dashboards", "/console/tables", "/console/sources/")
LISTED = re.compile(r"/console/(groups/[^/]+/actions|dashboards|tables|sources/[^/]+/receipts)/[^/]+")
# Words of the queries that pages read, but for days: of those the browser itself complains.
QUERIES = [
    "q",
    "text",
    "type",
    "subject",
    "person",
    "name",
    "part",
    "search",
    "actor",
    "about",
    "kind",
    "object",
    "group",
    "webhook",
    "status",
    "span",
    "responder",
    "question",
    "table",
    "next",
    "back",
]

LOOK_FOR = """() => {
    const found = [], hidden = /[\\0-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u200f\\u202a-\\u202e\\u2066-\\u2069]/;
    if (window.evil !== undefined) found.push("something ran");
    for (const one of document.querySelectorAll("script:not([src]), img[src='x'], iframe, object, embed, base")) {
        found.push("an element out of text: " + one.outerHTML.slice(0, 200));
    }
    for (const one of document.querySelectorAll("*")) {
        for (const {name, value} of one.attributes) {
            const is_told = ["title", "alt", "placeholder", "aria-label", "data-confirm", "data-label"].includes(name);
            if (name.startsWith("on") || /^\\s*javascript:/i.test(value) || (is_told && hidden.test(value))) {
                found.push(`${name} of: ` + one.outerHTML.slice(0, 200));
            }
        }
    }
    const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode, place = text.parentElement;
        if (/evil49/.test(text.data)) found.push("a template ran: " + place.outerHTML.slice(0, 200));
        if (hidden.test(text.data) && !place.closest("textarea")) found.push("hides: " + place.outerHTML.slice(0, 200));
    }
    return found;
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lair:
    """An installation in which everything that people and programs may choose is hostile."""

    site: Served
    program: Installation
    endpoint: Endpoint
    token: str
    group: str

    async def post(self, path: str, body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        answer = await self.program.post(path, body, token=self.token)
        assert answer.status_code in {200, 201}, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def act(self, body: Any, *, answers: object = None) -> None:  # noqa: ANN401 - any JSON
        """Post an action, and answer it."""
        path = f"/v1/groups/{self.group}/actions"
        made = await self.post(path, body)
        if answers is not None:
            await self.post(f"{path}/{made['actionId']}/responses", {"actionBody": answers})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lair(site: Served) -> AsyncIterator[Lair]:
    async with Endpoint(spitting) as endpoint, httpx.AsyncClient(base_url=site.url) as http:
        connector = await site.parts.access.create_connector(f"Shop {EVIL}", actor="test")
        program = Installation(parts=site.parts, http=http, connector=connector)
        token = await program.sign_in(PHONE, name=f"Asha {EVIL}")
        described = dict.fromkeys(("ShortDescriptionString", "LongDescriptionString", "welcomeMessage"), EVIL)
        made = await program.post("/v1/groups", {"name": f"Crew {EVIL}", "members": [], **described}, token=token)
        lair = Lair(site=site, program=program, endpoint=endpoint, token=token, group=made.json()["groupId"])
        await subscribe(lair)
        await happen(lair)
        await publish(lair)
        await send_in(lair)
        asha = await site.parts.access.person(PHONE)
        await site.parts.entrance.give_role(asha.id, Role.OWNER, actor=EVIL)
        async with asyncio.timeout(60):
            while len(await site.parts.showing.boards()) < 3:
                await site.parts.clock.sleep(0.1)
        yield lair


def spitting(request: Captured) -> Answer:
    """Takes the handshake, and refuses the rest with contempt."""
    token = re.search(r"validationToken=([^&]+)", request.target)
    if token:
        return Answer(200, (), token[1].encode())
    headers = (("content-type", "text/html"), ("x-evil", LINE), ("location", f"javascript:{RUNS}"))
    return Answer(503, headers, WORST.encode())


async def subscribe(lair: Lair) -> None:
    """A webhook whose owner chose everything, and one into the tables."""
    await lair.site.parts.inbox.create_source("evil", dialect="kaizala", actor=EVIL, secret="sesame-open-up")
    group = {"objectId": lair.group, "objectType": "Group"}
    hostile = {
        "callBackUrl": f"{lair.endpoint.url}{quote(MARKUP, safe='')}?{quote(MARKUP, safe='')}",
        "callBackToken": MARKUP,
        "callBackContext": EVIL,
        "callBackHeaders": {"X-Evil": MARKUP},
        "filters": [{"path": "data.evil", "op": "ne", "value": EVIL}],
    }
    tables = {"callBackUrl": f"{lair.site.url}receive/evil", "callBackToken": "sesame-open-up"}
    types = ["TextMessageCreated", "Announcement", "ActionCreated", "ActionResponse", "SurveyResponse", "JobResponse"]
    for terms in (hostile, tables):
        await lair.post("/v1/webhook", group | terms | {"eventTypes": types})


async def happen(lair: Lair) -> None:
    """Everything that happens in groups."""
    await lair.post(f"/v1/groups/{lair.group}/messages", {"message": WORST})
    files = {"files": (f"{MARKUP}.png".replace("/", ""), png(), "image/png")}
    sent = await lair.program.http.post("/v1/media", files=files, headers={"accessToken": lair.token})
    resource = sent.json()["mediaResource"]
    await lair.act({"actionType": "Image", "actionBody": {"mediaResource": resource, "caption": EVIL}})
    await lair.act({"actionType": "Announcement", "actionBody": {"title": EVIL, "message": WORST}})
    await lair.act(
        {"actionType": "Job", "actionBody": {"title": EVIL, "text": EVIL, "assignedTo": [PHONE]}},
        answers={"isCompleted": True},
    )
    await lair.act(
        {"actionType": "Poll", "actionBody": {"question": EVIL, "choices": [{"title": EVIL}, {"title": "B"}]}}
    )
    meeting = {"title": EVIL, "startingTime": "2036-03-18T04:30:00Z", "agenda": EVIL}
    await lair.act({"actionType": "LetsMeet", "actionBody": meeting | {"place": {"lt": 1, "lg": 1, "n": EVIL}}})
    survey = {"title": f"Survey {EVIL}", "description": EVIL, "questions": QUESTIONS}
    await lair.act({"actionType": "Survey", "actionBody": survey}, answers={"answers": ANSWERS})
    package = {"id": "com.example.evil", "name": EVIL, "questions": QUESTIONS}
    await lair.post("/v1/actionPackages", package)
    await lair.act({"id": "com.example.evil", "actionBody": {}}, answers={"answers": ANSWERS})


async def publish(lair: Lair) -> None:
    """An event of a program's own."""
    event = {
        "type": "order.created",
        "eventId": EVIL,
        "subjects": [{"objectType": "Application", "objectId": EVIL}, {"objectType": "Application", "objectId": "a/b"}],
        "data": {EVIL: [WORST, {"__proto__": WORST}]},
        "fromUserName": EVIL,
        "fromUserProfilePic": f"javascript:{RUNS}",
    }
    answer = await lair.program.post("/v1/events", event, token=await lair.program.tenant())
    assert answer.status_code == 200, answer.text


async def send_in(lair: Lair) -> None:
    """Callbacks and requests from outside."""
    http = lair.program.http
    await lair.site.parts.inbox.create_source("raw", dialect="raw", actor="test", secret="sesame-open-up")
    headers = {"authorization": "Bearer sesame-open-up", "x-evil": LINE, "user-agent": LINE}
    for body in (msgspec.json.encode({"id": EVIL, EVIL: WORST, "a": {EVIL: [EVIL]}}), WORST.encode()):
        await http.post("/receive/raw", content=body, headers=headers)
    await http.post("/receive/raw", content=WORST.encode(), headers={"authorization": LINE})
    await lair.site.parts.inspector.make("evil", connector="the console")
    await http.post(f"/bin/evil/{quote(MARKUP)}?{quote(MARKUP)}", content=WORST.encode(), headers={"x-evil": LINE})


async def addresses(page: Page, lair: Lair) -> list[str]:
    """What whoever is signed in finds by following links: one of each place, asked for with hostile queries too."""
    console = front(lair.site.parts).console
    assert console
    cookies = {one["name"]: one["value"] for one in await page.context.cookies()}
    async with httpx.AsyncClient(base_url=lair.site.url, headers={"accept": "text/html"}, cookies=cookies) as http:
        finding = Finding(console.places, signed_in=http, stranger=http, examples={})
        found = [one.address for one in await finding.pages()]
        assert not finding.broken
    query = urlencode(dict.fromkeys(QUERIES, EVIL))
    return [*found, *await listed(page, lair, found), *(f"{one}?{query}" for one in found)]


async def listed(page: Page, lair: Lair, found: Sequence[str]) -> set[str]:
    """The others that are in the lists."""
    links: list[str] = []
    for one in found:
        if one.startswith(LISTS):
            await page.goto(f"{lair.site.url.rstrip('/')}{one}")
            links += await page.locator("main a").evaluate_all("all => all.map(one => one.pathname)")
    return {link for link in links if LISTED.fullmatch(link)} - set(found)


async def misdeeds(page: Page) -> list[str]:
    """What hostile content has achieved, once all that can be opened has been, and all charts are drawn."""
    await page.wait_for_function(DRAWN)
    await open_all(page)
    await page.evaluate("new Promise(requestAnimationFrame)")
    found: list[str] = await page.evaluate(LOOK_FOR)
    return [f"{page.url.partition('?')[0]}: {one}" for one in found]


async def let_in(page: Page, lair: Lair) -> None:
    """Sign in as the owner whose name is hostile, in a browser that is."""
    await page.context.set_extra_http_headers({"user-agent": LINE})
    await page.goto(f"{lair.site.url}console/first/{await lair.site.parts.entrance.link(actor=EVIL, phone=PHONE)}")


async def test_nothing_that_came_from_outside_runs_or_hides_on_any_page(page: Page, lair: Lair) -> None:
    await let_in(page, lair)
    wrong, showing = [], set()

    for address in await addresses(page, lair):
        answer = await page.goto(f"{lair.site.url.rstrip('/')}{address}")
        assert answer
        assert answer.status < 500, page.url
        wrong += await misdeeds(page)
        if TOLD in (await page.locator("main").text_content() or ""):
            showing.add(address)

    assert not wrong, "\n".join(wrong)
    # Most of them have something to show; a lair that nobody finds would prove nothing.
    assert len(showing) > 50


async def test_nothing_that_came_from_outside_runs_or_hides_in_the_portal(page: Page, lair: Lair) -> None:
    await let_in(page, lair)
    await page.goto(f"{lair.site.url}console/webhooks/portal")
    await page.get_by_label("About").select_option("Group")
    await page.get_by_label("Id of that object").fill(lair.group)
    await page.get_by_role("button", name="Make a link").click()
    link = await page.get_by_role("link", name="Open it").get_attribute("href")
    assert link
    assert not await misdeeds(page)

    await page.goto(link)
    await page.get_by_role("button").filter(has_text=lair.endpoint.url).first.click()

    await expect(page.get_by_role("heading", name="What it wants")).to_be_visible()
    assert not await misdeeds(page)
