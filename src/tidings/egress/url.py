"""URLs as we accept them: one spelling of a host, so that what is judged is what is dialled."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote

import idna

from tidings.core.errors import Undeliverable

# A guess: browsers and servers agree on about this much.
LONGEST_URL = 2_048
_LONGEST_HOST = 253  # RFC 1035

_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]")
_SHAPE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What inet_aton would take for a number: decimal, octal or hexadecimal. A name whose last label is one is an address.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FULL_WIDTH = re.compile("[\u3002\uff01-\uff61]")
_ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_ASCII_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a URL leads. `addresses` are those that may be dialled; empty while a name has not been looked up."""

    scheme: str
    host: str
    port: int
    path_and_query: str
    addresses: tuple[str, ...] = ()

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as the Host header says them: the port only where it is not the scheme's own."""
        return self.host_in_brackets if self.port == _PORTS[self.scheme] else f"{self.host_in_brackets}:{self.port}"

    @property
    def host_in_brackets(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def parse(url: str) -> Target:
    """Take a URL apart. Raises `Undeliverable` for every spelling that two programs could read differently.

    A literal address is its own `addresses`. Non-ASCII in path and query is percent-encoded, a fragment is dropped.
    """
    if len(url) > LONGEST_URL:
        raise Undeliverable(f"the URL is longer than {LONGEST_URL} characters; use a shorter one")
    if _FORBIDDEN.search(url):
        raise Undeliverable("the URL contains a space, a control character or a backslash; percent-encode it")
    shape = _SHAPE.fullmatch(url)
    if shape is None or shape["scheme"].lower() not in _PORTS:
        raise Undeliverable("the URL must begin with https:// and a host")
    if "@" in shape["authority"]:
        raise Undeliverable("the URL contains a user or password before '@'; give them as basic auth instead")
    authority = _AUTHORITY.fullmatch(shape["authority"])
    if authority is None:
        raise Undeliverable("the URL's host and port cannot be read; write https://host:port/path")
    scheme = shape["scheme"].lower()
    host, literal = _host(authority["host"])
    path = quote(shape["rest"], safe=_ASCII_PRINTABLE)
    return Target(
        scheme=scheme,
        host=host,
        port=_PORTS[scheme] if authority["port"] is None else _port(authority["port"]),
        path_and_query=path if path.startswith("/") else "/" + path,
        addresses=(host,) if literal else (),
    )


def _port(text: str) -> int:
    port = int(text) if 0 < len(text) <= 5 and not text.startswith("0") else 0  # noqa: PLR2004 - 65535 has five digits
    if not 1 <= port <= 65_535:  # noqa: PLR2004 - a port has 16 bits
        raise Undeliverable("the URL's port must be a number from 1 to 65535, without leading zeros")
    return port


def _host(text: str) -> tuple[str, bool]:
    """The host in its one spelling, and whether it is a literal address."""
    if not text:
        raise Undeliverable("the URL has no host; write https://host/path")
    if text.startswith("["):
        return _ipv6(text[1:-1]), True
    host = text.translate(_ASCII_LOWER)
    if _FULL_WIDTH.search(host):
        raise Undeliverable("the URL's host contains full-width characters; write it in plain ones")
    if not host.isascii():
        try:
            host = idna.encode(host).decode("ascii")
        except idna.IDNAError as error:
            raise Undeliverable(f"the URL's host is not a valid international name (IDNA 2008): {error}") from error
    labels = host.split(".")
    if labels[-1] == "":
        raise Undeliverable("the URL's host ends in a dot; write it without")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(host), True
    if len(host) > _LONGEST_HOST or not all(map(_LABEL.fullmatch, labels)):
        raise Undeliverable("the URL's host is not a host name: letters, digits, '-' and '_' between single dots")
    return host, False


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError as error:
        raise Undeliverable(
            "the URL's host is an odd spelling of an IPv4 address; write four decimal numbers, like 198.51.100.7"
        ) from error


def _ipv6(text: str) -> str:
    try:
        if "%" not in text:  # a zone names an interface of ours
            return str(IPv6Address(text))
    except AddressValueError as error:
        raise Undeliverable("the URL's host in brackets is not an IPv6 address") from error
    raise Undeliverable("the URL's host has a zone ('%'), which means something on this machine only; leave it out")
