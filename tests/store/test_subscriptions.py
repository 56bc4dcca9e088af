"""Subscriptions as they are kept: one behaviour, two engines."""

import asyncio
import uuid
from dataclasses import replace

import pytest

from tests.store.conftest import Opener, Raw
from tests.store.factories import NOW, event, kept, publication, settlement
from tidings.core.clock import DAY
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.event import Subject
from tidings.core.filter import compile_filter
from tidings.core.pattern import compile_types
from tidings.core.schedule import parse_schedule
from tidings.core.secret import Secret
from tidings.core.signature import new_key_pair, new_secret
from tidings.core.subscription import State, Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database, LaneChange, Stale, Statement
from tidings.store.subscriptions import Subscriptions, disabling, ending, reviving, withholding

GROUP = Subject("Group", "g-1")


def made(*, subject: Subject = GROUP, connector: str = "c-1", owner: str = "p-1") -> Subscription:
    return Subscription(
        id=str(uuid.uuid4()),
        subject=subject,
        types=compile_types(["order.*", "MemberAdded"]),
        url="https://example.com/hook",
        format="kaizala",
        secrets=(new_secret(),),
        connector=connector,
        owner=owner,
        created_at=NOW,
        expires_at=NOW + DAY,
    )


@pytest.fixture
def subscriptions(database: Database) -> Subscriptions:
    return Subscriptions(database, Vault([new_key()]))


async def only(subscriptions: Subscriptions, id_: str) -> Subscription:
    found = await subscriptions.get(id_)
    assert found is not None
    return found


async def test_a_subscription_comes_back_as_it_was_added(subscriptions: Subscriptions) -> None:
    given = replace(
        made(),
        token=Secret("kz-token"),
        context="ctx ü",
        secrets=(new_secret(), replace(new_key_pair(), until=NOW + 1)),
        headers=(("x-one", "1"), ("x-two", "ü")),
        basic_auth=Secret("user:password"),
        client_certificate=Secret("-----BEGIN CERTIFICATE-----"),
        schedule=parse_schedule("1s,2m"),
        timeout_ms=5_000,
        order_key="data.id",
        rate=2.5,
        filters=compile_filter([{"path": "data.amount", "op": "gt", "value": 10}]),
    )

    added = await subscriptions.add(given)

    assert added == replace(given, number=added.number)
    assert added.number > 0
    assert await only(subscriptions, given.id) == added


async def test_what_was_left_out_comes_back_left_out(subscriptions: Subscriptions) -> None:
    added = await subscriptions.add(made())

    assert await only(subscriptions, added.id) == added
    assert (added.token, added.order_key, added.schedule, added.filters, added.headers) == (None, None, None, None, ())


async def test_nobody_who_reads_the_database_sees_a_secret(subscriptions: Subscriptions, raw: Raw) -> None:
    secret = new_secret()
    await subscriptions.add(
        replace(made(), token=Secret("kz-token"), secrets=(secret,), headers=(("authorization", "kz-token"),))
    )

    [row] = await raw("SELECT * FROM subscription")

    assert not [value for value in row if isinstance(value, str) and ("kz-token" in value or secret.text in value)]


async def test_an_unknown_id_is_no_subscription(subscriptions: Subscriptions) -> None:
    assert await subscriptions.get("nobody") is None


async def test_two_subscriptions_with_one_id_are_a_conflict(subscriptions: Subscriptions) -> None:
    added = await subscriptions.add(made())

    with pytest.raises(Conflict):
        await subscriptions.add(replace(made(), id=added.id))


async def test_a_subscription_is_added_only_with_what_goes_with_it(
    subscriptions: Subscriptions, database: Database
) -> None:
    await database.write(Statement("setting_proposed", {"name": "a", "value": "1"}))
    taken = Statement("setting_proposed", {"name": "a", "value": "2"}, otherwise=Conflict("a is taken"))
    given = made()

    with pytest.raises(Conflict, match="a is taken"):
        await subscriptions.add(given, also=[taken])

    assert await subscriptions.get(given.id) is None


