"""Whom we may call: no spelling of an address that leads inside, and nothing is dialled that was not judged."""

import itertools
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.egress.name_server import NameServer
from tests.fuzz.effort import tries
from tidings.core.clock import Clock
from tidings.core.errors import Undeliverable
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.request import Request
from tidings.egress.resolver import Resolver
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import CLOSES_IDLE, Endpoint

# Written out once more: what leads inside must not depend on the table that is tried.
INSIDE = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4",
)  # fmt: skip
# Called global by Python, and refused here on purpose: relays that were withdrawn, protocols, a cloud's own service.
OTHER_THAN_PYTHON = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2001::/23", "2002::/16", "3ffe::/16", "64:ff9b::/96"),
    )
)
IN_IPV4 = (
    st.sampled_from(INSIDE)
    .flatmap(lambda network: st.ip_addresses(network=network))
    .map(lambda address: IPv4Address(str(address)))
)
ANY_IPV4 = IN_IPV4 | st.ip_addresses(v=4)

Spelling = Callable[[IPv4Address], str]


def _parts(address: IPv4Address) -> tuple[int, ...]:
    return tuple(address.packed)


def _dotted(address: IPv4Address, form: str) -> str:
    return ".".join(form % part for part in _parts(address))


def _short(address: IPv4Address) -> str:
    first, *rest = _parts(address)
    return f"{first}.{int.from_bytes(bytes(rest), 'big')}"


def _shifted(text: str, start: int) -> str:
    return "".join(chr(start + int(letter)) if letter.isdigit() else letter for letter in text)


SPELLINGS: dict[str, Spelling] = {
    "decimal": lambda address: str(int(address)),
    "hexadecimal": lambda address: hex(int(address)),
    "HEXADECIMAL": lambda address: f"0X{int(address):X}",
    "octal": lambda address: f"0{int(address):o}",
    "dotted hexadecimal": lambda address: _dotted(address, "0x%x"),
    "dotted octal": lambda address: _dotted(address, "0%03o"),
    "padded": lambda address: _dotted(address, "%04d"),
    "short": _short,
    "one part too many": lambda address: f"{address}.0",
    "a trailing dot": lambda address: f"{address}.",
    "two dots": lambda address: str(address).replace(".", "..", 1),
    "full-width digits": lambda address: _shifted(str(address), 0xFF10),
    "arabic digits": lambda address: _shifted(str(address), 0x0660),
    "mathematical digits": lambda address: _shifted(str(address), 0x1D7CE),
    "ideographic dots": lambda address: str(address).replace(".", "\u3002"),
    "full-width dots": lambda address: str(address).replace(".", "\uff0e"),
    "percent-encoded": lambda address: "".join(f"%{ord(letter):02x}" for letter in str(address)),
    "a soft hyphen": lambda address: str(address).replace(".", ".\u00ad", 1),
    "a space of no width": lambda address: f"{address}\u200b",
    "behind a user": lambda address: f"example.com@{address}",
    "behind a password": lambda address: f"example.com:443@{address}",
    "before a user": lambda address: f"{address}@example.com",
    "behind a backslash": lambda address: f"example.com\\@{address}",
    "before a backslash": lambda address: f"{address}\\.example.com",
    "before a tab": lambda address: f"{address}\t",
    "in brackets": lambda address: f"[{address}]",
    "mapped": lambda address: f"[::ffff:{address}]",
    "mapped, spelt out": lambda address: f"[0:0:0:0:0:ffff:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}]",
    "compatible": lambda address: f"[::{address}]",
    "translated": lambda address: f"[::ffff:0:{address}]",
    "6to4": lambda address: f"[2002:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}::1]",
    "Teredo": lambda address: f"[{IPv6Address(0x2001_0000_4136_E378_8000_63BF << 32 | ~int(address) & 0xFFFF_FFFF)}]",
    "local NAT64": lambda address: f"[64:ff9b:1::{address}]",
    "ISATAP": lambda address: f"[2a00:1450::5efe:{address}]",
    "with a zone": lambda address: f"[::ffff:{address}%1]",
    "with an encoded zone": lambda address: f"[fe80::1%25{int(address)}]",
}


def guard(**options: object) -> Guard:
    return Guard(resolver=Resolver(clock=Clock()), plain_http=True, **options)  # type: ignore[arg-type]  # as given


