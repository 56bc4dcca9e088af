"""Opening a connection to one of the addresses that were judged: TCP, a tunnel if there is a proxy, TLS."""

import asyncio
import os
import ssl
from collections.abc import Hashable, Sequence
from time import perf_counter

from tidings.core.clock import Clock
from tidings.core.descriptors import DESCRIPTORS
from tidings.core.errors import Invalid
from tidings.egress.answer import Failed, Outcome
from tidings.egress.connection import Connection
from tidings.egress.course import Course
from tidings.egress.proxy import Proxy, Tunnel
from tidings.egress.resolver import Resolver, Unresolved
from tidings.egress.tls import Context, Contexts
from tidings.egress.url import Target

# A guess: while a name has further addresses, one that does not answer costs no more than this.
_NEXT_ADDRESS_AFTER_S = 3.0
# What is the matter with us and not with the endpoint: no descriptor is left. A guess: it may pass soon.
_AGAIN_AFTER_S = 0.1
# OpenSSL's codes for a certificate whose authority is not known: self-signed, or without an issuer that we have.
_UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})


class Dialer:
    """Dials. Every failure is a `Failed`, after which nothing is left open."""

    def __init__(self, *, clock: Clock, contexts: Contexts, resolver: Resolver, proxy: Proxy | None) -> None:
        self._clock = clock
        self._contexts = contexts
        self._resolver = resolver
        self._proxy = proxy
        self._loop = asyncio.get_running_loop()

    async def dial(
        self,
        target: Target,
        *,
        judged: Sequence[str],
        origin: Hashable,
        client_certificate: str | None,
        is_own: bool,
        course: Course,
    ) -> Connection:
        """Connect to the first of the judged addresses that answers; through a proxy, have it connect to the only one.

        `is_own` goes straight, past the proxy.
        """
        course.doing = "connecting"
        began = perf_counter()
        connection = Connection(loop=self._loop, origin=origin, opened_at=self._clock.monotonic())
        if self._proxy is None or is_own:
            connection.address = await self._open(connection, judged, port=target.port)
        else:
            await self._tunnel(connection, target, proxy=self._proxy)
            connection.address = judged[0]
        connected = perf_counter()
        course.connect_ms = (connected - began) * 1_000
        if target.is_tls:
            course.doing = "in the TLS handshake"
            await self._start_tls(connection, target.host, client_certificate=client_certificate)
            course.tls_ms = (perf_counter() - connected) * 1_000
        return connection

    def remember(self, connection: Connection) -> None:
        """Keep the TLS session of a connection that has been answered; in TLS 1.3 it comes with the first answer."""
        connected = connection.transport.get_extra_info("ssl_object")
        if isinstance(connected, ssl.SSLObject) and isinstance(connected.context, Context):
            connected.context.keep_session(connected)

    async def _open(self, protocol: asyncio.BaseProtocol, addresses: Sequence[str], *, port: int) -> str:
        """Connect to the first address that answers, and say which."""
        error = ""
        for address in addresses:
            try:
                async with asyncio.timeout(None if address == addresses[-1] else _NEXT_ADDRESS_AFTER_S):
                    await self._connect(protocol, address, port=port)
            except OSError as failure:  # a TimeoutError is one
                reason = os.strerror(failure.errno) if failure.errno else "it does not answer"
                error = f"no connection to {address}, port {port}: {reason}"
            else:
                return address
        raise Failed(Outcome.UNREACHABLE, error)

    async def _connect(self, protocol: asyncio.BaseProtocol, address: str, *, port: int) -> None:
        """Raises OSError for what the endpoint does; waits for a descriptor of ours, within the request's deadline."""
        while True:
            try:
                await self._loop.create_connection(lambda: protocol, address, port)
            except OSError as error:
                if not DESCRIPTORS.missed(error):
                    raise
            else:
                return
            await self._clock.sleep(_AGAIN_AFTER_S)

    async def _tunnel(self, connection: Connection, target: Target, *, proxy: Proxy) -> None:
        tunnel = Tunnel(self._loop)
        try:
            await self._open(tunnel, await self._resolver.look_up(proxy.host), port=proxy.port)
        except Unresolved as error:
            raise Failed(Outcome.UNREACHABLE, f"the proxy cannot be found: {error.message}") from error
        except Failed as failed:
            raise Failed(failed.outcome, f"the proxy cannot be reached: {failed.error}") from failed
        try:
            await tunnel.open(proxy.request(target))
        except BaseException:
            tunnel.transport.abort()
            raise
        connection.connection_made(tunnel.transport)
        tunnel.transport.set_protocol(connection)

    async def _start_tls(self, connection: Connection, name: str, *, client_certificate: str | None) -> None:
        try:
            transport = await self._loop.start_tls(
                connection.transport,
                connection,
                self._contexts.context(client_certificate),
                server_hostname=name,
            )
        except BaseException as error:
            connection.abort()
            if isinstance(error, OSError | Invalid):
                raise Failed(Outcome.TLS_FAILED, _why(error, name)) from error
            raise
        if transport is None:  # pragma: no cover - asyncio's way to say that it was lost just now; uvloop has none
            raise Failed(Outcome.TLS_FAILED, _why(ConnectionResetError(), name))
        connection.transport = transport


def _why(error: OSError | Invalid, name: str) -> str:
    if isinstance(error, Invalid):
        return error.message
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "; TIDINGS_EGRESS_CA can name an authority to trust" if error.verify_code in _UNKNOWN_AUTHORITY else ""
        return f"the certificate of {name} is not accepted: {error.verify_message}{hint}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS with {name}: {error.reason or 'the handshake failed'}"
    return f"no TLS with {name}: the connection was closed during the handshake"
