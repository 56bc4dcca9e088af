"""No descriptor left: what this process lacks is not the endpoint's fault."""

import asyncio
import contextlib
import os
import resource
from collections.abc import Iterator

import pytest

from tests.descriptors import told
from tidings.core.clock import Clock
from tidings.core.descriptors import Descriptors
from tidings.egress import dialer
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.testing.endpoint import Endpoint


class Watched(Clock):
    """Tells when somebody waits for a moment."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds < 1:
            self.waits.set()
        await super().sleep(seconds)


@pytest.fixture
def limit() -> Iterator[tuple[int, int]]:
    """What this process may have, and has again when the test has ended."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield limits
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def use_up(taken: list[int]) -> None:
    """Take every descriptor that the limit leaves; others may have closed theirs since the last time."""
    with contextlib.suppress(OSError):
        while True:
            taken.append(os.dup(0))


async def test_a_request_waits_for_a_descriptor_within_its_deadline_and_that_is_told_once(
    guard: Guard, limit: tuple[int, int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(dialer, "DESCRIPTORS", Descriptors())
    clock, taken = Watched(), [os.dup(0)]
    async with Endpoint() as endpoint, Client(guard=guard, clock=clock) as client:
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 1, limit[1]))
        use_up(taken)
        given_up = await client.send(Request(url=endpoint.url, timeout_ms=50))
        use_up(taken)
        clock.waits.clear()
        sending = asyncio.create_task(client.send(Request(url=endpoint.url, timeout_ms=60_000)))
        waiting = asyncio.create_task(clock.waits.wait())
        await asyncio.wait([sending, waiting], return_when=asyncio.FIRST_COMPLETED)
        assert not sending.done()
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
        for one in taken:
            os.close(one)

        answer = await sending

        assert given_up.outcome is Outcome.TIMED_OUT
        assert given_up.error.endswith("still connecting")
        assert answer.outcome is Outcome.OK
        assert len(endpoint.requests) == 1
        assert told(caplog) == ["descriptors.exhausted"]
