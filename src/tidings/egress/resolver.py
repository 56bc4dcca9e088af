"""Names to addresses, with a time limit and a short memory."""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple, Self

import pycares
from aiodns import DNSResolver
from aiodns.error import DNSError

from tidings.core.clock import Clock
from tidings.core.errors import Undeliverable

# Twelve hanging names stop getaddrinfo for a minute; c-ares gives a server 2 s and then asks once more, for longer.
TRY_S = 2.0
_TRIES = 2
_LIMIT_IN_TRIES = 2.5
# However long a record says that it lives, we look again after half a minute. One that says 0 is asked for once a
# second, and so is a name that failed: what was judged is what is dialled, however old.
_LONGEST_S = 30.0
_SHORTEST_S = 1.0
# A guess: more names than are called within half a minute, and a few megabytes at most.
_NAMES_KEPT = 10_000


class Unresolved(Undeliverable):
    """A name that has no address, or whose servers do not answer in time."""


class _Known(NamedTuple):
    addresses: tuple[str, ...]
    failure: str  # why there is none
    until: float


class Resolver:
    """Looks names up by c-ares, as nsswitch.conf says (/etc/hosts first), without search domains: names are absolute.

    `nameservers` (address:port) replace the machine's own.
    """

    def __init__(self, *, clock: Clock, nameservers: Sequence[str] | None = None, try_s: float = TRY_S) -> None:
        self._clock = clock
        self._nameservers = nameservers
        self._try_s = try_s
        self._known: dict[str, _Known] = {}
        self._asking: dict[str, asyncio.Task[_Known]] = {}

    async def __aenter__(self) -> Self:
        # `lookups` is left to c-ares, whose own choice is files first: pycares 5.2 frees the text before it is read.
        self._ares = DNSResolver(
            nameservers=self._nameservers,
            timeout=self._try_s,
            tries=_TRIES,
            flags=pycares.ARES_FLAG_EDNS | pycares.ARES_FLAG_NOSEARCH,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in tuple(self._asking.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._ares.close()

    def known(self, name: str) -> tuple[str, ...]:
        """The addresses of a name that need not be asked for just now, if there are any."""
        known = self._known.get(name)
        return () if known is None or known.until < self._clock.monotonic() else known.addresses

    async def look_up(self, name: str) -> tuple[str, ...]:
        """All addresses of a name, as text. Raises `Unresolved`."""
        known = self._known.get(name)
        if known is None or known.until < self._clock.monotonic():
            asking = self._asking.get(name)
            if asking is None:
                asking = self._asking[name] = asyncio.create_task(self._ask(name))
            # Whoever gives up waiting leaves the look-up to the others who ask for the same name.
            known = await asyncio.shield(asking)
        if not known.addresses:
            raise Unresolved(known.failure)
        return known.addresses

    async def _ask(self, name: str) -> _Known:
        try:
            addresses, lives_s, failure = await self._answer(name)
        finally:
            del self._asking[name]
        until = self._clock.monotonic() + min(max(lives_s, _SHORTEST_S), _LONGEST_S)
        known = self._known[name] = _Known(addresses, failure, until)
        if len(self._known) > _NAMES_KEPT:
            del self._known[next(iter(self._known))]
        return known

    async def _answer(self, name: str) -> tuple[tuple[str, ...], float, str]:
        limit_s = self._try_s * _LIMIT_IN_TRIES
        try:
            async with asyncio.timeout(limit_s):
                found = await self._ares.getaddrinfo(name, _family(name))
        except TimeoutError:
            return (), 0, f"the name {name} was not answered within {limit_s:g} s"
        except DNSError as error:
            return (), 0, f"no address is found for the name {name}: {error.args[1]}"
        # One address comes once for each kind of socket; the order is c-ares's, the nearest first.
        addresses = dict.fromkeys(node.addr[0].decode("ascii") for node in found.nodes)
        return (
            tuple(addresses),
            min((node.ttl for node in found.nodes), default=0),
            f"no address is found for the name {name}",
        )


def _family(name: str) -> socket.AddressFamily:
    # c-ares adds ::1 to localhost whatever /etc/hosts says; who allows 127.0.0.1 to be called means localhost too.
    is_local = name == "localhost" or name.endswith(".localhost")
    return socket.AF_INET if is_local else socket.AF_UNSPEC
