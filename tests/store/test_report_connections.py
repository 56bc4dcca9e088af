"""Data connections are kept once under each name, and so many at most."""

import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.core.report import Connection
from tidings.store.database import Database
from tidings.store.report_connections import MOST_CONNECTIONS, ReportConnections, connection_added, connection_removed

TAKEN, NONE = Conflict("taken"), NotFound("none")


def connection(name: str) -> Connection:
    return Connection(name=name, kind="postgresql", most_rows=1_000, longest_ms=60_000, made_at=2**41)


async def test_a_connection_is_kept_until_it_is_removed_and_its_name_is_nobody_elses(database: Database) -> None:
    kept = ReportConnections(database)
    for name in ("sales", "people"):
        await database.write(connection_added(connection(name), url=f"sealed {name}", otherwise=TAKEN))

    with pytest.raises(Conflict):
        await database.write(connection_added(connection("sales"), url="another", otherwise=TAKEN))
    found = await kept.get("sales")
    assert (found.url if found else "", await kept.get("none")) == ("sealed sales", None)
    assert await kept.list() == [connection("people"), connection("sales")]
    assert await kept.list(after="people", most=1) == [connection("sales")]
    await database.write(connection_removed("sales", otherwise=NONE))
    with pytest.raises(NotFound):
        await database.write(connection_removed("sales", otherwise=NONE))
    assert await kept.get("sales") is None


async def test_there_are_so_many_at_most(database: Database) -> None:
    added = [connection_added(connection(f"c{n}"), url="", otherwise=TAKEN) for n in range(MOST_CONNECTIONS + 1)]
    await database.write(*added[:-1])

    with pytest.raises(Conflict):
        await database.write(added[-1])
    assert len(await ReportConnections(database).list()) == MOST_CONNECTIONS
