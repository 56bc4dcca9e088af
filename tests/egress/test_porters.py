"""Porters as processes of their own: begun, lost, frozen, begun again, and never left behind."""

import asyncio
import io
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.children import children_of
from tests.egress.conftest import post
from tests.egress.connect_proxy import ConnectProxy
from tests.egress.test_porter import RULES
from tests.egress.waiting import eventually
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.egress.answer import Answer as Answered
from tidings.egress.answer import Outcome
from tidings.egress.porters import BEAT_S, Porters
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.egress.rules import Rules
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import NEVER_ANSWERS, Answer, Endpoint

# Seconds. A busy machine takes a while to begin a process.
SOON_S = 60.0


def processes() -> list[int]:
    return children_of(os.getpid(), running="tidings.egress.porter")


def seen_by_all(process: int, name: str) -> str:
    return Path(f"/proc/{process}/{name}").read_text("utf-8")


@asynccontextmanager
async def porters(
    rules: Rules = RULES, *, count: int = 1, beat_s: float = BEAT_S, clock: Clock | None = None
) -> AsyncIterator[Porters]:
    clock = clock or Clock()
    async with (
        Resolver(clock=clock) as resolver,
        Porters(rules, guard=rules.guard(resolver), clock=clock, count=count, beat_s=beat_s) as client,
    ):
        yield client
    assert processes() == []


async def test_requests_are_sent_by_another_process_and_files_are_not() -> None:
    into = io.BytesIO()
    async with Endpoint(Answer(200, body=b"file")) as endpoint, porters() as client:
        answers = [await client.send(post(endpoint.url)) for _ in range(2)]
        [process] = processes()
        os.kill(process, signal.SIGSTOP)
        file = await client.send(Request(url=endpoint.url, method="GET", timeout_ms=60_000, into=into, most=100))
        os.kill(process, signal.SIGCONT)

        assert [(answer.body, answer.reused) for answer in answers] == [(b"file", False), (b"file", True)]
        assert (file.outcome, file.reused, into.getvalue()) == (Outcome.OK, False, b"file")
        with pytest.raises(Invalid, match="is set by the sender itself"):
            await client.send(post(endpoint.url, headers=[("host", "a")]))


async def test_what_is_begun_without_a_task_is_sent_by_another_process_until_it_is_abandoned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Outcome] = []

    def tell(answer: Answered) -> None:
        told.append(answer.outcome)
        raise LookupError("a mistake of ours")

    async with Endpoint(200, 200, NEVER_ANSWERS) as endpoint, porters() as client:
        begun = [client.begin(post(endpoint.url), tell) for _ in range(2)]
        await eventually(lambda: told == [Outcome.OK, Outcome.OK])
        hanging = client.begin(post(endpoint.url), tell)
        await endpoint.received(3)
        assert hanging is not None
        client.abandon(hanging)
        await eventually(lambda: len(endpoint.open) == 1)
        client.abandon(hanging)  # which changes nothing any more

        assert client.begin(post(endpoint.url + "\ud800"), tell) is None
        assert client.begin(Request(url=endpoint.url, timeout_ms=1, into=io.BytesIO(), most=1), tell) is None

    assert None not in begun
    assert told == [Outcome.OK, Outcome.OK]
    assert caplog.text.count("porter.untold") == 2


async def test_what_cannot_be_told_to_a_porter_is_refused_as_ever() -> None:
    async with porters() as client:
        assert (await client.send(post("https://example.com/\ud800"))).outcome is Outcome.FORBIDDEN


async def test_certificates_and_the_proxy_are_those_of_the_rules(authority: Authority) -> None:
    ours = authority.issue("Tidings", is_client=True).pem
    context = authority.issue("hooks.example.com").server_context(client_authority=authority.ca_file)
    async with (
        Endpoint(tls=context) as endpoint,
        ConnectProxy({"hooks.example.com:443": ("127.0.0.1", endpoint.port)}) as proxy,
        porters(Rules(ca_file=str(authority.ca_file), proxy=f"http://us:secret@127.0.0.1:{proxy.port}")) as client,
    ):
        shown = await client.send(post("https://hooks.example.com/", client_certificate=ours))
        hidden = await client.send(post("https://hooks.example.com/"))
        [process] = processes()
        known = seen_by_all(process, "cmdline") + seen_by_all(process, "environ")

    assert shown.outcome is Outcome.OK, shown.error
    assert hidden.outcome is not Outcome.OK
    assert b"proxy-authorization" in proxy.asked[0]
    assert "secret" not in known


