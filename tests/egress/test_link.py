"""What a server and its porters tell each other arrives as it was told, however the socket cuts it."""

import asyncio
import socket

from hypothesis import given, settings
from hypothesis import strategies as st

from tidings.egress.answer import Answer, Outcome, Timings
from tidings.egress.link import GATHERED_AT_MOST, Link
from tidings.egress.waybill import Asked, Handed, Returned, encode, read_handed, read_returned

NUMBERS = st.integers(0, 2**53)
MS = st.floats(-1, 1e9, allow_nan=False)
ASKED = st.builds(
    Asked,
    number=NUMBERS,
    url=st.text(),
    method=st.sampled_from(["POST", "GET"]),
    lines=st.binary(),
    body=st.binary(),
    timeout_ms=NUMBERS,
    client_certificate=st.none() | st.text(),
)
ANSWERS = st.builds(
    Answer,
    outcome=st.sampled_from(Outcome),
    status=st.none() | st.integers(100, 599),
    headers=st.lists(st.tuples(st.text(), st.text())).map(tuple),
    body=st.binary(),
    error=st.text(),
    timings=st.builds(Timings, MS, MS, MS, MS, MS),
    address=st.text(),
    reused=st.booleans(),
    retry_after_ms=NUMBERS,
)


class Ear(Link):
    """Keeps what it hears, and says what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.says: list[bytes] = []

    def taken(self, message: bytes) -> None:
        self.heard.append(message)

    def packed(self) -> bytes:
        said, self.says = b"".join(self.says), []
        return said

    def lost(self) -> None:
        """Nobody waits for it."""


class Tape:
    """Stands where a transport would."""

    def __init__(self) -> None:
        self.written = b""

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.written += b"".join(pieces)


@given(st.lists(ASKED, max_size=4), st.lists(NUMBERS, max_size=4))
def test_requests_are_handed_over_as_they_are(asked: list[Asked], cancelled: list[int]) -> None:
    handed = Handed(asked, cancelled)

    assert read_handed(encode(handed)) == handed


@given(st.lists(st.tuples(NUMBERS, ANSWERS), max_size=4))
def test_answers_are_returned_as_they_are(answers: list[tuple[int, Answer]]) -> None:
    assert read_returned(encode(Returned(answers))).answers == answers


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=50), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_messages_are_heard_whole_wherever_the_socket_cuts_them(messages: list[bytes], sizes: list[int]) -> None:
    async def heard() -> list[bytes]:
        mouth, ear, tape = Ear(), Ear(), Tape()
        mouth.transport = tape  # type: ignore[assignment]  # all that a link asks of one is to write
        for message in messages:
            mouth.tell(message)
        at, cut = 0, 0
        while at < len(tape.written):
            size = sizes[cut % len(sizes)]
            ear.data_received(tape.written[at : at + size])
            at, cut = at + size, cut + 1
        return ear.heard

    assert asyncio.run(heard()) == messages


async def test_what_one_turn_brings_forth_goes_out_together_unless_it_is_much() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, mouth = await loop.create_unix_connection(Ear, sock=ours)
    _, ear = await loop.create_unix_connection(Ear, sock=theirs)
    try:
        for word in (b"a", b"b", b"c" * GATHERED_AT_MOST, b"d"):
            mouth.says.append(word)
            mouth.wake(len(word))
        async with asyncio.timeout(60):
            while len(ear.heard) < 2:
                await asyncio.wait([loop.create_future()], timeout=0.01)
    finally:
        mouth.transport.abort()
        ear.transport.abort()

    assert ear.heard == [b"ab" + b"c" * GATHERED_AT_MOST, b"d"]
    assert repr(Asked(7, "https://secret", "GET", b"", b"", 1, None)) == "Asked(7)"
