"""What owners look up about people, programs and the record: one behaviour, two engines."""

import pytest

from tests.store.conftest import Raw
from tidings.access.token import Purpose
from tidings.core.event import Actor
from tidings.store import people
from tidings.store.audit import Asked, Audit, audited
from tidings.store.connectors import Connector, Connectors, connector_added
from tidings.store.database import Database
from tidings.store.people import People, person_created, person_erased, signed_in
from tidings.store.sessions import role_given
from tidings.store.sizes import Sizes
from tidings.store.tokens import Token, Tokens, token_added, token_used

NAMES = ("Asha Verma", "Ravi_K", "Meera 100%", "", "Noor Khan")


def person(number: int, *, name: str = "") -> Actor:
    return Actor(id=f"p{number}", phone=f"+9100000{number:05}", name=name)


@pytest.fixture
async def crowd(database: Database) -> People:
    await database.write(*(person_created(person(at, name=name), at=at) for at, name in enumerate(NAMES)))
    return People(database)


async def test_people_are_listed_from_the_newest_on(crowd: People) -> None:
    first = await crowd.newest(most=3)
    rest = await crowd.newest(before=first[-1].place, most=3)

    assert [one.id for one in [*first, *rest]] == ["p4", "p3", "p2", "p1", "p0"]


async def test_people_who_are_erased_or_bots_are_not_listed(database: Database, crowd: People, raw: Raw) -> None:
    await database.write(person_erased("p4", at=9))
    await raw("UPDATE person SET is_bot = 1 WHERE id = 'p3'")

    assert [one.id for one in await crowd.newest(most=9)] == ["p2", "p1", "p0"]
    assert await crowd.profile("p4") is None
    assert await crowd.profile("p3") is None


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("verm", ["p0"]),
        ("KHAN", ["p4"]),
        ("_", ["p1"]),
        ("%", ["p2"]),
        ("00003", ["p3"]),
        ("+91 0000-000 002", ["p2"]),
        ("\\", []),
        ("nobody", []),
        ("a", ["p4", "p2", "p1", "p0"]),
    ],
)
async def test_people_are_found_by_a_part_of_their_name_or_number(
    crowd: People, part: str, expected: list[str]
) -> None:
    found, further = await crowd.found(part, most=9)

    assert [one.id for one in found] == expected
    assert further is None


async def test_a_search_looks_at_so_many_people_and_says_where_to_go_on(
    crowd: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "LOOK", 2)

    nobody, further = await crowd.found("verm", most=9)
    assert nobody == []
    assert further is not None
    one, beyond = await crowd.found("ravi", before=further, most=1)

    assert [found.id for found in one] == ["p1"]
    assert beyond == one[0].place


async def test_a_person_is_told_with_role_and_when_they_were_seen(database: Database, crowd: People) -> None:
    await database.write(signed_in("p1", at=50), *role_given("p1", "reader", at=51), *role_given("p4", "owner", at=52))
    await database.write(signed_in("p1", at=70))

    profile = await crowd.profile("p1")

    assert profile is not None
    assert (profile.role, profile.signed_in_at, profile.seen_at) == ("reader", 50, 70)
    assert [one.id for one in await crowd.with_role(most=9)] == ["p1", "p4"]
    assert [one.id for one in await crowd.with_role(after="p1", most=9)] == ["p4"]


def token(number: int, *, purpose: Purpose = Purpose.STATIC, by: str = "") -> Token:
    return Token(
        hash=f"h{number}",
        purpose=purpose,
        kind="key",
        connector="shop",
        person=Actor(id=by),
        scopes="publish",
        created_at=number,
        expires_at=None,
    )


@pytest.fixture
async def tokens(database: Database, crowd: People) -> Tokens:
    del crowd
    shop = Connector(id="shop", name="Shop", secret="", scopes="publish", created_at=1)
    await database.write(
        connector_added(shop),
        *(token_added(token(number, by="p0")) for number in range(5)),
        token_added(token(7, purpose=Purpose.REFRESH)),
        token_added(token(8, purpose=Purpose.ACCESS, by="p0")),
    )
    return Tokens(database)


