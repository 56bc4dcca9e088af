"""The guard: addresses by block and embedding, URLs by form, names by all of their addresses."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.egress.name_server import NameServer
from tidings.core.clock import Clock
from tidings.core.errors import Undeliverable
from tidings.egress.blocks import IPV4_BLOCKS, IPV6_BLOCKS, Block
from tidings.egress.guard import Guard
from tidings.egress.resolver import Resolver, Unresolved
from tidings.testing.clock import ManualClock

Embedding = Callable[[int], int]

EMBEDDINGS: dict[str, Embedding] = {
    "v4-mapped": lambda v4: 0xFFFF << 32 | v4,
    "v4-compatible": lambda v4: v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "local NAT64": lambda v4: 0x0064_FF9B_0001 << 80 | v4,
    "local NAT64, longer": lambda v4: 0x0064_FF9B_0001_ABCD_00 << 56 | v4 << 24,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "Teredo server": lambda v4: 0x2001_0000 << 96 | v4 << 64,
    "Teredo client": lambda v4: 0x2001_0000 << 96 | v4 ^ 0xFFFF_FFFF,
    "ISATAP": lambda v4: 0x2A00_1450 << 96 | 0x0000_5EFE << 32 | v4,
    "ISATAP, universal": lambda v4: 0x2A00_1450 << 96 | 0x0200_5EFE << 32 | v4,
    "ISATAP, private": lambda v4: 0xFE80 << 112 | 0x0000_5EFE << 32 | v4,
}
EVERYTHING = [ip_network("0.0.0.0/0"), ip_network("::/0")]
PRIVATE_IPV4 = st.sampled_from(IPV4_BLOCKS).flatmap(lambda block: st.ip_addresses(network=str(block.network)))
ANY_IPV4 = st.ip_addresses(v=4) | PRIVATE_IPV4


def guard(**options: object) -> Guard:
    return Guard(resolver=Resolver(clock=Clock()), **options)  # type: ignore[arg-type]  # options by name, as given


@given(address=ANY_IPV4, embedding=st.sampled_from(sorted(EMBEDDINGS)))
def test_an_ipv4_address_inside_ipv6_is_refused_whatever_it_is_and_whatever_is_allowed(
    address: IPv4Address, embedding: str
) -> None:
    embedded = IPv6Address(EMBEDDINGS[embedding](int(address)))

    verdict = guard(allow=EVERYTHING).judge(embedded)

    # The two smallest v4-compatible ones are IPv6's own unspecified and loopback addresses.
    assert (verdict is None) == (int(embedded) <= 1)
    assert guard().judge(embedded) is not None


@given(address=ANY_IPV4)
def test_nat64_inherits_the_verdict_of_the_address_that_it_carries(address: IPv4Address) -> None:
    carrier = IPv6Address(0x0064_FF9B << 96 | int(address))
    alone, carried = guard().judge(address), guard().judge(carrier)

    assert (alone is None) == (carried is None)
    assert alone is None or alone in str(carried)
    assert guard(allow=EVERYTHING).judge(carrier) is None


@given(address=st.ip_addresses() | PRIVATE_IPV4)
def test_what_python_does_not_call_global_is_refused(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert guard().judge(address) is not None


@pytest.mark.parametrize("block", [*IPV4_BLOCKS, *IPV6_BLOCKS], ids=lambda block: str(block.network))
def test_every_block_is_refused_from_its_first_address_to_its_last(block: Block) -> None:
    for address in (block.network[0], block.network[-1]):
        assert guard().judge(address) is not None


@pytest.mark.parametrize(
    "text",
    [
        "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "::7f00:1", "::ffff:0:7f00:1", "fec0::1", "5f00::1",
        "3fff::1", "192.88.99.1", "192.0.0.8", "224.0.0.1", "ff02::1", "100.64.0.1", "169.254.169.254", "fd00:ec2::254",
        "168.63.129.16", "255.255.255.255", "0.0.0.1", "::", "::1", "2001:db8::1", "4000::1", "1000::1", "e000::1",
    ],
)  # fmt: skip
def test_addresses_that_lead_inside_are_refused(text: str) -> None:
    assert guard().judge(ip_address(text)) is not None


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1", "64:ff9b::808:808"]
)
def test_public_addresses_may_be_called(text: str) -> None:
    assert guard().judge(ip_address(text)) is None


def test_a_refusal_names_the_rule_and_the_setting() -> None:
    assert guard().judge(ip_address("10.1.2.3")) == (
        "10.1.2.3 is in 10.0.0.0/8, private (RFC 1918); TIDINGS_EGRESS_ALLOW can allow it"
    )
    assert guard().judge(ip_address("::ffff:10.1.2.3")) == (
        "::ffff:a01:203 is in ::ffff:0:0/96, IPv4 spelled as IPv6, v4-mapped (RFC 4291); "
        "no setting allows it, use the IPv4 address itself"
    )


def test_an_allowed_block_permits_the_addresses_in_it_and_no_others() -> None:
    permissive = guard(allow=[ip_network("10.1.0.0/16"), ip_network("fd00::/8")])

    assert permissive.judge(ip_address("10.1.2.3")) is None
    assert permissive.judge(ip_address("fd00::1")) is None
    assert permissive.judge(ip_address("10.2.0.1")) is not None


def test_http_needs_its_setting() -> None:
    with pytest.raises(Undeliverable, match="TIDINGS_EGRESS_HTTP can allow"):
        guard().check_url("http://example.com/")

    assert guard(plain_http=True).check_url("http://example.com/").port == 80


def test_a_literal_address_is_judged_with_the_form_of_the_url() -> None:
    with pytest.raises(Undeliverable, match=r"127\.0\.0\.1 may not be called: .* TIDINGS_EGRESS_ALLOW can allow it"):
        guard().check_url("https://127.0.0.1/hook")
    with pytest.raises(Undeliverable, match="loopback"):
        guard(proxied=True).check_url("https://[::1]/hook")


async def test_a_target_is_the_url_with_all_addresses_of_its_name() -> None:
    names: dict[str, list[str] | None] = {"hooks.example.com": ["8.8.8.8", "2606:4700::1111"]}
    async with NameServer(names) as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        target = await Guard(resolver=resolver).target("https://hooks.example.com:8443/a?b=c")

    assert (target.scheme, target.host, target.port, target.path_and_query) == (
        "https", "hooks.example.com", 8443, "/a?b=c",
    )  # fmt: skip
    assert sorted(target.addresses) == ["2606:4700::1111", "8.8.8.8"]


async def test_one_address_that_may_not_be_called_refuses_all_of_the_name() -> None:
    names: dict[str, list[str] | None] = {"mixed.example.com": ["8.8.8.8", "10.0.0.1"]}
    async with NameServer(names) as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        with pytest.raises(Undeliverable, match=r"mixed\.example\.com may not be called: 10\.0\.0\.1 is in 10\.0\.0"):
            await Guard(resolver=resolver).target("https://mixed.example.com/")


async def test_a_name_is_judged_anew_when_its_answer_changes() -> None:
    clock = ManualClock()
    names: dict[str, list[str] | None] = {"rebind.example.com": ["8.8.8.8"]}
    async with NameServer(names) as server, Resolver(clock=clock, nameservers=[server.address]) as resolver:
        judging = Guard(resolver=resolver)
        assert (await judging.target("https://rebind.example.com/")).addresses == ("8.8.8.8",)

        names["rebind.example.com"] = ["127.0.0.1"]
        await clock.advance(1_500)

        with pytest.raises(Undeliverable, match="loopback"):
            await judging.target("https://rebind.example.com/")


async def test_behind_a_proxy_names_are_left_to_the_proxy() -> None:
    async with NameServer() as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        target = await Guard(resolver=resolver, proxied=True).target("https://unknown.example.com/")

        assert target.addresses == ()
        assert server.asked == []


async def test_a_name_without_an_address_is_refused_as_unresolved() -> None:
    async with NameServer() as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        with pytest.raises(
            Unresolved, match=r"^no address is found for the name nowhere\.example\.com: Domain name not found$"
        ):
            await Guard(resolver=resolver).target("https://nowhere.example.com/")
