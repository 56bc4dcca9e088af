"""Keeping events: in batches, against the subscriptions as they are, each with an outcome of its own."""

import gc
import logging

import pytest

from tests.outbox.conftest import GROUP, House, OpenHouse, Outage, failing_once
from tidings.core.clock import SECOND
from tidings.core.errors import Conflict, Unavailable
from tidings.outbox import publisher
from tidings.outbox.publisher import Draft
from tidings.store.database import Kept, Key
from tidings.store.subscriptions import ending
from tidings.testing.endpoint import Endpoint


def keyed(house: House, name: str, content: bytes) -> Draft:
    return Draft(event=house.event(), keys=(Key(name, content),))


async def test_an_event_is_matched_against_a_webhook_that_another_process_made_just_before(
    open_house: OpenHouse, endpoint: Endpoint
) -> None:
    async with open_house() as house, open_house(delivers=False, serving=False) as other:
        await other.subscribe(endpoint.url)

        kept = await house.publish()

        assert kept.deliveries == 1
        await endpoint.received(1)


async def test_what_is_published_together_has_an_outcome_each_and_one_refusal_sinks_nobody_else(
    house: House, endpoint: Endpoint
) -> None:
    await house.subscribe(endpoint.url)
    await house.hub.publisher.publish_one(keyed(house, "order-1", b"a"))

    first, same, other, last = await house.hub.publisher.publish(
        [house.draft(), keyed(house, "order-1", b"a"), keyed(house, "order-1", b"b"), house.draft()]
    )

    assert isinstance(first, Kept)
    assert isinstance(same, Kept)
    assert (same.is_duplicate, same.deliveries) == (True, 1)
    assert isinstance(other, Conflict)
    assert isinstance(last, Kept)
    await endpoint.received(3)
    await house.settled()
    assert len(endpoint.requests) == 3
    assert (house.hub.publisher.accepted, house.hub.publisher.duplicates) == (3, 1)
    assert house.courier.roster.held == 0


async def test_one_event_that_is_refused_raises_why(house: House) -> None:
    await house.hub.publisher.publish_one(keyed(house, "order-1", b"a"))

    with pytest.raises(Conflict):
        await house.hub.publisher.publish_one(keyed(house, "order-1", b"b"))


async def test_nothing_is_published_by_publishing_nothing(house: House) -> None:
    assert await house.hub.publisher.publish([]) == []


async def test_more_than_a_batch_is_kept_in_several(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "LARGEST_BATCH", 10)

    kept = await house.hub.publisher.publish([house.draft() for _ in range(35)])

    assert len({one.id for one in kept if isinstance(one, Kept)}) == 35


async def test_an_event_that_would_wait_too_long_is_refused_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "MOST_WAITING", 2)

    several, one, late = [house.hub.publisher.submit([house.draft()] * count) for count in (1, 5, 1)]

    with pytest.raises(Unavailable, match="send the event again"):
        await late
    assert [isinstance(kept, Kept) for kept in (*await several, *await one)] == [True] * 6


async def test_of_many_events_those_that_there_is_no_room_for_are_refused_and_the_others_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LARGEST_BATCH", 2)
    monkeypatch.setattr(publisher, "MOST_WAITING", 3)

    outcomes = await house.hub.publisher.publish_each([house.draft() for _ in range(5)])

    assert [type(outcome) for outcome in outcomes] == [Kept, Kept, Kept, Kept, Unavailable]


async def test_whoever_went_away_meanwhile_does_not_keep_the_others_from_their_answers(house: House) -> None:
    gone, there = house.hub.publisher.submit([house.draft()]), house.hub.publisher.submit([house.draft()] * 2)
    gone.cancel()

    first, second = await there
    assert isinstance(first, Kept)
    assert isinstance(second, Kept)
    assert first.id < second.id


async def test_what_was_submitted_is_kept_before_we_stop_and_nothing_afterwards(open_house: OpenHouse) -> None:
    async with open_house() as house:
        last = house.hub.publisher.submit([house.draft()])

    assert isinstance((await last)[0], Kept)
    with pytest.raises(Unavailable):
        await house.publish()


async def test_while_the_store_is_away_every_event_is_refused_and_none_is_forgotten_in_silence(
    house: House, endpoint: Endpoint, outage: Outage, caplog: pytest.LogCaptureFixture
) -> None:
    await house.subscribe(endpoint.url)

    async with outage():
        with pytest.raises(Unavailable):
            await house.hub.publisher.publish([house.draft() for _ in range(3)])
        gone = house.hub.publisher.submit([house.draft()])
        gone.cancel()
        with pytest.raises(Unavailable):
            await house.publish()

    gc.collect()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert house.courier.roster.held == 0
    await house.reaches(lambda: house.hub.tenure.is_fresh, by=SECOND)
    await house.publish()
    await house.reaches(lambda: len(endpoint.requests) == 1, by=SECOND)


async def test_if_the_subscriptions_cannot_be_read_anew_the_event_is_refused(
    house: House, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscription = await house.subscribe(endpoint.url)
    await house.database.write(ending(subscription.number, at=house.clock.now()))
    monkeypatch.setattr(house.subscriptions, "changes", failing_once(house.subscriptions.changes))

    with pytest.raises(Unavailable):
        await house.publish()

    assert (await house.publish()).deliveries == 0


async def test_an_event_for_one_webhook_that_has_ended_is_owed_to_nobody(house: House, endpoint: Endpoint) -> None:
    subscription = await house.subscribe(endpoint.url)
    await house.subscribing.end(subscription)

    kept = await house.hub.publisher.publish_one(Draft(event=house.event(), only=subscription.number))

    assert kept.deliveries == 0


async def test_events_of_one_order_key_arrive_in_their_order(house: House, endpoint: Endpoint) -> None:
    await house.subscribe(endpoint.url, order_key="data.customer")
    customers = [b"a", b"b", b"a", b"b", b"a"]

    await house.hub.publisher.publish(
        [house.draft(data=b'{"n":%d,"customer":"%b"}' % (n, customer)) for n, customer in enumerate(customers)]
    )

    await house.reaches(lambda: len(endpoint.requests) == 5, by=10)
    bodies = [request.body for request in endpoint.requests]
    for customer in (b'"a"', b'"b"'):
        mine = [body for body in bodies if customer in body]
        assert mine == sorted(mine, key=lambda body: body.index(b'"n":') and body[body.index(b'"n":') + 4])


async def test_an_event_of_two_subjects_reaches_a_webhook_of_both_once(house: House, endpoint: Endpoint) -> None:
    everything = type(GROUP)(GROUP.kind, "*")
    await house.subscribe(endpoint.url)
    await house.subscribe(endpoint.url, subject=everything)

    kept = await house.publish()

    await endpoint.received(2)
    await house.settled()
    assert kept.deliveries == 2
    assert len(endpoint.requests) == 2
