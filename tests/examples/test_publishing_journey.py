"""The example of ConnectReport's documentation, end to end: a run, its callback, and the workbook where people look."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl  # type: ignore[import-untyped]  # it ships no types
import pytest

from tests.dashboards.orders import ORDERS, order
from tests.examples.dav import serving_dav
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import Clock
from tidings.core.vault import new_key

REAL = Clock()
EXAMPLES = Path(__file__).parents[2] / "examples"
WORKING, VIEWING = ("admin", "reports.write", "reports.publish"), ("reports.read",)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RULES = """
url = "{url}"
port = {port}
[[rule]]
tag = "sales"
format = "xlsx"
to = ["share", "cloud"]
[[rule]]
tag = "stock"
format = "xlsx"
to = ["other"]
[destination.share]
kind = "folder"
path = "{share}"
[destination.other]
kind = "folder"
path = "{share}/other"
[destination.cloud]
kind = "webdav"
url = "{cloud}"
folder = "Sales/New"
user = "reports"
"""
TEMPLATE = {
    "title": "Orders",
    "html": "<h1>{{ title }}</h1>{% for row in data.orders %}<p>{{ row.goods }}: {{ row.price }}</p>{% endfor %}",
    "queries": [{"name": "orders", "sql": "SELECT goods, price FROM orders WHERE price > 0 ORDER BY price"}],
}


class Api:
    """The API, asked by the holder of a key."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(self, line: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        method, path = line.split()
        answer = await self._http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()


@pytest.fixture
async def installation(tmp_path: Path) -> AsyncIterator[tuple[Api, str, str]]:
    """With a table of orders; its API, its address, and the key of a viewer."""
    settings = load(
        {}, folder=tmp_path, database=f"sqlite:{tmp_path / 'tidings.db'}", port="0", secret_key=new_key(),
        egress_http="on", egress_allow="127.0.0.1/32",
    )  # fmt: skip
    async with served(settings) as server:
        parts = server.parts
        parts.open_tables().write([order(*cells) for cells in ORDERS])
        made = await parts.access.create_connector("Reports", actor="test", scopes=WORKING + VIEWING)
        admin, viewer = [
            await parts.access.create_key(made.id, actor="test", scopes=scopes) for scopes in (WORKING, VIEWING)
        ]
        headers = {"authorization": admin}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as http:
            yield Api(http), server.url, viewer


@contextlib.contextmanager
def publishing(folder: Path, *, key: str) -> Iterator[Path]:
    """The handler as a process; its log."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(EXAMPLES),
        "PUBLISHING_API_KEY": key,
        "PUBLISHING_SIGNING_SECRET": SECRET,
        "PUBLISHING_CLOUD_SECRET": "hush",
    }
    command = [sys.executable, "-m", "publishing", "rules.toml"]
    log = folder / "publishing.log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=stderr) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"receives on http")
        try:
            yield log
        finally:
            process.terminate()
    assert process.returncode == 0, log.read_text()


async def test_all_new_reports_tagged_sales_are_published_as_workbooks(
    installation: tuple[Api, str, str], tmp_path: Path, free_port: int
) -> None:
    api, url, viewer = installation
    share = tmp_path / "share"
    share.mkdir()
    with serving_dav(tmp_path, user="reports", password="hush") as (cloud, far):
        rules = RULES.format(url=url, port=free_port, share=share, cloud=cloud)
        (tmp_path / "rules.toml").write_text(rules)
        with publishing(tmp_path, key=viewer) as log:
            hook = {"url": f"http://127.0.0.1:{free_port}/", "trigger": "postReportTask", "secret": SECRET}
            await api.call("POST admin/api/v1/callbacks", hook)
            await run_task(api)
            async with asyncio.timeout(60):
                while log.read_text().count("\n") < 2:
                    await REAL.sleep(0.02)  # processes, disk and network are real, and take real time
            told = log.read_text().splitlines()

    assert [line.partition(" place=")[0].split()[2] for line in told] == ["destination=share", "destination=cloud"]
    [published] = share.iterdir()
    assert published.name.startswith("Weekly sales overview 20")
    sheet = openpyxl.load_workbook(published).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[:3] == [("goods", "price"), ('नमस्ते 🍚, \n"x"', 0.1), ("rice", 10.5)]
    assert (far / "Sales" / "New" / published.name).read_bytes() == published.read_bytes()


async def run_task(api: Api) -> None:
    """A task that is tagged sales is run by its trigger."""
    task = {
        "title": "Weekly sales overview",
        "templateId": (await api.call("POST api/v1/templates", TEMPLATE))["id"],
        "frequency": "Weekly",
        "trigger": "closing time",
        "formats": ["csv"],
        "tags": [(await api.call("POST api/v1/tags", {"title": "sales"}))["id"]],
    }
    await api.call("POST api/v1/report-tasks", task)
    await api.call("POST admin/api/v1/report-tasks/run-trigger", {"name": "closing time"})
