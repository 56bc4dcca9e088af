"""Upgrade: an older version and the present one side by side on one PostgreSQL, under load."""

import asyncio
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from tests.ports import free_port
from tests.reliability.machines import MOST_MISSING, Machine
from tests.reliability.network import Network, Site
from tests.reliability.publisher import APPLICATION, TYPE
from tests.reliability.trial import WEBHOOKS, Trial
from tests.web.conversation import ask

_LOADED = 200
# What the API calls the terms of `WEBHOOKS`.
_WIRE = {"order_key": "orderKey", "rate": "rateLimit"}


def sources(commit: str, folder: Path) -> Path:
    """The sources of a commit, out of the repository. Raises CalledProcessError if there is no such commit."""
    packed = subprocess.run(["git", "archive", commit, "src"], check=True, capture_output=True)
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder / "src"


async def upgrade(one: Trial, network: Network, *, old: Path) -> tuple[Machine, Machine]:
    """A server of the present sources joins one of the older ones, which then stops, and comes back.

    All the time both publish and deliver. Raises AssertionError and TimeoutError where one of them does not do as the
    other expects.
    """
    before, after = network.sites
    as_before = (*before.prefix, "env", f"PYTHONPATH={old}")
    was, now = _machine(one, before, prefix=as_before), _machine(one, after, prefix=after.prefix)
    await was.start()
    await _prepare(one, was, prefix=as_before)
    was.publisher.token, now.publisher.token = one.token, one.token
    async with was.publisher.publishing("was"):
        await was.keeps(_LOADED)
        await now.start()  # which brings the schema up to date
        await was.keeps(_LOADED)
        async with now.publisher.publishing("now"):
            await asyncio.gather(was.keeps(_LOADED), now.keeps(_LOADED))
            was.program.tell_to_stop()
            assert await was.program.stopped() == 0
            await now.keeps(_LOADED)
            await was.start()
            await asyncio.gather(was.keeps(_LOADED), now.keeps(_LOADED))
    await asyncio.gather(was.becomes_ready(), now.becomes_ready())
    return was, now


def _machine(one: Trial, site: Site, *, prefix: Sequence[str]) -> Machine:
    port = free_port()
    program = one.server(port, prefix=prefix, host=site.host, database=site.database)
    publisher = one.publisher(program, port=port, host=site.host)
    publisher.most_missing = MOST_MISSING
    return Machine(site=site, port=port, program=program, publisher=publisher)


async def _prepare(one: Trial, machine: Machine, *, prefix: Sequence[str]) -> None:
    """A connector, its key and the webhooks, by the old version's command line and API."""
    connector = msgspec.json.decode(
        await _told(one, *prefix, arguments=("connector", "create", "--name", "trial", "--json"))
    )
    scopes = ("--scope", "publish", "--scope", "webhook.write")
    arguments = ("token", "create", "--connector", connector["id"], "--static", *scopes)
    one.token = (await _told(one, *prefix, arguments=arguments)).decode().split()[-1]
    for name, more in WEBHOOKS.items():
        asked: dict[str, Any] = {
            "objectId": APPLICATION,
            "objectType": "Application",
            "eventTypes": [TYPE],
            "callBackUrl": one.receiver.url(name),
            **{_WIRE[term]: value for term, value in more.items()},
        }
        headers = {"authorization": f"Bearer {one.token}", "content-type": "application/json"}
        answer = await ask(machine.port, "POST /v1/webhook", headers=headers, json=asked, host=machine.site.host)
        assert answer.status == 200, answer.body
        one.receiver.secrets[name] = answer.json["signingSecret"]


async def _told(one: Trial, *prefix: str, arguments: Sequence[str]) -> bytes:
    command = [*prefix, *(f"{name}={value}" for name, value in one.settings.items()), sys.executable, "-m", "tidings"]
    ran = await asyncio.to_thread(
        subprocess.run, [*command, *arguments], check=True, stdout=subprocess.PIPE, cwd=one.folder
    )
    return ran.stdout
