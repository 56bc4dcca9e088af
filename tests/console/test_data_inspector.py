"""The inspector in the console: whose bins there are, making and ending them, and the way in."""

import re

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.console.rights import Role
from tidings.core.clock import DAY, HOUR, SECOND
from tidings.core.errors import NotFound

HERE = "/console/inspector"
EVIL = "<img src=x onerror=alert(1)>"


async def make(visitor: Visitor, *, name: str = "", life_ms: int = 7 * DAY) -> httpx.Response:
    return await visitor.post(HERE, {"name": name, "life": str(life_ms)})


async def test_without_bins_the_list_says_what_to_do(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    page = await reader.get(HERE)

    assert "No bins" in page.text
    assert "Make a bin" not in page.text


async def test_bins_are_named_or_get_a_random_name_and_are_listed_with_what_came(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)

    assert (await make(operator, name="mine")).status_code == 303
    assert (await make(operator, life_ms=HOUR)).status_code == 303
    async with httpx.AsyncClient(base_url=house.server.url) as sender:
        await sender.post("/bin/mine", content=EVIL)
    page = (await operator.get(HERE)).text

    names = re.findall(rf'href="{HERE}/([^"/]+)"', page)
    assert "mine" in names
    assert any(re.fullmatch(r"[0-9a-f]{20}", name) for name in names)
    assert "the console" in page
    assert EVIL not in page
    entries = await house.parts.access.audit_entries()
    assert ("bin.created", "mine") in {(one.action, one.about) for one in entries}


async def test_bins_of_programs_are_listed_too_and_are_not_given_to_the_console(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    connector = await house.parts.access.create_connector("Night shift", actor="test")
    await house.parts.inspector.make("theirs", connector=connector.id)

    page = (await operator.get(HERE)).text
    answer = await make(operator, name="theirs")

    assert "Night shift" in page
    assert answer.status_code == 422
    assert "belongs to somebody else" in answer.text


@pytest.mark.parametrize("form", [{"name": "no good", "life": str(DAY)}, {"name": "", "life": "7"}])
async def test_what_is_wrong_with_a_bin_is_told_at_its_field(house: ConsoleHouse, form: dict[str, str]) -> None:
    operator = await house.person(Role.OPERATOR)

    answer = await operator.post(HERE, form)

    assert answer.status_code == 422
    assert re.search(r'id="(name|life)-error"', answer.text)


async def test_an_operator_comes_into_any_bin_and_a_reader_into_none(house: ConsoleHouse) -> None:
    operator, reader = await house.person(Role.OPERATOR), await house.person(Role.READER)
    connector = await house.parts.access.create_connector("Night shift", actor="test")
    kept = await house.parts.inspector.make("theirs", connector=connector.id)

    way = await operator.get(f"{HERE}/theirs")
    entered = await operator.get(way.headers["location"])
    page = await operator.get("/bin/theirs?inspect")

    assert (way.status_code, entered.status_code, page.status_code) == (303, 303, 200)
    assert "token" not in entered.headers["location"]
    assert (await reader.get(f"{HERE}/theirs")).status_code == 403
    assert (await reader.get("/bin/theirs?inspect")).status_code == 401
    # Who has the view token is not locked out by that.
    assert (await house.parts.inspector.shown_to("theirs", kept.view_token)).name == "theirs"


async def test_a_pass_is_good_for_one_bin_and_for_some_hours(house: ConsoleHouse) -> None:
    inspector = house.parts.inspector
    for name in ("one", "two"):
        await inspector.make(name, connector="c")
    given = inspector.pass_to(await inspector.get("one"))

    assert (await inspector.shown_to("one", given)).name == "one"
    until, _, proof = given.removeprefix("tdp_").partition("_")
    forged = [f"tdp_{int(until) + 1}_{proof}", f"tdp_{until}_{proof[:-1]}", f"tdp_{until}_", "tdp__", f"tdp_é_{proof}"]
    for name, wrong in [("two", given), *(("one", one) for one in forged)]:
        with pytest.raises(NotFound):
            await inspector.shown_to(name, wrong)
    await house.clock.jump(12 * HOUR + SECOND)
    with pytest.raises(NotFound):
        await inspector.shown_to("one", given)


async def test_a_bin_ends_when_it_is_ended_or_its_time_is_over(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    for name, life in (("mine", 7 * DAY), ("short", HOUR)):
        await make(operator, name=name, life_ms=life)

    ended = await operator.post(f"{HERE}/mine/end")
    await operator.get(HERE)
    await house.clock.jump(HOUR)
    page = (await operator.get(HERE)).text

    assert ended.status_code == 303
    assert "No bins" in page
    assert (await operator.get(f"{HERE}/mine")).status_code == 404
    assert (await operator.post(f"{HERE}/mine/end")).status_code == 404
