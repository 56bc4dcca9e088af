import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tidings.access.access import Access, NewConnector
from tidings.access.pin_sender import ConsoleSender
from tidings.access.scope import BY_NAME_ALONE, GRANTED
from tidings.access.token import hash_of
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, HOUR, SECOND
from tidings.core.errors import Conflict, Invalid, NotFound, Throttled, Unauthenticated
from tidings.core.vault import Vault
from tidings.store.database import Database
from tidings.store.tokens import Tokens
from tidings.testing.clock import ManualClock

ROBIN = "+910000000001"


@pytest.fixture
def access(database: Database, vault: Vault, manual_clock: ManualClock) -> Access:
    return Access(database, vault=vault, clock=manual_clock, pin_sender=ConsoleSender())


@pytest.fixture
async def shop(access: Access) -> NewConnector:
    """A connector; Robin can sign in through it."""
    await access.create_person(ROBIN, name="Robin", identifier="robin", actor="test")
    return await access.create_connector("Shop", identifier="shop", actor="test")


async def sign_in(access: Access) -> str:
    await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")
    pin = await access.waiting_pin(ROBIN)
    return (await access.login(ROBIN, application_id="shop", pin=pin, address="192.0.2.1")).token


async def trade(access: Access, shop: NewConnector, *, refresh_token: str) -> str:
    answer = await access.access_token(
        application_id=shop.id, application_secret=shop.secret, refresh_token=refresh_token
    )
    return answer.token


