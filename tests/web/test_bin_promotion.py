"""A bin becomes a source, and what it caught stands in tables: through the same checks as any callback."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.web.bin_server import BinServer, bin_server
from tests.web.callers import CALLERS, SHOP
from tests.web.conversation import ask
from tidings.access.scope import ADMIN, GRANTED
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import InvalidToken
from tidings.core.vault import Vault, new_key
from tidings.dialects.discovery import discover
from tidings.inbox.inbox import Inbox, open_inbox
from tidings.store.database import Database
from tidings.tables.engine import open_engine
from tidings.tables.tables import Tables
from tidings.web.login import Login

OWNER = {"authorization": "Bearer tdk_owner"}
PROMOTE = "POST /v1/bins/mine/promote"


@pytest.fixture
def login() -> Login:
    owner = Caller(connector="owner", kind=TokenKind.KEY, scopes=frozenset({*GRANTED, ADMIN}))
    known = {**CALLERS, "tdk_owner": owner}
    return Login(known=known.get, authenticate=_nobody)


async def _nobody(_: str) -> Caller:
    raise InvalidToken("Invalid token.")


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(open_engine(f"sqlite:{tmp_path / 'tables.db'}"))


@pytest.fixture
async def inbox(database: Database, tables: Tables) -> AsyncIterator[Inbox]:
    inbox = open_inbox(
        database, vault=Vault([new_key()]), clock=Clock(), readers=discover().readers, open_tables=lambda: tables
    )
    async with inbox.running():
        yield inbox
    tables.close()


@pytest.fixture
async def server(database: Database, login: Login, inbox: Inbox) -> AsyncIterator[BinServer]:
    async with bin_server(database, login, inbox=inbox) as server:
        yield server


async def reaches(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():
            await Clock().sleep(0.02)


async def test_what_a_bin_caught_goes_through_the_sources_checks_into_tables(
    server: BinServer, inbox: Inbox, tables: Tables
) -> None:
    body = b'{"action":"opened","issue":{"number":7}}'
    signature = f"sha256={hmac.new(b'shared', body, hashlib.sha256).hexdigest()}"
    await server.send("GET /bin/mine?validationToken=1")
    await server.send(body=body, x_hub_signature_256=signature, x_github_event="issues")
    await server.send(body=body, x_hub_signature_256="sha256=forged", x_github_event="issues")

    answer = await ask(
        server.port, PROMOTE, headers=OWNER, json={"source": "code", "dialect": "github", "secret": "shared"}
    )
    await reaches(lambda: inbox.laying.laid == 1)

    assert answer.status == 200
    told = answer.json
    assert (told["kept"], told["refused"], told["url"]) == (1, 1, "https://tidings.example.com/receive/code")
    assert [one["number"] for one in told["reasons"]] == [3]
    assert inbox.receiving.forged == {"code": 1}
    tables.refresh()
    [row] = [dict(row) for row in tables.rows("code_issues")]
    assert row["issue_number"] == 7


async def test_promoting_to_a_source_that_is_there_is_a_conflict_and_sends_nothing(
    server: BinServer, inbox: Inbox
) -> None:
    order = {"source": "code", "dialect": "raw"}
    await ask(server.port, PROMOTE, headers=OWNER, json=order)
    await server.send(body=b"{}")

    assert (await ask(server.port, PROMOTE, headers=OWNER, json=order)).status == 409
    assert inbox.receiving.received == 0


async def test_only_who_may_do_everything_makes_sources(server: BinServer) -> None:
    order = {"source": "code", "dialect": "raw"}

    assert (await ask(server.port, PROMOTE, headers=SHOP, json=order)).status == 403
    assert (await ask(server.port, PROMOTE, headers={"accessToken": server.token}, json=order)).status == 401
    unknown = {"source": "code", "dialect": "unknown"}
    assert (await ask(server.port, PROMOTE, headers=OWNER, json=unknown)).status == 400


async def test_where_nothing_is_received_nothing_is_promoted(database: Database, login: Login) -> None:
    async with bin_server(database, login) as server:
        assert (await ask(server.port, PROMOTE, headers=OWNER, json={"source": "a", "dialect": "raw"})).status == 404
