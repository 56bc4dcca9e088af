"""The sender's reader of answers, fed what no server should send, cut wherever the network may cut it."""

import asyncio
import io
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.effort import tries
from tidings.egress.answer import Failed, Outcome
from tidings.egress.connection import BODY_KEPT, BODY_LIMIT, HEAD_LIMIT, HEADERS_KEPT, INTERIM_LIMIT, Connection

# What the reader may say of an answer that is none.
DOCUMENTED = {Outcome.BROKEN, Outcome.TOO_BIG}


class Wire(asyncio.Transport):
    """A transport in memory: what is written is gone, and it is told whether it was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.is_given_up = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """The request goes nowhere."""

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.is_given_up = True


class Seen(NamedTuple):
    """What the caller sees of one answer: a status, or the outcome of a failure."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    outcome: Outcome | None = None


class Talk:
    """A connection and the other end of it."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.connection = Connection(loop=asyncio.get_running_loop(), origin="o", opened_at=0.0)
        self.connection.connection_made(self.wire)

    async def ask(self, pieces: Sequence[bytes], *, into: io.BytesIO | None = None, most: int = BODY_LIMIT) -> Seen:
        """Ask, be answered with those pieces and the end, and say what is seen."""
        try:
            asking = self.connection.ask(b"GET / HTTP/1.1\r\n\r\n", into=into, most=most)
            for piece in pieces:
                if not self.wire.is_given_up:
                    self.connection.data_received(piece)
            if not asking.done():
                self.connection.eof_received()
            await asking
        except Failed as failed:
            return Seen(0, (), b"", failed.outcome)
        return Seen(self.connection.status, self.connection.headers, self.connection.body)


def talked(*exchanges: Sequence[bytes]) -> Seen:
    """What is seen of the last of several answers on one connection."""

    async def talk() -> Seen:
        talk = Talk()
        return [await talk.ask(pieces) for pieces in exchanges][-1]

    return asyncio.run(talk())


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


LINES = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.0 204 No", b"HTTP/1.1 103 Early", b"HTTP/1.1 100 ", b"HTTP/1.1 101 Up"),
        *(b"HTTP/1.1 410", b"HTTP/1.1 099 x", b"HTTP/1.1 600 x", b"HTTP/2 200", b"HTTP/1.1 2000 x", b"HTTP/1.1  200"),
        *(b"content-length: 5", b"Content-Length: 0", b"content-length: -1", b"content-length: 5, 5", b"ICY 200 OK"),
        *(b"content-length: +5", b"content-length: 99999999999999999999", b"transfer-encoding: chunked", b""),
        *(b"transfer-encoding: chunked, identity", b"Transfer-Encoding: gzip, chunked", b"connection: close"),
        *(b"transfer-encoding:\x0bchunked", b"upgrade: h2c", b"connection: upgrade", b"retry-after: 7", b" folded"),
        *(b"x: \xff\x00", b"no colon", b": empty", b"x" * 300 + b": y"),
        *(b"5", b"5;ext=1", b"0", b"-1", b"ffffffffffffffffff", b"hello", b"0005"),
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n\r\n"])
ANYTHING = st.binary(max_size=200) | st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=14).map(b"".join)
WHOLE = st.tuples(
    st.sampled_from([b"", b"HTTP/1.1 103 E\r\nx: y\r\n\r\n", b"HTTP/1.1 100 \r\n\r\n" * 3]),
    st.sampled_from([b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 503 \r\nconnection: keep-alive\r\n"]),
    st.sampled_from(
        [
            b"content-length: 5\r\n\r\nhello",
            b"transfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
            b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\ntrailer: 1\r\n\r\n",
            b"\r\nhello",
        ]
    ),
).map(b"".join)
PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """An answer of which some bytes are others, more or fewer."""
    data = bytearray(draw(WHOLE))
    for _ in range(draw(st.integers(0, 3))):
        at, by = draw(st.integers(0, len(data))), draw(st.binary(max_size=3))
        data[at : at + draw(st.integers(0, 3))] = by
    return bytes(data)


@given(data=ANYTHING | damaged(), places=PLACES)
@tries(400)
@example(data=b"HTTP/1.1 200 OK\r\nupgrade: h2c\r\nconnection: upgrade\r\ncontent-length: 5\r\n\r\nhello", places=[80])
def test_however_an_answer_is_cut_it_is_the_same_answer_or_the_same_failure(data: bytes, places: list[int]) -> None:
    whole = talked([data])

    assert whole.outcome in {None, *DOCUMENTED}
    assert (whole.outcome is None) == (200 <= whole.status < 600)
    assert talked(cut(data, places)) == whole
    assert talked([data[at : at + 1] for at in range(len(data))]) == whole


@given(before=WHOLE, behind=ANYTHING | damaged(), after=WHOLE, places=PLACES)
@tries(200)
def test_nothing_behind_an_answer_becomes_part_of_the_next(
    before: bytes, behind: bytes, after: bytes, places: list[int]
) -> None:
    async def talk() -> Seen | None:
        talk = Talk()
        await talk.ask(cut(before + behind, places))
        is_kept = talk.connection.is_reusable and not talk.wire.is_given_up
        return await talk.ask([after]) if is_kept else None

    # Whoever keeps the connection has read exactly one answer, and the next one is the next one's own.
    assert asyncio.run(talk()) in (None, talked([after]))


@given(data=ANYTHING | damaged(), after=WHOLE)
@tries(200)
def test_an_answer_that_comes_again_is_read_as_it_was_and_the_one_after_it_by_itself(data: bytes, after: bytes) -> None:
    async def talk() -> list[Seen]:
        talk, seen = Talk(), []
        for answer in (data, data, after):
            seen.append(await talk.ask([answer]))
            if not talk.connection.is_reusable or talk.wire.is_given_up:
                break
        return seen

    seen = asyncio.run(talk())
    assert seen == [talked([data]), talked([data]), talked([after])][: len(seen)]


@given(data=st.binary(min_size=1, max_size=50) | damaged())
@tries(100)
def test_what_comes_unasked_ends_the_connection(data: bytes) -> None:
    async def talk() -> None:
        talk = Talk()
        await talk.ask([b"HTTP/1.1 204 No\r\n\r\n"])
        talk.connection.data_received(data)
        assert talk.wire.is_given_up

    asyncio.run(talk())


@pytest.mark.parametrize("piece", [b"x: " + b"y" * 61 + b"\r\n", b"HTTP/1.1 103 E\r\n\r\n", b"x", b"\r\n", b"x: y\r\n"])
@pytest.mark.parametrize("step", [1_000, 65_536, 300_000])
def test_whatever_goes_on_without_end_is_ended_within_bounds(piece: bytes, step: int) -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + piece * (2 * HEAD_LIMIT // len(piece))

    async def talk() -> None:
        talk = Talk()
        pieces = [endless[at : at + step] for at in range(0, len(endless), step)]
        await talk.ask(pieces)
        kept = sum(len(name) + len(value) for name, value in talk.connection.headers)
        assert kept <= HEADERS_KEPT
        assert len(talk.connection.body) <= BODY_KEPT

    asyncio.run(talk())


@given(size=st.integers(0, 400), most=st.integers(50, 200), places=PLACES, is_chunked=st.booleans())
@tries(150)
@example(size=101, most=100, places=[], is_chunked=False)
def test_a_body_that_is_kept_whole_is_never_larger_than_it_may_be(
    *, size: int, most: int, places: list[int], is_chunked: bool
) -> None:
    body = b"b" * size
    framed = b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body) if size and is_chunked else (
        b"content-length: %d\r\n\r\n%b" % (size, body)
    )  # fmt: skip

    async def talk() -> tuple[Seen, bytes]:
        into = io.BytesIO()
        seen = await Talk().ask(cut(b"HTTP/1.1 200 OK\r\n" + framed, places), into=into, most=most)
        return seen, into.getvalue()

    seen, kept = asyncio.run(talk())
    assert seen.outcome is (Outcome.TOO_BIG if size > most else None)
    assert kept == body if size <= most else len(kept) <= most


def test_what_frames_a_body_may_take_as_much_as_the_body_and_not_more() -> None:
    crumbs = b"1\r\nb\r\n" * 100
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"

    async def talk() -> Seen:
        return await Talk().ask([head, crumbs[:200], crumbs[200:300]], into=io.BytesIO(), most=100)

    assert asyncio.run(talk()).outcome is Outcome.TOO_BIG


def test_the_interim_answers_that_are_waited_through_are_counted_and_not_kept() -> None:
    interim = b"HTTP/1.1 103 E\r\nx: y\r\n\r\n"
    final = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

    assert talked([interim * INTERIM_LIMIT + final]).headers == (("content-length", "0"),)
    assert talked([interim * (INTERIM_LIMIT + 1) + final]).outcome is Outcome.BROKEN
