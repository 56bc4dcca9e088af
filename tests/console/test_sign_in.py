"""Signing in: the first owner by a link, everybody by phone and PIN; and how long a session lasts."""

import asyncio

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.console.rights import Role
from tidings.core.clock import DAY, HOUR, SECOND
from tidings.core.errors import Conflict


async def signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/console/settings/sessions")).status_code == 200


async def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back_again(house: ConsoleHouse) -> None:
    answer = await house.stranger.get("/console/settings/sessions?before=9.a")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fsettings%2Fsessions%3Fbefore%3D9.a"


async def test_a_person_signs_in_with_phone_and_pin(house: ConsoleHouse) -> None:
    person = await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")
    browser = await house.browser(person)

    asked = await browser.post("/console/sign-in", {"phone": "+91 00000 00007", "next": "/console/components"})
    wrong = await browser.post("/console/sign-in", {"phone": person.phone, "pin": "000000"})
    pin = await house.parts.access.waiting_pin(person.phone)
    right = await browser.post("/console/sign-in", {"phone": person.phone, "pin": pin, "next": "/console/components"})
    shown = await browser.get(right.headers["location"])

    assert asked.status_code == 200
    assert 'name="pin"' in asked.text
    assert wrong.status_code == 401
    assert "is wrong, used or older than ten minutes" in wrong.text.lower()
    assert right.status_code == 303
    assert shown.status_code == 200
    assert "Asha Verma" in shown.text


async def test_a_pin_is_good_once(house: ConsoleHouse) -> None:
    person = await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")
    await house.stranger.post("/console/sign-in", {"phone": person.phone})
    form = {"phone": person.phone, "pin": await house.parts.access.waiting_pin(person.phone)}

    first = await (await house.browser()).post("/console/sign-in", form)
    second = await (await house.browser()).post("/console/sign-in", form)

    assert (first.status_code, second.status_code) == (303, 401)


async def test_an_unknown_number_is_answered_like_a_known_one(house: ConsoleHouse) -> None:
    await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")

    known = await house.stranger.post("/console/sign-in", {"phone": "+910000000007"})
    unknown = await house.stranger.post("/console/sign-in", {"phone": "+910000000008"})

    assert known.status_code == unknown.status_code == 200
    assert known.text.replace("00007", "") == unknown.text.replace("00008", "")


async def test_what_is_no_number_is_said_at_its_field(house: ConsoleHouse) -> None:
    answer = await house.stranger.post("/console/sign-in", {"phone": '"><script>alert(1)</script>'})

    assert answer.status_code == 400
    assert 'id="phone-error"' in answer.text
    assert "<script>alert" not in answer.text


async def test_asking_for_pins_is_throttled(house: ConsoleHouse) -> None:
    answers = [await house.stranger.post("/console/sign-in", {"phone": "+910000000007"}) for _ in range(7)]

    assert answers[0].status_code == 200
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_trying_pins_is_throttled(house: ConsoleHouse) -> None:
    await house.stranger.post("/console/sign-in", {"phone": "+910000000007"})

    answers = [
        await house.stranger.post("/console/sign-in", {"phone": "+910000000007", "pin": "123456"}) for _ in range(70)
    ]

    assert {one.status_code for one in answers} == {401, 429}


@pytest.mark.parametrize("strange", ["https://example.com/", "//example.com", "/console/\\example.com", "/v1/events"])
async def test_nobody_is_led_away_by_signing_in(house: ConsoleHouse, strange: str) -> None:
    person = await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")
    await house.stranger.post("/console/sign-in", {"phone": person.phone})
    pin = await house.parts.access.waiting_pin(person.phone)

    answer = await house.stranger.post("/console/sign-in", {"phone": person.phone, "pin": pin, "next": strange})

    assert answer.headers["location"] == "/console/"


async def test_whoever_has_the_first_link_becomes_an_owner_once(house: ConsoleHouse) -> None:
    token = await house.parts.entrance.first_link(actor="test")
    another = await house.parts.entrance.first_link(actor="test")
    browser, second = await house.browser(), await house.browser()

    form = await browser.get(f"/console/first/{token}")
    wrong = await browser.post(f"/console/first/{token}", {"name": "Meera Iyer", "phone": "12"})
    made = await browser.post(f"/console/first/{token}", {"name": "Meera Iyer", "phone": "+910000000009"})
    again = await second.post(f"/console/first/{token}", {"name": "Ravi", "phone": "+910000000008"})
    late = await second.post(f"/console/first/{another}", {"name": "Ravi", "phone": "+910000000008"})

    assert "Become an owner" in form.text
    assert wrong.status_code == 422
    assert 'id="phone-error"' in wrong.text
    assert 'value="Meera Iyer"' in wrong.text
    assert made.status_code == 303
    assert (await browser.get("/console/")).status_code == 200
    assert again.status_code == late.status_code == 404
    assert await house.parts.entrance.first_link(actor="test") is None


