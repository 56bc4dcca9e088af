"""A store that is full, locked or away: publishers are told, `/readyz` says why, and it goes on by itself."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw

from tests.reliability.disk import Disk
from tests.reliability.postgres import Postgres
from tests.reliability.publisher import Publisher
from tests.reliability.trial import Trial, becomes_ready, trial, until
from tests.web.conversation import ask

# Seconds. SQLite waits five for a lock, PostgreSQL is given ten to answer.
REFUSES_WITHIN_S = 90.0


async def test_a_full_disk_is_told_and_left_behind(disk: Disk, tmp_path: Path) -> None:
    async with trial(tmp_path, f"sqlite:{disk.folder}/tidings.db") as one:
        server = one.server()

        async def fill() -> None:
            disk.fill(server.process.pid)

        async def free() -> None:
            disk.free(server.process.pid)

        await goes_through(one, begin=fill, end=free, said="disk")


async def test_a_locked_database_is_told_and_left_behind(tmp_path: Path) -> None:
    async with trial(tmp_path, f"sqlite:{tmp_path}/tidings.db") as one:
        other = apsw.Connection(f"{tmp_path}/tidings.db")
        other.set_busy_timeout(5_000)

        async def lock() -> None:
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")

        async def unlock() -> None:
            other.execute("ROLLBACK")

        await goes_through(one, begin=lock, end=unlock, said="another process keeps the database locked")
        other.close()


async def test_a_lost_postgresql_is_told_and_found_again(postgres: Postgres, tmp_path: Path) -> None:
    async with trial(tmp_path, postgres.url) as one:
        await goes_through(one, begin=postgres.stop_at_once, end=postgres.start, said="PostgreSQL does not answer")


async def test_a_postgresql_that_hangs_is_told_and_found_again(postgres: Postgres, tmp_path: Path) -> None:
    async with trial(tmp_path, postgres.url) as one:

        async def freeze() -> None:
            postgres.freeze()

        async def thaw() -> None:
            postgres.thaw()

        await goes_through(one, begin=freeze, end=thaw, said="PostgreSQL does not answer")


Step = Callable[[], Awaitable[None]]


async def goes_through(one: Trial, *, begin: Step, end: Step, said: str) -> None:
    """An outage under load, from the first refusal to the last delivery."""
    server = one.programs[0] if one.programs else one.server()
    publisher = one.publisher(server)
    await server.start()
    pid = server.process.pid

    with one.accident():
        async with publisher.publishing():
            await publisher.acknowledged(200)
            await begin()
            try:
                await until(lambda: publisher.refusals, within=REFUSES_WITHIN_S)
                await one_says(one, said)
            finally:
                await end()
            await publisher.acknowledged(200, within=REFUSES_WITHIN_S)
    findings = await one.findings()
    await becomes_ready(one.port)
    server.tell_to_stop()

    assert refused_politely(publisher, said=said)
    assert findings.faults == []
    assert server.process.pid == pid
    assert await server.stopped() == 0


async def one_says(one: Trial, said: str) -> None:
    """Wait until `/readyz` says no, and why."""

    async def says_it() -> bool:
        answer = await ask(one.port, "GET /readyz")
        return answer.status == 503 and said in answer.json["message"]

    await until(says_it, within=REFUSES_WITHIN_S)


def refused_politely(publisher: Publisher, *, said: str) -> bool:
    """Each refusal with a 503 and when to come back is the publisher's own rule; the first one says why."""
    return said in publisher.refusals[0].body.decode()
