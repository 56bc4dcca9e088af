"""A request over a kept connection: it takes no task, and everything that may happen to one happens to it too."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from tests.egress.conftest import LOOPBACK, post
from tests.egress.name_server import NameServer
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.egress.answer import Answer, Failed, Outcome
from tidings.egress.client import Client
from tidings.egress.connection import Connection
from tidings.egress.course import Course
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import CLOSES, DRIPS_BODY, DRIPS_HEAD, NEVER_ANSWERS, Endpoint, Item, Raw, Then

ENDS_IN_THE_MIDDLE = Raw(b"HTTP/1.1 2", Then.CLOSE)


class Asked:
    """A request that was begun, after one that left a connection behind."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.course: Course | None = None
        self.answers: list[Answer] = []

    async def begin(self, url: str, *, timeout_ms: int = 60_000) -> "Asked":
        await self.client.send(post(url))
        self.course = self.client.begin(post(url, timeout_ms=timeout_ms), self.answers.append)
        assert self.course is not None
        assert not self.answers
        return self

    async def answer(self) -> Answer:
        await eventually(lambda: bool(self.answers))
        [answer] = self.answers
        return answer

    def abandon(self) -> None:
        assert self.course is not None
        self.client.abandon(self.course)


@pytest.fixture
def asked(client: Client) -> Asked:
    return Asked(client)


async def test_nothing_is_begun_where_no_connection_is_kept(client: Client) -> None:
    answers: list[Answer] = []
    async with Endpoint(200, NEVER_ANSWERS) as endpoint:
        assert client.begin(post(endpoint.url), answers.append) is None
        await client.send(post(endpoint.url))
        first = client.begin(post(endpoint.url), answers.append)
        second = client.begin(post(endpoint.url), answers.append)

        assert first is not None
        assert second is None
        await endpoint.received(2)
        client.abandon(first)
    assert not answers


async def test_what_is_begun_is_answered_over_the_kept_connection(asked: Asked) -> None:
    async with Endpoint(200, 503) as endpoint:
        answer = await (await asked.begin(endpoint.url)).answer()
        again = await asked.client.send(post(endpoint.url))

        assert (answer.outcome, answer.status, answer.reused) == (Outcome.REFUSED, 503, True)
        assert (answer.error, answer.address) == ("the endpoint answered 503", "127.0.0.1")
        assert 0 <= answer.timings.first_byte_ms <= answer.timings.total_ms
        assert (answer.timings.name_ms, answer.timings.connect_ms, answer.timings.tls_ms) == (-1, -1, -1)
        assert again.reused
        assert endpoint.connections == 1


@pytest.mark.parametrize(
    ("script", "status", "sent"),
    [
        ((CLOSES, 201), 201, [1, 1, 2]),
        ((CLOSES, CLOSES), None, [1, 1, 2]),  # once, not for ever
        ((ENDS_IN_THE_MIDDLE,), None, [1, 1]),  # it was acted upon
    ],
    ids=["closed", "closed twice", "closed in the middle"],
)
async def test_what_is_begun_is_sent_again_once_and_only_if_not_a_byte_came(
    *, asked: Asked, script: tuple[Item, ...], status: int | None, sent: list[int]
) -> None:
    async with Endpoint(200, *script) as endpoint:
        answer = await (await asked.begin(endpoint.url)).answer()

        assert answer.status == status
        assert answer.outcome is (Outcome.OK if status else Outcome.BROKEN)
        assert [request.connection for request in endpoint.requests] == sent


@pytest.mark.parametrize(
    ("script", "doing"),
    [
        ((NEVER_ANSWERS,), "waiting for the answer"),
        ((DRIPS_HEAD,), "reading the answer"),
        ((DRIPS_BODY,), "reading the answer"),
        ((CLOSES, NEVER_ANSWERS), "waiting for the answer"),
    ],
    ids=["silent", "head", "body", "sent again"],
)
async def test_the_deadline_holds_for_what_is_begun_its_second_try_included(
    *, client: Client, script: tuple[Item, ...], doing: str
) -> None:
    for timeout_ms in (300, 3_000, 30_000):
        async with Endpoint(200, *script) as endpoint:
            answer = await (await Asked(client).begin(endpoint.url, timeout_ms=timeout_ms)).answer()
            await eventually(lambda: not endpoint.open)
        # A busy machine may need longer to get so far.
        if answer.error.endswith(doing):
            break

    assert (answer.outcome, answer.error) == (
        Outcome.TIMED_OUT,
        f"no complete answer within {timeout_ms / 1_000:g} s, still {doing}",
    )


@pytest.mark.parametrize("script", [(NEVER_ANSWERS,), (CLOSES, NEVER_ANSWERS)], ids=["first try", "second try"])
async def test_nobody_is_told_of_what_was_abandoned(*, asked: Asked, script: tuple[Item, ...]) -> None:
    async with Endpoint(200, *script) as endpoint:
        await asked.begin(endpoint.url)
        await endpoint.received(1 + len(script))

        asked.abandon()

        await eventually(lambda: not endpoint.open)
    assert not asked.answers


async def test_what_could_not_be_begun_has_no_deadline_and_nobody_is_told_of_it(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Failed(Outcome.BROKEN, "lost just now")

    async with Endpoint(200, NEVER_ANSWERS) as endpoint:
        await asked.client.send(post(endpoint.url))
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "begin", refuse)
            with pytest.raises(Failed):
                asked.client.begin(post(endpoint.url, timeout_ms=50), asked.answers.append)
        later = await asked.client.send(post(endpoint.url, timeout_ms=100))

    assert later.outcome is Outcome.TIMED_OUT
    assert not asked.answers