async def test_each_change_raises_the_version_and_is_found_by_it(subscriptions: Subscriptions) -> None:
    nothing = await subscriptions.changes(0)
    first = await subscriptions.add(made())
    second = await subscriptions.add(made())
    after_both, both = await subscriptions.changes(0)
    await subscriptions.save(replace(first, url="https://example.org/other"))
    after_change, changed = await subscriptions.changes(after_both)

    assert nothing == (0, [])
    assert both == [first, second]
    assert [one.url for one in changed] == ["https://example.org/other"]
    assert 0 < after_both < after_change
    assert await subscriptions.changes(after_change) == (after_change, [])


async def test_what_has_ended_is_told_to_whoever_knew_it_and_not_at_the_start(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    version, _ = await subscriptions.changes(0)
    await database.write(ending(added.number, at=NOW))

    _, since = await subscriptions.changes(version)
    _, from_the_start = await subscriptions.changes(0)

    assert [(one.state, one.ended_at) for one in since] == [(State.ENDED, NOW)]
    assert from_the_start == []


async def test_many_changes_of_one_version_are_all_found(subscriptions: Subscriptions, database: Database) -> None:
    added = [(await subscriptions.add(made())).number for _ in range(1_100)]
    version, first = await subscriptions.changes(0)
    await database.write(withholding(connector="c-1"))
    _, withheld = await subscriptions.changes(version)

    assert [one.number for one in first] == added
    assert [one.number for one in withheld] == added
    assert not any(one.is_sending for one in withheld)


async def test_an_event_matched_before_a_change_is_stale(subscriptions: Subscriptions, database: Database) -> None:
    version, _ = await subscriptions.changes(0)
    added = await subscriptions.add(made())

    with pytest.raises(Stale):
        await database.keep([publication(added.number)], version=version, owner=0)

    version, _ = await subscriptions.changes(version)
    assert len(await database.keep([publication(added.number)], version=version, owner=0)) == 1


async def test_changes_while_others_publish_are_seen_or_stale(
    subscriptions: Subscriptions, database: Database, open_store: Opener
) -> None:
    other = await open_store()
    outcomes: list[str] = []

    async def publish() -> None:
        for _ in range(20):
            [version] = await other.read(int, "subscriptions_version")
            try:
                await other.keep([publication(of=event(wire_id=str(version)))], version=version, owner=0)
                outcomes.append("kept")
            except Stale:
                outcomes.append("stale")

    async def change() -> None:
        for _ in range(10):
            await subscriptions.add(made())

    await asyncio.gather(publish(), change())

    assert len(outcomes) == 20
    assert "kept" in outcomes
    [version] = await database.read(int, "subscriptions_version")
    assert version == 10


async def test_saving_changes_what_the_owner_may_change_and_nothing_else(subscriptions: Subscriptions) -> None:
    added = await subscriptions.add(made())
    changed = replace(added, types=compile_types(["*"]), token=Secret("new"), order_key="")

    await subscriptions.save(replace(changed, subject=Subject("Group", "g-2"), owner="p-2"))

    assert await only(subscriptions, added.id) == changed


async def test_a_webhook_that_was_disabled_since_it_was_read_stays_so_when_it_is_saved(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    await database.write(disabling(added.number, why="it failed", at=NOW, unless_succeeded_since=NOW))

    await subscriptions.save(added)

    disabled = await only(subscriptions, added.id)
    await subscriptions.save(added, also=[reviving(added.number)])
    revived = await only(subscriptions, added.id)
    assert (disabled.state, disabled.disabled_why) == (State.DISABLED, "it failed")
    assert (revived.state, revived.disabled_at, revived.disabled_why) == (State.ACTIVE, None, "")


async def test_what_has_ended_is_not_saved(subscriptions: Subscriptions, database: Database) -> None:
    added = await subscriptions.add(made())
    await database.write(ending(added.number, at=NOW))

    with pytest.raises(NotFound):
        await subscriptions.save(added)
    with pytest.raises(Conflict):
        await database.write(ending(added.number, at=NOW + 1))

    assert (await only(subscriptions, added.id)).ended_at == NOW


async def test_subscriptions_of_a_subject_are_listed_in_steps(subscriptions: Subscriptions, database: Database) -> None:
    added = [await subscriptions.add(made()) for _ in range(5)]
    await subscriptions.add(made(subject=Subject("Group", "g-2")))
    await subscriptions.add(made(subject=Subject("Action", "g-1")))
    await database.write(ending(added[1].number, at=NOW))

    first, cursor = await subscriptions.of_subject(GROUP, limit=3)
    rest, end = await subscriptions.of_subject(GROUP, limit=3, cursor=cursor)

    assert first + rest == [added[0], added[2], added[3], added[4]]
    assert end == ""


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 30, "٣"])
async def test_a_cursor_that_no_list_made_is_refused(subscriptions: Subscriptions, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await subscriptions.of_subject(GROUP, limit=3, cursor=cursor)


async def test_a_subscription_is_disabled_with_the_event_that_tells_so(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    statement = disabling(added.number, why="it answered 410 Gone", at=NOW, unless_succeeded_since=NOW)

    assert len(await kept(database, publication(also=[statement]))) == 1

    found = await only(subscriptions, added.id)
    assert (found.state, found.disabled_at, found.disabled_why) == (State.DISABLED, NOW, "it answered 410 Gone")
    assert len(await kept(database, publication(also=[statement]))) == 0


async def test_a_subscription_that_heard_something_since_is_not_disabled(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    await database.settle((), [LaneChange(subscription=added.number, delivered=1, succeeded_at=NOW)], owner=0)

    with pytest.raises(Conflict):
        await database.write(disabling(added.number, why="it failed", at=NOW + 5, unless_succeeded_since=NOW - 1))

    await database.write(disabling(added.number, why="it failed", at=NOW + 5, unless_succeeded_since=NOW + 1))
    assert (await only(subscriptions, added.id)).state is State.DISABLED


async def test_two_reasons_to_withhold_must_both_be_gone(subscriptions: Subscriptions, database: Database) -> None:
    added = await subscriptions.add(made())
    seen = []

    for statement in (
        withholding(owner="p-1"),
        withholding(connector="c-1"),
        withholding(connector="c-1"),
        withholding(owner="p-1", withheld=False),
        withholding(connector="c-1", withheld=False),
    ):
        await database.write(statement)
        seen.append((await only(subscriptions, added.id)).withheld)

    assert seen == [True, True, True, True, False]


async def test_a_new_validity_is_announced_anew(subscriptions: Subscriptions, raw: Raw) -> None:
    added = await subscriptions.add(made())
    await raw("UPDATE subscription SET expiry_announced = 1")

    await subscriptions.save(added)
    [(same,)] = await raw("SELECT expiry_announced FROM subscription")
    await subscriptions.save(replace(added, expires_at=NOW + 2 * DAY))
    [(later,)] = await raw("SELECT expiry_announced FROM subscription")

    assert (same, later) == (1, 0)


async def test_a_vault_with_another_key_holds_them_and_changes_none(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    stranger = Subscriptions(database, Vault([new_key()]))

    held = await only(stranger, added.id)

    assert held.withheld
    assert held.secrets != added.secrets
    with pytest.raises(Conflict, match="cannot be changed"):
        await stranger.save(held)
    assert await only(subscriptions, added.id) == added


async def test_a_delivery_to_a_subscription_leaves_its_row_alone(
    subscriptions: Subscriptions, database: Database
) -> None:
    added = await subscriptions.add(made())
    version, _ = await subscriptions.changes(0)
    [id_] = await kept(database, publication(added.number))

    await database.settle([settlement(id_, to=added.number)], [LaneChange(subscription=added.number)], owner=0)

    assert await subscriptions.changes(version) == (version, [])
