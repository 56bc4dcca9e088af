"""Photographs every page of the console over a demo, at both widths and in both themes: `make shots`.

Pages are taken from the console's own list of places; one whose path has parameters is shown with the first example
that any page links to. Given a path, like /webhooks, only pages below it are taken.
"""

import asyncio
import contextlib
import html
import io
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from playwright.async_api import TimeoutError as NotInTime
from rich.console import Console

from tidings.app.front import front
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.app.throw_away import throw_away
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.core.clock import Clock
from tidings.demo.receiver import Receivers
from tidings.demo.screen import Screen
from tidings.demo.stage import Stage, set_up
from tidings.demo.story import Story
from tidings.web.server import Server

FOLDER = Path(__file__).parents[1] / "build" / "shots"
LOOKS = tuple(product((360, 1280), ("light", "dark")))
_HOST = "127.0.0.1"
_HEIGHT = 800
# So many turns leave one receiver down, one given up, and a little of everything in the tables.
_TURNS = 26
# Seconds: counts and traits are noted every five, and rows are laid within one.
_SETTLING_S = 11.0
# Milliseconds. A chart takes one second, the first one two more, and two cores do everything at once.
_DRAWING_MS = 8_000
_LINK = re.compile(r'(?:href|hx-get|data-live)="(/console/[^"?#]*)')
# Whether all charts of a page are drawn.
DRAWN = "() => [...document.querySelectorAll('[data-chart]')].every((one) => one.querySelector('svg, img'))"
_INDEX = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Every page of the console</title>
<style>body {{ font: 1rem system-ui; margin: 2rem; }}
div {{ display: flex; gap: 1rem; align-items: start; overflow: auto; }}
img {{ max-height: 30rem; border: 1px solid #8888; }}</style>
<h1>Every page of the console</h1>
{pages}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page to photograph: its place, an example of it, and whether it is for people who are not signed in."""

    path: str
    address: str
    is_for_strangers: bool

    @property
    def name(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.path.lower()).strip("-") or "home"


@contextlib.asynccontextmanager
async def on_stage(folder: Path, *, settling_s: float = _SETTLING_S, **given: str) -> AsyncIterator[Stage]:
    """A demo that has been going for a while, and has had time to count; `given` are settings of its own."""
    clock = Clock()
    receivers = Receivers(clock=clock, on_callback=lambda _: None)
    certificate = throw_away(folder, address=_HOST, now=clock.now())
    usual = {
        "database": f"sqlite:{folder / 'tidings.db'}",
        "port": "0",
        "egress_allow": f"{_HOST}/32",
        "egress_ca": str(certificate.chain),
        "retry_schedule": "1s,1s,2s,4s,8s,15s",
    }
    settings = load({}, folder=folder, **(usual | given))
    async with (
        Server(receivers.application, clock=clock, certificate=certificate).listening(_HOST, 0) as port,
        served(settings, clock=clock) as running,
    ):
        stage = await set_up(running.parts, receivers, receivers_url=f"https://{_HOST}:{port}/")
        story = Story(stage, screen=Screen(Console(file=io.StringIO()), clock=clock), clock=clock)
        for turn in range(_TURNS):
            await story.turn(turn)
        await clock.sleep(settling_s)
        yield stage


class Finding:
    """Walks from page to page, signed in where that is needed, until every place was seen or nothing leads to it.

    `examples` are of places that no page may link to.
    """

    def __init__(
        self,
        places: Sequence[Place],
        *,
        signed_in: httpx.AsyncClient,
        stranger: httpx.AsyncClient,
        examples: Mapping[str, str],
    ) -> None:
        self._signed_in = signed_in
        self._stranger = stranger
        self._places = [place for place in places if place.method == "GET"]
        self.found: dict[str, str] = {one.path: f"/console{one.path}" for one in self._places if "{" not in one.path}
        self.found |= examples
        self.broken: list[str] = []
        self._waiting = list(self.found)

    async def pages(self) -> list[Shown]:
        """The places that answer with a page, in their order."""
        answering = set()
        for_strangers = {place.path for place in self._places if place.needs is Right.ENTER}
        while self._waiting:
            path = self._waiting.pop(0)
            text = await self._read(self.found[path], self._stranger if path in for_strangers else self._signed_in)
            self._note(text)
            # Parts of pages are no pages.
            if "<html" in text:
                answering.add(path)
        return [
            Shown(path=place.path, address=self.found[place.path], is_for_strangers=place.path in for_strangers)
            for place in self._places
            if place.path in answering
        ]

    @property
    def missing(self) -> list[str]:
        """Places that no page links to."""
        return [place.path for place in self._places if place.path not in self.found]

    async def _read(self, address: str, http: httpx.AsyncClient) -> str:
        """The page or part of one; empty for whatever else there is."""
        async with http.stream("GET", address) as answer:
            if answer.is_server_error:
                self.broken.append(address)
            if answer.status_code != httpx.codes.OK or "text/html" not in answer.headers.get("content-type", ""):
                return ""
            return (await answer.aread()).decode()

    def _note(self, text: str) -> None:
        for link in map(html.unescape, _LINK.findall(text)):
            path = link.removeprefix("/console")
            # As the server decides: of the places that fit the one that says most itself.
            place = min((one for one in self._places if _fits(one, path)), key=_unsaid, default=None)
            if place is not None and place.path not in self.found:
                self.found[place.path] = link
                self._waiting.append(place.path)


def _unsaid(place: Place) -> int:
    return place.path.count("{")


def _fits(place: Place, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(place.path)), path) is not None


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not installed; tools/test-machine installs it from Debian")
    arguments = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=arguments)
        yield launched
        await launched.close()


async def photograph(pages: Sequence[Shown], *, url: str, cookies: Mapping[str, str]) -> None:
    """Take each page in each look."""
    async with browser() as opened:
        for width, theme in LOOKS:
            stranger, reader = [
                await opened.new_context(
                    viewport={"width": width, "height": _HEIGHT},
                    color_scheme="dark" if theme == "dark" else "light",
                    reduced_motion="reduce",
                    timezone_id="UTC",
                )
                for _ in range(2)
            ]
            await reader.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
            for one in pages:
                await _take(stranger if one.is_for_strangers else reader, one, url=url, ending=f"{width}-{theme}")
            await stranger.close()
            await reader.close()


async def _take(context: BrowserContext, shown: Shown, *, url: str, ending: str) -> None:
    page: Page = await context.new_page()
    await page.goto(f"{url.rstrip('/')}{shown.address}")
    # A chart that is not drawn by then is missing in the picture, as it would be for people.
    with contextlib.suppress(NotInTime):
        await page.wait_for_function(DRAWN, timeout=_DRAWING_MS)
    await page.screenshot(path=FOLDER / f"{shown.name}-{ending}.png", full_page=True)
    await page.close()


def index(pages: Sequence[Shown]) -> str:
    parts = []
    for one in pages:
        pictures = "".join(
            f'<a href="{one.name}-{width}-{theme}.png"><img loading="lazy" src="{one.name}-{width}-{theme}.png"'
            f' alt="{html.escape(one.address)}, {width} pixels wide, {theme}"></a>'
            for width, theme in LOOKS
        )
        parts.append(f'<h2 id="{one.name}">{html.escape(one.path)}</h2>\n<div>{pictures}</div>')
    return _INDEX.format(pages="\n".join(parts))


@contextlib.asynccontextmanager
async def walking(stage: Stage) -> AsyncIterator[tuple[Finding, httpx.AsyncClient]]:
    """A walk through the console, and the browser of whoever is signed in."""
    url, headers = stage.parts.settings.base_url, {"accept": "text/html"}
    console = front(stage.parts).console
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as signed_in,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as stranger,
    ):
        await signed_in.get(f"/console/first/{stage.console}")
        first = f"/console/first/{await stage.parts.entrance.link(actor='shots')}"
        examples = {"/first/{token}": first}
        yield (
            Finding(console.places if console else (), signed_in=signed_in, stranger=stranger, examples=examples),
            signed_in,
        )


async def main(below: str) -> int:
    """The exit status: 1 if a page failed."""
    with tempfile.TemporaryDirectory(prefix="tidings-shots-") as folder:
        async with on_stage(Path(folder)) as stage, walking(stage) as (finding, signed_in):
            pages = [one for one in await finding.pages() if one.path.startswith(below)]
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir(parents=True)
            await photograph(pages, url=stage.parts.settings.base_url, cookies=dict(signed_in.cookies))
            (FOLDER / "index.html").write_text(index(pages), "utf-8")
    sys.stdout.write(f"{len(pages)} pages in {FOLDER / 'index.html'}\n")
    if finding.missing:
        sys.stdout.write(f"nothing in the demo leads to {', '.join(finding.missing)}\n")
    if finding.broken:
        sys.stdout.write(f"failed, as the log above says: {', '.join(finding.broken)}\n")
    return 1 if finding.broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "")))
