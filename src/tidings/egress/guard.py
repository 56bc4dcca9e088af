"""The guard: whom we may call. From a URL to the addresses that may be dialled, and nothing else is dialled."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from ipaddress import IPv4Address, ip_address

from tidings.core.errors import Undeliverable
from tidings.egress.blocks import NAT64, Address, Network, block_of
from tidings.egress.resolver import Resolver
from tidings.egress.url import Target, parse

# A verdict is a few hundred bytes, and endpoints are named by far fewer addresses than there are webhooks.
_VERDICTS_KEPT = 8_192


class Guard:
    """Judges URLs and addresses. Failure policy: refuse; an address that cannot be judged is not called.

    `allow` are blocks that may be called although they are not public (TIDINGS_EGRESS_ALLOW), `plain_http` permits
    http:// (TIDINGS_EGRESS_HTTP). With `proxied` names are left to the proxy and only literal addresses are judged.
    """

    def __init__(
        self, *, resolver: Resolver, allow: Sequence[Network] = (), plain_http: bool = False, proxied: bool = False
    ) -> None:
        self.resolver = resolver
        self._allow = tuple(allow)
        self._plain_http = plain_http
        self.proxied = proxied
        self._judge_text = lru_cache(_VERDICTS_KEPT)(lambda text: self.judge(ip_address(text)))

    def judge(self, address: Address) -> str | None:
        """Why an address may not be called, naming the rule and the setting; None if it may."""
        if address in NAT64:
            verdict = self.judge(IPv4Address(int(address) & 0xFFFF_FFFF))
            return verdict and f"{address} carries another address (NAT64): {verdict}"
        block = block_of(address)
        if block is None:
            return None
        if block.carries_ipv4:
            return f"{address} is in {block.network}, {block.reason}; no setting allows it, use the IPv4 address itself"
        if any(address in network for network in self._allow):
            return None
        return f"{address} is in {block.network}, {block.reason}; TIDINGS_EGRESS_ALLOW can allow it"

    def check_url(self, url: str) -> Target:
        """Check all that can be seen without looking up a name. Raises `Undeliverable`."""
        target = parse(url)
        if not target.is_tls and not self._plain_http:
            raise Undeliverable("the URL must begin with https://; TIDINGS_EGRESS_HTTP can allow http://")
        self._accept(target.host, target.addresses)
        return target

    async def target(self, url: str) -> Target:
        """Where a URL leads, with the addresses that may be dialled: all of the name's, or it is refused.

        Raises `Undeliverable`, as `Unresolved` if the name has no address or is not answered in time. Behind a proxy
        the addresses of a name are not known to us and stay empty.
        """
        target = self.check_url(url)
        return replace(target, addresses=await self.addresses(target))

    async def addresses(self, target: Target) -> tuple[str, ...]:
        """The addresses of a checked URL that may be dialled now; as in `target`."""
        if target.addresses or self.proxied:
            return target.addresses
        addresses = await self.resolver.look_up(target.host)
        self._accept(target.host, addresses)
        return addresses

    def known(self, target: Target) -> tuple[str, ...]:
        """As `addresses`, of what need not be looked up; empty if it must be, or if it would be refused."""
        if target.addresses or self.proxied:
            return target.addresses or (target.host,)
        addresses = self.resolver.known(target.host)
        return () if any(map(self._judge_text, addresses)) else addresses

    def _accept(self, host: str, addresses: tuple[str, ...]) -> None:
        # One bad address refuses all: a name that mixes them is somebody trying which one we take.
        for address in addresses:
            verdict = self._judge_text(address)
            if verdict is not None:
                raise Undeliverable(f"{host} may not be called: {verdict}")
