"""Sources in the console: made, told of once, received from, read again, fetched for, sent on, and ended."""

import asyncio
import re

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.access.access import Access
from tidings.console.rights import Role
from tidings.store.receipts import State

GOOD = b'{"type": "order.created", "id": 1, "token": "hush-hush", "name": "<img src=x onerror=alert(1)>"}'
BAD = b'{"oops": ]'
SECRET = "sesame-open-up"


async def operator_with_a_source(house: ConsoleHouse, *, dialect: str = "raw") -> Visitor:
    operator = await house.person(Role.OPERATOR)
    form = {"name": "shop", "dialect": dialect, "secret": SECRET, "addresses": ""}
    assert (await operator.post("/console/sources", form)).status_code == 201
    return operator


async def send(house: ConsoleHouse, body: bytes, *, secret: str = SECRET) -> int:
    async with httpx.AsyncClient(base_url=house.server.url) as sender:
        answer = await sender.post("/receive/shop", content=body, headers={"authorization": f"Bearer {secret}"})
    return answer.status_code


async def settled(house: ConsoleHouse) -> list[int]:
    """The ids of what came, newest first, as soon as all of it was looked at."""
    async with asyncio.timeout(60):
        while True:
            found = await house.parts.inbox.receipts.glimpses("shop", most=50)
            if found and all(one.state is not State.KEPT for one in found):
                return [one.id for one in found]
            await house.clock.advance(1_000)


async def audited(house: ConsoleHouse) -> set[tuple[str, str]]:
    access: Access = house.parts.access
    return {(one.action, one.about) for one in await access.audit_entries()}


async def test_without_sources_the_list_says_what_one_is(house: ConsoleHouse) -> None:
    operator, reader = await house.person(Role.OPERATOR), await house.person(Role.READER)

    page, without = await operator.get("/console/sources"), await reader.get("/console/sources")

    assert "No sources yet" in page.text
    assert 'href="/console/sources/new"' in page.text
    assert 'href="/console/sources/new"' not in without.text


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        ("kaizala", "callBackToken"),
        ("connectreport", "It ends in the secret"),
        ("standard", "signing secret"),
        ("github", "Payload URL"),
    ],
)
async def test_a_new_source_tells_its_address_and_secret_once_and_what_to_do(
    house: ConsoleHouse, dialect: str, said: str
) -> None:
    operator = await house.person(Role.OPERATOR)

    made = await operator.post("/console/sources", {"name": "shop", "dialect": dialect, "secret": ""})
    later = await operator.get("/console/sources/shop")

    source = await house.parts.inbox.sources.get("shop")
    assert source is not None
    assert made.status_code == 201
    assert source.secret.reveal() in made.text
    assert f"{house.parts.settings.base_url}receive/shop" in made.text
    assert said in made.text
    assert source.secret.reveal() not in later.text
    assert ("source.created", "shop") in await audited(house)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"name": "", "dialect": "raw"}, "name"),
        ({"name": "new", "dialect": "nonsense"}, "dialect"),
        ({"name": "new", "dialect": "raw", "addresses": "everywhere"}, "addresses"),
    ],
)
async def test_what_is_wrong_with_a_source_is_told_at_its_field(
    house: ConsoleHouse, form: dict[str, str], field: str
) -> None:
    operator = await operator_with_a_source(house)

    answer = await operator.post("/console/sources", form)
    taken = await operator.post("/console/sources", {"name": "shop", "dialect": "raw"})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "there is or was a source" in taken.text.lower()


