"""Answers that are written somewhere, as whole files are."""

import io

from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.request import Request
from tidings.testing.endpoint import CLOSES_IDLE, ENDLESS_BODY, Answer, Endpoint, Framing, Raw, Then

MOST = 1_000_000


async def test_an_answer_goes_where_it_is_wanted_whole(client: Client) -> None:
    content = bytes(range(256)) * 2_000
    for framing in Framing:
        into = io.BytesIO()
        async with Endpoint(Answer(200, (), content, framing=framing)) as endpoint:
            answer = await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=into, most=MOST))

        assert (answer.outcome, answer.body) == (Outcome.OK, b"")
        assert into.getvalue() == content


async def test_an_answer_that_is_too_large_is_broken_off(client: Client) -> None:
    into = io.BytesIO()
    async with Endpoint(ENDLESS_BODY) as endpoint:
        answer = await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=into, most=MOST))

    assert (answer.outcome, answer.error) == (Outcome.TOO_BIG, "the answer is over 1000000 bytes")
    assert len(into.getvalue()) < 2 * MOST


async def test_an_answer_that_ends_too_early_is_none(client: Client) -> None:
    short = Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", Then.CLOSE)
    async with Endpoint(short) as endpoint:
        answer = await client.send(
            Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=io.BytesIO(), most=MOST)
        )

    assert answer.outcome is Outcome.BROKEN


async def test_a_connection_that_brought_a_file_serves_the_next_request_as_any_other(client: Client) -> None:
    into = io.BytesIO()
    async with Endpoint(Answer(200, (), b"file"), Answer(200, (), b"other")) as endpoint:
        await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=into, most=MOST))
        answer = await client.send(Request(url=endpoint.url, timeout_ms=60_000))

    assert (into.getvalue(), answer.body, answer.reused) == (b"file", b"other", True)


async def test_a_file_is_written_once_though_it_was_asked_for_twice(client: Client) -> None:
    into = io.BytesIO()
    async with Endpoint(CLOSES_IDLE, Answer(200, (), b"file")) as endpoint:
        await client.send(Request(url=endpoint.url, timeout_ms=60_000))
        await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=into, most=MOST))

    assert into.getvalue() == b"file"
