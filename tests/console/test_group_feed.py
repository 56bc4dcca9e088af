"""The feed of a group in a browser: what is posted is there, page by page, live and never as markup."""

import asyncio
import re
from collections.abc import AsyncIterator

from tests.console.group_house import KINDS, make_group, post, send
from tests.console.house import ConsoleHouse
from tests.workspace.files import png
from tidings.console.rights import Role


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


async def test_whoever_is_taken_out_of_a_group_hears_no_more_of_it(house: ConsoleHouse) -> None:
    asha, bina = await house.person(Role.MEMBER), await house.person(Role.MEMBER)
    group = await make_group(asha, members=bina.person.phone)

    async with asyncio.timeout(60), bina.http.stream("GET", f"/console/groups/{group}/live") as live:
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
