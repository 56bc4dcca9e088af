"""Names: looked up once for all who ask, for a limited time, remembered shortly."""

import asyncio

import pytest

from tests.egress.name_server import NameServer
from tidings.core.clock import Clock
from tidings.egress import resolver as resolver_module
from tidings.egress.resolver import Resolver, Unresolved
from tidings.testing.clock import ManualClock

Names = dict[str, list[str] | None]


async def test_localhost_is_127_0_0_1_and_needs_no_name_server() -> None:
    async with NameServer() as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        assert await resolver.look_up("localhost") == ("127.0.0.1",)
        assert server.asked == []


async def test_concurrent_look_ups_of_one_name_are_one() -> None:
    names: Names = {"a.example.com": ["8.8.8.8"]}
    async with NameServer(names) as server, Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
        found = await asyncio.gather(*(resolver.look_up("a.example.com") for _ in range(50)))

        assert set(found) == {("8.8.8.8",)}
        assert len(server.asked) == 2  # for IPv4 and for IPv6


@pytest.mark.parametrize(("ttl", "asked_at_ms"), [(0, 1_001), (10, 10_001), (86_400, 30_001)])
async def test_an_answer_is_remembered_as_long_as_it_says_but_for_a_second_at_least_and_thirty_at_most(
    ttl: int, asked_at_ms: int
) -> None:
    clock = ManualClock()
    names: Names = {"a.example.com": ["8.8.8.8"]}
    async with NameServer(names, ttl=ttl) as server, Resolver(clock=clock, nameservers=[server.address]) as resolver:
        found = await resolver.look_up("a.example.com")
        await clock.advance(asked_at_ms - 1)
        remembered = await resolver.look_up("a.example.com")
        await clock.advance(1)
        asked_again = await resolver.look_up("a.example.com")

        # A look-up makes a new answer, memory gives the one that it has.
        assert remembered is found
        assert asked_again is not found


async def test_a_name_that_is_not_there_is_asked_for_again_after_a_second() -> None:
    clock = ManualClock()
    names: Names = {}
    async with NameServer(names) as server, Resolver(clock=clock, nameservers=[server.address]) as resolver:
        with pytest.raises(Unresolved, match="no address is found"):
            await resolver.look_up("late.example.com")
        names["late.example.com"] = ["8.8.8.8"]
        with pytest.raises(Unresolved, match="no address is found"):
            await resolver.look_up("late.example.com")

        await clock.advance(1_500)

        assert await resolver.look_up("late.example.com") == ("8.8.8.8",)


async def test_a_name_that_has_other_records_only_has_no_address() -> None:
    async with (
        NameServer({"empty.example.com": []}) as server,
        Resolver(clock=Clock(), nameservers=[server.address]) as resolver,
    ):
        with pytest.raises(Unresolved, match=r"^no address is found for the name empty\.example\.com"):
            await resolver.look_up("empty.example.com")


async def test_a_name_server_that_keeps_silent_is_waited_for_a_limited_time() -> None:
    async with (
        NameServer({"mute.example.com": None}) as server,
        Resolver(clock=Clock(), nameservers=[server.address], try_s=0.1) as resolver,
    ):
        with pytest.raises(Unresolved, match=r"^the name mute\.example\.com was not answered within 0\.25 s$"):
            await resolver.look_up("mute.example.com")


async def test_who_gives_up_waiting_leaves_the_look_up_to_the_others() -> None:
    names: Names = {"slow.example.com": None}
    async with (
        NameServer(names) as server,
        Resolver(clock=Clock(), nameservers=[server.address], try_s=0.2) as resolver,
    ):
        hasty = asyncio.create_task(resolver.look_up("slow.example.com"))
        patient = asyncio.create_task(resolver.look_up("slow.example.com"))
        await server.has_been_asked()
        hasty.cancel()
        names["slow.example.com"] = ["8.8.8.8"]

        assert await patient == ("8.8.8.8",)
        with pytest.raises(asyncio.CancelledError):
            await hasty


async def test_closing_ends_the_look_ups_that_are_under_way() -> None:
    async with NameServer({"mute.example.com": None}) as server:
        async with Resolver(clock=Clock(), nameservers=[server.address]) as resolver:
            asking = asyncio.create_task(resolver.look_up("mute.example.com"))
            await server.has_been_asked()

        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_only_so_many_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver_module, "_NAMES_KEPT", 2)
    async with NameServer() as server, Resolver(clock=ManualClock(), nameservers=[server.address]) as resolver:
        names = ("a.localhost", "b.localhost", "c.localhost")
        found = [await resolver.look_up(name) for name in names]
        again = [await resolver.look_up(name) for name in reversed(names)]

        assert [one is other for one, other in zip(found, reversed(again), strict=True)] == [False, True, True]
