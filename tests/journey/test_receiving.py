"""Sources of other forms: where their callbacks go, how they prove themselves, and what operators see of them."""

import asyncio
from urllib.parse import quote, urlsplit

import pytest

from tests.journey.conftest import House
from tests.web.conversation import Answer, ask
from tidings.core.clock import SECOND
from tidings.core.signature import parse, sign
from tidings.dialects.discovery import discover
from tidings.inbox.inbox import address_of

RUN = discover().received["connectreport"][0].body


async def send(house: House, path: str, *, body: bytes, headers: dict[str, str] | None = None) -> Answer:
    return await ask(house.parts.settings.port, f"POST {path}", headers=headers, body=body)


@pytest.mark.parametrize("secret", [None, "a/b ?&=%ü#"])
async def test_who_can_be_told_nothing_but_an_address_proves_itself_by_it(house: House, secret: str | None) -> None:
    source = await house.parts.inbox.create_source("runs", dialect="connectreport", actor="test", secret=secret)
    url = urlsplit(address_of(source, base_url=house.parts.settings.base_url))

    kept = await send(house, url.path, body=RUN)
    also_kept = await send(house, f"/receive/runs?key={quote(source.secret.reveal(), safe='')}", body=RUN + b" ")
    greeted = await ask(house.parts.settings.port, f"GET {url.path}?validationToken=7")
    await house.reaches(lambda: house.parts.inbox.laying.laid == 2, by=SECOND)

    assert (kept.status, also_kept.status) == (200, 200)
    assert (greeted.status, greeted.body) == (200, b"7")
    tables = await asyncio.to_thread(house.parts.open_tables)
    await asyncio.to_thread(tables.refresh)
    assert "report_runs" in tables.known()


async def test_a_guessed_address_is_refused_whatever_else_is_in_it(house: House) -> None:
    await house.parts.inbox.create_source("runs", dialect="connectreport", actor="test")

    for path in ("runs", "runs/", "runs/guessed", "runs/guessed?key=guessed", "runs/a/b?validationToken=7"):
        assert (await send(house, f"/receive/{path}", body=RUN)).status == 401
    assert (await send(house, "/receive/nobody/guessed", body=RUN)).status == 404
    assert house.parts.inbox.receiving.received == 0


async def test_a_standard_source_without_a_secret_gets_one_that_standard_webhooks_sign_with(house: House) -> None:
    source = await house.parts.inbox.create_source("orders", dialect="standard", actor="test")
    body, now = b'{"type":"order.made","data":{"rice":1}}', house.clock.now() // SECOND
    signature = sign([parse(source.secret.reveal())], "msg_1", timestamp=now, body=body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}

    assert source.secret.reveal().startswith("whsec_")
    assert address_of(source, base_url="https://tidings.example.com/") == "https://tidings.example.com/receive/orders"
    assert (await send(house, "/receive/orders", body=body, headers=headers)).status == 200
    assert (await send(house, "/receive/orders", body=body + b" ", headers=headers)).status == 401


async def test_what_becomes_of_callbacks_is_told_to_prometheus(house: House) -> None:
    source = await house.parts.inbox.create_source("runs", dialect="connectreport", actor="test")
    path = f"/receive/runs/{source.secret.reveal()}"
    for body in (RUN, RUN + b" ", b"{"):
        await send(house, path, body=body)
    await send(house, "/receive/runs", body=RUN)
    inbox = house.parts.inbox
    await house.reaches(lambda: inbox.laying.laid + inbox.laying.unreadable == 3, by=SECOND)

    lines = (await ask(house.parts.settings.port, "GET /metrics")).body.decode().splitlines()

    assert "tidings_received_total 3.0" in lines
    assert "tidings_receipts_laid_total 2.0" in lines
    assert "tidings_receipts_unreadable_total 1.0" in lines
    assert "tidings_receipts_refused_total 1.0" in lines
