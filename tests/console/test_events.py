"""Events in the console: found by what they are like, shown with who was told, and inert whatever they hold."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.console.house import ConsoleHouse
from tests.console.shop import HOSTILE, SHOP, happen, hears
from tests.console.webhook_house import Attempts, opened_house
from tidings.console.rights import Role
from tidings.console.search import FIRST_LOOK
from tidings.core.clock import HOUR
from tidings.core.event import Actor, Subject
from tidings.core.identifier import outside
from tidings.testing.endpoint import Endpoint


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path) as house:
        yield house


async def test_events_are_listed_newest_first_with_a_way_to_older_ones(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    for n in range(51):
        await happen(house, type_=f"order.n{n}")

    first = await reader.get("/console/events")
    [older] = re.findall(r'rel="next" href="([^"]+)"', first.text)
    second = await reader.get(older.replace("&amp;", "&"))

    assert [re.findall(r"order\.n(\d+)</strong>", page.text) for page in (first, second)] == [
        [str(n) for n in range(50, 0, -1)],
        ["0"],
    ]
    assert "Newest" in second.text


async def test_an_empty_list_says_what_to_do_next(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    nothing = await reader.get("/console/events")
    await happen(house)
    unlike = await reader.get("/console/events?type=none")

    assert "Nothing happened yet" in nothing.text
    assert "No event is like that" in unlike.text


@pytest.mark.parametrize(
    "query",
    [
        "type=order.paid",
        "about=g-7",
        "kind=Group&about=g-7",
        "person=p-7",
        "person=Asha+Verma",
        "text=NEEDLE",
        "span=1h",
    ],
)
async def test_each_filter_finds_its_event_alone(house: ConsoleHouse, query: str) -> None:
    reader = await house.person(Role.READER)
    await happen(house, type_="order.other")
    await house.clock.jump(2 * HOUR)
    await happen(
        house,
        type_="order.paid",
        about=Subject("Group", "g-7"),
        actor=Actor(id="p-7", name="Asha Verma"),
        data=b'{"note":"a needle"}',
    )

    page = await reader.get(f"/console/events?{query}")

    assert "order.paid</strong>" in page.text
    assert "order.other</strong>" not in page.text


async def test_a_filter_that_makes_no_sense_is_refused_at_its_field(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    for query, words in {
        "since=yesterday": "Must be epoch milliseconds, or a time",
        "since=2026-02-01T00:00&until=2026-01-01T00:00": "Must be later than the start",
        "span=ever": "Choose one of",
        "state=odd": "Choose one of the list",
        "cursor=x": "give the cursor of the answer before",
    }.items():
        page = await reader.get(f"/console/events?{query}")
        assert page.status_code == 422, query
        assert words.lower() in page.text.lower(), query


async def test_the_id_of_an_event_or_delivery_leads_straight_to_it(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    async with Endpoint() as endpoint:
        hook = await hears(house, endpoint.url)
        event = await happen(house, wire_id="o-7")
        await happen(house, wire_id="o-8")

    to_event = await reader.get(f"/console/events?id={outside(event)}")
    by_name = await reader.get("/console/events?id=o-7")
    to_delivery = await reader.get(f"/console/events?id={outside(event, hook.number)}")
    unknown = await reader.get("/console/events?id=o-9")

    assert to_event.headers["location"] == by_name.headers["location"] == f"/console/events/{outside(event)}"
    assert to_delivery.headers["location"] == f"/console/deliveries/{outside(event, hook.number)}"
    assert "No event is like that" in unknown.text


async def test_events_whose_deliveries_are_in_trouble_are_found(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    attempts = Attempts(house)
    async with Endpoint(503) as endpoint:
        await hears(house, endpoint.url, "order.bad")
        await happen(house, type_="order.good")
        await happen(house, type_="order.bad")
        await attempts.reach(1)
        page = await reader.get("/console/events?state=retrying")

    assert "order.bad</strong>" in page.text
    assert "order.good</strong>" not in page.text


async def test_a_search_for_text_goes_on_by_itself_and_can_be_stopped_and_taken_up_again(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.console.search._MOST_LOOKS", 0)
    reader = await house.person(Role.READER)
    await happen(house, type_="order.needle", data=b'{"note":"needle"}')
    for _ in range(3 * FIRST_LOOK):
        await happen(house)

    first = await reader.get("/console/events?text=needle")
    [further] = re.findall(r'<tr id="looking" class="looking" hx-get="([^"]+)" hx-trigger="load"', first.text)
    second = await reader.get(further.replace("&amp;", "&"), htmx=True)
    [cursor] = re.findall(r'name="cursor" value="(\d+)"', second.text)
    stopped = await reader.get(f"/console/events?text=needle&stop=1&cursor={cursor}&so_far=0", htmx=True)
    [on] = re.findall(r'hx-get="([^"]+resume[^"]+)"', stopped.text)
    resumed = await reader.get(on.replace("&amp;", "&"), htmx=True)

    assert "Looked back to" in first.text
    assert "Stop</span>" in first.text
    assert "<html" not in second.text
    assert 'hx-trigger="load"' not in stopped.text
    assert 'hx-swap-oob="true"></div>' in stopped.text
    assert 'hx-trigger="load"' in resumed.text
    assert "Stop</span>" in resumed.text


async def test_an_event_shows_what_it_says_who_was_told_and_who_did_not_want_it(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    attempts = Attempts(house)
    async with Endpoint() as endpoint:
        told = await hears(house, endpoint.url + "told", "order.*")
        other = await hears(house, endpoint.url + "other", "invoice.*")
        event = await happen(house, wire_id="o-7", actor=Actor(name="Asha Verma"), data=b'{"amount":12.50}')
        await attempts.reach(1)
        page = (await reader.get(f"/console/events/{outside(event)}")).text

    for text in ("delivered", told.url, other.url, "12.50", "o-7", "Asha Verma", SHOP.id):
        assert text in page
    assert "1 webhook on the same things did not want it" in page
    assert f"/console/deliveries/{outside(event, told.number)}" in page


async def test_an_event_that_is_not_there_is_said_to_be_gone(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    for name in ("0", outside(1), "x" * 40, outside(2**40, 7)):
        page = await reader.get(f"/console/events/{name}")
        assert page.status_code == 404
        assert "older than what is kept" in page.text


async def test_readers_do_not_see_the_secrets_of_a_payload_and_operators_do(house: ConsoleHouse) -> None:
    reader, operator = await house.person(Role.READER), await house.person(Role.OPERATOR)
    data = {"apiKey": "k-e-y", "deep": [{"password": "hush", "plain": "seen"}]}
    address = f"/console/events/{outside(await happen(house, data=json.dumps(data).encode()))}"

    for path in ("", "?view=raw", "/payload.json"):
        read, operated = [await one.get(address + path) for one in (reader, operator)]
        assert "seen" in read.text
        assert "k-e-y" not in read.text
        assert "hush" not in read.text
        assert "k-e-y" in operated.text
        assert "hush" in operated.text


async def test_a_payload_is_handed_out_as_a_file_that_no_browser_runs(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    data = json.dumps({"note": HOSTILE}).encode()

    answer = await operator.get(f"/console/events/{outside(await happen(house, data=data))}/payload.json")

    assert answer.content == data
    assert answer.headers["content-type"] == "application/json"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_whatever_an_event_holds_is_text_on_its_pages(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    event = await happen(
        house,
        about=Subject("Application", HOSTILE),
        wire_id=HOSTILE,
        actor=Actor(name=HOSTILE, phone=HOSTILE),
        data=json.dumps({HOSTILE: HOSTILE}, ensure_ascii=False).encode(),
    )
    await house.clock.jump(HOUR)

    for path in (f"/console/events/{outside(event)}", f"/console/events/{outside(event)}?view=raw", "/console/events"):
        page = await operator.get(path)
        assert "order.created" in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "\u202e" not in page.text
    echoed = await operator.get(f"/console/events?{urlencode({'text': HOSTILE, 'person': HOSTILE})}")
    assert "<script>alert" not in echoed.text
