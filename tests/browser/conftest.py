"""A real browser that looks at a real server, and fails whoever's page complains, or asks anybody else for anything."""

import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, Response, async_playwright, expect

from tests.browser.looks import HEIGHT, Look
from tidings.app.serve import Served, served
from tidings.app.settings import load
from tidings.core.vault import new_key

# Milliseconds. Two browsers and two servers share two cores here.
_PATIENCE_MS = 60_000
_HERE = {"127.0.0.1", "localhost", "[::1]"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for browser, servers and tests: the browser outlives its tests."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, one for the run."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed; tools/test-machine installs it from Debian")
    # Its sandbox works for no root, containers give it little shared memory, and no name leads anywhere.
    nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    arguments = ["--disable-dev-shm-usage", nowhere, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """How `page` is looked at; `@narrow` and `@every_width` (tests.browser.looks) ask for others."""
    found: Look = getattr(request, "param", Look())
    return found


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, look: Look) -> AsyncIterator[Page]:
    """A page of a fresh profile. The test fails if a script or the policy complains, or anything leaves loopback."""
    async with _watched(browser, look) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def other_page(browser: Browser) -> AsyncIterator[Page]:
    """The same for somebody else, who holds a phone."""
    async with _watched(browser, Look(width=360)) as page:
        yield page


@contextlib.asynccontextmanager
async def _watched(browser: Browser, look: Look) -> AsyncIterator[Page]:
    context = await browser.new_context(
        viewport={"width": look.width, "height": HEIGHT},
        color_scheme=look.theme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
        permissions=["clipboard-read", "clipboard-write"],
    )
    context.set_default_timeout(_PATIENCE_MS)
    watch = Watch()
    context.on("console", watch.said)
    context.on("weberror", lambda error: watch.complaints.append(f"an error that nobody caught: {error.error}"))
    context.on("request", watch.asked)
    context.on("response", watch.answered)
    yield await context.new_page()
    await context.close()
    assert not watch.complaints, "\n".join(watch.complaints)


class Watch:
    """What went wrong in a browser."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self._pages: set[str] = set()

    def said(self, message: ConsoleMessage) -> None:
        # The browser says so of a page that answers 403 too, and that may be what the test is about.
        is_answer = "Failed to load resource" in message.text and message.location["url"] in self._pages
        if message.type in {"error", "warning"} and not is_answer:
            self.complaints.append(f"{message.type} on the console: {message.text} {message.location}")

    def asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in {"http", "https", "ws", "wss"} and url.hostname not in _HERE:
            self.complaints.append(f"a request left: {request.url}")

    def answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._pages.add(response.url)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A whole server, one for each module: `site.url` ends in `/`, `site.parts` is what it is made of."""
    folder = tmp_path_factory.mktemp("site")
    settings = load(
        {},
        folder=folder,
        database=f"sqlite:{folder / 'tidings.db'}",
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_http="on",
    )
    async with served(settings) as site:
        yield site
