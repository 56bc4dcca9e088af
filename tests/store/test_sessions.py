"""Sessions, roles and links of the console: one behaviour, two engines."""

import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Actor
from tidings.store.database import Database
from tidings.store.people import person_created
from tidings.store.sessions import (
    LINKS_OF_OWNERS_ENDED,
    Session,
    Sessions,
    link_made,
    link_used,
    role_given,
    role_taken,
    session_begun,
    session_ended,
    sessions_ended,
    swept,
)

ASHA = Actor(id="asha", phone="+910000000001", name="Asha Verma")
RAVI = Actor(id="ravi", phone="+910000000002", name="Ravi")
GONE = NotFound("gone")


def session(number: int, *, person: str = "asha", expires_at: int = 100) -> Session:
    return Session(
        hash=f"hash {number}",
        id=f"id {number}",
        person=person,
        phone="",
        name="",
        picture="",
        role="",
        created_at=number,
        seen_at=number,
        expires_at=expires_at,
        ends_at=500,
        address="127.0.0.1",
        agent="a browser",
    )


@pytest.fixture
async def sessions(database: Database) -> Sessions:
    await database.write(person_created(ASHA, at=0), person_created(RAVI, at=0))
    return Sessions(database)


async def test_a_session_tells_who_it_is_and_what_they_may_do_until_it_runs_out(
    database: Database, sessions: Sessions
) -> None:
    await database.write(session_begun(session(1)), *role_given("asha", "operator", at=1))

    found = await sessions.get("hash 1", now=99)

    assert found is not None
    assert (found.person, found.name, found.phone, found.role) == ("asha", "Asha Verma", ASHA.phone, "operator")
    assert await sessions.get("hash 1", now=100) is None
    assert await sessions.get("hash 2", now=1) is None


async def test_a_session_lives_on_with_use(database: Database, sessions: Sessions) -> None:
    await database.write(session_begun(session(1)))

    await sessions.used("hash 1", now=90, expires_at=190)
    await sessions.used("hash 1", now=80, expires_at=180)

    found = await sessions.get("hash 1", now=150)
    assert found is not None
    assert (found.seen_at, found.expires_at) == (90, 190)


async def test_a_persons_sessions_are_listed_newest_first_and_page_by_page(
    database: Database, sessions: Sessions
) -> None:
    await database.write(
        *(session_begun(session(number)) for number in range(1, 6)),
        session_begun(session(6, person="ravi")),
        session_begun(session(7, expires_at=10)),
    )

    page = await sessions.of("asha", now=50, most=3)
    rest = await sessions.of("asha", now=50, before=(page[-1].created_at, page[-1].id), most=3)

    assert [one.id for one in page] == ["id 5", "id 4", "id 3"]
    assert [one.id for one in rest] == ["id 2", "id 1"]


async def test_sessions_end_one_by_one_all_others_or_when_they_have_run_out(
    database: Database, sessions: Sessions
) -> None:
    await database.write(
        *(session_begun(session(number)) for number in range(1, 5)), session_begun(session(9, expires_at=10))
    )

    await database.write(session_ended("id 1", person="asha"))
    with pytest.raises(NotFound):
        await database.write(session_ended("id 2", person="ravi"))
    await database.write(sessions_ended("asha", besides="hash 3"), *swept(10))

    assert [one.id for one in await sessions.of("asha", now=0, most=9)] == ["id 3"]


async def test_roles_are_given_changed_and_taken(database: Database, sessions: Sessions) -> None:
    await database.write(*role_given("asha", "owner", at=1))
    await database.write(*role_given("ravi", "reader", at=2))
    await database.write(*role_given("ravi", "operator", at=3))

    assert [(one.person, one.role, one.name) for one in await sessions.roles(most=9)] == [
        ("asha", "owner", "Asha Verma"),
        ("ravi", "operator", "Ravi"),
    ]
    assert [one.person for one in await sessions.roles(after="asha", most=9)] == ["ravi"]

    await database.write(*role_taken("ravi"))

    assert await sessions.role("ravi") == ""
    assert await sessions.role("asha") == "owner"


async def test_the_last_owner_stays_one(database: Database, sessions: Sessions) -> None:
    assert not await sessions.have_owner()
    await database.write(*role_given("asha", "owner", at=1))
    assert await sessions.have_owner()

    for change in (role_given("asha", "reader", at=2), role_taken("asha")):
        with pytest.raises(Conflict, match="last owner"):
            await database.write(*change)

    await database.write(*role_given("ravi", "owner", at=3))
    await database.write(*role_taken("asha"))
    assert await sessions.role("asha") == ""


async def test_only_people_have_a_role(database: Database) -> None:
    await database.write(person_created(Actor(id="bot", phone="+910000000009", name="Bot", is_bot=True), at=0))

    for nobody in ("bot", "somebody else"):
        with pytest.raises(Conflict):
            await database.write(*role_given(nobody, "reader", at=1))


async def test_a_link_is_good_once_and_until_it_runs_out(database: Database, sessions: Sessions) -> None:
    await database.write(
        link_made("a", person="asha", expires_at=100),
        link_made("b", person="", expires_at=100),
        link_made("c", person="", expires_at=10),
    )

    assert [await sessions.link(name, now=10) for name in "abcd"] == ["asha", "", None, None]
    await database.write(link_used("a", now=10, otherwise=GONE))
    with pytest.raises(NotFound):
        await database.write(link_used("a", now=10, otherwise=GONE))
    await database.write(LINKS_OF_OWNERS_ENDED)
    assert [await sessions.link(name, now=0) for name in "abc"] == [None, None, None]
