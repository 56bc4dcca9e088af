"""Groups in a browser: a feed to post to, forms to build and to answer, and who may do what there."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping

import httpx

from tests.console.house import ConsoleHouse, Visitor
from tests.workspace.files import png
from tidings.console.rights import Role
from tidings.store.audit import Audit

PDF = b"%PDF-1.4\n%%EOF\n"
_NEW = re.compile(r"/console/groups/([0-9a-f-]{36})$")


async def make_group(visitor: Visitor, name: str = "Night shift", members: str = "") -> str:
    """A new group of the visitor's; its id."""
    answer = await visitor.post("/console/groups", {"name": name, "members": members})
    assert answer.status_code == 303, answer.text
    found = _NEW.search(answer.headers["location"])
    assert found
    return found[1]


async def test_a_new_group_is_in_the_list_of_whoever_made_it(house: ConsoleHouse) -> None:
    asha, other = await house.person(Role.MEMBER), await house.person(Role.MEMBER)

    group = await make_group(asha)

    assert "Night shift" in (await asha.get("/console/groups")).text
    assert (await asha.get(f"/console/groups/{group}")).status_code == 200
    assert "Night shift" not in (await other.get("/console/groups")).text
    assert (await other.get(f"/console/groups/{group}")).status_code == 404


async def test_a_group_without_a_name_is_refused_at_the_field(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)

    answer = await asha.post("/console/groups", {"name": " ", "short_description": "kept"})

    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert 'value="kept"' in answer.text


async def post(visitor: Visitor, group: str, kind: str, form: Mapping[str, str | list[str]]) -> httpx.Response:
    return await visitor.post(f"/console/groups/{group}/new/{kind}", form)


async def test_a_message_is_in_the_feed(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER, name="Asha Verma")
    group = await make_group(asha)

    answer = await asha.post(f"/console/groups/{group}/posts", {"text": "Doors open at six"})

    assert answer.status_code == 303
    page = await asha.get(f"/console/groups/{group}")
    assert "Doors open at six" in page.text
    assert "Asha Verma" in page.text


async def test_every_page_of_a_group_and_every_kind_of_post_shows(house: ConsoleHouse) -> None:
    asha = await house.person(Role.OWNER)
    group = await make_group(asha)
    for name in ("", "/members", "/sub-groups", "/settings"):
        answer = await asha.get(f"/console/groups/{group}{name}")
        assert answer.status_code == 200, (name, answer.text)
    for kind in ("announcement", "survey", "poll", "job", "meeting", "form"):
        answer = await asha.get(f"/console/groups/{group}/new/{kind}")
        assert answer.status_code == 200, (kind, answer.text)


KINDS: dict[str, dict[str, str | list[str]]] = {
    "announcement": {"title": "New rota", "text": "It begins on Monday"},
    "poll": {"title": "Which day?", "choices": "Monday\nTuesday", "due": "24"},
    "meeting": {
        "title": "Stand-up",
        "starting_at": "2030-01-31T09:00",
        "duration": "15",
        "place": "Gate 4",
        "latitude": "12.97",
        "longitude": "77.59",
    },
    "survey": {
        "title": "How was it?",
        "row": ["0", "3"],
        "q0-title": "Your mark",
        "q0-type": "SingleOption",
        "q0-options": "Good\nBad",
        "q3-title": "Why?",
        "q3-type": "LargeText",
        "q3-required": "on",
        "who_sees": "All",
        "due": "24",
    },
    "form": {
        "title": "Order form",
        "package_id": "com.example.order",
        "row": "0",
        "q0-title": "How many",
        "q0-type": "Numeric",
        "multiple": "on",
        "due": "720",
    },
}


async def send(visitor: Visitor, group: str, kind: str) -> str:
    """Post the example of that kind; the address to which that led."""
    answer = await post(visitor, group, kind, KINDS[kind])
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_each_kind_of_post_is_in_the_feed_and_has_a_page_to_answer_on(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)

    for kind, form in KINDS.items():
        address = await send(asha, group, kind)
        page = await asha.get(address)
        assert page.status_code == 200, page.text
        assert str(form["title"]) in page.text
        if kind != "announcement":
            assert "Send your answer" in page.text

    feed = (await asha.get(f"/console/groups/{group}")).text
    for form in KINDS.values():
        assert str(form["title"]) in feed


