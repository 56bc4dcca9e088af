"""`tidings trigger` and `tidings replay`, beside a server that delivers."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from tests.cli.terminal import Terminal, eventually
from tidings.app.compose import opened
from tidings.app.settings import load
from tidings.core.event import Subject
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An endpoint that hears of orders, behind a server that runs."""

    terminal: Terminal
    endpoint: Endpoint
    webhook: str


@pytest.fixture
async def shop(terminal: Terminal) -> AsyncIterator[Shop]:
    terminal.settings.update({"TIDINGS_EGRESS_ALLOW": "127.0.0.1/32", "TIDINGS_EGRESS_HTTP": "on"})
    async with Endpoint(200) as endpoint:
        async with opened(load(terminal.settings, folder=terminal.folder)) as parts:
            subscription, _ = await parts.subscribing.create(
                Subject("Application", "shop-1"), Terms(types=("order.*",), url=endpoint.url), connector="", owner=""
            )
        with terminal.serving():
            yield Shop(terminal=terminal, endpoint=endpoint, webhook=subscription.id)


async def test_a_triggered_sample_is_delivered_by_the_server(shop: Shop) -> None:
    told = await asyncio.to_thread(shop.terminal.tells, "trigger", "order.created", "--about", "Application:shop-1")

    [request] = await shop.endpoint.received(1)
    assert told["deliveries"] == 1
    assert request.header("tidings-event-id") == told["event_id"]
    assert json.loads(request.body)["type"] == "order.created"


async def test_an_event_without_a_sample_is_made_of_what_is_given(shop: Shop) -> None:
    about = ("--about", "Application:shop-1")
    await asyncio.to_thread(shop.terminal.says, "trigger", "order.lost", *about, "--data", '{"amount": 3}')

    [request] = await shop.endpoint.received(1)
    assert json.loads(request.body)["data"] == {"amount": 3}


async def test_what_was_delivered_is_delivered_again_on_a_replay(shop: Shop) -> None:
    await asyncio.to_thread(shop.terminal.says, "trigger", "order.created", "--about", "Application:shop-1")
    await shop.endpoint.received(1)
    replay = ("replay", shop.webhook, "--since", "1h", "--state", "delivered")
    # It has arrived before it is recorded.
    await asyncio.to_thread(eventually, lambda: shop.terminal.tells(*replay)["deliveries"])

    first, second = await shop.endpoint.received(2)
    assert first.header("webhook-id") == second.header("webhook-id")


def test_what_cannot_be_triggered_is_refused(here: Terminal) -> None:
    assert "there is no sample of order.lost" in here.refuses("trigger", "order.lost")
    assert "--about: write KIND:ID" in here.refuses("trigger", "order.created", "--about", "shop")
    assert "--about: write KIND:ID" in here.refuses("trigger", "order.created", "--about", "Application:*")
    refused = here.refuses("trigger", "TextMessageCreated", "--about", "Group:nope")
    assert "--about Group:nope: there is no such group" in refused
    lost = ("trigger", "order.lost", "--about", "Application:shop-1", "--data")
    assert "--data: expected a JSON object" in here.refuses(*lost, "[1]")
    assert "NUL" in here.refuses(*lost, '{"a": "\\u0000"}')
    assert "cannot name an event type" in here.refuses("trigger", "order..lost", *lost[2:], "{}")


def test_who_triggers_what_nobody_hears_is_told_so(here: Terminal) -> None:
    told = here.says("trigger", "order.created", "--about", "Application:shop-2")

    assert told.endswith("goes to no webhook: none hears of order.created about Application shop-2")


def test_every_sample_can_be_triggered_twice(here: Terminal) -> None:
    first, second = (here.tells("trigger", "TextMessageCreated")["event_id"] for _ in range(2))

    assert first != second


def test_what_cannot_be_replayed_is_refused(here: Terminal) -> None:
    assert "there is no webhook nobody" in here.refuses("replay", "nobody", "--since", "2h")
    assert "'pending' is not one of" in here.refuses("replay", "x", "--since", "2h", "--state", "pending", status=2)
