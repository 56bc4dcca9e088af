import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator

import pytest

from tidings.access.callers import Callers
from tidings.access.token import Purpose, issue
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.core.errors import Unauthenticated
from tidings.core.event import Actor
from tidings.store.connectors import ACCESS_CHANGED, Connector, connector_added
from tidings.store.database import Database
from tidings.store.people import person_created
from tidings.store.tokens import Tokens, token_added, token_revoked
from tidings.testing.clock import ManualClock

ROBIN = Caller(
    connector="shop",
    kind=TokenKind.USER,
    person=Actor(id="robin", phone="+910000000001", name="Robin"),
    scopes=frozenset({"publish"}),
)


@pytest.fixture
async def callers(database: Database, manual_clock: ManualClock) -> Callers:
    shop = Connector(id="shop", name="Shop", secret="hash", scopes="publish", created_at=1)
    await database.write(connector_added(shop), person_created(ROBIN.person, at=1))
    return Callers(database, clock=manual_clock)


async def given(database: Database, clock: ManualClock, *, purpose: Purpose = Purpose.ACCESS) -> str:
    issued = issue(purpose, ROBIN, now=clock.now())
    await database.write(token_added(issued.kept))
    return issued.text


@contextlib.asynccontextmanager
async def looking(callers: Callers) -> AsyncIterator[None]:
    task = asyncio.create_task(callers.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def revoke(database: Database, token: str) -> None:
    issued = issue(Purpose.ACCESS, ROBIN, now=0, text=token)
    await database.write(token_revoked(issued.kept.hash, at=1, otherwise=Unauthenticated("no")), ACCESS_CHANGED)


async def until_unknown(callers: Callers, token: str, *, clock: ManualClock) -> None:
    async with asyncio.timeout(60):
        while callers.known(token):
            await clock.advance(0)


async def test_a_caller_is_known_once_the_store_was_asked(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    token = await given(database, manual_clock)

    assert callers.known(token) is None
    assert await callers.authenticate(token) == ROBIN
    assert callers.known(token) == ROBIN
    assert await callers.authenticate(token) == ROBIN


@pytest.mark.parametrize("token", ["", "Bearer x", "tda_" + "A" * 43, "tda_\ud800", "é" * 47])
async def test_what_is_no_token_of_ours_is_refused(callers: Callers, token: str) -> None:
    with pytest.raises(Unauthenticated, match="Invalid token"):
        await callers.authenticate(token)


async def test_a_refresh_token_calls_nothing(callers: Callers, database: Database, manual_clock: ManualClock) -> None:
    with pytest.raises(Unauthenticated):
        await callers.authenticate(await given(database, manual_clock, purpose=Purpose.REFRESH))


async def test_a_key_stays_known_for_years_and_an_access_token_for_a_day(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    access = await given(database, manual_clock)
    key = await given(database, manual_clock, purpose=Purpose.STATIC)
    await callers.authenticate(access)
    await callers.authenticate(key)

    await manual_clock.advance(DAY)

    assert callers.known(access) is None
    assert callers.known(key) == ROBIN
    with pytest.raises(Unauthenticated):
        await callers.authenticate(access)


async def test_a_token_that_another_process_revoked_is_refused_within_a_second(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    token = await given(database, manual_clock)
    async with looking(callers):
        await manual_clock.advance(0)
        await callers.authenticate(token)
        await revoke(database, token)

        await manual_clock.advance(1_000)
        await until_unknown(callers, token, clock=manual_clock)

    with pytest.raises(Unauthenticated):
        await callers.authenticate(token)


async def test_nobody_is_remembered_while_the_store_cannot_tell_whether_rights_were_taken_away(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    token = await given(database, manual_clock)
    async with looking(callers):
        await manual_clock.advance(0)
        await callers.authenticate(token)
        await database.close()

        await manual_clock.advance(1_000)
        await until_unknown(callers, token, clock=manual_clock)


async def test_what_was_read_before_a_revocation_is_not_remembered_after_it(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    token = await given(database, manual_clock)
    reading = asyncio.create_task(callers.authenticate(token))
    await asyncio.wait([reading], timeout=0)

    callers.forget()

    assert await reading == ROBIN
    assert callers.known(token) is None


@pytest.mark.usefixtures("callers")
async def test_only_so_many_callers_are_remembered(database: Database, manual_clock: ManualClock) -> None:
    small = Callers(database, clock=manual_clock, most=2)
    tokens = [await given(database, manual_clock) for _ in range(3)]

    for token in tokens:
        await small.authenticate(token)

    assert [small.known(token) is not None for token in tokens] == [False, True, True]


async def test_the_use_of_a_key_is_recorded_within_a_minute_and_of_other_tokens_never(
    callers: Callers, database: Database, manual_clock: ManualClock
) -> None:
    for_the_program = dataclasses.replace(ROBIN, kind=TokenKind.KEY)
    used, unused = (issue(Purpose.STATIC, for_the_program, now=at) for at in (1, 2))
    await database.write(token_added(used.kept), token_added(unused.kept))
    access = await given(database, manual_clock)
    recording = asyncio.create_task(callers.record_use())
    for token in (used.text, access):
        await callers.authenticate(token)

    async def recorded() -> list[int | None]:
        return [key.used_at for key in await Tokens(database).keys("shop")]

    await manual_clock.advance(59_000)
    assert await recorded() == [None, None]
    await manual_clock.advance(1_000)
    first = manual_clock.now()
    async with asyncio.timeout(60):
        while await recorded() != [first, None]:
            await manual_clock.advance(0)
    # A minute without use changes nothing, one with use from memory does.
    await manual_clock.advance(60_000)
    callers.known(used.text)
    async with asyncio.timeout(60):
        while await recorded() == [first, None]:
            await manual_clock.advance(60_000)
    recording.cancel()
    await asyncio.wait([recording])
