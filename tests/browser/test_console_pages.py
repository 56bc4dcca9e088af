"""Every page of the console, found as people find it, over a demo: fits, is for everybody, complains of nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Page

from tests.browser.looks import faults, open_all
from tests.console.report_runs_house import PRESS, reported, task_of
from tidings.core.clock import DAY
from tidings.core.event import Subject
from tidings.demo.stage import Stage
from tidings.outbox.terms import Terms
from tools.shots import Shown, on_stage, walking

# What nothing in the demo leads to: pages of what has just been asked for.
ELSEWHERE = {"/deliveries/replay/{name}", "/webhooks/{id}/why", "/reports/runs/{id}/jobs/{job}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """All pages that a demo's console has, and the cookies of its owner."""

    url: str
    pages: Sequence[Shown]
    cookies: dict[str, str]
    missing: set[str]
    broken: Sequence[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tour(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tour]:
    async with on_stage(tmp_path_factory.mktemp("demo"), settling_s=0) as stage:
        await tables_are_there(stage)
        await reports_are_there(stage)
        async with walking(stage) as (finding, http):
            yield Tour(
                url=stage.parts.settings.base_url.rstrip("/"),
                pages=await finding.pages(),
                cookies=dict(http.cookies),
                missing=set(finding.missing),
                broken=finding.broken,
            )


async def tables_are_there(stage: Stage) -> None:
    async with asyncio.timeout(60):
        while not await stage.parts.showing.boards():
            await stage.parts.clock.sleep(0.1)


async def reports_are_there(stage: Stage) -> None:
    """One of all that can be made for reports, and a report that no process had to make."""
    parts = stage.parts
    task = await task_of(parts, trigger="month-end", tag="sales")
    await parts.reports.cycles.create(
        template=task.template, title="Regions", query="sales", fields=("region",), values={}, author=PRESS
    )
    about, terms = Subject("ReportTask", task.id), Terms(types=("preReportTask",), url=f"{stage.receivers_url}crm")
    await parts.subscribing.create(about, terms, connector="demo", owner="")
    await reported(parts, task, report="r-1", now=parts.clock.now() + DAY)


async def test_every_place_is_found_by_following_links_and_answers(tour: Tour) -> None:
    assert tour.missing <= ELSEWHERE
    assert not tour.broken


@pytest.mark.timeout(900)  # Fifty pages, each in four looks.
async def test_every_page_fits_and_is_for_everybody_at_both_widths_and_in_both_themes(
    page: Page, other_page: Page, tour: Tour
) -> None:
    await page.context.add_cookies(
        [{"name": name, "value": value, "url": tour.url} for name, value in tour.cookies.items()]
    )
    wrong = []
    for one in tour.pages:
        shown = other_page if one.is_for_strangers else page
        answer = await shown.goto(f"{tour.url}{one.address}")
        assert answer
        assert answer.ok, one.address
        await open_all(shown)
        wrong += [f"{one.path} {what}" for what in await faults(shown)]
    assert not wrong, "\n".join(wrong)