@pytest.mark.parametrize("is_late", [False, True], ids=["abandoned", "late"])
async def test_what_ends_between_its_two_tries_is_not_sent_again(*, asked: Asked, is_late: bool) -> None:
    async with Endpoint(200, NEVER_ANSWERS) as endpoint:
        course = (await asked.begin(endpoint.url)).course
        assert course is not None
        assert course.connection is not None
        await endpoint.received(2)
        course.connection.eof_received()
        # The second try is a task that has not begun.
        if is_late:
            asked.client._deadlines.end(course)  # noqa: SLF001 - as the timer does at this very moment
            asked.client._expire(course)  # noqa: SLF001 - as above
        else:
            asked.abandon()
        await Clock().sleep(0)
        await eventually(lambda: not endpoint.open)

        assert [answer.outcome for answer in asked.answers] == [Outcome.TIMED_OUT] * is_late
        assert len(endpoint.requests) == 2


async def test_a_second_try_under_way_ends_with_the_client(guard: Guard) -> None:
    async with Endpoint(200, CLOSES, NEVER_ANSWERS) as endpoint:
        async with Client(guard=guard, clock=Clock()) as client:
            asked = await Asked(client).begin(endpoint.url)
            await endpoint.received(3)

        await eventually(lambda: not endpoint.open)
    assert not asked.answers


async def test_what_waits_for_its_answer_ends_with_the_client_and_is_not_sent_again(guard: Guard) -> None:
    async with Endpoint(200, NEVER_ANSWERS) as endpoint:
        async with Client(guard=guard, clock=Clock()) as client:
            asked = await Asked(client).begin(endpoint.url)
            await endpoint.received(2)

        await eventually(lambda: not endpoint.open)
        assert len(endpoint.requests) == 2
    assert not asked.answers


async def test_a_name_is_judged_for_what_is_begun_and_looked_up_by_a_task_only() -> None:
    clock = ManualClock()
    names: dict[str, list[str] | None] = {"hook.example.com": ["127.0.0.1"]}
    async with (
        NameServer(names) as server,
        Resolver(clock=clock, nameservers=[server.address]) as resolver,
        Endpoint() as endpoint,
        Client(guard=Guard(resolver=resolver, allow=LOOPBACK, plain_http=True), clock=clock) as client,
    ):
        url = f"http://hook.example.com:{endpoint.port}/"
        asked = await Asked(client).begin(url)
        assert (await asked.answer()).reused

        await clock.advance(2_000)
        assert client.begin(post(url), asked.answers.append) is None  # it is to be looked up again
        names["hook.example.com"] = ["127.0.0.1", "10.0.0.1"]
        refused = await client.send(post(url))
        assert client.begin(post(url), asked.answers.append) is None

        assert refused.outcome is Outcome.FORBIDDEN
        assert len(endpoint.requests) == 2


async def test_a_cancellation_at_the_moment_of_the_deadline_counts(client: Client) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint:
        sending = asyncio.create_task(client.send(post(endpoint.url)))
        await endpoint.received(1)
        [course] = [one for alike in client._deadlines._by_limit.values() for one in alike]  # noqa: SLF001 - the only way in
        client._deadlines.end(course)  # noqa: SLF001 - both happen before the task runs again
        client._expire(course)  # noqa: SLF001 - as above
        sending.cancel()

        with pytest.raises(asyncio.CancelledError):
            await sending


SAYS = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nServer: Caf\xe9\r\n\r\n"
SERVER = (("content-length", "2"), ("server", "Caf\xe9"))


async def test_an_answer_like_the_one_before_is_read_as_that_and_any_other_as_what_it_says(asked: Asked) -> None:
    said = [b"ok", b"ok", b"ok", b"no", b"ok"]
    refusal = Raw(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")
    async with Endpoint(*[Raw(SAYS + body) for body in said], refusal, refusal) as endpoint:
        answers = [await asked.client.send(post(endpoint.url))]
        for _ in range(len(said) + 1):
            told: list[Answer] = []
            assert asked.client.begin(post(endpoint.url), told.append) is not None
            await eventually(partial(bool, told))
            answers += told

        assert [(answer.status, answer.headers, answer.body) for answer in answers] == [
            *[(200, SERVER, body) for body in said],
            *[(503, (("content-length", "0"),), b"")] * 2,
        ]
        assert all(answer.timings.first_byte_ms >= 0 for answer in answers)
        assert endpoint.connections == 1


async def test_an_answer_like_the_one_before_with_more_behind_it_ends_the_connection(asked: Asked) -> None:
    async with Endpoint(Raw(SAYS + b"ok"), Raw(SAYS + b"ok"), Raw(SAYS + b"ok" + SAYS + b"no"), 201) as endpoint:
        answers = [await asked.client.send(post(endpoint.url)) for _ in range(4)]

        assert [(answer.status, answer.body) for answer in answers] == [(200, b"ok")] * 3 + [(201, b"")]
        assert endpoint.connections == 2


async def test_an_answer_like_the_one_before_is_written_where_the_request_wants_it(
    asked: Asked, tmp_path: Path
) -> None:
    async with Endpoint(*[Raw(SAYS + b"ok")] * 2) as endpoint:
        await asked.client.send(post(endpoint.url))
        with (tmp_path / "answer").open("wb") as file:
            answer = await asked.client.send(Request(url=endpoint.url, timeout_ms=60_000, into=file, most=100))

        assert (answer.status, answer.body, answer.headers) == (200, b"", SERVER)
        assert (tmp_path / "answer").read_bytes() == b"ok"
