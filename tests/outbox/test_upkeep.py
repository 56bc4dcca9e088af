"""What time asks for: ends of validity, announcements, and forgetting what is old."""

import msgspec
import pytest

from tests.outbox.conftest import RETENTION_MS, House, OpenHouse, failing_once, types
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.event import Subject
from tidings.core.subscription import State
from tidings.outbox.directory import Directory
from tidings.outbox.notices import SYSTEM
from tidings.outbox.terms import Terms
from tidings.outbox.upkeep import Upkeep
from tidings.testing.endpoint import NEVER_ANSWERS, Endpoint

OTHER = Subject("Application", "invoices")


def upkeep(house: House) -> Upkeep:
    return Upkeep(
        database=house.database,
        publisher=house.hub.publisher,
        directory=house.hub.directory,
        retention_ms=RETENTION_MS,
    )


async def test_the_end_of_a_validity_is_announced_once_by_two_processes(
    open_house: OpenHouse, endpoint: Endpoint
) -> None:
    async with open_house() as house, open_house(delivers=False, serving=False) as other:
        made = await house.subscribe("http://127.0.0.1:9/", subject=OTHER, expires_at=house.clock.now() + 31 * DAY)
        await house.subscribe(endpoint.url, subject=SYSTEM)
        await other.hub.directory.refresh()
        now = house.clock.now()
        for one in (house, other):
            await upkeep(one).round(now=now + DAY - 1)

        for one in (house, other, house):
            await upkeep(one).round(now=now + DAY)

        await house.publish(subject=SYSTEM)
        await endpoint.received(2)
        await house.settled()
        assert sorted(types(endpoint.requests)) == ["order.created", "webhook.expiring"]
        [said] = [request for request in endpoint.requests if b"webhook.expiring" in request.body]
        assert msgspec.json.decode(said.body)["data"]["validity"] == made.expires_at


async def test_a_validity_that_is_made_longer_is_announced_again(house: House, endpoint: Endpoint) -> None:
    now = house.clock.now()
    made = await house.subscribe("http://127.0.0.1:9/", subject=OTHER, expires_at=now + DAY)
    await house.subscribe(endpoint.url, subject=SYSTEM)
    await upkeep(house).round(now=now)

    await house.subscribing.change(made, Terms(expires_at=now + 2 * DAY))
    await upkeep(house).round(now=now)

    await endpoint.received(2)
    assert types(endpoint.requests) == ["webhook.expiring", "webhook.expiring"]


async def test_a_webhook_ends_with_its_validity_when_nothing_is_owed_to_it_any_more(house: House) -> None:
    async with Endpoint(500, 200) as slow, Endpoint() as quiet, Endpoint() as watcher:
        now = house.clock.now()
        owing = await house.subscribe(slow.url, expires_at=now + HOUR, schedule="2h")
        done = await house.subscribe(quiet.url, expires_at=now + HOUR)
        await house.subscribe(watcher.url, subject=SYSTEM, types=("webhook.ended",))
        await house.publish()
        await quiet.received(1)
        await slow.received(1)
        await house.settled()

        await house.later(HOUR)
        await house.reaches(lambda: len(watcher.requests) == 1, by=MINUTE)
        assert msgspec.json.decode(watcher.requests[0].body)["data"]["webhookId"] == done.id
        assert msgspec.json.decode(watcher.requests[0].body)["data"]["why"] == "its validity ended"
        assert (await house.publish()).deliveries == 0
        assert house.hub.directory.index.get(done.number) is None
        assert house.hub.directory.index.get(owing.number) is not None

        await house.reaches(lambda: len(slow.requests) == 2, by=10 * MINUTE)
        await house.reaches(lambda: len(watcher.requests) == 2, by=MINUTE)
        assert await house.states(owing.number) == ["delivered"]


async def test_two_days_after_its_validity_a_webhook_ends_whatever_it_is_owed(house: House, endpoint: Endpoint) -> None:
    now = house.clock.now()
    made = await house.subscribe(endpoint.url, expires_at=now + HOUR)
    await house.subscribing.change(made, Terms(), active=False)
    await house.publish()

    await upkeep(house).round(now=now + HOUR + 2 * DAY - 1)
    assert (await house.now(made.number)).state is State.DISABLED
    await upkeep(house).round(now=now + HOUR + 2 * DAY)

    found = await house.subscriptions.get(made.id)
    assert found is not None
    assert (found.state, found.ended_at) == (State.ENDED, now + HOUR + 2 * DAY)
    assert await house.states(made.number) == ["cancelled"]


