"""What a machine can do to a server: a disk that may only be read, no descriptor left."""

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.power import ForgetfulDisk, forgetful_disk
from tests.reliability.test_outages import goes_through
from tests.reliability.trial import becomes_ready, trial, until
from tests.web.conversation import request, talk
from tidings.core.clock import Clock

# Clients that want to be heard while nobody can be. A server that tried again and again would do nothing else.
CALLERS = 30
WATCHED_S, MOST_BUSY = 1.0, 0.5
TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[ForgetfulDisk]:
    with forgetful_disk(tmp_path / "forgetful") as disk:
        yield disk


async def test_a_disk_that_may_only_be_read_is_told_and_left_behind(forgetful: ForgetfulDisk, tmp_path: Path) -> None:
    async with trial(tmp_path, f"sqlite:{forgetful.folder}/tidings.db") as one:

        async def protect() -> None:
            forgetful.set_read_only(on=True)

        async def release() -> None:
            forgetful.set_read_only(on=False)

        await goes_through(one, begin=protect, end=release, said="nothing can be kept just now: the database")


async def test_a_server_without_a_descriptor_says_so_and_goes_on_when_it_has_some(tmp_path: Path) -> None:
    async with trial(tmp_path, f"sqlite:{tmp_path}/tidings.db") as one:
        server = one.server()
        publisher = one.publisher(server)
        await server.start()
        pid = server.process.pid

        async with contextlib.AsyncExitStack() as calls:
            async with publisher.publishing():
                await publisher.acknowledged(200)
                kept = await calls.enter_async_context(talk(one.port))
                await kept.say(request("GET /readyz"))
                assert (await kept.hear()).status == 200  # so it has been accepted
                limits = exhaust_descriptors(pid)

                async def says_so() -> bool:
                    assert await call(calls, port=one.port)
                    await kept.say(request("GET /readyz"))
                    ready = await kept.hear()
                    return ready.status == 503 and "all descriptors are in use" in ready.json["message"]

                await until(says_so)
                await publisher.acknowledged(100)  # on the connections that there are

            await call(calls, port=one.port)
            await until(lambda: is_at_rest(pid))
            await until(lambda: "descriptors.exhausted" in server.log.read_text())
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        async with publisher.publishing("later"):
            await publisher.acknowledged(100)
        findings = await one.findings()
        await becomes_ready(one.port)

        assert findings.faults == []
        await until(lambda: "descriptors.available" in server.log.read_text())


def exhaust_descriptors(pid: int) -> tuple[int, int]:
    """Allow it no more than it has; what it was allowed before."""
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(one.name) for one in Path(f"/proc/{pid}/fd").iterdir()}
    free = next(number for number in range(len(taken) + 1) if number not in taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, limits[1]))
    return limits


async def call(calls: contextlib.AsyncExitStack, *, port: int) -> bool:
    """Have so many connections that stay; whether the last one is hung up on, instead of being left to wait."""
    for _ in range(CALLERS):
        talking = await calls.enter_async_context(talk(port))
    try:
        await talking.say(request("GET /healthz"))
        return (await talking.hear()).status == 0
    except ConnectionError:
        return True


async def is_at_rest(pid: int) -> bool:
    """Whether it leaves most of a processor to others."""
    began, used = Clock().monotonic(), processor_s(pid)
    await Clock().sleep(WATCHED_S)
    return (processor_s(pid) - used) / (Clock().monotonic() - began) < MOST_BUSY


def processor_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
