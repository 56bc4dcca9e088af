"""People in the settings: invited, found, given roles, signed out, erased."""

import asyncio
import re

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.settings_pages import LINK, NUMBER, PEOPLE, actions
from tidings.console.rights import Role
from tidings.core.clock import HOUR, Clock


async def test_somebody_is_invited_by_number_and_comes_in_by_the_link(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)

    answer = await owner.post(PEOPLE, {"phone": "+91 00000 11111", "name": "Ravi Menon", "role": "operator"})
    [link] = LINK.findall(answer.text)
    ravi = await house.browser()
    await ravi.get(link)
    page = await ravi.get(PEOPLE)

    assert answer.status_code == 200
    assert "Ravi Menon" in page.text
    assert ">you<" in page.text
    assert "Invite somebody" not in page.text
    assert (owner.person.id, "console.role_operator") in await actions(house)


async def test_whoever_is_known_keeps_their_name_when_they_are_invited(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    answer = await owner.post(PEOPLE, {"phone": NUMBER, "name": "Somebody else", "role": "reader"})

    assert "Ravi Menon" in answer.text
    assert await house.parts.entrance.sessions.role(ravi.id) == "reader"


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"phone": "12", "name": "A", "role": ""}, "phone", "Expected a phone number"),
        ({"phone": "", "name": "A", "role": ""}, "phone", "Is empty"),
        ({"phone": NUMBER, "name": "", "role": ""}, "name", "Is empty"),
        ({"phone": NUMBER, "name": "A", "role": "emperor"}, "role", "Choose one"),
        ({"phone": NUMBER, "name": "A", "role": "stranger"}, "role", "Choose one"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said_at_its_field(
    house: ConsoleHouse, form: dict[str, str], field: str, words: str
) -> None:
    owner = await house.person(Role.OWNER)

    answer = await owner.post(PEOPLE, form)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert words in answer.text


async def test_people_are_found_by_a_part_of_their_name(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER, name="Asha Verma")
    await house.person(Role.MEMBER, name="Ravi Menon")

    roles = (await reader.get(PEOPLE)).text
    everybody = (await reader.get(f"{PEOPLE}?whom=all")).text
    found = (await reader.get(f"{PEOPLE}?search=MENON")).text
    nobody = (await reader.get(f"{PEOPLE}?search=%25")).text

    assert "Asha Verma</bdi></a>" in roles
    assert "Ravi Menon" not in roles
    assert "Ravi Menon" in everybody
    assert "Ravi Menon" in found
    assert "Asha Verma</bdi></a>" not in found
    assert "Nobody found" in nobody


async def test_a_long_list_of_people_goes_on_page_by_page(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER, name="Asha Verma")
    for number in range(55):
        await house.parts.access.create_person(f"+92000000{number:04}", actor="test", name=f"Person {number}")

    first = (await reader.get(f"{PEOPLE}?whom=all")).text
    [older] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = (await reader.get(older.replace("&amp;", "&"))).text

    shown = [set(re.findall(r"<bdi>(Person \d+|Asha Verma)</bdi></a>", page)) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 6]
    assert not shown[0] & shown[1]
    assert "Newest" in second


async def test_a_role_is_given_and_the_last_owner_keeps_theirs(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    mine, theirs = f"{PEOPLE}/{owner.person.id}", f"{PEOPLE}/{reader.person.id}"

    last = await owner.post(f"{mine}/role", {"role": ""})
    given = await owner.post(f"{theirs}/role", {"role": "owner"})
    again = await owner.post(f"{theirs}/role", {"role": "owner"})
    left = await owner.post(f"{mine}/role", {"role": "reader"})

    assert last.status_code == 409
    assert "The last owner stays one" in last.text
    assert given.status_code == again.status_code == left.status_code == 303
    assert left.headers["location"] == "/console/"
    assert (await owner.get(f"{PEOPLE}/new")).status_code == 403
    assert (await reader.get(f"{PEOPLE}/new")).status_code == 200


async def test_when_somebody_was_last_seen_is_told(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    await house.clock.jump(2 * HOUR)
    page = f"{PEOPLE}/{reader.person.id}"

    before = (await owner.get(page)).text
    await reader.get("/console/components")
    after = (await owner.get(page)).text

    assert before.count("2 h ago") > after.count("2 h ago")
    assert ">now<" in after


async def test_an_owner_signs_somebody_out_everywhere_and_lets_them_in_again(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    page = f"{PEOPLE}/{reader.person.id}"

    await owner.post(f"{page}/sign-out")
    gone = await reader.get("/console/components")
    [link] = LINK.findall((await owner.post(f"{page}/link")).text)
    await reader.get(link)

    assert gone.status_code == 303
    assert (await reader.get("/console/components")).status_code == 200
    assert (owner.person.id, "console.sessions_ended") in await actions(house)


async def erase(house: ConsoleHouse, owner: Visitor, *, person: str) -> httpx.Response:
    """Erase somebody, while the time goes on."""
    sending = asyncio.create_task(owner.post(f"{PEOPLE}/{person}/erase", {"number": NUMBER}))
    async with asyncio.timeout(60):
        while not sending.done():
            await house.clock.advance(500)
            await Clock().sleep(0.01)  # disk and network are real, and take real time
    return sending.result()


async def test_a_person_is_erased_once_their_number_is_written(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    wrong = await owner.post(f"{PEOPLE}/{ravi.id}/erase", {"number": "+910000000009"})
    done = await erase(house, owner, person=ravi.id)

    assert wrong.status_code == 422
    assert 'id="number-error"' in wrong.text
    assert done.headers["location"] == PEOPLE
    assert (await owner.get(f"{PEOPLE}/{ravi.id}")).status_code == 404
    assert (owner.person.id, "person.erased") in await actions(house)


async def test_an_erasure_that_takes_long_goes_on_behind_the_page(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    # Without time going on it waits until everybody refuses the person.
    going_on = await owner.post(f"{PEOPLE}/{ravi.id}/erase", {"number": NUMBER})
    page = (await owner.get(f"{PEOPLE}/{ravi.id}")).text
    listed = (await owner.get(f"{PEOPLE}?whom=all")).text
    done = await erase(house, owner, person=ravi.id)

    assert going_on.headers["location"] == f"{PEOPLE}/{ravi.id}"
    assert "This person is being erased" in page
    assert "being erased" in listed
    assert done.headers["location"] == PEOPLE


async def test_whoever_has_a_role_is_not_erased(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    page = f"{PEOPLE}/{reader.person.id}/erase"

    asked = await owner.get(page)
    refused = await owner.post(page, {"number": reader.person.phone})

    assert "Take the role away first" in asked.text
    assert refused.status_code == 409