async def test_a_job_is_done_by_whom_it_is_assigned_to(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER, name="Asha"), await house.person(Role.MEMBER, name="Bina")
    group = await make_group(asha, members=bina.person.phone)
    form = {"title": "Lock the gate", "assigned": bina.person.phone, "due": "24"}

    address = (await post(asha, group, "job", form)).headers["location"]
    assert "Bina" in (await asha.get(address)).text
    answer = await bina.post(f"{address}/responses", {"done": "yes"})

    assert answer.status_code == 303
    assert "It is done" not in (await asha.get(address)).text
    assert 'data-label="Done"><span class="said">Done' in (await asha.get(address)).text
    refused = await asha.post(f"{address}/responses", {"done": "yes"})
    assert refused.status_code == 403


async def test_an_answer_is_given_changed_and_summed_up(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER, name="Asha"), await house.person(Role.MEMBER, name="Bina")
    group = await make_group(asha, members=bina.person.phone)
    address = await send(asha, group, "survey")

    first = await bina.post(f"{address}/responses", {"answer-0": "Bad", "answer-1": "It rained"})
    changed = await bina.get(address)
    second = await bina.post(f"{address}/responses", {"answer-0": "Good", "answer-1": "It stopped"})

    assert (first.status_code, second.status_code) == (303, 303)
    assert "Change your answer" in changed.text
    assert 'value="Bad" checked' in changed.text
    page = (await asha.get(address)).text
    assert "It stopped" in page
    assert "It rained" not in page
    assert "1 answer" in page


