"""Operators see from /metrics how each pull and each sink fares."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tidings.app.parts import Parts
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import MINUTE
from tidings.core.receipt import Receipt
from tidings.store.pulls import Hold
from tidings.testing.clock import ManualClock


@pytest.fixture
async def parts(tmp_path: Path, manual_clock: ManualClock) -> AsyncIterator[Parts]:
    """A server that only answers: nothing is fetched, sent on or delivered but by the test."""
    settings = load(
        {},
        folder=tmp_path,
        database=f"sqlite:{tmp_path / 'tidings.db'}",
        port="0",
        roles="api",
        egress_allow="127.0.0.1/32",
    )
    async with served(settings, clock=manual_clock) as serving:
        yield serving.parts


async def told(parts: Parts) -> list[str]:
    async with httpx.AsyncClient(base_url=parts.settings.base_url) as http:
        return (await http.get("/metrics")).text.splitlines()


async def test_a_pull_is_told_with_its_age_its_failures_and_what_it_brought(
    parts: Parts, manual_clock: ManualClock
) -> None:
    await parts.inbox.create_source("far", dialect="kaizala", actor="test")
    far = {"remote": "https://far.example.com/", "application": "a", "secret": "s", "refresh_token": "r", "group": "g"}
    await parts.pulling.create("far", source="far", every_ms=MINUTE, actor="test", **far)
    await manual_clock.jump(MINUTE)
    never = await told(parts)
    hold, now = Hold(name="far", holder="test"), manual_clock.now()
    await parts.pulling.pulls.claim(hold, now=now, until=now + MINUTE)
    await parts.pulling.pulls.advance(hold, cursor="c", more=3, until=now + MINUTE)
    await parts.pulling.pulls.succeeded(hold, at=now, next_at=now)
    await parts.pulling.pulls.claim(hold, now=now, until=now + MINUTE)
    await parts.pulling.pulls.failed(hold, error="no answer", next_at=now)
    await manual_clock.jump(5_000)

    after = await told(parts)

    assert 'tidings_pull_age_seconds{pull="far"} 60.0' in never
    assert 'tidings_pull_age_seconds{pull="far"} 5.0' in after
    assert 'tidings_pull_failures{pull="far"} 1.0' in after
    assert 'tidings_pulled_total{pull="far"} 3.0' in after


async def test_a_sink_is_told_with_what_it_has_not_got_yet(parts: Parts, manual_clock: ManualClock) -> None:
    source = await parts.inbox.create_source("shop", dialect="raw", actor="test")
    bearing = (("Authorization", f"Bearer {source.secret.reveal()}"),)
    await parts.passing.create("list", to="https://127.0.0.1:1/rows", source="shop", actor="test")

    async def laid(body: bytes) -> None:
        at = manual_clock.now()
        receipt = Receipt(source="shop", at=at, body=body, headers=bearing, peer="192.0.2.1")
        await parts.inbox.receipts.keep([receipt])
        while await parts.inbox.laying.step():
            continue

    before = await told(parts)
    await laid(b'{"a":1}')
    await parts.passing.step()
    await laid(b'{"a":2}')
    after = await told(parts)

    assert 'tidings_sink_behind{sink="list"} 0.0' in before
    assert 'tidings_sink_behind{sink="list"} 2.0' in after
    assert 'tidings_sink_failed_total{sink="list"} 0.0' in after