async def test_what_came_is_listed_with_what_became_of_it(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    for body in (GOOD, GOOD, BAD):
        assert await send(house, body) == 200
    assert await send(house, GOOD, secret="wrong") == 401
    await settled(house)

    everything = (await operator.get("/console/sources/shop")).text
    unreadable = (await operator.get("/console/sources/shop?only=unreadable", htmx=True)).text
    listed = (await operator.get("/console/sources")).text

    assert everything.count("understood</span>") == 2
    assert everything.count("unreadable</span>") == 1
    assert "the body is not JSON" in unreadable
    assert ("understood</span>" in unreadable, "<html" in unreadable) == (False, False)
    assert "Turned away" in listed
    assert "expected this source&#39;s secret" in listed


async def test_a_receipt_is_shown_as_it_came_without_being_markup(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    await send(house, GOOD)
    [receipt] = await settled(house)

    page = (await operator.get(f"/console/sources/shop/receipts/{receipt}")).text
    body = await operator.get(f"/console/sources/shop/receipts/{receipt}/body")

    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img src=x" not in page
    assert (SECRET in page, "hush-hush" in page) == (True, True)
    assert body.content == GOOD
    assert body.headers["content-disposition"].startswith("attachment")
    for missing in ("999999", "nonsense", "-1", "0"):
        assert (await operator.get(f"/console/sources/shop/receipts/{missing}")).status_code == 404


async def test_a_reader_sees_no_secret_of_a_receipt(house: ConsoleHouse) -> None:
    await operator_with_a_source(house)
    await send(house, GOOD)
    [receipt] = await settled(house)
    reader = await house.person(Role.READER)

    page = (await reader.get(f"/console/sources/shop/receipts/{receipt}")).text

    assert "order.created" in page
    assert (SECRET in page, "hush-hush" in page) == (False, False)
    assert (await reader.get(f"/console/sources/shop/receipts/{receipt}/body")).status_code == 403


async def test_what_could_not_be_read_is_read_again(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    await send(house, BAD)
    [receipt] = await settled(house)

    one = await operator.post(f"/console/sources/shop/receipts/{receipt}/replay")
    told = await operator.get(one.headers["location"])
    await operator.post("/console/sources/shop/replay")
    all_told = await operator.get("/console/sources/shop?only=unreadable")

    assert one.status_code == 303
    assert "It still cannot be understood" in told.text
    assert "0 of 1 are understood now." in all_told.text
    assert {("receipt.replayed", f"shop/{receipt}"), ("receipts.replayed", "shop")} <= await audited(house)


async def test_receipts_go_on_page_by_page(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    for number in range(30):
        await send(house, b'{"n": %d}' % number)
    await settled(house)

    first = (await operator.get("/console/sources/shop")).text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older is not None
    second = (await operator.get(older[1])).text

    assert first.count("/console/sources/shop/receipts/") == 25
    assert second.count("/console/sources/shop/receipts/") == 5
    assert (await operator.get("/console/sources/shop?cursor=nonsense")).status_code == 422


async def test_a_source_that_ended_takes_nothing_and_shows_what_it_took(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    await send(house, GOOD)
    await settled(house)

    ended = await operator.post("/console/sources/shop/end")
    await house.clock.advance(2_000)

    assert ended.status_code == 303
    assert await send(house, GOOD) == 404
    page = await operator.get("/console/sources/shop")
    assert (page.status_code, "ended" in page.text) == (200, True)
    assert ("source.ended", "shop") in await audited(house)
    assert (await operator.get("/console/sources/nothing")).status_code == 404


async def test_pulls_are_made_and_ended(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house, dialect="kaizala")
    form = {
        "remote": "https://api.example.com/",
        "application": "app",
        "secret": "s",
        "token": "t",
        "group": "g1",
        "every": "300000",
    }

    wrong = await operator.post("/console/sources/shop/pulls", form | {"remote": "nonsense"})
    made = await operator.post("/console/sources/shop/pulls", form)
    page = (await operator.get("/console/sources/shop")).text
    ended = await operator.post("/console/sources/shop/pulls/shop/end")

    assert wrong.status_code == 422
    assert (made.status_code, ended.status_code) == (303, 303)
    assert "api.example.com" in page
    assert "every 5 min" in page
    assert {("pull.created", "shop"), ("pull.ended", "shop")} <= await audited(house)
    assert (await operator.post("/console/sources/shop/pulls/shop/end")).status_code == 404


async def test_sinks_are_made_with_a_secret_told_once_and_ended(house: ConsoleHouse) -> None:
    operator = await operator_with_a_source(house)
    form = {"name": "far", "to": "url"}

    wrong = await operator.post("/console/sources/shop/sinks", form | {"url": ""})
    made = await operator.post("/console/sources/shop/sinks", form | {"url": f"{house.parts.settings.base_url}bin/x"})
    page = (await operator.get("/console/sources/shop")).text
    ended = await operator.post("/console/sources/shop/sinks/far/end")

    assert wrong.status_code == 422
    assert 'id="url-error"' in wrong.text
    assert made.status_code == 201
    assert "whsec_" in made.text
    assert ("far" in page, "whsec_" in page) == (True, False)
    assert ended.status_code == 303
    assert {("sink.created", "far"), ("sink.ended", "far")} <= await audited(house)