async def test_the_tokens_of_a_connector_are_listed_by_purpose_from_the_newest_on(tokens: Tokens) -> None:
    first = await tokens.of_connector("shop", purpose="static", most=3)
    rest = await tokens.of_connector("shop", purpose="static", before=(first[-1].created_at, first[-1].hash), most=3)
    refresh = await tokens.of_connector("shop", purpose="refresh", most=3)

    assert [one.hash for one in [*first, *rest]] == ["h4", "h3", "h2", "h1", "h0"]
    assert first[0].name == "Asha Verma"
    assert [one.hash for one in refresh] == ["h7"]


async def test_what_programs_hold_for_a_person_is_listed_without_what_lives_for_a_day(tokens: Tokens) -> None:
    held = await tokens.of_person("p0", most=9)

    assert [one.hash for one in held] == ["h4", "h3", "h2", "h1", "h0"]
    assert held[0].name == "Shop"


async def test_a_connector_was_last_used_when_one_of_its_tokens_was(database: Database, tokens: Tokens) -> None:
    del tokens
    connectors = Connectors(database)
    [before] = await connectors.listed()
    await database.write(token_used("h7", at=90), token_used("h1", at=80))

    [after] = await connectors.listed()

    assert (before.used_at, after.used_at) == (None, 90)


@pytest.fixture
async def record(database: Database, crowd: People) -> Audit:
    del crowd
    done = [("p0", "person.created", "p1"), ("the command line", "key.created", "h1"), ("p0", "key.created", "h2")]
    await database.write(
        *(
            audited(actor=actor, action=action, about=about, at=at * 10)
            for at, (actor, action, about) in enumerate(done)
        )
    )
    return Audit(database)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), ["h2", "h1", "p1"]),
        (Asked(actor="p0"), ["h2", "p1"]),
        (Asked(action="key.created"), ["h2", "h1"]),
        (Asked(actor="p0", action="key.created"), ["h2"]),
        (Asked(about="p1"), ["p1"]),
        (Asked(about="p1", action="key.created"), []),
        (Asked(about="p1", actor="p0", action="person.created"), ["p1"]),
        (Asked(since=10), ["h2", "h1"]),
        (Asked(until=20), ["h1", "p1"]),
        (Asked(since=10, until=20, actor="the command line"), ["h1"]),
    ],
)
async def test_the_record_is_read_by_who_what_about_and_when(record: Audit, asked: Asked, expected: list[str]) -> None:
    told = await record.told(asked, most=9)

    assert [one.about for one in told] == expected


async def test_the_record_goes_on_where_a_part_of_it_ended_and_names_people(record: Audit) -> None:
    [newest] = await record.told(Asked(actor="p0"), most=1)
    [older] = await record.told(Asked(actor="p0"), before=newest.id, most=9)

    assert (older.actor_name, older.about_name, older.is_about_person) == ("Asha Verma", "Ravi_K", True)
    assert (newest.about_name, newest.is_about_person) == ("", False)


async def test_two_entries_of_one_millisecond_that_drew_the_same_number_are_both_kept(
    database: Database, record: Audit
) -> None:
    entry = audited(actor="twin", action="thing.done", about="", at=7)

    await database.write(entry, entry)
    await database.write(entry)

    told = await record.told(Asked(actor="twin"), most=9)
    assert [one.at for one in told] == [7, 7, 7]


async def test_who_ever_did_something_and_what_is_told_once_each(record: Audit) -> None:
    actors = await record.actors(most=9)

    assert await record.actions(most=9) == ["key.created", "person.created"]
    assert [(one.id, one.name) for one in actors] == [("p0", "Asha Verma"), ("the command line", "")]
    assert await record.actions(most=1) == ["key.created"]


async def test_sizes_are_told_and_since_when_there_is_something(database: Database, record: Audit) -> None:
    del record
    sizes = Sizes(database)

    whole = await sizes.whole()
    tables = await sizes.tables(most=5)
    oldest = await sizes.oldest()

    assert whole.bytes > 0
    assert len(tables) == (0 if database.engine == "sqlite" else 5)
    assert (whole.file != "") == (database.engine == "sqlite")
    assert oldest["audit"] == 0
    assert oldest["event"] is None