async def test_what_is_left_of_a_webhook_that_ended_is_cancelled_but_for_what_is_under_way(house: House) -> None:
    async with Endpoint(NEVER_ANSWERS) as silent:
        made = await house.subscribe(silent.url)
        for _ in range(3):
            await house.publish()
        await silent.received(2)

        await house.subscribing.end(made)
        await house.reaches(lambda: house.courier.in_flight == 2)
        await upkeep(house).round(now=house.clock.now())

        assert sorted(await house.states(made.number)) == ["cancelled", "held", "held"]


async def test_held_events_that_will_soon_be_too_old_are_announced_once_a_day(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe("http://127.0.0.1:9/")
    await house.subscribe(endpoint.url, subject=SYSTEM, types=("held.*",))
    await house.subscribing.change(made, Terms(), active=False)
    kept = [await house.publish() for _ in range(2)]
    event = await house.history.event(kept[0].id)
    assert event is not None
    kept_at = kept[0].id >> 20
    soon = kept_at + RETENTION_MS - DAY

    rounds = (soon + SECOND, soon + MINUTE, soon + HOUR)
    days = {now // DAY for now in rounds}  # two, in the last hour before midnight

    await upkeep(house).round(now=soon - MINUTE)
    for now in rounds:
        await upkeep(house).round(now=now)

    await endpoint.received(len(days))
    await house.settled()
    said, *others = [msgspec.json.decode(request.body) for request in endpoint.requests]
    assert len(others) == len(days) - 1
    assert said["type"] == "held.expiring"
    assert said["data"]["webhookId"] == made.id
    assert said["data"]["held"] == 2
    assert said["data"]["expiresBefore"] == soon + SECOND + DAY


async def test_after_the_retention_an_event_is_forgotten_and_what_was_held_is_cancelled(
    house: House, endpoint: Endpoint
) -> None:
    made = await house.subscribe(endpoint.url)
    await house.subscribing.change(made, Terms(), active=False)
    kept = await house.publish()
    kept_at = kept.id >> 20

    await upkeep(house).round(now=kept_at + RETENTION_MS)
    assert await house.history.event(kept.id) is not None
    await upkeep(house).round(now=kept_at + RETENTION_MS + 2 * DAY)

    assert await house.history.event(kept.id) is None
    assert await house.history.owed_to(made.number) == 0


async def test_more_than_a_step_is_forgotten_in_one_round(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidings.outbox.upkeep.STEP", 2)
    kept = [await house.publish() for _ in range(5)]

    await upkeep(house).round(now=(kept[-1].id >> 20) + RETENTION_MS + 2 * DAY)

    assert [await house.history.event(one.id) for one in kept] == [None] * 5


@pytest.mark.parametrize("validity_ms", [DAY, 365 * DAY], ids=["ends", "goes on"])
async def test_a_duty_about_a_webhook_that_this_process_does_not_know_yet_is_left_for_later(
    house: House, validity_ms: int
) -> None:
    made = await house.subscribe("http://127.0.0.1:9/", expires_at=house.clock.now() + validity_ms)
    await house.subscribing.change(made, Terms(), active=False)
    kept = await house.publish()
    unknowing = Upkeep(
        database=house.database,
        publisher=house.hub.publisher,
        directory=Directory(house.subscriptions),
        retention_ms=RETENTION_MS,
    )

    await unknowing.round(now=(kept.id >> 20) + RETENTION_MS - HOUR)

    assert (await house.now(made.number)).state is State.DISABLED


async def test_duties_that_the_store_could_not_do_are_done_in_the_next_round(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made = await house.subscribe(endpoint.url, expires_at=house.clock.now() + HOUR)
    monkeypatch.setattr(house.database, "expire", failing_once(house.database.expire))
    await house.reaches(lambda: "hub.upkeep_failed" in caplog.text, by=MINUTE)

    await house.reaches(lambda: house.hub.directory.index.get(made.number) is None, by=10 * MINUTE)
