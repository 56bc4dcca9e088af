"""Whoever subscribed to it hears how webhooks fare, and nobody hears it about the webhook that hears it."""

import asyncio

import msgspec
import pytest

from tests.outbox.conftest import House, OpenHouse, failing_once, types
from tidings.core.clock import SECOND
from tidings.core.errors import Unavailable
from tidings.core.event import Subject
from tidings.core.identifier import outside
from tidings.core.subscription import State
from tidings.outbox.notices import SYSTEM
from tidings.testing.endpoint import Answer, Endpoint

EVERY_WEBHOOK = Subject("Webhook", "*")


async def test_a_failed_delivery_is_told_with_what_there_is_to_know(house: House) -> None:
    async with Endpoint(503) as failing, Endpoint() as watcher:
        made = await house.subscribe(failing.url, schedule="1s")
        await house.subscribe(watcher.url, subject=SYSTEM)
        kept = await house.publish()
        await failing.received(1)
        await house.reaches(lambda: len(failing.requests) == 2, by=SECOND)

        failed, disabled = [msgspec.json.decode(request.body) for request in await watcher.received(2)]

        about = {
            "webhookId": made.id,
            "objectType": "Application",
            "objectId": "orders",
            "callbackUrl": failing.url,
        }
        assert failed["type"] == "delivery.failed"
        assert failed["data"] == about | {
            "deliveryId": outside(kept.id, made.number),
            "eventId": outside(kept.id),
            "status": 503,
            "error": "the endpoint answered 503",
        }
        assert disabled["type"] == "webhook.disabled"
        assert disabled["data"] == about | {"why": "a delivery failed after its last retry (status 503)"}
        assert (await house.now(made.number)).disabled_why == disabled["data"]["why"]


async def test_a_webhook_to_which_something_succeeded_since_is_not_disabled(house: House) -> None:
    async with Endpoint(500, 200, 500) as endpoint, Endpoint() as watcher:
        made = await house.subscribe(endpoint.url, schedule="1m")
        await house.subscribe(watcher.url, subject=SYSTEM)
        await house.publish()
        await endpoint.received(1)
        await house.settled()
        await house.later(SECOND)
        await house.publish()
        await endpoint.received(2)
        await house.settled()
        await house.reaches(lambda: len(endpoint.requests) == 3, by=10 * SECOND)

        await watcher.received(1)
        await house.settled()

        assert types(watcher.requests) == ["delivery.failed"]
        assert await house.states(made.number) == ["failed", "delivered"]
        assert (await house.now(made.number)).state is State.ACTIVE


async def test_an_endpoint_that_cannot_be_reached_is_named_with_its_error(house: House) -> None:
    async with Endpoint() as watcher, Endpoint() as closed:
        url = closed.url
        await closed.__aexit__()
        made = await house.subscribe(url, schedule="1s")
        await house.subscribe(watcher.url, subject=SYSTEM, types=("webhook.disabled",))
        await house.publish()

        await house.reaches(lambda: watcher.requests, by=SECOND)

        why = msgspec.json.decode(watcher.requests[0].body)["data"]["why"]
        assert why.startswith("a delivery failed after its last retry (")
        assert "status" not in why
        assert (await house.now(made.number)).disabled_why == why


async def test_a_notice_never_goes_to_the_webhook_that_it_is_about(house: House) -> None:
    async with Endpoint(410) as hears_itself, Endpoint() as watcher:
        made = await house.subscribe(hears_itself.url, subject=EVERY_WEBHOOK)
        await house.subscribe(watcher.url, subject=SYSTEM)
        await house.publish(subject=Subject("Webhook", "another"))

        await watcher.received(2)
        await house.settled()

        assert types(watcher.requests) == ["delivery.failed", "webhook.disabled"]
        assert len(hears_itself.requests) == 1
        assert await house.states(made.number) == ["failed"]


async def test_a_notice_waits_for_the_store_and_the_webhook_is_disabled_in_the_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Endpoint(410) as gone, Endpoint() as watcher:
        made = await house.subscribe(gone.url)
        await house.subscribe(watcher.url, subject=SYSTEM)
        await house.publish()
        await gone.received(1)
        monkeypatch.setattr(house.database, "keep", failing_once(house.database.keep))

        await house.reaches(lambda: len(watcher.requests) == 2, by=SECOND)

        assert types(watcher.requests) == ["delivery.failed", "webhook.disabled"]
        assert (await house.now(made.number)).state is State.DISABLED


async def test_work_goes_on_although_the_directory_could_not_be_read_after_a_disabling(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Endpoint(410) as gone, Endpoint() as watcher:
        made = await house.subscribe(gone.url)
        await house.subscribe(watcher.url, subject=SYSTEM)
        monkeypatch.setattr(house.hub.directory, "refresh", failing_once(house.hub.directory.refresh))
        await house.publish()

        await house.reaches(lambda: len(watcher.requests) >= 2, by=SECOND)
        await house.publish()

        await house.reaches_states(made.number, ["failed", "held"], by=SECOND)


async def test_a_notice_that_cannot_be_kept_before_we_stop_is_lost_and_that_is_said(
    open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with Endpoint(410) as gone, open_house() as house:
        await house.subscribe(gone.url)
        await house.publish()

        async def never(*_: object, **__: object) -> object:
            raise Unavailable("the disk is full")

        await gone.received(1)
        monkeypatch.setattr(house.database, "keep", never)
        await house.settled()

    assert "notice.lost type=delivery.failed" in caplog.text


async def test_nothing_is_told_of_a_delivery_whose_webhook_has_ended(house: House) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(410, after=answer)) as gone, Endpoint() as watcher:
        made = await house.subscribe(gone.url)
        await house.subscribe(watcher.url, subject=SYSTEM)
        await house.publish()
        await gone.received(1)
        await house.subscribing.end(made)
        answer.set()

        await house.settled()
        await house.reaches_states(made.number, ["failed"])
        await house.publish(subject=SYSTEM)
        await watcher.received(2)

        assert sorted(types(watcher.requests)) == ["order.created", "webhook.ended"]


async def test_a_webhook_that_is_disabled_is_not_disabled_again(house: House) -> None:
    answer = asyncio.Event()
    async with Endpoint(Answer(410), Answer(410, after=answer)) as gone, Endpoint() as watcher:
        made = await house.subscribe(gone.url)
        await house.subscribe(watcher.url, subject=SYSTEM)
        for _ in range(2):
            await house.publish()
        await gone.received(2)
        await watcher.received(2)
        await house.now(made.number)

        answer.set()

        await watcher.received(3)
        await house.settled()
        assert sorted(types(watcher.requests)) == ["delivery.failed", "delivery.failed", "webhook.disabled"]
