import msgspec
import pytest

from tidings.core.errors import Throttled, Unauthenticated
from tidings.core.event import NOBODY, Actor
from tidings.store.connectors import Connector, connector_added, connector_revoked
from tidings.store.database import Database
from tidings.store.people import person_created, person_erased, stripped_of_access
from tidings.store.tokens import (
    Rate,
    Token,
    Tokens,
    former_refresh_tokens_ended,
    key_used,
    pin_made,
    pin_tried,
    pin_used,
    swept,
    throttled,
    token_added,
    token_revoked,
)

ROBIN = Actor(id="robin", phone="+910000000001", name="Robin")
REFUSAL = Unauthenticated("no")
PIN = {"phone": ROBIN.phone, "connector": "shop"}


def token(hash_: str = "h", *, person: Actor = NOBODY, purpose: str = "refresh", expires_at: int | None = 100) -> Token:
    return Token(
        hash=hash_,
        purpose=purpose,
        kind="user",
        connector="shop",
        person=person,
        group="g",
        scopes="bin publish",
        seed="s",
        created_at=1,
        expires_at=expires_at,
    )


@pytest.fixture(autouse=True)
async def known(database: Database) -> None:
    connector = Connector(id="shop", name="Shop", secret="hash", scopes="publish", created_at=1)
    await database.write(connector_added(connector), person_created(ROBIN, at=1))


async def test_a_token_is_read_with_the_person_who_bears_it(database: Database) -> None:
    await database.write(token_added(token(person=ROBIN)), token_added(token("static", expires_at=None)))

    tokens = Tokens(database)
    assert await tokens.get("h") == token(person=ROBIN)
    assert await tokens.get("static") == token("static", expires_at=None)
    assert await tokens.get("other") is None


async def test_a_revoked_token_is_gone_and_cannot_be_revoked_again(database: Database) -> None:
    await database.write(token_added(token()))

    await database.write(token_revoked("h", at=2, otherwise=REFUSAL))

    assert await Tokens(database).get("h") is None
    with pytest.raises(Unauthenticated):
        await database.write(token_revoked("h", at=3, otherwise=REFUSAL))


async def test_the_tokens_of_a_revoked_connector_are_gone(database: Database) -> None:
    await database.write(token_added(token()))

    await database.write(connector_revoked("shop", at=2))

    assert await Tokens(database).get("h") is None


async def test_the_tokens_of_an_erased_person_are_gone(database: Database) -> None:
    await database.write(token_added(token("a", person=ROBIN)), token_added(token("b", person=ROBIN)))

    await database.write(person_erased("robin", at=2))

    assert await Tokens(database).get("a") is None


async def test_who_is_stripped_of_access_loses_tokens_and_pins(database: Database) -> None:
    tokens = Tokens(database)
    await database.write(token_added(token(person=ROBIN)), pin_made(**PIN, sealed="x", expires_at=10))

    await database.write(*stripped_of_access(ROBIN, at=2))

    assert await tokens.get("h") is None
    assert await tokens.waiting_pin(ROBIN.phone, most_tries=5, now=2) is None


async def test_a_new_refresh_token_ends_the_former_ones_of_the_same_bearer_only(database: Database) -> None:
    tokens = Tokens(database)
    kept = [token("other person"), token("access", person=ROBIN, purpose="access")]
    await database.write(token_added(token("former", person=ROBIN)), *map(token_added, kept))

    new = token("new", person=ROBIN)
    await database.write(former_refresh_tokens_ended(new), token_added(new))

    assert await tokens.get("former") is None
    assert [await tokens.get(one.hash) for one in (*kept, new)] == [*kept, new]


async def test_a_token_that_is_added_twice_stays_the_first(database: Database) -> None:
    await database.write(token_added(token()), token_added(token(expires_at=200)))

    found = await Tokens(database).get("h")
    assert found is not None
    assert found.expires_at == 100


async def test_tokens_that_ran_out_are_forgotten_in_steps_and_the_others_stay(database: Database) -> None:
    tokens = Tokens(database)
    await database.write(
        *(token_added(token(str(n), expires_at=n)) for n in range(5)), token_added(token("static", expires_at=None))
    )

    assert [await tokens.sweep(before=4, most=3) for _ in range(3)] == [3, 1, 0]
    assert await tokens.get("4") is not None
    assert await tokens.get("static") is not None


