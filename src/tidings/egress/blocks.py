"""The address blocks that are not public internet, each with its reason."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# RFC 6052: what a translator makes of an IPv4 address; the one embedding whose meaning is the address that it carries.
NAT64 = IPv6Network("64:ff9b::/96")
# RFC 5214: these 32 bits in front of an IPv4 address, under any prefix, with the "universal" bit or without.
ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


@dataclass(frozen=True, slots=True)
class Block:
    """A block that is refused. One that carries IPv4 addresses in IPv6 is refused whatever is allowed."""

    network: Network
    reason: str
    carries_ipv4: bool = False


def _block(network: str, reason: str, *, carries_ipv4: bool = False) -> Block:
    return Block(ip_network(network), reason, carries_ipv4)


# The IANA special-purpose registries, and what they leave out. Whole blocks are refused, also where a corner of one is
# called global: nobody receives webhooks there.
IPV4_BLOCKS = (
    _block("0.0.0.0/8", "this network (RFC 791)"),
    _block("10.0.0.0/8", "private (RFC 1918)"),
    _block("100.64.0.0/10", "shared by a provider's customers (RFC 6598)"),
    _block("127.0.0.0/8", "loopback (RFC 1122)"),
    _block("168.63.129.16/32", "a cloud platform's own service, answered only from inside it"),
    _block("169.254.0.0/16", "link-local, where clouds keep their metadata (RFC 3927)"),
    _block("172.16.0.0/12", "private (RFC 1918)"),
    _block("192.0.0.0/24", "reserved for protocols (RFC 6890)"),
    _block("192.0.2.0/24", "documentation (RFC 5737)"),
    _block("192.88.99.0/24", "6to4 relays, withdrawn (RFC 7526)"),
    _block("192.168.0.0/16", "private (RFC 1918)"),
    _block("198.18.0.0/15", "benchmarking (RFC 2544)"),
    _block("198.51.100.0/24", "documentation (RFC 5737)"),
    _block("203.0.113.0/24", "documentation (RFC 5737)"),
    _block("224.0.0.0/4", "multicast (RFC 5771)"),
    _block("240.0.0.0/4", "reserved (RFC 1112)"),
)

# The first block that contains the address gives the reason: narrow ones stand before the wide ones around them.
IPV6_BLOCKS = (
    _block("::/128", "unspecified (RFC 4291)"),
    _block("::1/128", "loopback (RFC 4291)"),
    _block("::/96", "IPv4 spelled as IPv6, v4-compatible (RFC 4291)", carries_ipv4=True),
    _block("::ffff:0:0/96", "IPv4 spelled as IPv6, v4-mapped (RFC 4291)", carries_ipv4=True),
    _block("::ffff:0:0:0/96", "IPv4 spelled as IPv6, translated (RFC 2765)", carries_ipv4=True),
    _block("64:ff9b:1::/48", "IPv4 spelled as IPv6, local translation (RFC 8215)", carries_ipv4=True),
    _block("100::/64", "discarded (RFC 6666)"),
    _block("2001::/32", "IPv4 spelled as IPv6, Teredo (RFC 4380)", carries_ipv4=True),
    _block("2001::/23", "reserved for protocols (RFC 2928)"),
    _block("2001:db8::/32", "documentation (RFC 3849)"),
    _block("2002::/16", "IPv4 spelled as IPv6, 6to4 (RFC 3056)", carries_ipv4=True),
    _block("3ffe::/16", "the 6bone, given back (RFC 3701)"),
    _block("3fff::/20", "documentation (RFC 9637)"),
    _block("5f00::/16", "segment routing (RFC 9602)"),
    _block("fc00::/7", "private, unique local (RFC 4193)"),
    _block("fe80::/10", "link-local (RFC 4291)"),
    _block("fec0::/10", "site-local, withdrawn (RFC 3879)"),
    _block("ff00::/8", "multicast (RFC 4291)"),
    # Global unicast is 2000::/3 (RFC 4291); what lies on either side of it has never been given out.
    _block("::/3", "not given out for public use (RFC 4291)"),
    _block("4000::/2", "not given out for public use (RFC 4291)"),
    _block("8000::/1", "not given out for public use (RFC 4291)"),
)


def block_of(address: Address) -> Block | None:
    """The block for which an address is refused, None if it is public. NAT64 is not looked through here."""
    if isinstance(address, IPv4Address):
        return next((block for block in IPV4_BLOCKS if address in block.network), None)
    found = next((block for block in IPV6_BLOCKS if address in block.network), None)
    if int(address) >> 32 & 0xFFFF_FFFF in ISATAP and not (found and found.carries_ipv4):
        return Block(IPv6Network((address, 128)), "IPv4 spelled as IPv6, ISATAP (RFC 5214)", carries_ipv4=True)
    return found
