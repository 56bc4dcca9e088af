"""Server: listens, speaks HTTP or HTTPS, and stops without breaking off what it has begun."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.web.counter import Counter
from tidings.web.familiar import Familiar
from tidings.web.intake import Intake
from tidings.web.listener import listening
from tidings.web.protocol import Protocol
from tidings.web.receive import ReceiveDoor

log = logging.getLogger(__name__)

# Seconds, which run together with the courier's time of grace; a stop must be over within ten.
FINISH_WITHIN_S = 7
# Seconds. Longer than the usual clients' pools keep a connection, so that closing it is theirs and meets no request.
KEEP_ALIVE_S = 75
# Seconds. How long a renewed certificate may wait to be used; renewals happen weeks ahead.
LOOK_AT_FILES_EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The PEM files of a certificate chain and of its key (`TIDINGS_TLS_CERT`, `TIDINGS_TLS_KEY`)."""

    chain: Path
    key: Path

    def load(self, context: ssl.SSLContext) -> None:
        """Have a context present this certificate from the next handshake on. Raises Invalid, changing nothing."""
        try:
            # On trial first: a chain without its key must not end up half in the context that serves.
            for target in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
                target.load_cert_chain(self.chain, self.key)
        except (OSError, ssl.SSLError) as error:
            raise Invalid(
                f"cannot use the certificate {self.chain} with the key {self.key}: {error}; "
                "set TIDINGS_TLS_CERT and TIDINGS_TLS_KEY to PEM files that belong together"
            ) from error

    def changed_at(self) -> tuple[int, ...]:
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in (self.chain, self.key))


class Server:
    """Serves an application, and what is busy straight from `intake`, `receive` and `counter`."""

    def __init__(
        self,
        application: ASGIApp,
        *,
        clock: Clock,
        intake: Intake | None = None,
        counter: Counter | None = None,
        receive: ReceiveDoor | None = None,
        certificate: Certificate | None = None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self._clock = clock
        self._certificate = certificate
        self._on_stop = on_stop
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        config = uvicorn.Config(
            application,
            # uvicorn calls it as it would the class.
            http=partial(Protocol, intake=intake, familiar=Familiar(), counter=counter, receive=receive),  # type: ignore[arg-type]
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=FINISH_WITHIN_S,
            ssl_context_factory=None if certificate is None else lambda _config, _default: self._context,
        )
        self._uvicorn = _Uvicorn(config)

    @contextlib.asynccontextmanager
    async def listening(self, host: str, port: int, *, is_shared: bool = False) -> AsyncIterator[int]:
        """Serve while in the context, on that port or, for 0, on any free one; the port.

        With `is_shared` other processes may serve there too, and the system deals the connections out among them.

        On leaving, nothing new is accepted, and what was begun is finished or, after 7 seconds, broken off. Raises
        Invalid if the address or the certificate cannot be used.
        """
        if self._certificate is not None:
            self._certificate.load(self._context)
        listener = listening(host, port, is_shared=is_shared)
        async with alongside(self._uvicorn.serve(sockets=[listener]), self._reload()):
            await self._uvicorn.has_started.wait()
            try:
                yield listener.getsockname()[1]
            finally:
                self._on_stop()
                self._uvicorn.should_exit = True
                await self._uvicorn.has_stopped.wait()

    async def _reload(self) -> None:
        if self._certificate is None:
            return
        seen = self._certificate.changed_at()
        while True:
            await self._clock.sleep(LOOK_AT_FILES_EVERY_S)
            if (now := self._certificate.changed_at()) == seen:
                continue
            seen = now
            try:
                self._certificate.load(self._context)
                log.info("certificate.reloaded chain=%s", self._certificate.chain)
            except Invalid as error:
                log.warning("certificate.refused error=%r", error.message)


class _Uvicorn(uvicorn.Server):
    """uvicorn, told to stop by us and not by signals, and saying when it listens and when it does no more."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.has_started = asyncio.Event()
        self.has_stopped = asyncio.Event()

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().serve(sockets)
        finally:
            self.has_stopped.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_started.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
