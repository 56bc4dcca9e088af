"""Which group is beneath which, on both engines."""

import asyncio
from itertools import pairwise

import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.store.database import Database
from tidings.store.groups import Group, Role, group_added, member_added
from tidings.store.tree import MOST_ABOVE, Link, Links, sub_group_added, sub_group_removed


async def grow(database: Database, *links: str) -> Links:
    """Put groups of one letter beneath each other: `ab` is b beneath a."""
    for link in links:
        await database.write(*sub_group_added(link[0], link[1], at=1))
    return Links(database)


async def test_all_groups_above_are_found_nearest_first_and_each_once(database: Database) -> None:
    # d is beneath a twice: through b and, one step farther, through b and c.
    links = await grow(database, "ab", "bc", "cd", "bd", "xd")

    assert await links.above("d") == ["d", "b", "c", "x", "a"]
    assert await links.above("a") == ["a"]
    assert await links.above("nowhere") == ["nowhere"]


async def test_a_group_is_beneath_all_that_is_above_it_and_not_beneath_itself(database: Database) -> None:
    links = await grow(database, "ab", "bc", "xc")

    assert [await links.is_beneath("c", other) for other in "abxc"] == [True, True, True, False]
    assert [await links.is_beneath("a", other) for other in "abxc"] == [False] * 4


async def test_what_is_beneath_is_listed_nearest_first_from_a_page_of_sub_groups(database: Database) -> None:
    links = await grow(database, "ab", "ac", "ad", "be", "ce", "ef")

    def told(found: list[Link]) -> list[str]:
        return [link.parent + link.child for link in found]

    assert told(await links.beneath("a", after="", most=9)) == ["ab", "ac", "ad", "be", "ce", "ef"]
    assert told(await links.beneath("a", after="", most=4)) == ["ab", "ac", "ad", "be"]
    assert told(await links.beneath("a", after="b", most=9)) == ["ac", "ad", "ce", "ef"]
    assert told(await links.beneath("f", after="", most=9)) == []


@pytest.mark.parametrize("link", ["aa", "ba", "ca", "cb"])
async def test_no_group_goes_beneath_itself(database: Database, link: str) -> None:
    links = await grow(database, "ab", "bc")

    with pytest.raises(Conflict, match="beneath itself"):
        await grow(database, link)

    assert await links.above("c") == ["c", "b", "a"]
    assert await links.above("a") == ["a"]


async def test_a_circle_that_several_close_at_once_stays_open(database: Database) -> None:
    links = await grow(database, "ab", "cd", "ef")

    results = await asyncio.gather(
        *(database.write(*sub_group_added(parent, child, at=2)) for parent, child in ("bc", "de", "fa")),
        return_exceptions=True,
    )

    assert sorted(isinstance(result, Conflict) for result in results) == [False, False, True]
    assert not any([await links.is_beneath(group, group) for group in "abcdef"])


async def test_a_link_that_is_there_is_not_made_again(database: Database) -> None:
    await grow(database, "ab")
    there = Conflict("there")

    with pytest.raises(Conflict, match="there"):
        await database.write(*sub_group_added("a", "b", at=2, otherwise=there))
    await database.write(*sub_group_added("a", "b", at=2))


async def test_nothing_gets_more_groups_above_it_than_an_event_may_name(database: Database) -> None:
    names = [f"g{number:02}" for number in range(MOST_ABOVE + 1)]
    for parent, child in pairwise(names):
        await database.write(*sub_group_added(parent, child, at=1))
    links = Links(database)
    assert len(await links.above(names[-1])) == MOST_ABOVE + 1

    for parent, child in ((names[-1], "leaf"), ("top", names[0]), ("top", names[-2])):
        with pytest.raises(Conflict, match="less deep"):
            await database.write(*sub_group_added(parent, child, at=2))

    assert len(await links.above(names[-1])) == MOST_ABOVE + 1


async def test_what_is_taken_out_is_beneath_no_more(database: Database) -> None:
    links = await grow(database, "ab", "bc")

    await database.write(*sub_group_removed("a", "b"))

    assert await links.above("c") == ["c", "b"]
    with pytest.raises(NotFound, match="/v1/groups/a/subGroups"):
        await database.write(*sub_group_removed("a", "b"))


async def test_who_is_admin_over_a_group_is_its_admin_or_one_above_it(database: Database) -> None:
    links = await grow(database, "ab", "bc")
    group = Group(id="a", name="a", welcome_message="", type="Group", created_at=1)
    await database.write(
        group_added(group),
        member_added("a", "ada", role=Role.ADMIN, at=1),
        member_added("b", "bob", role=Role.MEMBER, at=1),
    )

    assert [await links.is_admin_over(group, person="ada") for group in "abcx"] == [True, True, True, False]
    assert [await links.is_admin_over(group, person="bob") for group in "abcx"] == [False] * 4
