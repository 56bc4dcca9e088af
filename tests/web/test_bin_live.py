"""What a bin catches appears at once where somebody looks at it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.web.bin_server import BinServer, bin_server
from tests.web.conversation import Conversation, request, talk
from tidings.store.database import Database
from tidings.web.login import Login


@pytest.fixture
async def server(database: Database, login: Login) -> AsyncIterator[BinServer]:
    async with bin_server(database, login) as server:
        yield server


async def listen(conversation: Conversation, server: BinServer, *, query: str = "events", **headers: str) -> bytes:
    """Begin to listen; the head of the answer."""
    named = {"cookie": f"tidings_bin={server.token}", **{key.replace("_", "-"): one for key, one in headers.items()}}
    await conversation.say(request(f"GET /bin/mine?{query}", headers=named))
    async with asyncio.timeout(60):
        head = await conversation.reader.readuntil(b"\r\n\r\n")
        await conversation.reader.readuntil(b"retry: 2000\n\n")
    return head


async def next_event(conversation: Conversation) -> tuple[int, dict[str, Any]]:
    async with asyncio.timeout(60):
        number = (await conversation.reader.readuntil(b"\ndata: ")).rpartition(b"id: ")[2]
        data = await conversation.reader.readuntil(b"\n\n")
    return int(number.removesuffix(b"\ndata: ")), msgspec.json.decode(data)


async def test_a_request_is_told_when_it_comes_without_its_body(server: BinServer) -> None:
    await server.send(body=b"before")
    async with talk(server.port) as conversation:
        head = await listen(conversation, server)
        await server.send("POST /bin/mine?a=1", body=b"hello")
        number, told = await next_event(conversation)

    assert b"content-type: text/event-stream" in head.lower()
    assert (number, told["method"], told["query"], told["size"]) == (2, "POST", "a=1", 5)
    assert "body" not in told


async def test_who_comes_back_is_told_what_was_missed(server: BinServer) -> None:
    await server.send(body=b"one")
    await server.send(body=b"two")

    async with talk(server.port) as conversation:
        await listen(conversation, server, last_event_id="1")
        assert (await next_event(conversation))[0] == 2
    async with talk(server.port) as conversation:
        await listen(conversation, server, query="events=0")
        assert [(await next_event(conversation))[0] for _ in range(2)] == [1, 2]


async def test_what_came_cannot_end_an_event_and_begin_another(server: BinServer) -> None:
    async with talk(server.port) as conversation:
        await listen(conversation, server)
        await server.send("POST /bin/mine/%0A%0Adata:%20forged?a=%0A", body=b"\n\ndata: forged\n\n")
        _, told = await next_event(conversation)

    assert told["path"] == "/bin/mine/%0A%0Adata:%20forged"


async def test_a_server_that_stops_lets_listeners_go(database: Database, login: Login) -> None:
    async with bin_server(database, login) as server, talk(server.port) as conversation:
        await listen(conversation, server)
        server.inspector.close()
        async with asyncio.timeout(60):
            assert (await conversation.reader.readuntil(b"0\r\n\r\n")).endswith(b"0\r\n\r\n")
