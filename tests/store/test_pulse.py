"""What charts and lists of the console are made of: one behaviour, two engines."""

from tests.store.conftest import Raw
from tests.store.factories import NOW, SHOP, event, kept, publication, settlement
from tidings.core.circuit import Circuit
from tidings.core.clock import MINUTE
from tidings.core.delivery import State
from tidings.store.database import Database, LaneChange
from tidings.store.pulse import Counts, Pulse, Step

URL = "https://example.com/callbacks"


async def test_what_several_processes_did_in_a_minute_adds_up(database: Database) -> None:
    pulse = Pulse(database)

    await pulse.add(MINUTE, Counts(kept=3, delivered=2))
    await pulse.add(MINUTE, Counts(kept=1, failed=4))
    await pulse.add(3 * MINUTE, Counts(received=5))

    assert await pulse.steps(since=0, until=9 * MINUTE, step_ms=MINUTE, most=9) == [
        Step(at=MINUTE, kept=4, delivered=2, failed=4),
        Step(at=3 * MINUTE, received=5),
    ]
    assert await pulse.steps(since=0, until=9 * MINUTE, step_ms=10 * MINUTE, most=9) == [
        Step(at=0, kept=4, delivered=2, failed=4, received=5)
    ]
    assert await pulse.steps(since=MINUTE + 1, until=3 * MINUTE, step_ms=MINUTE, most=9) == []


async def test_minutes_from_before_an_instant_are_forgotten(database: Database) -> None:
    pulse = Pulse(database)
    await pulse.add(MINUTE, Counts(kept=1))
    await pulse.add(2 * MINUTE, Counts(kept=2))

    await pulse.forget(before=2 * MINUTE)

    assert [step.kept for step in await pulse.steps(since=0, until=9 * MINUTE, step_ms=MINUTE, most=9)] == [2]


async def test_the_newest_events_come_newest_first_without_what_they_carry(database: Database) -> None:
    ids = await kept(database, *(publication(of=event(type_=f"t{number}")) for number in range(4)))

    newest = await Pulse(database).events(after=0, most=2)
    since = await Pulse(database).events(after=ids[2], most=9)

    assert [one.type for one in newest] == ["t3", "t2"]
    assert newest[0].subjects == (SHOP,)
    assert [one.id for one in since] == [ids[3]]


async def test_the_newest_attempts_say_to_which_webhook_they_went(database: Database, raw: Raw, owner: int) -> None:
    number = await webhook(raw)
    ids = await kept(database, publication(number), publication(number), owner=owner)
    await database.settle([settlement(ids[0], to=number)], (), owner=owner)
    await database.settle([settlement(ids[1], to=number, state=State.RETRYING, due=9)], (), owner=owner)
    pulse = Pulse(database)

    newest = await pulse.attempts(after=0, most=9)

    assert [(one.event, one.state, one.status, one.url) for one in newest] == [
        (ids[1], "retrying", 503, URL),
        (ids[0], "delivered", 200, URL),
    ]
    assert await pulse.attempts(after=newest[0].id, most=9) == []
    assert len(await pulse.attempts(after=0, most=1)) == 1


async def test_webhooks_whose_last_attempt_failed_are_in_trouble(database: Database, raw: Raw, owner: int) -> None:
    number = await webhook(raw)
    changes = LaneChange(subscription=number, failed=1, delivered=2, succeeded_at=NOW, refused_at=NOW + 1)
    await database.settle([], [changes], owner=owner)
    pulse = Pulse(database)

    [trouble] = await pulse.troubles(since=0, most=9)

    assert (trouble.url, trouble.delivered, trouble.failed, trouble.refused_at) == (URL, 2, 1, NOW + 1)
    assert trouble.circuit == Circuit()
    assert await pulse.troubles(since=NOW + 1, most=9) == []
    await database.settle([], [LaneChange(subscription=number, succeeded_at=NOW + 2)], owner=owner)
    assert await pulse.troubles(since=0, most=9) == []


async def webhook(raw: Raw) -> int:
    """The number of a webhook that is active."""
    columns = (
        "id, version, kind, object, types, url, format, secrets, headers, timeout_ms, rate, state, connector, owner"
    )
    values = f"'w', 0, 'Application', 'shop', '[]', '{URL}', 'standard', '', '', 1, 0, 'active', 'c', ''"
    await raw(f"INSERT INTO subscription ({columns}, created_at, expires_at) VALUES ({values}, 0, 0)")  # noqa: S608 - ours
    [(number,)] = await raw("SELECT number FROM subscription")
    return int(number)
