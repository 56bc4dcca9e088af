"""A server that has an inspector alone, with a bin, and how tests look at it."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_network
from typing import Any

from tests.web.conversation import Answer, ask
from tidings.core.clock import Clock
from tidings.dialects.discovery import discover
from tidings.inbox.inbox import Inbox
from tidings.inbox.inspector import Inspector
from tidings.store.bins import Bins
from tidings.store.database import Database
from tidings.web.bins import BinDoor
from tidings.web.door import Door, opened
from tidings.web.login import Login
from tidings.web.peer import Proxies
from tidings.web.server import Certificate, Server

PUBLIC_URL = "https://tidings.example.com/"


class BinServer:
    """The bin `mine` on a server; `look` is with its view token."""

    def __init__(self, port: int, inspector: Inspector) -> None:
        self.port = port
        self.inspector = inspector
        self.token = ""

    async def make(self) -> None:
        self.token = (await self.inspector.make("mine", connector="shop")).view_token

    async def send(self, line: str = "POST /bin/mine", *, body: bytes = b"", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.port, line, headers=named, body=body)

    async def look(self, line: str, *, json: Any = None) -> Answer:  # noqa: ANN401 - any JSON
        return await ask(self.port, line, headers={"accessToken": self.token}, json=json)

    async def browse(
        self, query: str, *, form: bytes = b"", headers: Mapping[str, str] | None = None, token: str | None = None
    ) -> Answer:
        """As a browser that has entered the view token, or another."""
        cookie = {"cookie": f"theme=dark; tidings_bin={self.token if token is None else token}", **(headers or {})}
        return await ask(self.port, f"{'POST' if form else 'GET'} /bin/mine?{query}", headers=cookie, body=form)


@contextlib.asynccontextmanager
async def bin_server(
    database: Database,
    login: Login,
    *,
    inbox: Inbox | None = None,
    is_open: bool = False,
    clock: Clock | None = None,
    public_url: str = PUBLIC_URL,
    certificate: Certificate | None = None,
) -> AsyncIterator[BinServer]:
    clock = clock or Clock()
    inspector = Inspector(Bins(database), clock)
    bins = BinDoor(
        inspector,
        login=login,
        proxies=Proxies([ip_network("127.0.0.1")]),
        clock=clock,
        public_url=public_url,
        readers=discover().readers,
        inbox=inbox,
        is_open=is_open,
    )
    door = Door(
        routes=bins.routes(),
        pages=[*bins.pages(), *bins.files()],
        login=login,
        proxies=Proxies([ip_network("127.0.0.1")]),
    )
    serving = Server(opened(door), clock=Clock(), certificate=certificate, on_stop=inspector.close)
    async with serving.listening("127.0.0.1", 0) as port:
        server = BinServer(port, inspector)
        await server.make()
        yield server
