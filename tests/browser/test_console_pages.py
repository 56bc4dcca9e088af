"""Every page of the console, found as people find it, over a demo: fits, can be used by everybody, and complains of nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.looks import barriers, overflowing
from tidings.app.front import front
from tidings.demo.stage import Stage
from tools.shots import Shown, on_stage, walking


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """A demo that has been going for a while, all of its console's pages, and the cookies of its owner."""

    stage: Stage
    pages: Sequence[Shown]
    cookies: dict[str, str]
    broken: Sequence[str]

    @property
    def url(self) -> str:
        return self.stage.parts.settings.base_url.rstrip("/")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tour(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tour]:
    async with on_stage(tmp_path_factory.mktemp("demo"), settling_s=0) as stage:
        async with asyncio.timeout(60):
            while not await stage.parts.showing.boards():
                await stage.parts.clock.sleep(0.1)
        print(stage.parts.clock.monotonic())
        async with walking(stage) as (finding, http):
            pages = await finding.pages()
            print(stage.parts.clock.monotonic())
            print(len(pages), finding.missing, finding.broken)
            yield Tour(stage=stage, pages=pages, cookies=dict(http.cookies), broken=finding.broken)


async def test_x(tour: Tour) -> None:
    print([p.path for p in tour.pages])
