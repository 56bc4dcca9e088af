"""Peer: who is at the other end of a connection, and whom a trusted proxy names."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address


class Proxies:
    """The networks whose `X-Forwarded-For` is believed (`TIDINGS_TRUSTED_PROXIES`)."""

    def __init__(self, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def client_of(self, peer: str, forwarded: Sequence[str]) -> str:
        """The client's address, from the connection's peer and the values of `X-Forwarded-For`, in order.

        Read from the right, where our own proxy wrote: the first address that is not a trusted proxy's. Failure
        policy: whatever cannot be read as an address ends the search, and the last one that could be is answered.
        """
        if not self._trusted:
            return peer
        address = peer
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        while self._trusts(address) and hops:
            hop = hops.pop()
            try:
                address = str(ip_address(hop))
            except ValueError:
                break
        return address

    def _trusts(self, address: str) -> bool:
        try:
            value = ip_address(address)
        except ValueError:
            return False
        return any(value in network for network in self._trusted)
