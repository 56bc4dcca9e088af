"""Events and deliveries are shown to those whose they are, and tried again when they ask."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.store.factories import claimed, event, kept, publication, settlement
from tests.web.callers import OTHER, SHOP
from tests.web.conversation import ask
from tidings.core.clock import Clock
from tidings.core.delivery import State
from tidings.core.event import Actor, Subject
from tidings.core.identifier import outside
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.audit import Audit
from tidings.store.connectors import Connectors
from tidings.store.database import Database, Key, Wanted
from tidings.store.history import History
from tidings.store.look_ups import LookUps, name_key
from tidings.store.subscriptions import Subscriptions, disabling, ending
from tidings.web.deliveries import DeliveriesApi
from tidings.web.door import Door
from tidings.web.events import EventsApi
from tidings.web.login import Login
from tidings.web.server import Server
from tidings.workspace.rights import Rights

TENANT = {"accessToken": "tdk_tenant"}
WEBHOOK = "0d5e5a36-9a52-4a5f-8a6a-2f6c1e7b8c90"
DAY_MS = 86_400_000


@dataclass(kw_only=True)
class Past:
    """A webhook of the connector `shop`, and what it was owed."""

    database: Database
    port: int
    owner: int
    number: int
    owed: list[int]

    async def publish(self, **fields: Any) -> int:  # noqa: ANN401 - the fields of an event
        """Publish an event that is owed to the webhook."""
        one = msgspec.structs.replace(event(source="shop"), **fields)
        keys = [Key(name_key(one.wire_id), b"")] if one.wire_id else []
        [identifier] = await kept(self.database, publication(self.number, of=one, keys=keys))
        return identifier

    async def try_all(self, state: State = State.DELIVERED) -> None:
        """Attempt everything that is due."""
        debts = await claimed(self.database, self.number, owner=self.owner)
        done = [settlement(debt.event.id, to=self.number, state=state, tries=1, due=debt.due) for debt in debts]
        await self.database.settle(done, (), owner=self.owner)

    def delivery(self, identifier: int) -> str:
        return outside(identifier, self.number)


@pytest.fixture
async def past(database: Database, login: Login) -> AsyncIterator[Past]:
    subscriptions = Subscriptions(database, Vault([new_key()]))
    await Connectors(database).name_application("shop", connector="shop", at=0)
    made = await subscriptions.add(
        Subscription(
            id=WEBHOOK,
            subject=Subject("Application", "shop"),
            types=compile_types(["*"]),
            url="https://example.com/",
            format="standard",
            connector="shop",
            expires_at=Clock().now() + DAY_MS,
        )
    )
    history, look_ups, owed = History(database), LookUps(database), list[int]()
    deliveries = DeliveriesApi(
        history=history,
        look_ups=look_ups,
        subscriptions=subscriptions,
        rights=Rights(database, subscriptions=subscriptions, clock=Clock(), group_types=()),
        clock=Clock(),
        on_owed=owed.append,
    )
    routes = [*EventsApi(history, look_ups).routes(), *deliveries.routes()]
    async with Server(Door(routes=routes, pages=(), login=login), clock=Clock()).listening("127.0.0.1", 0) as port:
        yield Past(database=database, port=port, owner=await database.enrol(), number=made.number, owed=owed)


# Events


async def test_an_event_is_shown_by_its_id_and_by_the_name_that_its_publisher_gave(past: Past) -> None:
    actor = Actor(phone="+910000000001", id="p-1", name="Asha")
    identifier = await past.publish(data=b'{"amount": 10.50}', wire_id="order-7", actor=actor)

    by_id = await ask(past.port, f"GET /v1/events/{outside(identifier)}", headers=SHOP)
    by_name = await ask(past.port, "GET /v1/events/order-7", headers=SHOP)

    assert by_id.status == 200
    assert by_id.body == by_name.body
    assert b'"data":{"amount": 10.50}' in by_id.body
    assert by_id.json == {
        "eventId": "order-7",
        "id": outside(identifier),
        "type": "order.created",
        "at": by_id.json["at"],
        "subjects": [{"objectType": "Application", "objectId": "shop"}],
        "data": {"amount": 10.5},
        "fromUser": "+910000000001",
        "fromUserId": "p-1",
        "fromUserName": "Asha",
    }


@pytest.mark.parametrize(
    "name", ["order-8", outside(1 << 40), outside(5, 7), "ffffffff-ffff-7fff-bfff-ffffffffffff", "a%2Fb", "%C3%A9"]
)
async def test_an_unknown_event_is_not_found(past: Past, name: str) -> None:
    assert (await ask(past.port, f"GET /v1/events/{name}", headers=SHOP)).status == 404


async def test_an_event_is_hidden_from_other_connectors_and_shown_to_tenant_tokens(past: Past) -> None:
    identifier = await past.publish(wire_id="order-7")
    path = f"GET /v1/events/{outside(identifier)}"

    assert (await ask(past.port, path, headers=OTHER)).status == 404
    assert (await ask(past.port, "GET /v1/events/order-7", headers=OTHER)).status == 404
    assert (await ask(past.port, path, headers=TENANT)).status == 200
    assert (await ask(past.port, "GET /v1/events", headers=OTHER)).json == {"events": []}
    assert len((await ask(past.port, "GET /v1/events", headers=TENANT)).json["events"]) == 1


async def test_events_are_listed_newest_first_in_pieces_that_miss_none(past: Past) -> None:
    ids = []
    for number in range(5):
        ids.append(outside(await past.publish(data=b'{"number":%d}' % number)))
        await kept(past.database, publication(of=event(source="other")))

    listed, cursor = [], ""
    while True:
        piece = (await ask(past.port, f"GET /v1/events?limit=2&cursor={cursor}", headers=SHOP)).json
        listed += [one["id"] for one in piece["events"]]
        if "cursor" not in piece:
            break
        cursor = piece["cursor"]

    assert listed == ids[::-1]


async def test_events_can_be_asked_for_by_type_object_and_time(past: Past) -> None:
    await past.publish(type="order.created")
    await past.publish(type="order.paid", subjects=(Subject("Application", "branch"),))
    since = Clock().now() - DAY_MS

    async def types(query: str) -> list[str]:
        answer = await ask(past.port, f"GET /v1/events?{query}", headers=SHOP)
        return [one["type"] for one in answer.json["events"]]

    assert await types("eventType=order.paid") == ["order.paid"]
    assert await types("objectType=Application&objectId=shop") == ["order.created"]
    assert await types(f"since={since}&until={since + 2 * DAY_MS}") == ["order.paid", "order.created"]
    assert await types("until=2026-01-31T09:00:00Z") == []
    assert await types("since=2026-01-31T09:00:00%2B05:30&limit=1") == ["order.paid"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("objectType=Group", "objectType: send it together with objectId"),
        ("objectId=g", "objectType: send it together with objectId"),
        ("since=yesterday", "since: must be epoch milliseconds"),
        ("since=2026-01-31T09:00:00", "since: must be epoch milliseconds, or a time with its offset"),
        ("until=9999-01-01T00:00:00Z", "until: must be between the years 1970 and 2109"),
        ("until=99999999999999999999999", "until: must be between"),
        ("cursor=x", "cursor: "),
        ("cursor=9999999999999999999", "cursor: "),
        ("limit=501", "limit: "),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(past: Past, *, query: str, words: str) -> None:
    answer = await ask(past.port, f"GET /v1/events?{query}", headers=SHOP)

    assert answer.status == 400
    assert words in answer.json["message"]


# Deliveries


async def test_a_delivery_is_shown_with_its_attempts(past: Past) -> None:
    identifier = await past.publish()
    await past.try_all(State.RETRYING)
    await past.try_all()

    shown = (await ask(past.port, f"GET /v1/deliveries/{past.delivery(identifier)}", headers=SHOP)).json

    assert shown["deliveryId"] == past.delivery(identifier)
    assert (shown["webhookId"], shown["event"]) == (WEBHOOK, outside(identifier))
    assert (shown["state"], shown["outcome"], shown["status"]) == ("delivered", "ok", 200)
    newest, oldest = shown["attempts"]
    assert (newest["outcome"], oldest["outcome"]) == ("ok", "refused")
    assert (oldest["status"], oldest["error"], oldest["address"]) == (503, "it answered 503", "127.0.0.1")
    assert newest["headers"] == [["content-type", "text/plain"]]
    assert newest["answer"] == "\x00thanks"
    assert newest["timings"] == {"nameMs": 0.1, "connectMs": 0.2, "tlsMs": None, "firstByteMs": 3.4, "totalMs": 5.6}


async def test_an_answer_that_is_no_text_is_shown_as_base64(past: Past) -> None:
    identifier = await past.publish()
    done = settlement(identifier, to=past.number)
    odd = msgspec.structs.replace(done, attempt=msgspec.structs.replace(done.attempt, answer=b"\xff", timings=()))
    await past.database.settle([odd], (), owner=past.owner)

    shown = (await ask(past.port, f"GET /v1/deliveries/{past.delivery(identifier)}", headers=SHOP)).json

    (attempt,) = shown["attempts"]
    assert attempt["answerBase64"] == "/w=="
    assert "answer" not in attempt
    assert attempt["timings"]["totalMs"] is None


async def test_deliveries_are_listed_by_state(past: Past) -> None:
    delivered = await past.publish()
    await past.try_all()
    failed = await past.publish()
    await past.try_all(State.FAILED)
    pending = await past.publish()

    async def listed(query: str) -> list[str]:
        answer = await ask(past.port, f"GET /v1/webhook/{WEBHOOK}/deliveries?{query}", headers=SHOP)
        return [one["deliveryId"] for one in answer.json["deliveries"]]

    assert await listed("") == [past.delivery(one) for one in (pending, failed, delivered)]
    assert await listed("states=failed,%20pending") == [past.delivery(one) for one in (pending, failed)]
    assert await listed(f"cursor={failed}") == [past.delivery(delivered)]


async def test_a_held_delivery_says_why_and_what_ends_that(past: Past) -> None:
    identifier = await past.publish()
    await past.database.write(disabling(past.number, why="10 in a row failed", at=1, unless_succeeded_since=0))
    listed = await ask(past.port, f"GET /v1/webhook/{WEBHOOK}/deliveries?states=held", headers=SHOP)
    shown = await ask(past.port, f"GET /v1/deliveries/{past.delivery(identifier)}", headers=SHOP)

    why = "the webhook is disabled: 10 in a row failed; it goes out when the webhook is active again"
    assert [(one["state"], one["heldBecause"]) for one in listed.json["deliveries"]] == [("held", why)]
    assert shown.json["heldBecause"] == why


async def test_a_delivery_that_waits_behind_another_is_shown_without_a_time_for_its_next_attempt(past: Past) -> None:
    ordered = [publication(past.number, of=event(source="shop"), order_key="") for _ in range(2)]
    first, second = [identifier for one in ordered for identifier in await kept(past.database, one)]
    await past.database.claim(
        [Wanted(subscription=past.number, most=1, is_ordered=True)], owner=past.owner, now=Clock().now() + DAY_MS
    )

    shown = (await ask(past.port, f"GET /v1/deliveries/{past.delivery(second)}", headers=SHOP)).json

    assert first < second
    assert shown["state"] == "pending"
    assert "dueAt" not in shown


async def test_a_state_that_there_is_not_is_refused_with_those_that_there_are(past: Past) -> None:
    answer = await ask(past.port, f"GET /v1/webhook/{WEBHOOK}/deliveries?states=lost", headers=SHOP)

    assert answer.status == 400
    assert "no state 'lost'; name some of pending, retrying" in answer.json["message"]


@pytest.mark.parametrize(
    "line",
    [
        f"GET /v1/webhook/{WEBHOOK}/deliveries",
        f"POST /v1/webhook/{WEBHOOK}/replay",
        "GET /v1/deliveries/{delivery}",
        "POST /v1/deliveries/{delivery}/retry",
        "POST /v1/deliveries/{delivery}/skip",
    ],
)
async def test_nobody_else_sees_or_touches_a_webhooks_deliveries(past: Past, line: str) -> None:
    identifier = await past.publish()

    answer = await ask(past.port, line.format(delivery=past.delivery(identifier)), headers=OTHER, json={"since": 0})

    assert answer.status == 404
    assert past.owed == []


@pytest.mark.parametrize(
    "name", ["x", outside(1 << 40), outside(1 << 40, 1), outside(1 << 40, 99), "ffffffff-ffff-7fff-bfff-ffffffffffff"]
)
async def test_an_unknown_delivery_is_not_found(past: Past, name: str) -> None:
    assert (await ask(past.port, f"GET /v1/deliveries/{name}", headers=SHOP)).status == 404


async def test_deliveries_of_an_unknown_webhook_are_not_found(past: Past) -> None:
    assert (await ask(past.port, "GET /v1/webhook/x/deliveries", headers=SHOP)).status == 404


async def test_a_finished_delivery_is_tried_again_when_its_owner_asks(past: Past) -> None:
    identifier = await past.publish()
    await past.try_all(State.FAILED)

    retried = await ask(past.port, f"POST /v1/deliveries/{past.delivery(identifier)}/retry", headers=SHOP)

    assert (retried.status, retried.json["state"]) == (200, "pending")
    assert "dueAt" in retried.json
    assert past.owed == [past.number]


async def test_a_delivery_that_waits_can_be_skipped_once(past: Past) -> None:
    identifier = await past.publish()
    skip = f"POST /v1/deliveries/{past.delivery(identifier)}/skip"

    first, second = await ask(past.port, skip, headers=SHOP), await ask(past.port, skip, headers=SHOP)

    assert (first.status, first.json["state"], first.json["outcome"]) == (200, "skipped", "none")
    assert "status" not in first.json
    assert second.status == 409


async def test_what_failed_in_a_time_is_delivered_again_on_request(past: Past) -> None:
    await past.publish(type="order.created")
    await past.publish(type="order.paid")
    await past.try_all(State.FAILED)
    await past.publish()
    await past.try_all()
    now = Clock().now()
    replay = f"POST /v1/webhook/{WEBHOOK}/replay"

    none = await ask(past.port, replay, headers=SHOP, json={"since": 0, "until": now - DAY_MS})
    paid = await ask(past.port, replay, headers=SHOP, json={"since": now - DAY_MS, "eventTypes": ["order.paid"]})
    rest = await ask(
        past.port,
        replay,
        headers=SHOP,
        json={"since": "2026-01-31T09:00:00Z", "states": ["failed", "delivered"]},
    )

    assert [answer.json["deliveries"] for answer in (none, paid, rest)] == [0, 1, 2]
    assert past.owed == [past.number] * 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "since: is missing"),
        ({"since": -1}, "since: "),
        ({"since": "2026-01-31"}, "since: "),
        ({"since": "1969-01-31T00:00:00Z"}, "since: must be between"),
        ({"since": 0, "states": []}, "states: "),
        ({"since": 0, "states": ["lost"]}, "states[0]: "),
        ({"since": 0, "states": ["pending"]}, "states: pending is not finished"),
        ({"since": 0, "eventTypes": ["a b"]}, "eventTypes[0]: "),
    ],
)
async def test_a_replay_that_makes_no_sense_is_refused(past: Past, *, body: dict[str, Any], words: str) -> None:
    answer = await ask(past.port, f"POST /v1/webhook/{WEBHOOK}/replay", headers=SHOP, json=body)

    assert answer.status == 400
    assert words in answer.json["message"]


async def test_what_was_replayed_retried_and_skipped_is_in_the_audit(past: Past) -> None:
    identifier = await past.publish()
    await past.try_all(State.FAILED)
    delivery = past.delivery(identifier)
    spelled = f"/v1/deliveries/{delivery.upper()}"

    await ask(past.port, f"POST {spelled}/retry", headers=OTHER)
    await ask(past.port, f"POST {spelled}/retry", headers=SHOP)
    await ask(past.port, f"POST {spelled}/skip", headers=TENANT)
    await ask(past.port, f"POST {spelled}/skip", headers=TENANT)
    replay = f"POST /v1/webhook/{WEBHOOK}/replay"
    await ask(past.port, replay, headers=SHOP, json={"since": 0})
    await ask(past.port, replay, headers=SHOP, json={"since": 0, "states": ["skipped"]})

    record = {(one.actor, one.action, one.about) for one in await Audit(past.database).entries()}
    assert record == {
        ("shop", "delivery.retried", delivery),
        ("office", "delivery.skipped", delivery),
        ("shop", "webhook.replayed", WEBHOOK),
    }


async def test_nothing_is_sent_again_to_a_webhook_that_has_ended_but_its_past_is_shown(past: Past) -> None:
    identifier = await past.publish()
    await past.try_all(State.FAILED)
    await past.database.write(ending(past.number, at=Clock().now()))
    delivery = f"/v1/deliveries/{past.delivery(identifier)}"

    assert (await ask(past.port, f"GET {delivery}", headers=SHOP)).json["state"] == "failed"
    assert (await ask(past.port, f"POST {delivery}/retry", headers=SHOP)).status == 409
    replay = await ask(past.port, f"POST /v1/webhook/{WEBHOOK}/replay", headers=SHOP, json={"since": 0})
    assert replay.status == 409