async def test_so_many_tries_are_allowed_at_once_and_then_one_an_interval(database: Database) -> None:
    rate = Rate(at_once=2, interval_ms=1_500)

    async def is_allowed(now: int, key: str = "a") -> bool:
        try:
            await database.write(throttled(key, rate, now=now))
        except Throttled:
            return False
        return True

    assert [await is_allowed(1_000) for _ in range(3)] == [True, True, False]
    with pytest.raises(Throttled) as refusal:
        await database.write(throttled("a", rate, now=1_000))
    assert refusal.value.retry_after == 2
    assert await is_allowed(1_000, "b")
    assert not await is_allowed(2_499)
    assert [await is_allowed(2_500) for _ in range(2)] == [True, False]
    assert [await is_allowed(60_000) for _ in range(3)] == [True, True, False]


async def test_tries_and_pins_whose_time_is_over_are_forgotten(database: Database) -> None:
    rate = Rate(at_once=1, interval_ms=10)
    await database.write(throttled("a", rate, now=0), pin_made(**PIN, sealed="x", expires_at=10))

    await database.write(*swept(11))

    assert await Tokens(database).waiting_pin(ROBIN.phone, most_tries=5, now=0) is None
    await database.write(throttled("a", rate, now=0))


async def test_a_pin_can_be_tried_so_often_and_knows_its_person(database: Database) -> None:
    await database.write(pin_made(**PIN, sealed="x", expires_at=10))

    tries = [(await database.write(pin_tried(**PIN, most=2, now=9)))[0] for _ in range(3)]

    assert [[tuple(row) for row in rows] for rows in tries] == [[("x", "robin")], [("x", "robin")], []]


async def test_a_pin_that_ran_out_cannot_be_tried(database: Database) -> None:
    await database.write(pin_made(**PIN, sealed="x", expires_at=10))

    assert list((await database.write(pin_tried(**PIN, most=2, now=10)))[0]) == []


async def test_a_new_pin_takes_the_place_of_the_former_with_all_its_tries(database: Database) -> None:
    await database.write(pin_made(**PIN, sealed="x", expires_at=10), pin_tried(**PIN, most=1, now=1))

    await database.write(pin_made(**PIN, sealed="y", expires_at=20))

    [[row]] = await database.write(pin_tried(**PIN, most=1, now=15))
    assert row[0] == "y"


async def test_a_pin_of_an_unknown_number_can_be_tried_but_is_nobodys(database: Database) -> None:
    stranger = {"phone": "+910000000009", "connector": "shop"}
    await database.write(pin_made(**stranger, sealed="x", expires_at=10))

    [[row]] = await database.write(pin_tried(**stranger, most=1, now=1))

    assert tuple(row) == ("x", "")
    assert await Tokens(database).waiting_pin("+910000000009", most_tries=5, now=1) is None


async def test_a_pin_is_used_once(database: Database) -> None:
    await database.write(pin_made(**PIN, sealed="x", expires_at=10))

    await database.write(pin_used(**PIN, sealed="x", otherwise=REFUSAL))

    with pytest.raises(Unauthenticated):
        await database.write(pin_used(**PIN, sealed="x", otherwise=REFUSAL))


async def test_the_newest_pin_that_waits_is_found_whatever_connector_asked_for_it(database: Database) -> None:
    await database.write(
        pin_made(**PIN, sealed="older", expires_at=10),
        pin_made(phone=ROBIN.phone, connector="other", sealed="newer", expires_at=11),
    )

    found = await Tokens(database).waiting_pin(ROBIN.phone, most_tries=5, now=1)

    assert found is not None
    assert found.sealed == "newer"


async def test_the_keys_of_a_connector_are_listed_oldest_first_with_their_use(database: Database) -> None:
    keys = [
        msgspec.structs.replace(token(name, purpose="static", expires_at=None), created_at=at)
        for name, at in (("k3", 9), ("k1", 5), ("k2", 5))
    ]
    others = token("access", purpose="access"), msgspec.structs.replace(keys[0], hash="k0", connector="other")
    await database.write(*map(token_added, (*keys, *others)))
    await database.write(key_used("k2", at=7), key_used("access", at=7), token_revoked("k3", at=8, otherwise=REFUSAL))

    tokens = Tokens(database)
    first = await tokens.keys("shop", most=2)
    rest = await tokens.keys("shop", after=first[-1], most=2)

    assert [(key.hash, key.created_at, key.used_at, key.revoked_at) for key in (*first, *rest)] == [
        ("k1", 5, None, None),
        ("k2", 5, 7, None),
        ("k3", 9, None, 8),
    ]
    assert first[0].scopes == "bin publish"
