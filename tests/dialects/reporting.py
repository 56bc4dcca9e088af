"""Reporting: a program that asks ConnectReport's API on a whole installation, and what it makes there."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from tests.dialects.installation import Installation
from tidings.access.scope import ADMIN, REPORTS_PUBLISH, REPORTS_READ, REPORTS_WRITE
from tidings.core.clock import Clock
from tidings.core.report import Content, ReportAuthor, ReportQuery, ReportRole

OURS = ReportAuthor(id="test", role=ReportRole.ADMINISTRATOR)
SALES = Content(
    html="<h1>{{ title }}</h1>{% for row in data.sales %}<p>{{ row.region }}: {{ row.amount }}</p>{% endfor %}",
    queries=(ReportQuery(name="sales", sql="SELECT 'North' AS region, 42 AS amount"),),
)
PUBLISHER = (REPORTS_READ, REPORTS_WRITE, REPORTS_PUBLISH)
NOWHERE = "9d0c7c1e-0f6b-4e0c-8d54-2f0f3c1e7a11"


class Client:
    """A program with a token, as ConnectReport's clients send it."""

    def __init__(self, http: httpx.AsyncClient, key: str) -> None:
        self.http = http
        self.headers = {"X-API-KEY": key}

    async def ask(self, method: str, path: str, *, status: int = 200, **more: Any) -> Any:  # noqa: ANN401 - any JSON
        answer = await self.http.request(method, path, headers=self.headers, **more)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def get(self, path: str, query: dict[str, str] | None = None, *, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
        return await self.ask("GET", path, status=status, params=query)

    async def listed(self, kind: str, **query: str) -> list[Any]:
        found: list[Any] = (await self.get(f"/api/v1/{kind}", query))[kind]
        return found

    async def files(self, report: str) -> Any:  # noqa: ANN401 - any JSON
        return (await self.get(f"/api/v1/reports/{report}"))["files"]

    async def done(self, job: str) -> Any:  # noqa: ANN401 - any JSON
        """The job, as soon as it is no longer pending."""
        told = await self.get(f"/api/v1/jobs/{job}")
        return None if told["status"] == "pending" else told

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:  # noqa: ANN401 - any JSON
        return await self.ask("POST", path, status=status, json=body)


async def client(installation: Installation, *scopes: str) -> Client:
    parts = installation.parts
    every = (*PUBLISHER, ADMIN)
    connectors = {one.id for one in await parts.access.connectors()}
    if "reporting" not in connectors:
        await parts.access.create_connector("Reporting", identifier="reporting", actor="test", scopes=every)
    key = await parts.access.create_key("reporting", actor="test", scopes=scopes)
    return Client(installation.http, key)


async def until_there(look: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 - any JSON
    """What is told as soon as anything is."""
    async with asyncio.timeout(120):
        while not (there := await look()):
            await Clock().sleep(0.05)
    return there


async def template(installation: Installation, *, is_base: bool = False) -> str:
    made = await installation.parts.reports.templates.create("Sales", SALES, author=OURS, is_base=is_base)
    return made.id


async def made(program: Client, base: str) -> tuple[Any, Any]:
    """A task that ran at once, and its report, as the vendor's sample waits for it."""
    copy = await program.post(f"/api/v1/base-templates/{base}/duplicate")
    asked = {
        "templateId": copy["id"],
        "at": "2026-01-01T00:00:00.000Z",
        "enabled": True,
        "frequency": "Once - now",
        "title": "My report",
        "formats": ["csv"],
    }
    task = await program.post("/api/v1/report-tasks", asked)
    [report] = await until_there(lambda: program.listed("reports", reportTaskId=task["id"]))
    return task, report
