"""A server on SQLite whose callbacks other processes send: as whole as ever, signed, in order, also to itself."""

import json
import os
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.children import children_of
from tidings.app.parts import Parts
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.event import Event, Subject
from tidings.egress.answer import Outcome
from tidings.egress.request import Request
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms
from tidings.testing.authority import Authority
from tidings.testing.endpoint import Endpoint

SUBJECT = Subject("Application", "orders")
MANY = 30


async def publish(parts: Parts, number: int) -> None:
    data = json.dumps({"line": "a", "number": number}).encode()
    event = Event(type="order.created", subjects=(SUBJECT,), data=data, at=parts.clock.now())
    await parts.hub.publisher.publish_one(Draft(event=event))


@pytest.mark.parametrize("workers", ["2", "3"])
async def test_callbacks_are_signed_in_order_and_with_our_certificate(tmp_path: Path, workers: str) -> None:
    authority = Authority(tmp_path)
    tls = authority.issue("127.0.0.1").server_context(client_authority=authority.ca_file)
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        workers=workers,
        egress_allow="127.0.0.1/32",
        egress_ca=str(authority.ca_file),
    )
    async with Endpoint(tls=tls) as endpoint, served(settings) as serving:
        parts = serving.parts
        terms = Terms(
            types=("*",),
            url=endpoint.url,
            order_key="data.line",
            client_certificate=authority.issue("Tidings", is_client=True).pem,
        )
        _, secret = await parts.subscribing.create(SUBJECT, terms, connector="shop", owner="")
        porters = children_of(os.getpid(), running="tidings.egress.porter")
        for number in range(MANY):
            await publish(parts, number)
        arrived = await endpoint.received(MANY)

    assert len(porters) == int(workers) - 1
    told = [Webhook(secret.text).verify(one.body, dict(one.headers)) for one in arrived]
    assert [one["data"]["number"] for one in told] == list(range(MANY))
    assert children_of(os.getpid(), running="tidings.egress.porter") == []


async def test_our_own_addresses_that_catch_are_called_and_no_others_and_porters_are_counted(tmp_path: Path) -> None:
    settings = load({}, folder=tmp_path, database=f"sqlite:{tmp_path / 'tidings.db'}", port="0", workers="2")
    async with served(settings) as serving:

        async def status(path: str) -> tuple[Outcome, int | None]:
            answer = await serving.parts.client.send(Request(url=serving.url + path, timeout_ms=60_000))
            return answer.outcome, answer.status

        async with httpx.AsyncClient(base_url=serving.url) as http:
            assert "tidings_porters 1.0" in (await http.get("metrics")).text.splitlines()
        assert await status("bin/nothing") == (Outcome.REFUSED, 404)
        assert await status("v1/events") == (Outcome.FORBIDDEN, None)