async def test_a_link_for_a_person_signs_them_in_once_and_for_a_day(house: ConsoleHouse) -> None:
    person = await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")
    token = await house.parts.entrance.link(actor="test", phone=person.phone)
    late = await house.parts.entrance.link(actor="test", phone=person.phone)
    browser, second = await house.browser(), await house.browser()

    await browser.http.head(f"/console/first/{token}")
    entered = await browser.get(f"/console/first/{token}")
    again = await second.get(f"/console/first/{token}")
    await house.clock.jump(DAY)

    assert (entered.status_code, again.status_code) == (303, 404)
    assert "tidings console link" in again.text
    assert (await second.get(f"/console/first/{late}")).status_code == 404


async def test_a_session_ends_without_use_and_lives_on_with_it(house: ConsoleHouse) -> None:
    idle, busy = await house.person(Role.READER), await house.person(Role.READER)

    for _ in range(3):
        await house.clock.jump(5 * HOUR)
        assert await signed_in(busy)

    assert not await signed_in(idle)


async def test_a_session_ends_after_thirty_days_in_any_case(house: ConsoleHouse) -> None:
    sessions, reader = house.parts.entrance, await house.person(Role.READER)
    token = reader.http.cookies["tidings_session"]
    began = house.clock.now()

    while await sessions.session(token) is not None:
        await house.clock.jump(11 * HOUR)

    assert 30 * DAY <= house.clock.now() - began <= 30 * DAY + 11 * HOUR


async def test_signing_out_ends_the_session_here_and_nowhere_else(house: ConsoleHouse) -> None:
    here = await house.person(Role.READER)
    there = await house.browser()
    await there.get(f"/console/first/{await house.parts.entrance.link(actor='test', phone=here.person.phone)}")
    token = here.http.cookies["tidings_session"]

    await here.post("/console/sign-out")
    here.http.cookies.set("tidings_session", token)

    assert not await signed_in(here)
    assert await signed_in(there)


async def test_a_person_sees_and_ends_their_sessions_and_nobody_elses(house: ConsoleHouse) -> None:
    asha, ravi = await house.person(Role.READER), await house.person(Role.OWNER)
    elsewhere = await house.browser()
    await elsewhere.get(
        f"/console/first/{await house.parts.entrance.link(actor='test', phone=asha.person.phone)}",
        headers={"user-agent": "<img src=x onerror=alert(1)>"},
    )
    ids = [one.id for one in await house.parts.entrance.sessions.of(asha.person.id, now=house.clock.now(), most=9)]

    page = await asha.get("/console/settings/sessions")
    foreign = await ravi.post(f"/console/settings/sessions/{ids[0]}/end")
    others = await asha.post("/console/settings/sessions/others/end")

    assert len(ids) == 2
    assert all(one in page.text for one in ids)
    assert "<img" not in page.text
    assert "&lt;img src=x" in page.text
    assert foreign.status_code == 404
    assert others.status_code == 303
    assert await signed_in(asha)
    assert not await signed_in(elsewhere)


async def test_an_erased_person_is_signed_out_and_has_no_role(house: ConsoleHouse) -> None:
    await house.person(Role.OWNER)
    reader = await house.person(Role.READER)
    erasing = asyncio.create_task(house.parts.access.erase(reader.person.phone, actor="test"))

    while not erasing.done():
        await house.clock.advance(SECOND)

    assert not await signed_in(reader)
    assert await house.parts.entrance.sessions.role(reader.person.id) == ""


async def test_the_last_owner_stays_one(house: ConsoleHouse) -> None:
    entrance = house.parts.entrance
    first, second = await house.person(Role.OWNER), await house.person(Role.OWNER)

    await entrance.give_role(first.person.id, Role.READER, actor="test")

    for role in (Role.READER, Role.MEMBER):
        with pytest.raises(Conflict, match="last owner"):
            await entrance.give_role(second.person.id, role, actor="test")
    assert await entrance.sessions.role(first.person.id) == "reader"
    assert await entrance.sessions.role(second.person.id) == "owner"


async def test_a_role_that_is_taken_away_is_gone_with_the_next_page(house: ConsoleHouse) -> None:
    await house.person(Role.OWNER)
    operator = await house.person(Role.OPERATOR)

    await house.parts.entrance.give_role(operator.person.id, Role.MEMBER, actor="test")

    assert (await operator.get("/console/live")).status_code == 403


async def test_the_cookie_is_kept_from_scripts_and_other_sites(house: ConsoleHouse) -> None:
    person = await house.parts.access.create_person("+910000000007", actor="test", name="Asha Verma")
    token = await house.parts.entrance.link(actor="test", phone=person.phone)

    cookie = (await house.stranger.get(f"/console/first/{token}")).headers["set-cookie"].lower()

    assert all(word in cookie for word in ("httponly", "samesite=lax", "path=/", "max-age=2592000"))
    assert "domain" not in cookie


async def test_nobody_is_told_whether_a_session_is_unknown_or_over(house: ConsoleHouse) -> None:
    for token in ("x", "ä", "\u202e" * 9, "a" * 4_000):
        answer = await house.stranger.http.get(
            "/console/settings/sessions", headers={b"cookie": f"tidings_session={token}".encode()}
        )
        assert answer.status_code == 303
