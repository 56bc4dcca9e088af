"""Messages and responses are kept in one call with their events on PostgreSQL: all of it, or only what cannot be."""

from collections.abc import Callable

import asyncpg
import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, publication
from tidings.core.errors import Conflict
from tidings.store.actions import Action, ActionType, Place, action_posted, action_responded
from tidings.store.database import Database, Kept, Publication
from tidings.store.messages import Message, Messages, message_posted
from tidings.store.postgresql.keep import keep_arguments
from tidings.store.postgresql.keep_with import with_arguments
from tidings.store.postgresql.session import Session
from tidings.store.responses import GivenResponse, Responses, response_given

CLOSED = Conflict("closed")


@pytest.fixture
def database_url(new_postgresql_database: Callable[[], str]) -> str:
    return new_postgresql_database()


def said(name: str) -> Publication:
    return publication(1, also=[message_posted(Message(id=name, group_id="team", author="ada", text="Hi", at=NOW))])


def answered(name: str, *, action: str = "a-1", by: str = "ada", at: int = NOW) -> Publication:
    given = GivenResponse(
        id=name, action=action, group_id="team", responder=by, connector="shop", answers='["Rain"]', at=at
    )
    counted = action_responded(action, at=at, is_first=True, otherwise=CLOSED)
    return publication(1, also=[counted, response_given(given, is_only_one=True)])


@pytest.fixture
async def actions(database: Database) -> None:
    """One that is open, another one, and one that is closed."""
    for number in (1, 2, 3):
        action = Action(
            id=f"a-{number}",
            reference=f"r-{number}",
            group_id="team",
            type=ActionType.POLL,
            author="ada",
            title="Rain?",
            body="{}",
            is_closed=number == 3,
            created_at=1,
            changed_at=1,
        )
        await database.write(action_posted(action))


@pytest.mark.usefixtures("actions")
async def test_messages_responses_and_events_of_one_moment_are_kept_together(database: Database, raw: Raw) -> None:
    batch = [said("m-1"), answered("r-1", at=7), publication(1), answered("r-2", by="bob", at=5), said("m-2")]

    answers = await database.keep([*batch, answered("r-3", action="a-2")], version=0, owner=0)

    assert [type(answer) for answer in answers] == [Kept] * 6
    assert [bool(await Messages(database).get(name)) for name in ("m-1", "m-2", "m-3")] == [True, True, False]
    assert [one.id for one in await Responses(database).of_action("a-1", most=9)] == ["r-2", "r-1"]
    assert await raw("SELECT id, responses, changed_at FROM action ORDER BY id") == [
        ("a-1", 2, 7),
        ("a-2", 1, NOW),
        ("a-3", 0, 1),
    ]
    assert await raw("SELECT count(*) FROM owed") == [(6,)]


@pytest.mark.usefixtures("actions")
async def test_what_cannot_be_kept_leaves_the_rest_of_its_moment(database: Database, raw: Raw) -> None:
    await database.keep([said("m-1"), answered("r-1")], version=0, owner=0)
    batch = [answered("r-2", by="bob"), answered("r-3", action="a-3"), answered("r-4"), said("m-1"), said("m-2")]

    answers = await database.keep(batch, version=0, owner=0)

    assert [type(answer) for answer in answers] == [Kept, Conflict, Conflict, Conflict, Kept]
    assert answers[1] is CLOSED
    assert await raw("SELECT id, responses FROM action ORDER BY id") == [("a-1", 2), ("a-2", 0), ("a-3", 0)]
    assert await raw("SELECT count(*) FROM event") == [(4,)]
    assert [one.id for one in await Responses(database).changed("team", most=9, after=Place(0, ""))] == ["r-1", "r-2"]


@pytest.mark.usefixtures("actions")
async def test_keeping_responses_reads_no_table_from_end_to_end(
    database_url: str, database: Database, raw: Raw
) -> None:
    assert database.engine == "postgresql"
    await raw(
        "INSERT INTO action SELECT (json_populate_record(action, json_build_object('id', 'a-' || n, 'reference', n))).*"
        " FROM action, generate_series(4, 5000) AS n WHERE action.id = 'a-1'"
    )
    batch = [answered(f"r-{number}", action=f"a-{number}") for number in range(4, 24)]
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await Session(connection).fetch(
                "publications_kept_with",
                expected=0,
                owner=0,
                **keep_arguments(batch, owner=0),
                **(with_arguments(batch) or {}),
            )
            read = await connection.fetch(
                "SELECT relname, seq_scan, idx_tup_fetch FROM pg_stat_xact_user_tables"
                " WHERE relname IN ('action', 'response') ORDER BY 1"
            )
    finally:
        await connection.close()

    assert [tuple(row)[:2] for row in read] == [("action", 0), ("response", 0)]
    assert read[0]["idx_tup_fetch"] <= 4 * len(batch)
