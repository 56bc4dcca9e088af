"""After a change of keys everything that is kept sealed is sealed anew, and the old key may go."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, SHOP
from tidings.core.clock import DAY, MINUTE, Clock
from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.pattern import compile_types
from tidings.core.report import Connection
from tidings.core.secret import Secret
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Drawer, Vault, new_key
from tidings.reports.links import link_key
from tidings.store.audit import Audit
from tidings.store.database import Database
from tidings.store.pulls import Hold, Pull, Pulls, Tokens
from tidings.store.receipts import Source, Sources
from tidings.store.report_connections import connection_added
from tidings.store.resealing import Resealed, Resealing, say_who_seals
from tidings.store.settings import check_vault
from tidings.store.sinks import Sink, Sinks
from tidings.store.subscriptions import Subscriptions
from tidings.store.tokens import pin_made
from tidings.testing.clock import ManualClock

OLD, NEW = new_key(), new_key()
BEFORE, BETWEEN, AFTER = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])


def subscription() -> Subscription:
    return Subscription(
        id=str(uuid.uuid4()),
        subject=SHOP,
        types=compile_types(["*"]),
        url="https://example.com/hook",
        format="standard",
        token=Secret("a token"),
        secrets=(new_secret(),),
        headers=(("x-key", "a header"),),
        basic_auth=Secret("user:password"),
        client_certificate=Secret("a certificate"),
        expires_at=NOW + DAY,
    )


@pytest.fixture
async def webhook(database: Database) -> Subscription:
    """One of everything that is sealed, with the old key; and the webhook among it."""
    await check_vault(database, BEFORE)
    await link_key(database, BEFORE)
    source = Source(name="field", dialect="standard", secret=Secret("s"), addresses="", created_at=NOW)
    await Sources(database, BEFORE).add(source)
    tokens = Tokens(access=Secret("a"), access_until=NOW + DAY, refresh=Secret("r"))
    pull = Pull(
        name="crew",
        source="field",
        remote="https://example.com/",
        application="app",
        secret=Secret("s"),
        tokens=tokens,
        group="",
        every_ms=MINUTE,
        next_at=NOW,
    )
    pulls, hold = Pulls(database, BEFORE), Hold(name="crew", holder="me")
    await pulls.add(pull)
    assert await pulls.claim(hold, now=NOW, until=NOW + MINUTE)
    await pulls.renew(hold, tokens)
    sink = Sink(name="list", table="", source="", webhook=1)
    await Sinks(database, BEFORE).add(sink, settings=Secret("{}"), at=NOW)
    connection = Connection(name="sales", kind="sqlite", most_rows=1, longest_ms=1, made_at=NOW)
    url = BEFORE.seal("sqlite://", Drawer.REPORT_CONNECTION_URL)
    pin = BEFORE.seal("123456", Drawer.PIN_SEALED)
    await database.write(
        connection_added(connection, url=url, otherwise=Conflict("taken")),
        pin_made(phone="+910000000001", connector="app", sealed=pin, expires_at=NOW + DAY),
    )
    return await Subscriptions(database, BEFORE).add(subscription())


async def reseal(database: Database, vault: Vault = BETWEEN) -> Resealed:
    return await Resealing(database, vault, clock=Clock()).run(actor="test", progress=lambda _: None)


async def sealed(database: Database, raw: Raw) -> AsyncIterator[tuple[str, str]]:
    """Whatever looks sealed, anywhere in the database, and in which column of which table."""
    of_engine = {
        "sqlite": "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
        " WHERE m.type = 'table'",
        "postgresql": "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'",
    }
    for table, column in await raw(of_engine[database.engine]):
        for (text,) in await raw(f'SELECT "{column}" FROM "{table}"'):  # noqa: S608 - names of the database's own
            if isinstance(text, str) and AFTER.is_sealed(text):
                yield f"{table}.{column}", text


@pytest.mark.usefixtures("webhook")
async def test_whatever_is_sealed_anywhere_opens_with_the_new_key_alone(database: Database, raw: Raw) -> None:
    done = await reseal(database)

    found = [one async for one in sealed(database, raw)]
    # Whoever seals something new finds their drawer missing here, until there is one of it above.
    assert {drawer for drawer, _ in found} == set(Drawer)
    assert [text for _, text in found if not AFTER.open(text)] == []
    assert done == Resealed(rows=7, left=0, lost=(), lost_count=0)
    await check_vault(database, AFTER)
    with pytest.raises(Invalid):
        await check_vault(database, BEFORE)
    assert [(one.actor, one.action) for one in await Audit(database).entries()] == [("test", "vault.resealed")]


async def test_secrets_stay_as_they_were_and_nobody_reads_webhooks_anew(
    database: Database, webhook: Subscription
) -> None:
    version, [before] = await Subscriptions(database, BEFORE).changes(0)

    await reseal(database)

    assert await Subscriptions(database, AFTER).get(webhook.id) == before
    assert await Subscriptions(database, AFTER).changes(version) == (version, [])
    pull = await Pulls(database, AFTER).get("crew")
    assert pull is not None
    assert (pull.secret, pull.tokens.refresh) == (Secret("s"), Secret("r"))


async def test_it_goes_on_where_it_was_broken_off(database: Database, webhook: Subscription) -> None:
    def break_off(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Resealing(database, BETWEEN, clock=Clock()).run(actor="test", progress=break_off)
    assert await Subscriptions(database, AFTER).get(webhook.id)
    with pytest.raises(Invalid):
        await check_vault(database, AFTER)

    assert (await reseal(database)).rows == 6
    assert (await reseal(database)).rows == 0
    await check_vault(database, AFTER)


async def test_a_row_that_no_key_opens_is_named_and_stops_nothing(
    database: Database, webhook: Subscription, raw: Raw
) -> None:
    foreign = Vault([new_key()]).seal("s", Drawer.SOURCE_SECRET)
    await raw(f"UPDATE source SET secret = '{foreign}'")  # noqa: S608 - a text of our own
    await raw("UPDATE sink SET settings = 'damaged'")

    done = await reseal(database)

    assert (done.left, done.lost, done.lost_count) == (0, ("source field (secret)", "sink list (settings)"), 2)
    assert await Subscriptions(database, AFTER).get(webhook.id)
    await check_vault(database, AFTER)


@pytest.mark.usefixtures("webhook")
async def test_what_others_seal_with_the_old_key_meanwhile_is_told(database: Database, raw: Raw) -> None:
    resealing, late = Resealing(database, BETWEEN, clock=Clock()), BEFORE.seal("late", Drawer.SOURCE_SECRET)
    total, told = await resealing.count(), list[int]()

    async def seal_source() -> None:
        await raw(f"UPDATE source SET secret = '{late}'")  # noqa: S608 - a text of our own

    def seal_late(number: int) -> None:
        told.append(number)
        # As a command that was begun with the old key alone may, between sealing and looking.
        if sum(told) == total // 2:
            with ThreadPoolExecutor() as elsewhere:
                elsewhere.submit(lambda: asyncio.run(seal_source())).result()

    done = await resealing.run(actor="test", progress=seal_late)

    assert (done.left, sum(told)) == (1, total)
    with pytest.raises(Invalid):
        await check_vault(database, AFTER)


async def test_nothing_is_sealed_anew_while_a_server_seals_with_another_key(
    database: Database, webhook: Subscription, manual_clock: ManualClock
) -> None:
    resealing = Resealing(database, BETWEEN, clock=manual_clock)
    with_another = asyncio.create_task(say_who_seals(database, BEFORE, clock=manual_clock))
    with_the_same = asyncio.create_task(say_who_seals(database, BETWEEN, clock=manual_clock))
    async with asyncio.timeout(30):
        while len(await database.read(int, "other_sealers", key="", since=0)) == 0 or not await _seals(database):
            await manual_clock.advance(0)

    with pytest.raises(Conflict, match="seals with another key"):
        await resealing.run(actor="test", progress=lambda _: None)

    with_another.cancel()
    await asyncio.wait({with_another})
    assert (await resealing.run(actor="test", progress=lambda _: None)).left == 0
    assert await Subscriptions(database, AFTER).get(webhook.id)
    with_the_same.cancel()
    await asyncio.wait({with_the_same})


async def _seals(database: Database) -> bool:
    return bool(await database.read(int, "other_sealers", key=BETWEEN.sealing_key, since=0))


@pytest.mark.usefixtures("webhook")
async def test_what_no_key_opens_stands_still_by_itself_and_is_named_with_the_key_that_is_missing(
    database: Database, webhook: Subscription
) -> None:
    await Sources(database, AFTER).add(
        Source(name="new", dialect="standard", secret=Secret("s"), addresses="", created_at=NOW)
    )

    found = {what: why async for what, why in Resealing(database, AFTER, clock=Clock()).unopened()}
    lost, new = await Sources(database, AFTER).list()
    _, [held] = await Subscriptions(database, AFTER).changes(0)

    key = BEFORE.sealing_key
    assert found.keys() == {f"webhook {webhook.id}", "source field", "pull crew", "sink list"} | {
        "report connection sales",
        "setting reports.link_key",
    }
    assert set(found.values()) == {
        f"this was sealed with the key {key}, which is not in TIDINGS_SECRET_KEY; add that key behind the first"
    }
    assert new.secret.reveal() == "s"
    with pytest.raises(Unavailable, match=f"the secret of the source field cannot be opened: .* {key}"):
        lost.secret.reveal()
    assert [one.name for one in await Pulls(database, AFTER).list()] == ["crew"]
    assert (held.is_sending, held.token, key in held.unopened, webhook.id in held.unopened) == (False, None, True, True)
    with pytest.raises(Conflict, match="cannot be changed: this was sealed with the key"):
        await Subscriptions(database, AFTER).save(held)
