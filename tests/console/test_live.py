"""Live: one look for all listeners, none without listeners, and nothing kept for who is too slow."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import pytest

from tidings.console.live import MOST_LISTENERS, Live, Piece
from tidings.core.errors import Throttled, Unavailable
from tidings.testing.clock import ManualClock


class Watched:
    """Something that is looked at."""

    def __init__(self, clock: ManualClock) -> None:
        self.looks = 0
        self.error: Exception | None = None
        self.live = Live(self._look, clock=clock)

    async def _look(self) -> Sequence[Piece]:
        self.looks += 1
        if self.error is not None:
            raise self.error
        return [Piece(name="rows", html=f"<li>\n\n{self.looks}</li>")]

    def listen(self) -> AsyncIterator[bytes]:
        stream = self.live.answer().body_iterator
        return (piece if isinstance(piece, bytes) else b"" async for piece in stream)


@pytest.fixture
def watched(manual_clock: ManualClock) -> Watched:
    return Watched(manual_clock)


async def test_all_listeners_are_told_the_same_by_one_look(watched: Watched, manual_clock: ManualClock) -> None:
    listeners = [watched.listen() for _ in range(3)]
    assert [await anext(one) for one in listeners] == [b"retry: 3000\n\n"] * 3

    told = await asyncio.gather(*(anext(one) for one in listeners), manual_clock.advance(1))

    assert told[:3] == [b"event: rows\ndata: <li>\ndata: 1</li>\n\n"] * 3
    assert watched.looks == 1
    watched.live.close()


async def test_nobody_looks_when_nobody_listens(watched: Watched, manual_clock: ManualClock) -> None:
    stream = watched.live.answer().body_iterator
    assert isinstance(stream, AsyncGenerator)
    await anext(stream)
    await manual_clock.advance(3_000)
    looks = watched.looks

    await stream.aclose()
    await manual_clock.advance(10_000)

    assert looks == 4
    assert watched.looks == looks


async def test_a_slow_listener_misses_what_is_oldest(watched: Watched, manual_clock: ManualClock) -> None:
    slow = watched.listen()
    await anext(slow)
    await manual_clock.advance(100_000)

    first = await anext(slow)

    assert b"data: 1</li>" not in first
    assert b"</li>" in first
    watched.live.close()


@pytest.mark.parametrize("error", [Unavailable("the disk is full"), ZeroDivisionError("a mistake of ours")])
async def test_a_look_that_fails_is_taken_again(watched: Watched, manual_clock: ManualClock, error: Exception) -> None:
    watched.error = error
    listener = watched.listen()
    await anext(listener)
    await manual_clock.advance(2_000)

    watched.error = None
    await manual_clock.advance(1_000)

    assert b"</li>" in await anext(listener)
    watched.live.close()


async def test_closing_ends_all_listening(watched: Watched) -> None:
    listener = watched.listen()
    await anext(listener)

    watched.live.close()

    async with asyncio.timeout(60):
        assert [one async for one in listener][1:] == []


async def test_more_listeners_than_can_be_borne_are_sent_away(watched: Watched) -> None:
    listeners = [watched.listen() for _ in range(MOST_LISTENERS)]
    for one in listeners:
        await anext(one)

    with pytest.raises(Throttled):
        watched.live.answer()
    watched.live.close()