async def test_a_required_question_that_is_left_open_is_told_of_at_its_field(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    address = await send(asha, group, "survey")

    answer = await asha.post(f"{address}/responses", {"answer-0": "Good", "answer-1": " "})

    assert answer.status_code == 422
    assert 'id="answer-1-error"' in answer.text
    assert "this one is required" in answer.text
    assert 'value="Good" checked' in answer.text


async def test_each_type_of_question_takes_its_answer(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    types = (
        "SingleOption MultiOption Text LargeText Numeric DateTime DateOnly Location Image AttachmentList PhoneNumber"
    )
    form: dict[str, str | list[str]] = {"title": "Everything", "due": "24", "row": []}
    for key, type_ in enumerate(types.split()):
        form |= {f"q{key}-title": f"A {type_}", f"q{key}-type": type_, f"q{key}-options": "Left\nRight"}
    form["row"] = [str(key) for key in range(len(types.split()))]
    address = (await post(asha, group, "survey", form)).headers["location"]
    answers: dict[str, str | list[str]] = {
        "answer-0": "Left",
        "answer-1": ["Left", "Right"],
        "answer-2": "short",
        "answer-3": "long",
        "answer-4": "12.5",
        "answer-5": "2030-01-31T09:30",
        "answer-6": "1999-12-31",
        "answer-7-n": "Gate 4",
        "answer-7-lt": "12.97",
        "answer-7-lg": "77.59",
        "answer-10": "+910000000042",
    }
    files = {"answer-8": ("dot.png", png(), "image/png"), "answer-9": ("notes.pdf", PDF, "application/pdf")}

    answer = await asha.post(f"{address}/responses", answers, files=files)

    assert answer.status_code == 303, answer.text
    page = (await asha.get(address)).text
    for shown in ("Left, Right", "12.5", "2030-01-31 09:30", "1999-12-31", "Gate 4 (12.97, 77.59)", "dot.png"):
        assert shown in page, shown
    assert "+910000000042" in page
    # Sent again without files, those of before stay.
    answer = await asha.post(f"{address}/responses", answers)
    assert answer.status_code == 303, answer.text
    page = (await asha.get(address)).text
    assert "dot.png" in page
    assert "changed" in page


EVIL = "<script>alert(1)</script>\u202e\u0007{{ 7 * 7 }}"


async def test_what_people_write_is_never_markup(house: ConsoleHouse) -> None:
    asha = await house.person(Role.OWNER, name=EVIL)
    group = await make_group(asha, EVIL)
    await asha.post(f"/console/groups/{group}/settings", {"name": EVIL, "short_description": EVIL})
    await asha.post(f"/console/groups/{group}/posts", {"text": EVIL})
    await post(asha, group, "announcement", {"title": EVIL, "text": EVIL})
    form = {"title": EVIL, "q0-title": EVIL, "q0-type": "MultiOption", "q0-options": EVIL, "row": "0", "due": "24"}
    address = (await post(asha, group, "form", form)).headers["location"]
    await asha.post(f"{address}/responses", {"answer-0": EVIL})

    for path in ("", "/members", "/sub-groups", "/settings", "/new/form", "/new/job", address):
        page = (await asha.get(path if path.startswith("/console") else f"/console/groups/{group}{path}")).text
        assert "<script>alert" not in page, path
        # What a field holds goes back as it came.
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page), path
        assert "49" not in re.sub(r"[0-9a-f]{4,}", "", page), path
    assert "&lt;script&gt;alert(1)" in (await asha.get(f"/console/groups/{group}")).text


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


async def test_a_file_of_a_kind_that_is_not_taken_is_told_of_at_its_question(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    form: dict[str, str | list[str]] = {
        "title": "Look",
        "row": "0",
        "q0-title": "Gate",
        "q0-type": "Image",
        "due": "24",
    }
    address = (await post(asha, group, "survey", form)).headers["location"]

    answer = await asha.post(f"{address}/responses", files={"answer-0": ("a.exe", b"MZ", "image/png")})

    assert answer.status_code == 422
    assert 'id="answer-0-error"' in answer.text


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


async def test_a_feed_is_paged(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    for number in range(23):
        await asha.post(f"/console/groups/{group}/posts", {"text": f"Message {number:02}."})
        await house.clock.advance(1)

    first = (await asha.get(f"/console/groups/{group}")).text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    rest = (await asha.get(older[1])).text
    part = (await asha.get(older[1], htmx=True)).text

    assert re.findall(r"Message (\d\d)\.", first) == [f"{number:02}" for number in range(22, 2, -1)]
    assert re.findall(r"Message (\d\d)\.", rest) == ["02", "01", "00"]
    assert "data-live" not in rest
    assert part.lstrip().startswith("<ol")
    assert (await asha.get(f"/console/groups/{group}?before=nonsense")).status_code == 422


async def test_pictures_are_one_post_and_other_files_another(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    path = f"/console/groups/{group}/posts"

    refused = await asha.post(path, {"text": "Look"}, files={"files": ("a.exe", b"MZ", "application/x-msdownload")})
    sent = await asha.post(path, {"text": "Look"}, files={"files": ("gate.png", png(), "image/png")})

    assert refused.status_code == 422
    assert "a.exe: expected one of" in refused.text.lower()
    assert sent.status_code == 303
    page = (await asha.get(f"/console/groups/{group}")).text
    source = re.search(r'<img src="(/media/[^"]+)" alt="gate.png"', page)
    assert source
    assert (await asha.get(source[1])).headers["content-type"] == "image/png"


async def test_an_operator_looks_at_a_group_and_posts_only_as_a_member(house: ConsoleHouse) -> None:
    asha, operator = await house.person(Role.MEMBER), await house.person(Role.OPERATOR)
    group = await make_group(asha)
    await asha.post(f"/console/groups/{group}/posts", {"text": "Among us"})

    page = await operator.get(f"/console/groups/{group}")
    refused = await operator.post(f"/console/groups/{group}/posts", {"text": "Hello"})
    assert "Among us" in page.text
    assert "Join the group" in page.text
    assert refused.status_code == 404
    assert (await operator.get(f"/console/groups/{group}/new/poll")).status_code == 404

    assert (await operator.post(f"/console/groups/{group}/join")).status_code == 303
    assert (await operator.post(f"/console/groups/{group}/posts", {"text": "Hello"})).status_code == 303
    [entry] = [one for one in await Audit(house.parts.database).entries() if one.about == group]
    assert (entry.action, entry.actor) == ("group.joined", operator.person.id)


async def test_a_reader_looks_at_everything_and_changes_nothing(house: ConsoleHouse) -> None:
    asha, reader = await house.person(Role.MEMBER), await house.person(Role.READER)
    group = await make_group(asha)
    address = await send(asha, group, "survey")
    await asha.post(f"{address}/responses", {"answer-0": "Good", "answer-1": "It stopped"})

    assert "It stopped" in (await reader.get(address)).text
    assert "Night shift" in (await reader.get("/console/groups?of=all&name=shift")).text
    for path, form in (
        (f"/console/groups/{group}/members", {"members": "+910000000077"}),
        (f"/console/groups/{group}/members/{asha.person.id}/remove", {}),
        (f"/console/groups/{group}/settings", {"name": "Mine"}),
        (f"/console/groups/{group}/sub-groups", {"name": "Mine"}),
        (f"{address}/state", {"state": "closed"}),
        (f"{address}/responses", {"answer-1": "Mine"}),
    ):
        assert (await reader.post(path, form)).status_code in {403, 404}, path


async def test_members_come_go_and_become_admins(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER, name="Asha"), await house.person(Role.MEMBER, name="Bina")
    group = await make_group(asha)
    path = f"/console/groups/{group}/members"

    assert (await asha.post(path, {"members": "not a number"})).status_code == 422
    assert (await asha.post(path, {"members": bina.person.phone})).status_code == 303
    assert "Bina" in (await asha.get(path)).text
    assert (await bina.post(f"{path}/{asha.person.id}/remove")).status_code == 403
    last = await asha.post(f"{path}/{asha.person.id}/role", {"role": "Member"})
    assert last.status_code == 409
    assert (await asha.post(f"{path}/{bina.person.id}/role", {"role": "Admin"})).status_code == 303
    assert (await asha.post(f"/console/groups/{group}/leave")).status_code == 303
    assert (await asha.get(path)).status_code == 404
    assert (await bina.get(path)).status_code == 200


async def test_groups_go_beneath_groups(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group, other = await make_group(asha), await make_group(asha, "Kitchen")
    path = f"/console/groups/{group}/sub-groups"

    assert (await asha.post(path, {"name": "Loading dock"})).status_code == 303
    assert (await asha.post(path, {"child": other})).status_code == 303
    page = (await asha.get(path)).text
    circle = await asha.post(f"/console/groups/{other}/sub-groups", {"child": group})

    assert "Loading dock" in page
    assert "Kitchen" in page
    assert circle.status_code == 422
    assert "cannot be beneath itself" in circle.text
    assert (await asha.post(f"{path}/{other}/remove")).status_code == 303
    assert f'href="/console/groups/{other}"' not in (await asha.get(path)).text


async def test_a_closed_survey_takes_no_answer_until_it_is_opened(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    address = await send(asha, group, "survey")

    await asha.post(f"{address}/state", {"state": "closed"})
    assert "Send your answer" not in (await asha.get(address)).text
    assert (await asha.post(f"{address}/responses", {"answer-1": "late"})).status_code == 409

    await asha.post(f"{address}/state", {"state": "open"})
    assert (await asha.post(f"{address}/responses", {"answer-1": "in time"})).status_code == 303


async def test_answers_for_the_author_alone_are_shown_to_nobody_else(house: ConsoleHouse) -> None:
    asha, bina, cyd = [await house.person(Role.MEMBER, name=name) for name in ("Asha", "Bina", "Cyd")]
    group = await make_group(asha, members=f"{bina.person.phone},{cyd.person.phone}")
    form = KINDS["survey"] | {"who_sees": "Sender", "anonymous": "on"}
    address = (await post(asha, group, "survey", form)).headers["location"]

    await bina.post(f"{address}/responses", {"answer-1": "between us"})

    assert "between us" in (await asha.get(address)).text
    assert "Bina" not in (await asha.get(address)).text
    assert "between us" in (await bina.get(address)).text
    assert "between us" not in (await cyd.get(address)).text


async def test_whoever_is_taken_out_of_a_group_hears_no_more_of_it(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group = await make_group(asha, members=bina.person.phone)

    async with asyncio.timeout(20), bina.http.stream("GET", f"/console/groups/{group}/live") as live:
        lines = live.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        await asha.post(f"/console/groups/{group}/posts", {"text": "To all of us"})
        await house.clock.advance(2_000)
        await until(lines, "To all of us")
        await asha.post(f"/console/groups/{group}/members/{bina.person.id}/remove")
        await asha.post(f"/console/groups/{group}/posts", {"text": "Without her"})
        await house.clock.advance(2_000)
        rest = [line async for line in lines]

    assert not [line for line in rest if "Without her" in line]


async def until(lines: AsyncIterator[str], text: str) -> None:
    async for line in lines:
        if text in line:
            return
    raise AssertionError(text)
