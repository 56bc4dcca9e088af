"""A small real CONNECT proxy."""

import asyncio
from collections.abc import Mapping
from typing import Self


class ConnectProxy:
    """Makes tunnels to the addresses that it knows for `host:port`; `reply` answers in place of making one."""

    def __init__(self, places: Mapping[str, tuple[str, int]], *, reply: bytes | None = None) -> None:
        self._places = places
        self._reply = reply
        self.asked: list[bytes] = []
        self._tunnels: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    @property
    def is_serving(self) -> bool:
        return bool(self._tunnels)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tunnels.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head)
            if self._reply is not None:
                writer.write(self._reply)
                await writer.drain()
                return
            host, port = self._places[head.split()[1].decode()]
            far_reader, far_writer = await asyncio.open_connection(host, port)
            writer.write(b"HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n")
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_copy(reader, far_writer))
                    both.create_task(_copy(far_reader, writer))
            finally:
                far_writer.transport.abort()
        finally:
            writer.close()
            self._tunnels.discard(task)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()
