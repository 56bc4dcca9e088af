"""A mail server that takes what it is given and remembers it."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass
class MailServer:
    """Answers every command with 250, but for `refuses`, which gets 554. With `tls` it offers STARTTLS."""

    tls: ssl.SSLContext | None = None
    speaks_tls_at_once: bool = False
    refuses: str = ""
    port: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    async def __aenter__(self) -> Self:
        context = self.tls if self.speaks_tls_at_once else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com\r\n")
        while line := (await reader.readline()).decode().rstrip():
            verb = line.split(" ", 1)[0].upper()
            self.commands.append(line)
            answers: dict[str, Callable[[], Awaitable[bytes]]] = {
                "EHLO": self._greet,
                "DATA": lambda: self._take(reader, writer),
            }
            if verb == self.refuses:
                writer.write(b"554 no\r\n")
            elif verb == "STARTTLS" and self.tls is not None:
                writer.write(b"220 go on\r\n")
                await writer.drain()
                await writer.start_tls(self.tls)
            elif verb == "AUTH":
                writer.write(b"235 welcome\r\n")
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            elif verb in answers:
                writer.write(await answers[verb]())
            else:
                writer.write(b"250 ok\r\n")
        writer.close()

    async def _greet(self) -> bytes:
        offers = b"250-mail.example.com\r\n"
        offers += b"250-STARTTLS\r\n" if self.tls is not None and not self.speaks_tls_at_once else b""
        return offers + b"250 AUTH PLAIN\r\n"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"354 go on\r\n")
        self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
        return b"250 taken\r\n"