async def test_what_the_server_was_set_to_is_not_told_to_porters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDINGS_SECRET_KEY", "not for others")
    async with porters():
        [process] = processes()

        assert "TIDINGS_" not in seen_by_all(process, "environ")


async def test_a_porter_that_is_killed_leaves_its_requests_broken_and_others_to_the_server_until_there_is_a_new_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, porters() as client:
        [first] = processes()
        sending = asyncio.create_task(client.send(post(endpoint.url)))
        await endpoint.received(1)
        os.kill(first, signal.SIGKILL)
        broken = await sending
        endpoint.script(200)
        meanwhile = await client.send(post(endpoint.url))
        await eventually(lambda: processes() not in ([], [first]), within=SOON_S)
        [second] = processes()
        await eventually(lambda: client.ready == 1, within=SOON_S)
        afterwards = [await client.send(post(endpoint.url)) for _ in range(5)]

        told: list[Outcome] = []
        assert client.begin(post(endpoint.url), lambda answer: told.append(answer.outcome)) is not None
        await eventually(lambda: told == [Outcome.OK])

    assert (broken.outcome, meanwhile.outcome) == (Outcome.BROKEN, Outcome.OK)
    assert {answer.outcome for answer in afterwards} == {Outcome.OK}
    assert second != first
    assert f"porter.ended pid={first} status=-9 silent=False" in caplog.text


async def test_a_frozen_porter_is_ended_and_what_it_had_is_answered() -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, porters(beat_s=0.2) as client:
        [first] = processes()
        sending = asyncio.create_task(client.send(post(endpoint.url, timeout_ms=60_000)))
        await endpoint.received(1)
        os.kill(first, signal.SIGSTOP)

        assert (await asyncio.wait_for(sending, SOON_S)).outcome is Outcome.BROKEN
        await eventually(lambda: first not in processes(), within=SOON_S)


async def test_one_that_reads_nothing_holds_back_what_is_meant_for_it() -> None:
    async with Endpoint() as endpoint, porters() as client:
        [process] = processes()
        os.kill(process, signal.SIGSTOP)
        sending = []
        for _ in range(20):
            sending.append(asyncio.create_task(client.send(post(endpoint.url, body=b"x" * 500_000))))
            await Clock().sleep(0)
        assert client.begin(post(endpoint.url), lambda _: None) is None
        os.kill(process, signal.SIGCONT)

        assert {answer.outcome for answer in await asyncio.gather(*sending)} == {Outcome.OK}


async def test_an_origin_has_one_porter_until_that_one_is_far_ahead() -> None:
    async with Endpoint(NEVER_ANSWERS) as endpoint, porters(count=2) as client:
        few = [asyncio.create_task(client.send(post(endpoint.url))) for _ in range(60)]
        await endpoint.received(60)
        many = [asyncio.create_task(client.send(post(endpoint.url))) for _ in range(60)]
        await endpoint.received(120)
        os.kill(processes()[0], signal.SIGKILL)
        await eventually(lambda: any(task.done() for task in (*few, *many)))
        of_few, of_many = (Counter(task.done() for task in tasks) for tasks in (few, many))
        endpoint.drop_connections()
        await asyncio.gather(*few, *many)

    assert max(of_few.values()) == 60
    assert min(of_many.values()) > 20


async def test_the_server_sends_itself_where_no_process_can_be_begun_and_tries_again_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, manual_clock: ManualClock
) -> None:
    def failures() -> int:
        return caplog.text.count("porter.not_begun error=")

    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    async with Endpoint() as endpoint, porters(clock=manual_clock) as client:
        assert (await client.send(post(endpoint.url))).outcome is Outcome.OK
        begun = client.begin(post(endpoint.url), lambda _: None)
        assert begun is not None
        client.abandon(begun)
        for tries, pause_ms in enumerate([500, 1_000, 2_000, 4_000], start=1):
            await eventually(lambda: failures() == tries)  # noqa: B023 - asked at once
            await manual_clock.jump(pause_ms - 1)
            assert failures() == tries
            await manual_clock.jump(1)


async def test_giving_up_while_porters_begin_leaves_none_behind() -> None:
    async def use() -> None:
        async with porters(count=2):
            pytest.fail("they were not to be ready yet")

    using = asyncio.create_task(use())
    for _ in range(5):  # turns of the loop, in which a thread has been told to begin them
        await Clock().sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using

    assert processes() == []
