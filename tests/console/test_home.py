"""Home: figures, charts and what happens, as they are."""

import asyncio

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.console.rights import Role
from tidings.core.clock import Clock
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft

EVIL = "<img src=x onerror=alert(1)>"
SHOP = Subject("Application", "shop")


async def publish(house: ConsoleHouse, *, type_: str = "order.created", shop: Subject = SHOP) -> int:
    event = Event(type=type_, subjects=(shop,), data=b'{"amount": 1}', at=house.clock.now(), source="test")
    kept = await house.parts.hub.publisher.publish_one(Draft(event=event))
    return kept.id


async def read_until(visitor: Visitor, house: ConsoleHouse, *, sign: str) -> str:
    """What is told live, until it has that sign in it."""
    told = ""
    async with asyncio.timeout(60), visitor.http.stream("GET", "/console/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        moving = asyncio.create_task(move(house))
        async for piece in answer.aiter_text():
            told += piece
            if sign in told:
                break
        moving.cancel()
    return told


async def counted(visitor: Visitor, house: ConsoleHouse, *, sign: str) -> str:
    """Home, as soon as what happened has been counted."""
    async with asyncio.timeout(60):
        while sign not in (page := (await visitor.get("/console/")).text):
            await house.clock.advance(1_000)
    return page


async def move(house: ConsoleHouse) -> None:
    while True:
        await house.clock.advance(1_000)
        await Clock().sleep(0.02)  # disk and network are real, and take real time


async def test_home_tells_what_to_do_when_nothing_happened_yet(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    page = await reader.get("/console/")

    assert page.status_code == 200
    assert "Nothing happened yet" in page.text


async def test_what_was_published_is_counted_charted_and_listed(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    for _ in range(3):
        event = await publish(house)

    page = await counted(reader, house, sign="3 events, 0 callbacks received")
    month = (await reader.get("/console/?span=month", htmx=True)).text

    assert "order.created" in page
    assert f'id="event-{event}"' in page
    assert "3 events, 0 callbacks received" in month
    assert "<html" not in month


@pytest.mark.parametrize("span", ["hour", "day", "month", "nonsense", "<script>"])
async def test_a_chart_has_a_bar_for_each_step_of_its_time(house: ConsoleHouse, span: str) -> None:
    reader = await house.person(Role.READER)

    page = (await reader.get("/console/", headers={"hx-request": "true"})).text
    asked = await reader.http.get("/console/", params={"span": span}, headers={"hx-request": "true"})

    assert page.count("<title>") == 120
    assert asked.text.count("<title>") == {"day": 96, "month": 120}.get(span, 120)


async def test_names_from_outside_are_text_on_the_page_and_in_what_is_told_live(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER, name=EVIL)
    await publish(house, type_=f"order.{EVIL}", shop=Subject("Application", f"{EVIL}\u202e"))

    page = (await reader.get("/console/")).text
    told = await read_until(reader, house, sign="event: happenings")

    for text in (page, told):
        assert "<img" not in text
        assert "&lt;img src=x onerror=alert(1)&gt;" in text
    assert "\u202e" not in page


async def test_whoever_listens_is_told_of_what_happens(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    await publish(house, type_="order.shipped")

    told = await read_until(reader, house, sign="order.shipped")

    assert "event: figures" in told
    assert "retry: 3000" in told


async def test_listening_ends_with_the_right_to_look(house: ConsoleHouse) -> None:
    await house.person(Role.OWNER)
    reader = await house.person(Role.READER)

    async with asyncio.timeout(60), reader.http.stream("GET", "/console/live") as answer:
        moving = asyncio.create_task(move(house))
        pieces = answer.aiter_text()
        assert "figures" in await anext(pieces) + await anext(pieces)
        await house.parts.entrance.give_role(reader.person.id, Role.MEMBER, actor="test")
        async for _ in pieces:
            pass
        moving.cancel()


async def test_a_member_without_role_is_led_to_what_is_theirs(house: ConsoleHouse) -> None:
    member = await house.person(Role.MEMBER)

    answer = await member.get("/console/")

    assert answer.status_code == 303
    assert answer.headers["location"] in {"/console/groups", "/console/settings/sessions"}
