"""Power cuts: a server whose disk forgets what was not synced has lost nothing that was acknowledged."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from tests.reliability.forgetful import SECTOR, File
from tests.reliability.power import ForgetfulDisk, forgetful_disk
from tests.reliability.trial import trial
from tidings.app.compose import opened
from tidings.app.settings import load
from tidings.core.event import Subject
from tidings.outbox.terms import Terms

# By turns with nothing and with some of what was not synced left.
CUTS = int(os.environ.get("CHAOS_CUTS", "2"))
# Acknowledgements between a start and the cut.
FEWEST, MOST = 1, 200


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[ForgetfulDisk]:
    with forgetful_disk(tmp_path / "forgetful") as disk:
        yield disk


def synced(path: Path, *, by: Callable[[int], None] = os.fsync) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    by(descriptor)
    os.close(descriptor)


@pytest.mark.parametrize("by", [os.fsync, os.fdatasync])
async def test_a_power_cut_leaves_what_was_synced(forgetful: ForgetfulDisk, by: Callable[[int], None]) -> None:
    kept, nameless, hollow = (forgetful.folder / name for name in ("kept", "nameless", "hollow"))
    for path in (kept, hollow):
        path.write_bytes(b"before")
    synced(kept, by=by)
    synced(forgetful.folder)
    nameless.write_bytes(b"synced, but not its name")
    synced(nameless, by=by)
    with kept.open("ab") as file:
        file.write(b" and after")

    await forgetful.cut()

    assert {path.name: path.read_bytes() for path in forgetful.folder.iterdir()} == {"kept": b"before", "hollow": b""}


def test_a_file_is_made_shorter_while_it_is_open(forgetful: ForgetfulDisk) -> None:
    path = forgetful.folder / "log"
    with path.open("wb+", buffering=0) as file:
        file.write(b"a" * 100)
        file.truncate(3)
        file.seek(5)
        file.write(b"b")

    assert path.read_bytes() == b"aaa\0\0b"


def test_a_torn_file_is_old_and_new_by_sectors() -> None:
    file = File(0o600)
    file.write(b"a" * 100 * SECTOR, 0)
    file.sync()
    file.write(b"b" * 60 * SECTOR, 20 * SECTOR)

    file.forget(random.Random(1))  # noqa: S311 - repeatable, on purpose

    sectors = [bytes(file.data[start : start + SECTOR]) for start in range(0, len(file.data), SECTOR)]
    assert set(sectors) == {b"a" * SECTOR, b"b" * SECTOR}
    assert b"b" * SECTOR not in {*sectors[:20], *sectors[80:]}


@pytest.mark.timeout(300 + 10 * CUTS)
async def test_a_server_whose_power_is_cut_again_and_again_loses_nothing(
    forgetful: ForgetfulDisk, tmp_path: Path
) -> None:
    chance = random.Random(6)  # noqa: S311 - repeatable, on purpose
    async with trial(tmp_path, f"sqlite:{forgetful.folder}/tidings.db") as one:
        server = one.server()
        publisher = one.publisher(server)
        await server.start()

        async with publisher.publishing():
            for cut in range(CUTS):
                await publisher.acknowledged(chance.randint(FEWEST, MOST))
                with one.accident():
                    await server.kill()
                    await forgetful.cut(torn=cut if cut % 2 else None)
                assert is_whole(forgetful.folder / "tidings.db")
                await server.start()
        findings = await one.findings()
        server.tell_to_stop()

        assert findings.faults == []
        assert await server.stopped() == 0
        assert len(one.ledger.accidents) == CUTS


def is_whole(path: Path) -> bool:
    database = apsw.Connection(str(path))
    try:
        return bool(database.pragma("integrity_check") == "ok")
    finally:
        database.close()


async def test_what_an_installation_makes_at_its_first_start_outlives_a_power_cut(forgetful: ForgetfulDisk) -> None:
    folder = forgetful.folder / "tidings-data"
    settings = load({}, folder=forgetful.folder, database=f"sqlite:{folder}/tidings.db", egress_allow="127.0.0.1/32")
    async with opened(settings) as parts:
        connector = await parts.access.create_connector("one", actor="test")
        terms = Terms(types=("order.paid",), url="https://127.0.0.1:9/")
        webhook, secret = await parts.subscribing.create(
            Subject("Application", "shop"), terms, connector=connector.id, owner=""
        )
    assert folder.stat().st_mode & 0o777 == 0o700

    await forgetful.cut()

    async with opened(settings) as parts:
        again = await parts.subscriptions.get(webhook.id)

    assert again is not None
    assert again.secrets == (secret,)
