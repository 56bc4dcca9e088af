"""Both ends of a porter, in one process: requests in, answers out, and what happens when one end is gone."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.egress.conftest import post
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.course import Course
from tidings.egress.guard import Guard
from tidings.egress.handing import Handing
from tidings.egress.porter import Porter, serve
from tidings.egress.request import Request
from tidings.egress.rules import Own, Rules
from tidings.egress.waybill import Asked, Briefing, Handed, encode, read_returned
from tidings.testing.endpoint import NEVER_ANSWERS, Endpoint
from tidings.testing.endpoint import Answer as Item

RULES = Rules(allow=["127.0.0.0/8"], plain_http=True)


@asynccontextmanager
async def handing(rules: Rules = RULES, *, beat_s: float = 0.02) -> AsyncIterator[Handing]:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    serving = loop.create_task(serve(theirs))
    _, one = await loop.create_unix_connection(lambda: Handing(beat_s=5, on_change=lambda: None), sock=ours)
    one.tell(encode(Briefing(rules, beat_s)))
    await one.is_known.wait()
    try:
        yield one
    finally:
        one.transport.abort()
        await serving


async def test_a_request_is_sent_as_it_was_given_and_its_answer_told_in_full() -> None:
    answering = Item(503, (("Retry-After", "7"), ("X-Odd", "\u00e9")), b"busy")
    async with Endpoint(answering) as endpoint, handing() as porter:
        request = post(
            endpoint.url + "a?b=c", lines=b"webhook-id: 1\r\n", headers=[("content-type", "text/plain")], body=b"hello"
        )
        answer = await porter.send(request)
        again = await porter.send(request)
        [arrived, _] = endpoint.requests

    assert (arrived.target, arrived.header("webhook-id"), arrived.body) == ("/a?b=c", "1", b"hello")
    assert (arrived.header("content-type"), arrived.header("user-agent")) == ("text/plain", "Tidings")
    assert (answer.outcome, answer.status, answer.body) == (Outcome.REFUSED, 503, b"busy")
    assert dict(answer.headers)["x-odd"].encode("latin-1") == "\u00e9".encode()
    assert (answer.retry_after_ms, answer.address, answer.error) == (7_000, "127.0.0.1", "the endpoint answered 503")
    assert 0 <= answer.timings.first_byte_ms <= answer.timings.total_ms
    assert (answer.reused, again.reused) == (False, True)


async def test_many_at_once_get_each_their_own_answer() -> None:
    async with Endpoint(lambda request: Item(200, body=request.body)) as endpoint, handing() as porter:
        answers = await asyncio.gather(*(porter.send(post(endpoint.url, body=b"%d" % n)) for n in range(200)))

    assert [answer.body for answer in answers] == [b"%d" % n for n in range(200)]
    assert porter.under_way == 0


async def test_what_cannot_be_told_fails_alone() -> None:
    async with Endpoint() as endpoint, handing() as porter:
        asked = [post(endpoint.url), post(endpoint.url + "\ud800"), post(endpoint.url, client_certificate="\ud800")]
        first, *others, last = await asyncio.gather(
            *map(porter.send, [*asked, post(endpoint.url)]), return_exceptions=True
        )

        assert isinstance(first, Answer)
        assert isinstance(last, Answer)
        assert (first.outcome, last.outcome) == (Outcome.OK, Outcome.OK)
        assert [type(one) for one in others] == [UnicodeEncodeError, UnicodeEncodeError]
        assert porter.under_way == 0


async def test_a_header_of_ours_is_refused_before_anything_is_handed_over() -> None:
    async with handing() as porter:
        with pytest.raises(Invalid, match="is set by the sender itself"):
            await porter.send(post("http://127.0.0.1/", headers=[("host", "a")]))

        assert porter.under_way == 0


async def test_the_rules_hold_at_the_porter() -> None:
    async with handing(Rules()) as porter:
        plain = await porter.send(post("http://example.com/"))
        near = await porter.send(post("https://127.0.0.1/"))

    assert [plain.outcome, near.outcome] == [Outcome.FORBIDDEN, Outcome.FORBIDDEN]
    assert "TIDINGS_EGRESS_HTTP" in plain.error
    assert "TIDINGS_EGRESS_ALLOW" in near.error
    assert repr(Rules(proxy="http://user:secret@proxy.example.com")) == "Rules()"


async def test_our_own_address_is_dialled_at_home_and_no_other() -> None:
    async with Endpoint() as listener:
        own = Own(beginnings=["https://us.example.com/bin/"], address="127.0.0.1", port=listener.port, is_tls=False)
        async with handing(Rules(own=own)) as porter:
            ours = await porter.send(post("https://us.example.com/bin/a"))
            other = await porter.send(post("http://us.example.com/"))

    assert (ours.outcome, other.outcome) == (Outcome.OK, Outcome.FORBIDDEN)
    assert listener.requests[0].header("host") == "us.example.com"


async def test_giving_up_on_a_request_breaks_it_off() -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, handing() as porter:
        sending = asyncio.create_task(porter.send(post(endpoint.url)))
        await endpoint.received(1)
        sending.cancel()
        await eventually(lambda: not endpoint.open)

        assert porter.under_way == 0
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_what_is_under_way_by_kept_connections_is_broken_off_one_by_one_and_with_the_porter() -> None:
    async with Endpoint(200, 200, NEVER_ANSWERS) as endpoint, handing() as porter:
        await asyncio.gather(*(porter.send(post(endpoint.url)) for _ in range(2)))
        given_up, left = (asyncio.create_task(porter.send(post(endpoint.url))) for _ in range(2))
        await endpoint.received(4)
        given_up.cancel()
        await eventually(lambda: len(endpoint.open) == 1)
        porter.transport.abort()
        await eventually(lambda: not endpoint.open)

        assert (await left).outcome is Outcome.BROKEN
        assert given_up.cancelled()


async def test_giving_up_in_the_moment_of_the_answer_harms_nobody() -> None:
    go = asyncio.Event()
    async with Endpoint(Item(200, after=go), 201) as endpoint, handing() as porter:
        sending = asyncio.create_task(porter.send(post(endpoint.url)))
        await endpoint.received(1)
        answered = porter.taken

        def give_up_first(message: bytes) -> None:
            sending.cancel()
            answered(message)

        porter.taken = give_up_first  # type: ignore[method-assign]  # the moment cannot be met otherwise
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await sending
        porter.taken = answered  # type: ignore[method-assign]  # as above

        assert (await porter.send(post(endpoint.url))).status == 201


async def test_an_answer_to_what_was_just_abandoned_is_told_to_nobody() -> None:
    told: list[Answer] = []
    async with Endpoint(200, 201) as endpoint, handing() as porter:
        answered = porter.taken

        def abandon_first(message: bytes) -> None:
            if read_returned(message).answers:
                porter.abandon(number)
            answered(message)

        porter.taken = abandon_first  # type: ignore[method-assign]  # the moment cannot be met otherwise
        number = porter.begin(post(endpoint.url), told.append)
        await eventually(lambda: porter.under_way == 0)
        porter.taken = answered  # type: ignore[method-assign]  # as above

        assert (await porter.send(post(endpoint.url))).status == 201
    assert not told


async def test_what_a_lost_porter_had_is_answered_as_broken() -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, handing() as porter:
        sending = asyncio.create_task(porter.send(post(endpoint.url)))
        given_up = asyncio.create_task(porter.send(post(endpoint.url)))
        await endpoint.received(2)
        given_up.cancel()
        porter.lost()  # in the very moment
        answer = await sending
        porter.transport.abort()
        await eventually(lambda: not endpoint.open)

    assert (answer.outcome, answer.status) == (Outcome.BROKEN, None)
    assert "the process that sent it ended" in answer.error
    assert not porter.is_ready
    assert given_up.cancelled()
    porter.flush()  # to nobody


class Faulty(Client):
    """One with a mistake."""

    def begin(self, request: Request, tell: Callable[[Answer], None]) -> Course | None:
        if request.method == "GET":
            raise LookupError
        return super().begin(request, tell)

    async def send(self, request: Request) -> Answer:
        if request.method == "GET":
            raise LookupError
        return await super().send(request)


async def test_a_mistake_of_ours_is_answered_and_the_next_request_goes_its_way(guard: Guard) -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, porter = await loop.create_unix_connection(lambda: Porter(server=os.getppid()), sock=theirs)
    _, one = await loop.create_unix_connection(lambda: Handing(beat_s=5, on_change=lambda: None), sock=ours)
    one.tell(encode(Briefing(RULES, 1.0)))
    await porter.briefed
    async with Endpoint() as endpoint, Faulty(guard=guard, clock=Clock()) as faulty:
        carrying = asyncio.create_task(porter.carry(faulty, beat_s=1.0))
        one.tell(encode(Handed([], [99])))  # whose answer is on its way already
        odd = await one.send(post(endpoint.url, method="GET"))
        next_one = await one.send(post(endpoint.url))
        one.transport.abort()
        await carrying

    assert (odd.outcome, odd.error) == (Outcome.BROKEN, "the request could not be sent; see the server's log")
    assert next_one.outcome is Outcome.OK


async def test_a_porter_that_is_never_briefed_ends_with_the_socket() -> None:
    ours, theirs = socket.socketpair()
    serving = asyncio.create_task(serve(theirs))
    ours.close()

    await serving


async def test_a_porter_sends_nothing_for_a_server_that_is_dead() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    _, orphan = await loop.create_unix_connection(lambda: Porter(server=-1), sock=theirs)
    with ours:
        orphan.taken(encode(Briefing(RULES, 1.0)))
        orphan.taken(encode(Handed([Asked(1, "http://127.0.0.1:1/", "GET", b"", b"", 1_000, None)], [])))
        await asyncio.wait_for(orphan.ended.wait(), 60)


async def test_a_porter_that_says_nothing_for_long_is_given_up() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with theirs:
        _, silent = await loop.create_unix_connection(lambda: Handing(beat_s=0.001, on_change=lambda: None), sock=ours)
        waiting = asyncio.create_task(silent.send(post("http://127.0.0.1:1/")))
        answer: Answer = await asyncio.wait_for(waiting, 60)

        assert silent.is_silent
        assert not silent.is_ready
        assert answer.outcome is Outcome.BROKEN


async def test_what_a_porter_does_not_take_waits() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with theirs:
        _, slow = await loop.create_unix_connection(lambda: Handing(beat_s=5, on_change=lambda: None), sock=ours)
        sending = asyncio.create_task(slow.send(post("http://127.0.0.1:1/", body=b"x" * 4_000_000)))
        await eventually(lambda: slow.is_full)
        theirs.settimeout(0)
        taken = 0
        while slow.is_full:
            taken += len(await loop.sock_recv(theirs, 1_000_000))
        await slow.may_write()
        slow.transport.abort()

        assert (await sending).outcome is Outcome.BROKEN
        assert taken > 1_000_000