@contextlib.asynccontextmanager
async def running(access: Access) -> AsyncIterator[None]:
    task = asyncio.create_task(access.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_person_signs_in_by_pin_and_calls_as_themselves(
    access: Access, shop: NewConnector, manual_clock: ManualClock
) -> None:
    await access.generate_pin("+91 00000-00001", application_id="shop", address="192.0.2.1")
    refresh = await access.login(
        ROBIN,
        application_id="shop",
        application_secret=shop.secret,
        pin=await access.waiting_pin(ROBIN),
        address="192.0.2.1",
    )
    answer = await access.access_token(
        application_id="shop", application_secret=shop.secret, refresh_token=refresh.token
    )
    caller = await access.authenticate(answer.token)
    unasked = tuple(scope for scope in GRANTED if scope not in BY_NAME_ALONE)

    assert refresh.expires_at == manual_clock.now() + 365 * DAY
    assert refresh.scopes == unasked
    assert answer.expires_at == manual_clock.now() + DAY
    assert answer.refresh_token == ""
    assert (caller.connector, caller.kind, caller.person.name) == ("shop", TokenKind.USER, "Robin")
    assert caller.scopes == set(unasked)
    assert access.known(answer.token) == caller


async def test_nobody_signs_in_through_an_unknown_or_revoked_connector(access: Access, shop: NewConnector) -> None:
    with pytest.raises(Unauthenticated):
        await access.generate_pin(ROBIN, application_id="other", address="192.0.2.1")
    await access.revoke_connector(shop.id, actor="test")
    with pytest.raises(Unauthenticated):
        await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")


@pytest.mark.usefixtures("shop")
async def test_a_secret_that_is_given_at_sign_in_must_be_right(access: Access) -> None:
    await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")

    with pytest.raises(Unauthenticated, match="Dont have correct applicationId and secret in header!"):
        await access.login(
            ROBIN,
            application_id="shop",
            application_secret="wrong",
            pin=await access.waiting_pin(ROBIN),
            address="192.0.2.1",
        )


@pytest.mark.usefixtures("shop")
async def test_a_wrong_number_is_refused_by_the_name_of_its_field(access: Access) -> None:
    with pytest.raises(Invalid, match="mobileNumber"):
        await access.generate_pin("12", application_id="shop", address="192.0.2.1")
    with pytest.raises(Invalid, match="mobileNumber"):
        await access.login("12", application_id="shop", pin="123456", address="192.0.2.1")


@pytest.mark.usefixtures("shop")
async def test_whoever_asks_for_too_many_pins_is_throttled(access: Access) -> None:
    for _ in range(5):
        await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")

    with pytest.raises(Throttled):
        await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")


async def test_signing_in_again_ends_the_former_refresh_token_but_no_access_token(
    access: Access, shop: NewConnector
) -> None:
    former = await sign_in(access)
    access_token = await trade(access, shop, refresh_token=former)

    latter = await sign_in(access)

    with pytest.raises(Unauthenticated):
        await trade(access, shop, refresh_token=former)
    assert await trade(access, shop, refresh_token=latter)
    assert (await access.authenticate(access_token)).person.id == "robin"


@pytest.mark.parametrize("field", ["application_id", "application_secret", "refresh_token"])
async def test_an_access_token_needs_connector_secret_and_refresh_token(
    access: Access, shop: NewConnector, field: str
) -> None:
    right = {"application_id": shop.id, "application_secret": shop.secret, "refresh_token": await sign_in(access)}

    with pytest.raises(Unauthenticated):
        await access.access_token(**right | {field: "wrong"})


async def test_a_refresh_token_is_good_for_its_own_connector_only(access: Access, shop: NewConnector) -> None:
    other = await access.create_connector("Other", actor="test")

    assert await trade(access, shop, refresh_token=await sign_in(access))
    with pytest.raises(Unauthenticated):
        await trade(access, other, refresh_token=await sign_in(access))


async def test_an_access_token_is_no_refresh_token(access: Access, shop: NewConnector) -> None:
    token = await trade(access, shop, refresh_token=await sign_in(access))

    with pytest.raises(Unauthenticated):
        await trade(access, shop, refresh_token=token)


async def test_from_day_328_on_every_call_answers_the_one_successor_and_the_earlier_token_stays_good_until_its_end(
    access: Access, shop: NewConnector, manual_clock: ManualClock
) -> None:
    async def rotated(token: str) -> str:
        answer = await access.access_token(application_id=shop.id, application_secret=shop.secret, refresh_token=token)
        return answer.refresh_token

    first = await sign_in(access)
    await manual_clock.advance(328 * DAY - 1)
    assert await rotated(first) == ""
    await manual_clock.advance(1)
    second = await rotated(first)
    assert second not in ("", first)
    await manual_clock.advance(DAY)
    assert await rotated(first) == second
    assert await rotated(second) == ""

    await manual_clock.advance(36 * DAY)

    with pytest.raises(Unauthenticated):
        await rotated(first)
    assert await rotated(second) == ""
    await manual_clock.advance(300 * DAY)
    assert await rotated(second) not in ("", first, second)


async def test_a_revoked_connector_can_do_nothing_more(access: Access, shop: NewConnector) -> None:
    refresh_token = await sign_in(access)
    token = await trade(access, shop, refresh_token=refresh_token)
    await access.authenticate(token)

    await access.revoke_connector("shop", actor="test")

    assert access.known(token) is None
    with pytest.raises(Unauthenticated):
        await access.authenticate(token)
    with pytest.raises(Unauthenticated):
        await trade(access, shop, refresh_token=refresh_token)
    with pytest.raises(NotFound):
        await access.revoke_connector("shop", actor="test")


async def test_a_token_that_another_process_revoked_is_refused_within_a_second(
    access: Access, vault: Vault, database: Database, manual_clock: ManualClock
) -> None:
    await access.create_connector("Shop", identifier="shop", actor="test")
    key = await access.create_key("shop", actor="test")
    other = Access(database, vault=vault, clock=manual_clock, pin_sender=ConsoleSender())
    async with running(other):
        await manual_clock.advance(0)
        await other.authenticate(key)
        await access.revoke_token(key, actor="test")

        await manual_clock.advance(SECOND)
        async with asyncio.timeout(60):
            while other.known(key):
                await manual_clock.advance(0)

    with pytest.raises(Unauthenticated):
        await other.authenticate(key)
    with pytest.raises(Unauthenticated):
        await access.revoke_token(key, actor="test")


async def test_tokens_that_ran_out_are_forgotten_within_an_hour(
    access: Access, shop: NewConnector, database: Database, manual_clock: ManualClock
) -> None:
    token = hash_of(await trade(access, shop, refresh_token=await sign_in(access)))
    tokens = Tokens(database)
    async with running(access):
        await manual_clock.jump(DAY)
        assert await tokens.get(token)

        async with asyncio.timeout(60):
            while await tokens.get(token):
                await manual_clock.jump(HOUR)


async def test_a_store_that_is_lost_for_a_while_ends_nothing(
    access: Access, database: Database, manual_clock: ManualClock
) -> None:
    await database.close()
    task = asyncio.create_task(access.run())

    await manual_clock.advance(2 * HOUR)

    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


async def test_a_known_id_and_secret_can_be_given_to_a_connector_once(access: Access) -> None:
    made = await access.create_connector("Shop", identifier="known", secret="s3cret", actor="test")

    assert (made.id, made.secret) == ("known", "s3cret")
    assert "s3cret" not in repr(made)
    with pytest.raises(Conflict):
        await access.create_connector("Shop", identifier="known", actor="test")


@pytest.mark.parametrize(
    ("name", "identifier"), [("", None), (" ", None), ("x" * 201, None), ("a\0", None), ("Shop", "a/b"), ("Shop", "")]
)
async def test_a_connector_needs_a_name_and_an_id_that_fit(access: Access, name: str, identifier: str | None) -> None:
    with pytest.raises(Invalid):
        await access.create_connector(name, identifier=identifier, actor="test")


async def test_connectors_are_listed_with_the_revoked_ones(access: Access, shop: NewConnector) -> None:
    await access.create_connector("Other", identifier="other", actor="test")
    await access.revoke_connector(shop.id, actor="test")

    assert [(one.id, one.revoked_at is None) for one in await access.connectors()] == [("other", True), ("shop", False)]


@pytest.mark.usefixtures("shop")
async def test_a_person_is_made_once_and_found_by_number(access: Access) -> None:
    same = await access.create_person(ROBIN, name="Robin", actor="test")

    assert same.id == "robin"
    assert await access.person("+91 00000 00001") == same
    with pytest.raises(Conflict):
        await access.create_person(ROBIN, name="Jan", actor="test")
    with pytest.raises(NotFound):
        await access.person("+910000000009")


@pytest.mark.usefixtures("shop")
async def test_no_pin_waits_before_it_was_asked_for(access: Access) -> None:
    with pytest.raises(NotFound, match="generatePin"):
        await access.waiting_pin(ROBIN)
    with pytest.raises(NotFound, match="nobody has the number"):
        await access.waiting_pin("+910000000009")


@pytest.mark.parametrize(
    ("kind", "phone", "group"),
    [
        (TokenKind.USER, None, ""),
        (TokenKind.USER, ROBIN, "g"),
        (TokenKind.GROUP, None, ""),
        (TokenKind.TENANT, ROBIN, "g"),
        (TokenKind.KEY, ROBIN, ""),
    ],
)
async def test_a_refresh_token_without_a_bearer_of_its_kind_is_refused(
    access: Access, kind: TokenKind, phone: str | None, group: str
) -> None:
    with pytest.raises(Invalid):
        await access.create_refresh_token("shop", actor="test", kind=kind, phone=phone, group=group)


async def test_a_refresh_token_can_be_made_by_hand_for_each_kind_and_they_do_not_end_each_other(
    access: Access, shop: NewConnector
) -> None:
    bearers = [(TokenKind.USER, ROBIN, ""), (TokenKind.TENANT, ROBIN, ""), (TokenKind.GROUP, None, "g")]
    made = [
        await access.create_refresh_token("shop", actor="test", kind=kind, phone=phone, group=group)
        for kind, phone, group in bearers
    ]

    callers = [await access.authenticate(await trade(access, shop, refresh_token=one.token)) for one in made]

    assert [(caller.kind, caller.person.phone, caller.group) for caller in callers] == [
        (TokenKind.USER, ROBIN, ""),
        (TokenKind.TENANT, ROBIN, ""),
        (TokenKind.GROUP, "", "g"),
    ]


async def test_a_key_has_the_scopes_that_were_asked_for_at_most_its_connectors(access: Access) -> None:
    await access.create_connector("Shop", identifier="shop", scopes=["publish", "bin", "admin"], actor="test")

    async def scopes(*wanted: str) -> set[str]:
        return set((await access.authenticate(await access.create_key("shop", scopes=wanted, actor="test"))).scopes)

    assert await scopes("publish") == {"publish"}
    assert await scopes() == {"publish", "bin"}
    assert await scopes("admin") == {"admin"}
    with pytest.raises(Invalid, match=r"was not given events\.read"):
        await scopes("events.read")


async def test_a_key_that_could_do_nothing_is_not_made(access: Access) -> None:
    await access.create_connector("Shop", identifier="shop", scopes=["reports.read"], actor="test")

    with pytest.raises(Invalid, match="say what the key may do"):
        await access.create_key("shop", actor="test")


@pytest.mark.usefixtures("shop")
async def test_a_key_can_be_a_persons(access: Access) -> None:
    caller = await access.authenticate(await access.create_key("shop", phone=ROBIN, actor="test"))

    assert (caller.kind, caller.person.name) == (TokenKind.KEY, "Robin")


async def test_what_is_done_with_rights_is_recorded_without_names_and_numbers(
    access: Access, shop: NewConnector
) -> None:
    await sign_in(access)
    await access.create_key(shop.id, actor="cli")
    await access.audit("cli", "store.restored", about="backup")

    entries = await access.audit_entries()
    assert {(entry.actor, entry.action) for entry in entries} == {
        ("test", "person.created"),
        ("test", "connector.created"),
        ("robin", "person.signed_in"),
        ("cli", "key.created"),
        ("cli", "store.restored"),
    }
    assert ROBIN not in repr(entries)
    assert [entry.action for entry in await access.audit_entries(before=entries[0].id, most=1)] == [entries[1].action]
