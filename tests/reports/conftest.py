"""A newsroom on SQLite: that both engines keep reports alike is what tests/store shows."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.reports.newsroom import Newsroom
from tidings.app.compose import opened
from tidings.app.settings import load
from tidings.core.vault import new_key
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Answer, Endpoint

OpenNewsroom = Callable[..., contextlib.AbstractAsyncContextManager[Newsroom]]


@pytest.fixture
async def open_newsroom(tmp_path: Path) -> AsyncIterator[OpenNewsroom]:
    """Opens a newsroom; the second one is a restart."""
    clock, key = ManualClock(), new_key()
    allowed = {"egress_allow": "127.0.0.1/32", "egress_http": "on"}
    answers = [Answer()]
    async with Endpoint(lambda _: answers[0]) as endpoint:

        @contextlib.asynccontextmanager
        async def make() -> AsyncIterator[Newsroom]:
            settings = load(
                {}, folder=tmp_path, database=f"sqlite:{tmp_path / 'tidings.db'}", secret_key=key, **allowed
            )
            async with opened(settings, clock=clock, is_serving=True) as parts, parts.hub.running():
                newsroom = Newsroom(parts, clock, endpoint, answers=answers)
                await newsroom.open()
                yield newsroom
                await newsroom.clerk.close()

        yield make


@pytest.fixture
async def newsroom(open_newsroom: OpenNewsroom) -> AsyncIterator[Newsroom]:
    async with open_newsroom() as newsroom:
        yield newsroom
