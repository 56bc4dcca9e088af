"""Tables in a database of each engine: SQLite, PostgreSQL, and a real MariaDB of the run's own."""

import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pymysql
import pytest
import sqlalchemy as sa

from tidings.core.clock import Clock
from tidings.tables.tables import Tables, open_tables

_START_S = 120.0


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A MariaDB server; the URL of no database in particular."""
    program = shutil.which("mariadbd", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        pytest.skip("mariadbd is not installed; tools/test-machine installs it from Debian")
    folder = Path(tempfile.mkdtemp(prefix="tidings-mariadb-"))
    defaults = ["--no-defaults", f"--datadir={folder}/data", "--user=root"]
    install = ["mariadb-install-db", *defaults, "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True, timeout=_START_S)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    options = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/socket", f"--pid-file={folder}/pid"]
    quick = ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-log-bin"]
    with subprocess.Popen([program, *defaults, *options, *quick], stderr=subprocess.DEVNULL) as server:
        try:
            _wait(server, port)
            yield f"mariadb://root@127.0.0.1:{port}/"
        finally:
            server.terminate()
            server.wait(_START_S)
            shutil.rmtree(folder)


def _wait(server: "subprocess.Popen[bytes]", port: int) -> None:
    clock = Clock()
    end = clock.monotonic() + _START_S
    while clock.monotonic() < end and server.poll() is None:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root").close()
        except pymysql.OperationalError:
            continue
        return
    raise AssertionError("MariaDB does not start")


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def tables_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where tables can be made; nothing is there yet."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path / 'tables.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("new_postgresql_database")
        return make()
    server: str = request.getfixturevalue("mariadb")
    name = f"test_{uuid.uuid4().hex}"
    engine = sa.create_engine(server.replace("mariadb:", "mariadb+pymysql:"))
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server + name


@pytest.fixture
def tables(tables_url: str) -> Iterator[Tables]:
    with open_tables(tables_url) as tables:
        yield tables
