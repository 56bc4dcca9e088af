"""What becomes of an event that somebody wants."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from tests.outbox.conftest import GROUP, House, OpenHouse
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.event import Subject
from tidings.core.identifier import outside
from tidings.core.signature import sign
from tidings.core.subscription import State
from tidings.outbox.terms import Terms
from tidings.store.database import LaneChange
from tidings.store.lanes import Lanes
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Captured, Endpoint

DEFAULT_WAITS = (10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)


def amounts(requests: list[Captured]) -> list[int]:
    """What the callbacks say, in the order of their arrival."""
    return [msgspec.json.decode(request.body)["data"]["amount"] for request in requests]


async def test_an_event_arrives_once_with_all_its_names(house: House, endpoint: Endpoint) -> None:
    subscription = await house.subscribe(endpoint.url, token="sesame", headers={"x-team": "red"}, basic_auth="ada:pw")

    kept = await house.publish()

    [request] = await endpoint.received(1)
    assert kept.deliveries == 1
    assert request.header("webhook-id") == outside(kept.id, subscription.number)
    assert request.header("tidings-event-id") == outside(kept.id)
    assert request.header("tidings-event-time") == str(house.clock.now())
    assert request.header("kz-callback-token") == "sesame"
    assert request.header("x-team") == "red"
    assert request.header("authorization") == "Basic YWRhOnB3"
    await house.settled()
    assert await house.states(subscription.number) == ["delivered"]
    assert len(endpoint.requests) == 1


async def test_while_a_secret_is_rotated_old_and_new_sign(house: House, endpoint: Endpoint) -> None:
    before = await house.subscribe(endpoint.url)
    new = await house.subscribing.rotate(before, overlap_ms=HOUR)

    await house.publish()
    await endpoint.received(1)
    await house.later(2 * HOUR)
    await house.publish()

    during, after = await endpoint.received(2)
    for request, secrets in ((during, [new, *before.secrets]), (after, [new])):
        expected = sign(
            [replace(secret, until=None) for secret in secrets],
            request.header("webhook-id") or "",
            timestamp=int(request.header("webhook-timestamp") or 0),
            body=request.body,
        )
        assert request.header("webhook-signature") == expected


async def test_a_failing_endpoint_gets_seven_attempts_by_the_schedule_and_is_then_disabled(house: House) -> None:
    async with Endpoint(500) as failing, Endpoint() as watcher:
        subscription = await house.subscribe(failing.url)
        await house.subscribe(watcher.url, subject=Subject("Webhook", subscription.id))
        await house.publish()

        for attempt, wait in enumerate(DEFAULT_WAITS, start=1):
            await failing.received(attempt)
            await house.settled()
            await house.later(round(wait * 0.89))
            assert len(failing.requests) == attempt
            await house.reaches(lambda: len(failing.requests) > attempt, by=round(wait * 0.03))  # noqa: B023
        await house.reaches(lambda: len(watcher.requests) == 2, by=SECOND)

        assert len(failing.requests) == 7
        # Both are owed at the same time, and sent side by side.
        types = {msgspec.json.decode(request.body)["type"] for request in watcher.requests}
        assert types == {"delivery.failed", "webhook.disabled"}
        assert (await house.now(subscription.number)).state is State.DISABLED
        assert await house.states(subscription.number) == ["failed"]


async def test_what_a_disabled_webhook_missed_arrives_oldest_first_once_it_is_active_again(house: House) -> None:
    first_two = asyncio.Event()
    answering = Answer(200, after=first_two)
    async with Endpoint(410, answering) as endpoint:
        subscription = await house.subscribe(endpoint.url, schedule="1s", order_key=None)
        await house.publish(data=b'{"amount":1}')
        await endpoint.received(1)
        await house.reaches(lambda: not house.hub.directory.index.get(subscription.number).is_sending)  # type: ignore[union-attr]
        for amount in (2, 3, 4):
            await house.later(SECOND)
            await house.publish(data=b'{"amount":%d}' % amount)
        assert await house.states(subscription.number) == ["failed", "held", "held", "held"]

        await house.subscribing.change(await house.now(subscription.number), Terms(), active=True)

        await endpoint.received(3)
        assert sorted(amounts(endpoint.requests[1:])) == [1, 2]
        first_two.set()
        await endpoint.received(5)
        assert sorted(amounts(endpoint.requests[1:])) == [1, 2, 3, 4]


async def test_retry_after_is_waited_for(house: House) -> None:
    async with Endpoint(Answer(503, (("retry-after", "3600"),)), 200) as endpoint:
        await house.subscribe(endpoint.url, schedule="1s")
        await house.publish()
        await endpoint.received(1)
        await house.settled()

        await house.later(59 * MINUTE)
        early = len(endpoint.requests)
        await house.reaches(lambda: len(endpoint.requests) == 2, by=30 * SECOND)

        assert early == 1


@pytest.mark.parametrize("terms", [{"is_ordered": True}, {"order_key": "data.customer"}], ids=["webhook", "key"])
async def test_in_an_ordered_webhook_a_failed_delivery_holds_those_behind_it(
    house: House, terms: dict[str, Any]
) -> None:
    async with Endpoint(500, 200) as endpoint:
        await house.subscribe(endpoint.url, schedule="10s,10s", **terms)
        for amount in (1, 2, 3):
            await house.publish(data=b'{"amount":%d,"customer":"a"}' % amount)

        await house.reaches(lambda: len(endpoint.requests) == 4, by=SECOND)

        assert amounts(endpoint.requests) == [1, 1, 2, 3]


async def test_one_order_key_does_not_hold_another(house: House) -> None:
    async with Endpoint(lambda request: 500 if b'"a"' in request.body else 200) as endpoint:
        await house.subscribe(endpoint.url, order_key="data.customer")
        for amount, customer in ((1, b"a"), (2, b"a"), (3, b"b"), (4, b"b")):
            await house.publish(data=b'{"amount":%d,"customer":"%b"}' % (amount, customer))

        await endpoint.received(3)

        assert sorted(amounts(endpoint.requests)) == [1, 3, 4]


async def test_a_rate_limit_spreads_deliveries(house: House, endpoint: Endpoint) -> None:
    await house.subscribe(endpoint.url, rate=1.0)
    for amount in range(4):
        await house.publish(data=b'{"amount":%d}' % amount)
    began = house.clock.now()

    await house.reaches(lambda: len(endpoint.requests) == 4, by=100)

    assert house.clock.now() - began >= 2.9 * SECOND


async def test_an_endpoint_that_is_down_is_probed_and_costs_no_tries(house: House) -> None:
    async with Endpoint(500) as endpoint, Endpoint() as watcher:
        subscription = await house.subscribe(endpoint.url)
        await house.subscribe(watcher.url, subject=Subject("Webhook", subscription.id), types=("circuit.*",))
        for _ in range(12):
            await house.publish()
        await watcher.received(1)
        await house.settled()
        tried = len(endpoint.requests)
        await house.later(9 * SECOND)
        await house.settled()
        assert len(endpoint.requests) == tried
        assert house.hub.courier is not None
        assert house.hub.courier.roster.circuits()["open"] == 1

        await house.reaches(lambda: len(endpoint.requests) == tried + 1, by=SECOND)
        endpoint.script(200)
        await house.reaches(lambda: len(watcher.requests) == 2, by=SECOND)

        opened, closed = (msgspec.json.decode(request.body) for request in watcher.requests)
        assert opened["type"] == "circuit.opened"
        assert opened["data"]["failures"] == 10
        assert closed["type"] == "circuit.closed"
        await house.reaches(lambda: len(endpoint.requests) >= tried + 13, by=SECOND)
        states = await house.states(subscription.number)
        assert set(states) <= {"delivered", "retrying", "pending"}


async def test_one_dead_endpoint_does_not_delay_another(house: House, endpoint: Endpoint) -> None:
    async with Endpoint(NEVER_ANSWERS) as dead:
        await house.subscribe(dead.url)
        await house.subscribe(endpoint.url)

        for amount in range(50):
            await house.publish(data=b'{"amount":%d}' % amount)

        await endpoint.received(50)
        assert 1 <= len(dead.requests) <= 2


async def test_what_was_not_delivered_when_we_stopped_is_delivered_after_the_restart(open_house: OpenHouse) -> None:
    async with Endpoint(500, 200) as endpoint:
        async with open_house() as first:
            await first.subscribe(endpoint.url)
            await first.publish(data=b'{"amount":1}')
            await endpoint.received(1)
        async with open_house() as second:
            await second.reaches(lambda: len(endpoint.requests) == 2, by=SECOND)

    assert amounts(endpoint.requests) == [1, 1]


async def test_a_process_that_does_not_deliver_leaves_it_to_one_that_does(
    open_house: OpenHouse, endpoint: Endpoint
) -> None:
    async with open_house(delivers=False) as accepting:
        subscription = await accepting.subscribe(endpoint.url)
        await accepting.publish()
        assert await accepting.states(subscription.number) == ["pending"]
    async with open_house():
        await endpoint.received(1)

    assert amounts(endpoint.requests) == [1]


async def test_deliveries_of_an_ended_webhook_are_cancelled(house: House) -> None:
    async with Endpoint(500) as endpoint:
        subscription = await house.subscribe(endpoint.url)
        await house.publish()
        await endpoint.received(1)
        await house.settled()

        await house.subscribing.end(subscription)
        await house.later(DAY)

        assert len(endpoint.requests) == 1
        assert await house.states(subscription.number) == ["cancelled"]
        assert (await house.publish()).deliveries == 0


async def test_a_filter_decides(house: House, endpoint: Endpoint) -> None:
    await house.subscribe(endpoint.url, filters=[{"path": "data.amount", "op": "gt", "value": 10}])

    small, large = await house.publish(data=b'{"amount":3}'), await house.publish(data=b'{"amount":30}')

    await endpoint.received(1)
    assert (small.deliveries, large.deliveries) == (0, 1)
    assert amounts(endpoint.requests) == [30]


async def test_a_test_event_goes_to_one_webhook_whatever_it_wants(house: House, endpoint: Endpoint) -> None:
    async with Endpoint() as other:
        await house.subscribe(other.url)
        subscription = await house.subscribe(endpoint.url, types=("nothing.like.it",))

        await house.subscribing.test(subscription, house.event())

        await endpoint.received(1)
        assert other.requests == []


async def test_a_callback_that_cannot_be_written_is_a_failed_attempt_and_stops_nobody(
    house: House, endpoint: Endpoint
) -> None:
    subscription = await house.subscribe(endpoint.url)
    other = await house.subscribe(endpoint.url)
    assert house.hub.courier is not None
    lane = house.hub.courier.roster.lane(subscription)
    del lane.caller

    await house.publish()

    await endpoint.received(1)
    await house.settled()
    assert await house.states(subscription.number) == ["retrying"]
    assert await house.states(other.number) == ["delivered"]


async def test_an_event_about_another_subject_is_kept_and_owed_to_nobody(house: House, endpoint: Endpoint) -> None:
    await house.subscribe(endpoint.url)

    kept = await house.publish(subject=Subject(GROUP.kind, "invoices"))

    assert kept.deliveries == 0
    assert await house.history.event(kept.id) is not None


async def test_a_webhook_whose_format_this_process_does_not_know_is_a_failed_attempt_and_stops_nobody(
    house: House, endpoint: Endpoint
) -> None:
    known = await house.subscribe(endpoint.url)
    unknown = await house.subscribe(endpoint.url)
    await house.subscriptions.save(replace(unknown, format="of.tomorrow"))

    await house.publish()

    await endpoint.received(1)
    await house.settled()
    assert await house.states(unknown.number) == ["retrying"]
    assert await house.states(known.number) == ["delivered"]


async def test_a_slow_success_does_not_hide_a_later_one(house: House, endpoint: Endpoint) -> None:
    subscription = await house.subscribe(endpoint.url)
    now = house.clock.now()

    for succeeded_at in (now, now - SECOND, 0):
        change = LaneChange(subscription=subscription.number, succeeded_at=succeeded_at, refused_at=succeeded_at)
        await house.database.settle((), [change], owner=0)

    health = await Lanes(house.database).health(subscription.number)
    assert (health.succeeded_at, health.refused_at) == (now, now)
