"""Making, changing and ending subscriptions."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
import pytest

from tests.outbox.conftest import GROUP, House, types
from tests.outbox.test_handshake import KAIZALA, token_of
from tidings.core.clock import DAY, HOUR, MINUTE, SECOND
from tidings.core.errors import Conflict, Invalid, NotFound, Undeliverable
from tidings.core.event import Subject
from tidings.core.signature import SecretKind, new_key_pair
from tidings.core.subscription import DEFAULT_VALIDITY_MS, State
from tidings.outbox.terms import Terms
from tidings.store.audit import Asked, Audit
from tidings.store.subscriptions import disabling, withholding
from tidings.testing.endpoint import Answer, Captured, Endpoint

T = TypeVar("T")


async def test_a_new_webhook_has_the_defaults(house: House, endpoint: Endpoint) -> None:
    made, secret = await house.subscribing.create(
        GROUP, Terms(types=("*",), url=endpoint.url), connector="shop", owner="ada"
    )

    assert made == await house.now(made.number)
    assert made.state is State.ACTIVE
    assert made.expires_at == house.clock.now() + DEFAULT_VALIDITY_MS
    assert (made.format, made.connector, made.owner) == ("standard", "shop", "ada")
    assert made.secrets == (secret,)
    assert secret.kind is SecretKind.SHARED


async def test_the_format_follows_the_subject(house: House, endpoint: Endpoint) -> None:
    assert (await house.subscribe(endpoint.url, subject=KAIZALA)).format == "kaizala"


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (Terms(url="http://127.0.0.1/"), "eventTypes"),
        (Terms(types=(), url="http://127.0.0.1/"), "eventTypes"),
        (Terms(types=("*",)), "callBackUrl"),
        (Terms(types=("*",), url=""), "callBackUrl"),
    ],
    ids=["no types", "an empty list of types", "no URL", "an empty URL"],
)
async def test_a_webhook_needs(house: House, terms: Terms, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        await house.subscribing.create(GROUP, terms, connector="shop", owner="")


async def test_a_url_that_may_not_be_called_makes_no_webhook(house: House) -> None:
    with pytest.raises(Undeliverable):
        await house.subscribe("http://10.0.0.1/")

    assert (await house.publish()).deliveries == 0


async def test_secrets_that_are_rotated_twice_sign_each_for_their_overlap(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url, secret=new_key_pair())
    [first] = made.secrets
    began = house.clock.now()

    second = await house.subscribing.rotate(made, overlap_ms=2 * HOUR)
    third = await house.subscribing.rotate(made, overlap_ms=HOUR)

    secrets = (await house.now(made.number)).secrets
    assert [secret.key for secret in secrets] == [third.key, second.key, first.key]
    assert [secret.until for secret in secrets] == [None, began + HOUR, began + HOUR]
    assert {secret.kind for secret in secrets} == {SecretKind.PRIVATE}
    await house.later(HOUR)
    last = await house.subscribing.rotate(made, overlap_ms=0)
    assert (await house.now(made.number)).secrets == (last,)


async def test_that_its_owner_disables_and_enables_a_webhook_is_told(house: House, endpoint: Endpoint) -> None:
    async with Endpoint() as watcher:
        made = await house.subscribe(endpoint.url)
        await house.subscribe(watcher.url, subject=Subject("Webhook", made.id))

        disabled = await house.subscribing.change(made, Terms(), active=False)
        await house.publish()
        assert await house.states(made.number) == ["held"]
        assert disabled.disabled_why == "it was disabled by its owner"
        assert (await house.now(made.number)).disabled_at == house.clock.now()
        enabled = await house.subscribing.change(disabled, Terms(), active=True)

        await endpoint.received(1)
        assert enabled.state is State.ACTIVE
        assert (await house.now(made.number)).disabled_at is None
        await watcher.received(2)
        assert sorted(types(watcher.requests)) == ["webhook.disabled", "webhook.enabled"]


@pytest.mark.parametrize("active", [True, None], ids=["enabled again", "not mentioned"])
async def test_nothing_is_told_of_a_webhook_that_is_active_already(
    *, house: House, endpoint: Endpoint, active: bool | None
) -> None:
    async with Endpoint() as watcher:
        made = await house.subscribe(endpoint.url)
        await house.subscribe(watcher.url, subject=Subject("Webhook", made.id))

        changed = await house.subscribing.change(made, Terms(context="another"), active=active)
        await house.subscribing.end(changed)

        await watcher.received(1)
        assert types(watcher.requests) == ["webhook.ended"]
        assert changed.context == "another"


async def test_what_failed_while_it_was_disabled_goes_out_again_with_what_was_held(house: House) -> None:
    async with Endpoint(410, 200) as endpoint:
        made = await house.subscribe(endpoint.url)
        await house.publish(data=b'{"amount":1}')
        await endpoint.received(1)
        await house.reaches(lambda: not _is_sending(house, made.number))
        await house.later(MINUTE)
        await house.publish(data=b'{"amount":2}')

        await house.subscribing.change(await house.now(made.number), Terms(), active=True)

        await endpoint.received(3)
        await house.reaches_states(made.number, ["delivered", "delivered"])


def _is_sending(house: House, number: int) -> bool:
    found = house.hub.directory.index.get(number)
    return found is not None and found.is_sending


async def test_a_webhook_that_was_disabled_while_its_new_url_shook_hands_stays_disabled(
    house: House, endpoint: Endpoint
) -> None:
    answer = asyncio.Event()

    def slowly(request: Captured) -> Answer:
        return Answer(200, (), token_of(request).encode(), after=answer)

    async with Endpoint(slowly, echo=False) as slow:
        made = await house.subscribe(endpoint.url, subject=KAIZALA)
        changing = asyncio.create_task(house.subscribing.change(made, Terms(url=slow.url)))
        await slow.received(1)
        secret = await house.subscribing.rotate(made)
        now = house.clock.now()
        await house.database.write(disabling(made.number, why="it answered 410", at=now, unless_succeeded_since=now))
        answer.set()

        changed = await changing

        assert (changed.url, changed.state) == (slow.url, State.DISABLED)
        assert changed == await house.now(made.number)
        assert changed.secrets[0] == secret


async def test_a_webhook_that_has_ended_cannot_be_changed_rotated_or_ended(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url)
    await house.subscribing.end(made)

    with pytest.raises(NotFound):
        await house.subscribing.change(made, Terms(context="another"))
    with pytest.raises(NotFound):
        await house.subscribing.rotate(made)
    with pytest.raises(Conflict):
        await house.subscribing.end(made)


async def test_what_is_withheld_is_held_until_it_is_not_withheld_any_more(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url)
    await house.database.write(withholding(connector="shop"))
    assert not (await house.now(made.number)).is_sending
    await house.publish()
    await house.later(MINUTE)
    assert await house.states(made.number) == ["held"]

    await house.database.write(withholding(connector="shop", withheld=False))
    await house.hub.directory.refresh()

    await endpoint.received(1)


async def test_what_waits_for_a_webhook_that_gets_another_url_goes_there(house: House, endpoint: Endpoint) -> None:
    async with Endpoint(500) as before:
        made = await house.subscribe(before.url, schedule="24h")
        await house.publish(data=b'{"amount":7}')
        await before.received(1)
        await house.settled()

        await house.subscribing.change(made, Terms(url=endpoint.url))
        await house.later(20 * HOUR)

        await house.reaches(lambda: len(endpoint.requests) == 1, by=HOUR)
        assert msgspec.json.decode(endpoint.requests[0].body)["data"] == {"amount": 7}
        assert len(before.requests) == 1


async def audited(house: House, webhook: str) -> list[tuple[str, str]]:
    """Who did what to a webhook, oldest first."""
    told = await Audit(house.database).told(Asked(about=webhook), most=50)
    return [(one.actor, one.action) for one in sorted(told, key=lambda one: (one.at, one.id))]


async def test_every_change_is_in_the_audit_with_whoever_made_it(house: House, endpoint: Endpoint) -> None:
    terms = Terms(types=("*",), url=endpoint.url)
    made, _ = await house.subscribing.create(GROUP, terms, connector="shop", owner="", actor="ada")
    changed = await _a_second_later(house, house.subscribing.change(made, Terms(context="c"), actor="bo"))
    paused = await _a_second_later(house, house.subscribing.change(changed, Terms(), active=False, actor="cy"))
    both = house.subscribing.change(paused, Terms(context="d"), active=True, actor="di")
    active = await _a_second_later(house, both)
    await _a_second_later(house, house.subscribing.rotate(active, actor="ed"))
    await _a_second_later(house, house.subscribing.test(active, house.event(), actor="fi"))
    await _a_second_later(house, house.subscribing.end(active, actor="gil"))

    record = await audited(house, made.id)

    assert record[:3] == [("ada", "webhook.created"), ("bo", "webhook.changed"), ("cy", "webhook.paused")]
    assert sorted(record[3:5]) == [("di", "webhook.changed"), ("di", "webhook.resumed")]
    assert record[5:] == [("ed", "webhook.rotated"), ("fi", "webhook.tested"), ("gil", "webhook.ended")]


async def _a_second_later(house: House, change: Awaitable[T]) -> T:
    await house.later(SECOND)
    return await change


async def test_what_changes_nothing_is_not_in_the_audit(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url)

    await house.subscribing.change(made, Terms(), active=True, actor="ada")
    with pytest.raises(Invalid):
        await house.subscribing.change(made, Terms(types=()), actor="ada")
    with pytest.raises(Undeliverable):
        await house.subscribing.change(made, Terms(url="http://10.0.0.1/"), actor="ada")
    await house.subscribing.end(made)
    with pytest.raises(Conflict):
        await house.subscribing.end(made, actor="ada")
    with pytest.raises(NotFound):
        await house.subscribing.rotate(made, actor="ada")

    assert await audited(house, made.id) == []


async def test_of_two_who_end_a_webhook_at_once_the_audit_names_one(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url)

    ends = (house.subscribing.end(made, actor=actor) for actor in ("ada", "bo"))
    outcomes = await asyncio.gather(*ends, return_exceptions=True)

    assert [type(one) for one in outcomes if one is not None] == [Conflict]
    assert len(await audited(house, made.id)) == 1


async def test_a_test_event_is_of_now(house: House, endpoint: Endpoint) -> None:
    made = await house.subscribe(endpoint.url)
    sample = house.event()
    await house.later(DAY)

    event = await house.subscribing.test(made, sample)

    [request] = await endpoint.received(1)
    assert request.header("tidings-event-time") == str(house.clock.now())
    assert await house.history.event(event) is not None
