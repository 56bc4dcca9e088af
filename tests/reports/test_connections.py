"""Data connections: whose they are, what is checked, and that nobody sees how they are entered."""

import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.reports.study import AUTHOR, PUBLISHER, Study, study_in
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from tidings.core.report import Connection, ReportAuthor, ReportRole
from tidings.core.secret import Secret
from tidings.core.vault import Vault, new_key
from tidings.reports.connections import Connections
from tidings.reports.reading import Clerk, Reach
from tidings.store.report_connections import ReportConnections

ADMINISTRATOR = ReportAuthor(id="alma", role=ReportRole.ADMINISTRATOR)


@pytest.fixture
async def study(tmp_path: Path) -> AsyncIterator[Study]:
    async with study_in(tmp_path) as study:
        yield study


@pytest.fixture
async def clerk(tmp_path: Path) -> AsyncIterator[Clerk]:
    clerk = Clerk(tables_url=Secret(f"sqlite:{tmp_path / 'tables.db'}"))
    yield clerk
    await clerk.close()


async def test_an_administrator_adds_what_can_be_read_and_its_url_is_sealed_and_never_shown(
    study: Study, clerk: Clerk, tmp_path: Path, free_port: int
) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs.db")) as driver:
        driver.execute("CREATE TABLE t (id INT)")
    connections = Connections(study.database, Vault([new_key()]), clerk=clerk, clock=study.clock)
    url = Secret(f"sqlite:{tmp_path / 'theirs.db'}")

    made = await connections.add("theirs", url, author=ADMINISTRATOR, most_rows=5, longest_ms=1_000)

    assert made == Connection(name="theirs", kind="sqlite", most_rows=5, longest_ms=1_000, made_at=study.clock.now())
    assert await connections.list() == [made]
    assert await connections.urls(["", "theirs"]) == {"theirs": Reach(url=url, most_rows=5, longest_ms=1_000)}
    assert await connections.test("theirs") == "sqlite"
    sealed = await ReportConnections(study.database).get("theirs")
    assert str(tmp_path) not in repr(sealed) + repr(await connections.urls(["theirs"]))
    lost = Secret(f"postgresql://somebody:hidden@127.0.0.1:{free_port}/none")
    refused: list[tuple[type[Exception], str, str, Secret, ReportAuthor]] = [
        (Conflict, "there is a data connection 'theirs' already", "theirs", url, ADMINISTRATOR),
        (Forbidden, "needs the role 'administrator'", "mine", url, PUBLISHER),
        (Invalid, "name: use up to 60 small letters", "Mine!", url, ADMINISTRATOR),
        (Invalid, "where Tidings keeps its own", "store", Secret(f"sqlite:{tmp_path / 'tidings.db'}"), ADMINISTRATOR),
        (Unavailable, "the database cannot be reached: .*refused", "lost", lost, ADMINISTRATOR),
    ]
    for error, words, name, wrong, who in refused:
        with pytest.raises(error, match=words) as told:
            await connections.add(name, wrong, author=who)
        assert "hidden" not in str(told.value)
    with pytest.raises(Forbidden):
        await connections.remove("theirs", author=AUTHOR)
    await connections.remove("theirs", author=ADMINISTRATOR)
    with pytest.raises(NotFound, match="there is no data connection 'theirs'"):
        await connections.test("theirs")
    with pytest.raises(Invalid, match="there is no data connection 'theirs'; an administrator can add one"):
        await connections.urls(["theirs"])
    assert sorted(await study.record()) == ["alma report_connection.added", "alma report_connection.removed"]
