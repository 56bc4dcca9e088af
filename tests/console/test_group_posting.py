"""Posts to a group in a browser: their forms are built, refused at the field, and sent again."""

import re

from tests.console.group_house import KINDS, make_group, post, send
from tests.console.house import ConsoleHouse
from tidings.console.rights import Role


async def test_a_form_is_built_without_a_script_and_loses_nothing(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    form: dict[str, str | list[str]] = {"title": "Mine", "row": ["0", "1"], "q0-title": "First", "q1-title": "Second"}

    added = await post(asha, group, "survey", form | {"do": "add"})
    moved = await post(asha, group, "survey", form | {"do": "up-1"})
    removed = await post(asha, group, "survey", form | {"do": "remove-0"})
    part = await asha.post(f"/console/groups/{group}/new/survey", form | {"do": "add"}, htmx=True)

    assert [one.status_code for one in (added, moved, removed, part)] == [200] * 4
    assert re.findall(r'name="row" value="(\d)"', added.text) == ["0", "1", "2"]
    assert re.findall(r'name="row" value="(\d)"', moved.text) == ["1", "0"]
    assert re.findall(r'name="row" value="(\d)"', removed.text) == ["1"]
    for answer in (added, moved):
        assert all(f'value="{title}"' in answer.text for title in ("Mine", "First", "Second"))
    assert "<html" not in part.text
    assert re.findall(r'name="row" value="(\d)"', part.text) == ["0", "1", "2"]
    assert "nobody" not in (await asha.get(f"/console/groups/{group}")).text


async def test_what_is_wrong_with_a_question_is_told_at_that_question(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    form: dict[str, str | list[str]] = {"title": "Mine", "row": ["4", "2"], "q4-title": "Fine", "q4-type": "Text"}

    answer = await post(asha, group, "survey", form | {"q2-title": "Which?", "q2-type": "SingleOption"})

    assert answer.status_code == 422
    assert 'id="q2-options-error"' in answer.text
    assert 'value="Which?"' in answer.text


async def test_what_is_wrong_with_a_post_is_told_at_its_field(house: ConsoleHouse) -> None:
    asha, cyd = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group = await make_group(asha)
    cases: list[tuple[str, dict[str, str | list[str]], str]] = [
        ("meeting", {"title": "Stand-up", "starting_at": "soon"}, "starting_at"),
        ("meeting", {"title": "Stand-up", "starting_at": "2030-01-31T09:00", "duration": "0"}, "duration"),
        ("meeting", {"title": "Up", "starting_at": "2030-01-31T09:00", "latitude": "91", "longitude": "0"}, "latitude"),
        ("poll", {"title": "Which?", "choices": ""}, "choices"),
        ("poll", {"title": "", "choices": "One"}, "title"),
        ("job", {"title": "Doors"}, "assigned"),
        ("job", {"title": "Doors", "assigned": cyd.person.phone}, "assigned"),
        ("announcement", {"text": ""}, "text"),
        ("form", KINDS["form"] | {"package_id": "no id"}, "package_id"),
        ("survey", KINDS["survey"] | {"who_sees": "Nobody"}, "who_sees"),
    ]

    for kind, form, field in cases:
        answer = await post(asha, group, kind, form)
        assert answer.status_code == 422, (kind, form)
        assert f'id="{field}-error"' in answer.text, (kind, form)


async def test_a_form_is_sent_again_as_it_is_and_changed_it_becomes_a_version(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group, other = await make_group(asha), await make_group(bina)
    await send(asha, group, "form")
    find = house.parts.workspace.packages.find

    prefilled = await bina.get(f"/console/groups/{other}/new/form?package=com.example.order")
    assert 'value="How many"' in prefilled.text
    assert (await post(bina, other, "form", KINDS["form"])).status_code == 303
    assert (await find("com.example.order")).version == 1

    refused = await post(bina, other, "form", KINDS["form"] | {"q0-title": "How few"})
    assert refused.status_code == 422
    assert "somebody else" in refused.text

    assert (await post(asha, group, "form", KINDS["form"] | {"q0-title": "How few"})).status_code == 303
    assert (await find("com.example.order")).version == 2
