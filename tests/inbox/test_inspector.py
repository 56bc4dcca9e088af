"""Bins keep what is sent to them, show it to whoever may look, and forget it in time."""

import asyncio

import pytest

from tidings.core.errors import Conflict, Invalid, NotFound, Throttled
from tidings.core.reply import Replies, Reply
from tidings.inbox.inspector import LIFE_MS, MOST_BINS, MOST_OPEN_BINS_OF_ONE, Inspector
from tidings.inbox.search import Wish
from tidings.store.bins import Bins, Capture, Request
from tidings.store.database import Database
from tidings.testing.clock import ManualClock


def sent(clock: ManualClock, body: bytes = b"\x00\xff raw") -> Request:
    return Request(
        at=clock.now(),
        method="PUT",
        path="/bin/mine/a%20b",
        query="a=1&a=2",
        headers=(("Host", "example.com"), ("x", "1"), ("X", "2")),
        body=body,
        peer="127.0.0.1",
        client="198.51.100.7",
    )


@pytest.fixture
def inspector(database: Database, manual_clock: ManualClock) -> Inspector:
    return Inspector(Bins(database), manual_clock)


async def caught(inspector: Inspector, name: str, *, after: int = 0) -> list[Capture]:
    return list((await inspector.caught(name, after=after, most=1_000, wait_s=0)).captures)


async def test_a_request_is_kept_to_the_byte_and_counted_from_one(
    inspector: Inspector, manual_clock: ManualClock
) -> None:
    await inspector.make("mine", connector="shop")

    await inspector.catch("mine", sent(manual_clock))
    await inspector.catch("mine", sent(manual_clock, b"two"))

    assert await caught(inspector, "mine") == [
        Capture(number=1, request=sent(manual_clock)),
        Capture(number=2, request=sent(manual_clock, b"two")),
    ]
    assert [one.number for one in await caught(inspector, "mine", after=1)] == [2]


async def test_a_bin_without_a_name_gets_one_that_nobody_guesses(inspector: Inspector) -> None:
    one = await inspector.make(None, connector="shop")
    two = await inspector.make(None, connector="shop")

    assert one.name != two.name
    assert len(one.name) == 20
    assert one.view_token not in repr(one)


@pytest.mark.parametrize("name", ["", "-a", "a.b", "a/b", "a" * 65, "é", "a\x00"])
async def test_what_cannot_be_a_name_is_refused(inspector: Inspector, name: str) -> None:
    with pytest.raises(Invalid, match="name: must be"):
        await inspector.make(name, connector="shop")


@pytest.mark.parametrize("name", ["unknown", "a\x00"])
async def test_nothing_is_caught_where_there_is_no_bin(
    inspector: Inspector, manual_clock: ManualClock, *, name: str
) -> None:
    with pytest.raises(NotFound, match="there is no bin"):
        await inspector.catch(name, sent(manual_clock))


async def test_a_name_is_its_connectors_until_the_bin_has_run_out(
    inspector: Inspector, manual_clock: ManualClock
) -> None:
    await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))

    with pytest.raises(Conflict, match="belongs to somebody else"):
        await inspector.make("mine", connector="other")
    await manual_clock.advance(LIFE_MS)
    await inspector.make("mine", connector="other")

    assert await caught(inspector, "mine") == []


async def test_making_ones_own_bin_again_prolongs_it_and_changes_its_view_token(
    inspector: Inspector, manual_clock: ManualClock
) -> None:
    before = await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))
    await manual_clock.advance(LIFE_MS - 1)
    after = await inspector.make("mine", connector="shop")
    await manual_clock.advance(1)

    assert len(await caught(inspector, "mine")) == 1
    assert (await inspector.shown_to("mine", after.view_token)).expires_at == after.expires_at
    with pytest.raises(NotFound):
        await inspector.shown_to("mine", before.view_token)


async def test_a_bin_is_shown_to_its_connector_and_nobody_elses(inspector: Inspector) -> None:
    await inspector.make("mine", connector="shop")

    assert (await inspector.belonging_to("mine", "shop")).name == "mine"
    with pytest.raises(NotFound):
        await inspector.belonging_to("mine", "other")


