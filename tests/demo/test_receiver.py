"""The demo's receivers, called over TLS as the demo calls them."""

import ipaddress
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest

from tidings.app.throw_away import throw_away
from tidings.core.clock import Clock
from tidings.core.signature import new_secret, sign
from tidings.demo.receiver import BROKEN, Callback, Receivers, gist
from tidings.egress.answer import Answer
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.web.server import Server

BODY = b'{"eventType":"TextMessageCreated","data":{"text":"Lunch is here"}}'
SECRET = new_secret()


class House:
    """Receivers that listen, and a client that trusts their certificate."""

    def __init__(self, receivers: Receivers, client: Client, *, url: str, seen: list[Callback]) -> None:
        self.receivers = receivers
        self.client = client
        self.url = url
        self.seen = seen

    async def call(self, name: str, *, delivery: str = "d-1", signature: str | None = None) -> Answer:
        """A callback to one receiver, signed as it should be."""
        now = Clock().now()
        signature = signature or sign([SECRET], delivery, timestamp=now // 1_000, body=BODY)
        headers = (
            ("webhook-id", delivery),
            ("webhook-timestamp", str(now // 1_000)),
            ("webhook-signature", signature),
            ("tidings-event-time", str(now)),
        )
        request = Request(method="POST", url=self.url + name, headers=headers, body=BODY, timeout_ms=60_000)
        return await self.client.send(request)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock, seen = Clock(), list[Callback]()
    receivers = Receivers(clock=clock, on_callback=seen.append)
    receivers.secrets["crm"] = SECRET
    certificate = throw_away(tmp_path, address="127.0.0.1", now=clock.now())
    guard = Guard(resolver=Resolver(clock=clock), allow=[ipaddress.ip_network("127.0.0.1/32")])
    async with (
        Server(receivers.application, clock=clock, certificate=certificate).listening("127.0.0.1", 0) as port,
        Client(guard=guard, clock=clock, ca_file=certificate.chain) as client,
    ):
        yield House(receivers, client, url=f"https://127.0.0.1:{port}/", seen=seen)


async def test_a_signed_callback_is_accepted_over_tls(house: House) -> None:
    answer = await house.call("crm")

    assert answer.status == 200
    assert [(one.receiver, one.status, one.attempt) for one in house.seen] == [("crm", 200, 1)]
    assert house.receivers.accepted == {"d-1"}


async def test_a_callback_with_a_wrong_signature_is_refused(house: House) -> None:
    answer = await house.call("crm", signature="v1,bm90IG91cnM=")

    assert answer.status == 401
    assert house.receivers.accepted == set()


async def test_a_callback_whose_secret_nobody_was_told_is_refused(house: House) -> None:
    assert (await house.call("unknown")).status == 401


async def test_a_broken_receiver_refuses_and_a_second_attempt_counts_as_retry(house: House) -> None:
    house.receivers.manners["crm"] = BROKEN

    first = await house.call("crm")
    del house.receivers.manners["crm"]
    second = await house.call("crm")

    assert (first.status, second.status) == (500, 200)
    assert [one.attempt for one in house.seen] == [1, 2]
    assert house.receivers.retries == 1


async def test_the_validation_token_comes_back(house: House) -> None:
    answer = await house.client.send(
        Request(method="GET", url=f"{house.url}crm?validationToken=123", headers=(), body=b"", timeout_ms=60_000)
    )

    assert (answer.status, answer.body) == (HTTPStatus.OK, b"123")


def asked(*questions: Mapping[str, object]) -> bytes:
    data = {"actionId": "a-1", "responseDetails": {"responseWithQuestions": questions}}
    return msgspec.json.encode({"eventType": "ActionResponse", "data": data})


OUTLET = {"title": "Outlet", "type": "SingleOption"}
PLACE = {"title": "Place", "type": "Location"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (BODY, ("TextMessageCreated", "Lunch is here")),
        (b'{"eventType":"MemberAdded","data":{"memberName":"Noor","type":"Member"}}', ("MemberAdded", "Noor")),
        (b'{"type":"order.created","timestamp":"2026-01-01T00:00:00Z","data":{"orderId":7}}', ("order.created", "7")),
        (b'{"type":"order.created","data":{}}', ("order.created", "")),
        (asked(OUTLET, PLACE), ("ActionResponse", "Outlet, Place")),
        (asked(OUTLET | {"answer": ["Hill"]}, PLACE), ("ActionResponse", "Hill")),
        (asked(OUTLET | {"answer": 2.0}, PLACE | {"answer": {"n": "Quay"}}), ("ActionResponse", "2, Quay")),
        (asked(OUTLET | {"answer": "Hill, or Harbour"}), ("ActionResponse", "Hill, or Harbour")),
    ],
)
def test_the_gist_of_a_callback_is_its_type_and_its_most_telling_words(body: bytes, expected: tuple[str, str]) -> None:
    assert gist(body) == expected
