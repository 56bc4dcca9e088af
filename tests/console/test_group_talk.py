"""Liking, commenting and reminding in a browser: by members, as themselves, and told live to whoever looks."""

import asyncio
import re

from tests.console.group_house import make_group, send
from tests.console.house import ConsoleHouse, Visitor
from tests.console.test_group_feed import EVIL, until
from tidings.console.rights import Role

_REFERENCE = re.compile(r'id="like-([^"]+)"')


async def posted(visitor: Visitor, group: str, text: str = "Doors open at six") -> str:
    """Say something; the path of the post."""
    await visitor.post(f"/console/groups/{group}/posts", {"text": text})
    found = _REFERENCE.search((await visitor.get(f"/console/groups/{group}")).text)
    assert found
    return f"/console/groups/{group}/posts/{found[1]}"


async def test_a_member_likes_a_post_and_takes_it_back(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    group = await make_group(asha)
    path = await posted(asha, group)

    liked = await asha.post(f"{path}/like", {"is_liked": "yes"}, htmx=True)
    again = await asha.post(f"{path}/like", {"is_liked": "yes"}, htmx=True)
    feed = (await asha.get(f"/console/groups/{group}")).text
    taken_back = await asha.post(f"{path}/like", {"is_liked": "no"}, htmx=True)

    assert 'aria-pressed="true"' in liked.text
    assert re.search(r'<span id="likes-[^"]+">1</span>', again.text)
    assert 'aria-pressed="true"' in re.sub(r"<nav.*?</nav>", "", feed, flags=re.DOTALL)
    assert 'aria-pressed="false"' in taken_back.text
    assert re.search(r'<span id="likes-[^"]+"></span>', taken_back.text)


async def test_comments_stand_under_the_post_the_latest_in_the_feed_too_never_as_markup(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER, name="Asha Verma")
    group = await make_group(asha)
    path = await posted(asha, group)

    empty = await asha.post(f"{path}/comments", {"comment": "  "})
    for text in ("First", "Second", EVIL):
        answer = await asha.post(f"{path}/comments", {"comment": text})
        assert answer.status_code == 303, answer.text

    assert empty.status_code == 422
    assert "comment-error" in empty.text
    page, feed = (await asha.get(path)).text, (await asha.get(f"/console/groups/{group}")).text
    assert page.index("First") < page.index("Second") < page.index("&lt;script&gt;")
    assert "3 comments" in page
    assert "First" not in feed
    assert "Second" in feed
    assert "<script>alert" not in page + feed


async def test_reactions_are_told_to_whoever_looks_without_what_is_the_others_own(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    bina = await house.person(Role.MEMBER, name="Bina Roy")
    group = await make_group(asha, members=bina.person.phone)
    path = await posted(asha, group)

    async with asyncio.timeout(40), asha.http.stream("GET", f"/console/groups/{group}/live") as live:
        lines = live.aiter_lines()
        assert await anext(lines) == "retry: 3000"
        await bina.post(f"{path}/like", {"is_liked": "yes"})
        await bina.post(f"{path}/comments", {"comment": "We are ready"})
        await house.clock.advance(2_000)
        await until(lines, "1 comment")
        await until(lines, "We are ready")

    assert 'aria-pressed="true"' not in re.sub(r"<nav.*?</nav>", "", (await asha.get(path)).text, flags=re.DOTALL)


async def test_only_members_react_and_what_is_not_in_the_group_is_not_there(house: ConsoleHouse) -> None:
    asha, owner = await house.person(Role.MEMBER), await house.person(Role.OWNER)
    group, other = await make_group(asha), await make_group(asha, "Day shift")
    path = await posted(asha, group)

    for way in ("like", "comments"):
        assert (await owner.post(f"{path}/{way}", {"comment": "Hello"})).status_code == 404
    assert (await owner.get(path)).status_code == 200
    assert (await asha.get(path.replace(group, other))).status_code == 404


async def test_who_has_not_answered_is_reminded_and_finds_it_first(house: ConsoleHouse) -> None:
    asha = await house.person(Role.MEMBER)
    bina = await house.person(Role.MEMBER, name="Bina Roy")
    group = await make_group(asha, members=bina.person.phone)
    address = await send(asha, group, "survey")
    await asha.post(f"{address}/responses", {"answer-0": "Good", "answer-1": "Quiet"})
    page = (await asha.get(address)).text
    assert "Bina Roy" in page

    refused = await bina.post(f"{address}/reminder")
    before = (await bina.get("/console/groups")).text
    reminded = await asha.post(f"{address}/reminder")

    assert refused.status_code == 403
    assert reminded.status_code == 303
    assert "Waiting for your answer" not in before
    for path in ("/console/groups", f"/console/groups/{group}"):
        assert "Waiting for your answer" in (await bina.get(path)).text
        assert "Waiting for your answer" not in (await asha.get(path)).text
    await bina.post(f"{address}/responses", {"answer-0": "Bad", "answer-1": "Loud"})
    assert "Waiting for your answer" not in (await bina.get("/console/groups")).text
    assert "Everybody in the group has answered." in (await asha.get(address)).text
