"""Rules: whom a client may call, by which way and as whom, in a form that can be told to another process."""

from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import msgspec

from tidings.core.clock import Clock
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """Where our own listener is, and the beginnings of the URLs that lead to it."""

    beginnings: Sequence[str]
    address: str
    port: int
    is_tls: bool


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What `Client` and `Guard` are made of; see there. Empty texts are what there is none of."""

    allow: Sequence[str] = ()
    plain_http: bool = False
    ca_file: str = ""
    proxy: str = ""
    own: Own | None = None
    user_agent: str = "Tidings"

    def __repr__(self) -> str:
        return "Rules()"  # the proxy's URL holds a password

    @property
    def authorities(self) -> Path | None:
        return Path(self.ca_file) if self.ca_file else None

    def guard(self, resolver: Resolver) -> Guard:
        return Guard(
            resolver=resolver,
            allow=[ip_network(block) for block in self.allow],
            plain_http=self.plain_http,
            proxied=bool(self.proxy),
        )

    def client(self, guard: Guard, *, clock: Clock) -> Client:
        """One that sends by itself."""
        return Client(
            guard=guard,
            clock=clock,
            ca_file=self.authorities,
            proxy=self.proxy or None,
            own=self.listener,
            user_agent=self.user_agent,
        )

    def listener(self, url: str) -> tuple[str, int, bool] | None:
        """Address, port and whether TLS, where a URL is ours."""
        if self.own is None or not url.startswith(tuple(self.own.beginnings)):
            return None
        return self.own.address, self.own.port, self.own.is_tls