async def test_a_bin_keeps_its_newest_requests_only(
    inspector: Inspector, manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.inbox.inspector.MOST_REQUESTS", 9)
    await inspector.make("mine", connector="shop")

    await asyncio.gather(*(inspector.catch("mine", sent(manual_clock)) for _ in range(11)))

    assert [one.number for one in await caught(inspector, "mine")] == list(range(3, 12))


async def test_whoever_waits_gets_the_request_when_it_comes(inspector: Inspector, manual_clock: ManualClock) -> None:
    await inspector.make("mine", connector="shop")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(inspector.caught("mine", after=0, most=1, wait_s=30))
        await inspector.catch("mine", sent(manual_clock))

    assert [one.number for one in waiting.result().captures] == [1]


async def test_whoever_waits_sees_what_another_process_caught(
    *, inspector: Inspector, database: Database, manual_clock: ManualClock
) -> None:
    await inspector.make("mine", connector="shop")
    other = Inspector(Bins(database), manual_clock)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(inspector.caught("mine", after=0, most=1, wait_s=30))
        await other.catch("mine", sent(manual_clock))

    assert [one.number for one in waiting.result().captures] == [1]


async def test_waiting_ends_without_a_request_when_its_time_is_up(inspector: Inspector) -> None:
    await inspector.make("mine", connector="shop")

    assert (await inspector.caught("mine", after=0, most=1, wait_s=0.01)).captures == []


async def test_nobody_waits_on_a_process_that_stops(inspector: Inspector) -> None:
    await inspector.make("mine", connector="shop")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(inspector.caught("mine", after=0, most=1, wait_s=30))
        inspector.close()

    assert waiting.result().captures == []


async def test_an_ended_bin_is_gone_with_what_it_caught(inspector: Inspector, manual_clock: ManualClock) -> None:
    made = await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))

    await inspector.end(await inspector.shown_to("mine", made.view_token))

    assert await caught(inspector, "mine") == []
    with pytest.raises(NotFound):
        await inspector.catch("mine", sent(manual_clock))


async def test_requests_are_forgotten_after_their_time_and_bins_when_they_have_run_out(
    *, inspector: Inspector, database: Database, manual_clock: ManualClock
) -> None:
    await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))
    await manual_clock.advance(LIFE_MS // 2)
    await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))

    await manual_clock.advance(LIFE_MS // 2 + 1)
    await inspector.forget()
    assert [one.number for one in await caught(inspector, "mine")] == [2]

    await manual_clock.advance(LIFE_MS)
    await inspector.forget()
    with pytest.raises(NotFound):
        await Bins(database).get("mine", now=0)


async def test_a_connector_has_so_many_bins_and_its_own_can_still_be_prolonged(inspector: Inspector) -> None:
    for number in range(MOST_BINS):
        await inspector.make(f"bin-{number}", connector="shop")

    await inspector.make("bin-0", connector="shop")
    await inspector.make(None, connector="other")
    with pytest.raises(Throttled, match="too many bins"):
        await inspector.make(None, connector="shop")


async def test_who_is_not_logged_in_has_few_bins_each_with_a_random_name(
    inspector: Inspector, manual_clock: ManualClock
) -> None:
    for _ in range(MOST_OPEN_BINS_OF_ONE):
        made = await inspector.make(None, address="198.51.100.7")

    await inspector.make(None, address="198.51.100.8")
    with pytest.raises(Throttled):
        await inspector.make(None, address="198.51.100.7")
    with pytest.raises(Invalid, match="random one"):
        await inspector.make("mine", address="198.51.100.9")
    with pytest.raises(NotFound):
        await inspector.belonging_to(made.name, "")
    await manual_clock.advance(LIFE_MS)
    await inspector.make(None, address="198.51.100.7")


async def test_what_a_bin_answers_lives_as_long_as_the_bin(inspector: Inspector, manual_clock: ManualClock) -> None:
    await inspector.make("mine", connector="shop")
    replies = Replies(reply=Reply(status=503, headers=(("retry-after", "7"),)), by_method={"PUT": Reply(status=404)})
    await inspector.answer_with(await inspector.get("mine"), replies)

    await inspector.make("mine", connector="shop")
    assert (await inspector.get("mine")).replies == replies
    assert (await inspector.catch("mine", sent(manual_clock))).status == 404
    assert [one.status for one in await caught(inspector, "mine")] == [404]
    await manual_clock.advance(LIFE_MS)
    await inspector.make("mine", connector="other")
    found = await inspector.get("mine")
    assert (found.replies, found.captured) == (Replies(), 0)


async def test_a_search_is_over_when_it_has_looked_at_enough_and_says_where_to_go_on(
    inspector: Inspector, manual_clock: ManualClock
) -> None:
    await inspector.make("mine", connector="shop")
    for _ in range(40):
        await inspector.catch("mine", sent(manual_clock, b"a" * (1 << 20)))

    found = await inspector.caught("mine", after=0, most=20, wait_s=30, wish=Wish(text="b"))
    back = await inspector.newest("mine", before=1_000, most=20, wish=Wish(text="b"))

    assert (found.captures, found.last, found.is_whole) == ([], 20, False)
    assert (back.captures, back.last, back.is_whole) == ([], 21, False)


async def test_an_emptied_bin_counts_on(inspector: Inspector, manual_clock: ManualClock) -> None:
    await inspector.make("mine", connector="shop")
    await inspector.catch("mine", sent(manual_clock))
    await inspector.empty(await inspector.get("mine"))
    await inspector.catch("mine", sent(manual_clock))

    assert [one.number for one in await inspector.glimpses("mine", most=10)] == [2]
    assert (await inspector.one("mine", 2)).request == sent(manual_clock)
    with pytest.raises(NotFound, match="has it no more"):
        await inspector.one("mine", 1)