def refused(url: str, judging: Guard) -> bool:
    try:
        judging.check_url(url)
    except Undeliverable:
        return True
    return False


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_odd_spelling_of_any_address_is_called_whatever_is_allowed(spelling: str) -> None:
    everything = guard(allow=[ip_network("0.0.0.0/0"), ip_network("::/0")])

    @given(address=ANY_IPV4, port=st.sampled_from(["", ":80", ":65535"]), scheme=st.sampled_from(["http", "https"]))
    @tries(25)
    def is_refused(address: IPv4Address, *, port: str, scheme: str) -> None:
        url = f"{scheme}://{SPELLINGS[spelling](address)}{port}/hook"
        # Of the v4-compatible ones the first two are IPv6's own unspecified and loopback addresses.
        assert refused(url, guard())
        assert refused(url, everything) or int(address) <= 1

    is_refused()


@given(address=IN_IPV4)
@tries(200)
def test_what_leads_inside_is_refused_by_itself_and_behind_nat64(address: IPv4Address) -> None:
    assert refused(f"https://{address}/", guard())
    assert refused(f"https://[64:ff9b::{address}]/", guard())


@given(address=st.ip_addresses())
@tries(400)
def test_every_address_that_is_public_may_be_called(address: IPv4Address | IPv6Address) -> None:
    is_isatap = address.version == 6 and int(address) >> 32 & 0xFFFF_FFFF in {0x5EFE, 0x200_5EFE}
    is_unicast = not (address.is_multicast or address.is_reserved or is_isatap)
    if isinstance(address, IPv6Address) and int(address) >> 125 != 1:
        is_unicast = False
    if not address.is_global or not is_unicast or any(address in network for network in OTHER_THAN_PYTHON):
        return
    # Blocks that this Python does not know yet.
    if any(address in ip_network(network) for network in ("3fff::/20", "5f00::/16")):
        return
    host = f"[{address}]" if address.version == 6 else str(address)
    assert not refused(f"https://{host}/", guard())


@pytest.mark.parametrize(
    "answers",
    [["10.0.0.1"], ["169.254.169.254"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["2606:4700::1111", "::ffff:127.0.0.1"],
     ["64:ff9b::7f00:1"], ["2002:7f00:1::"], ["0.0.0.1"], ["127.0.0.2"], ["fd00::1", "1.1.1.1"]],
)  # fmt: skip
async def test_a_name_that_leads_inside_is_refused_and_not_dialled(answers: list[str]) -> None:
    names: dict[str, list[str] | None] = {"inside.example.com": answers}
    async with (
        Endpoint(200, host="127.0.0.1") as endpoint,
        NameServer(names) as server,
        Resolver(clock=Clock(), nameservers=[server.address]) as resolver,
        Client(guard=Guard(resolver=resolver, plain_http=True), clock=Clock()) as client,
    ):
        answer = await client.send(Request(url=f"http://inside.example.com:{endpoint.port}/", timeout_ms=60_000))

        assert answer.outcome is Outcome.FORBIDDEN
        assert (endpoint.connections, endpoint.requests) == (0, [])


class Rebinding(dict[str, list[str] | None]):
    """A name whose address is another one whenever it is asked for."""

    def __init__(self, name: str, answers: Iterable[str]) -> None:
        super().__init__({name: []})
        self._answers = itertools.cycle(answers)

    def get(self, key: str, default: object = None) -> list[str] | None:
        assert default is None
        return [next(self._answers)] if key in self else None


async def test_a_name_that_is_bound_anew_at_every_look_up_leads_nowhere_but_to_what_was_judged() -> None:
    clock = ManualClock()
    # One in three leads to another program of this machine, which may not be called.
    names = Rebinding("rebind.example.com", ["127.0.0.1", "127.0.0.1", "127.0.0.2"])
    async with (
        Endpoint(CLOSES_IDLE) as allowed,
        Endpoint(200, host="127.0.0.2", port=allowed.port) as inside,
        NameServer(names) as server,
        Resolver(clock=clock, nameservers=[server.address]) as resolver,
        Client(
            guard=Guard(resolver=resolver, plain_http=True, allow=[ip_network("127.0.0.1/32")]), clock=Clock()
        ) as client,
    ):
        outcomes = []
        for _ in range(12):
            answer = await client.send(Request(url=f"http://rebind.example.com:{allowed.port}/", timeout_ms=60_000))
            outcomes.append(answer.outcome)
            await clock.advance(10_000)

        assert (inside.connections, inside.requests) == (0, [])
        assert set(outcomes) == {Outcome.OK, Outcome.FORBIDDEN}
        assert len(allowed.requests) == outcomes.count(Outcome.OK)
