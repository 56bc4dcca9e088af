import asyncio

import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Actor
from tidings.store.database import Database
from tidings.store.groups import (
    Group,
    Groups,
    Role,
    group_added,
    group_touched,
    member_added,
    member_removed,
    role_changed,
)
from tidings.store.people import person_created, signed_in
from tidings.store.tree import sub_group_added

PEOPLE = [Actor(id=name, phone=f"+91000000000{n}", name=name) for n, name in enumerate(("ada", "bob", "cyd"))]
TEAM = Group(id="b21405d1@3", name="Team", welcome_message="Hello", type="Group", created_at=5)


@pytest.fixture
async def groups(database: Database) -> Groups:
    """A group of Ada, its admin, and Bob; Cyd is somewhere else."""
    await database.write(
        *(person_created(person, at=1) for person in PEOPLE),
        group_added(TEAM),
        member_added(TEAM.id, "ada", role=Role.ADMIN, at=1),
        member_added(TEAM.id, "bob", role=Role.MEMBER, at=1),
    )
    return Groups(database)


async def test_a_group_is_seen_with_the_role_of_who_looks(groups: Groups) -> None:
    seen = {name: await groups.get(TEAM.id, person=name) for name in ("ada", "cyd")}

    assert [(group.role, group.members, group.welcome_message) for group in seen.values()] == [
        ("Admin", 2, "Hello"),
        ("", 2, "Hello"),
    ]
    with pytest.raises(NotFound):
        await groups.get("other", person="ada")


async def test_a_role_is_empty_for_who_is_not_in_the_group_and_none_without_a_group(groups: Groups) -> None:
    assert [await groups.role(TEAM.id, name) for name in ("ada", "bob", "cyd")] == ["Admin", "Member", ""]
    assert await groups.role("other", "ada") is None


async def test_a_group_id_is_used_once(groups: Groups, database: Database) -> None:
    with pytest.raises(Conflict):
        await database.write(group_added(TEAM), member_added(TEAM.id, "cyd", role=Role.ADMIN, at=1))

    assert await groups.role(TEAM.id, "cyd") == ""


async def test_groups_are_listed_by_id_page_by_page(groups: Groups, database: Database) -> None:
    others = [Group(id=name, name=name, welcome_message="", type="Group", created_at=1) for name in ("a", "c", "d")]
    await database.write(
        *map(group_added, others),
        *(member_added(group.id, "ada", role=Role.MEMBER, at=1) for group in others[:2]),
    )

    mine = await groups.of_person("ada", after="", most=2)
    rest = await groups.of_person("ada", after="b21405d1@3", most=2)
    everything = await groups.all(after="a", most=9)

    assert mine == ["a", "b21405d1@3"]
    assert rest == ["c"]
    assert everything == ["b21405d1@3", "c", "d"]
    told = await groups.told([*everything[::-1], "nowhere"], person="ada")
    assert [(group.id, group.role) for group in told] == [("b21405d1@3", "Admin"), ("c", "Member"), ("d", "")]


async def test_a_group_is_kept_as_it_was_made(database: Database) -> None:
    new = Group(
        id="g",
        name="Team",
        welcome_message="Hello",
        type="Group",
        created_at=7,
        photo="https://example.com/team.jpg",
        background="https://example.com/back.jpg",
        short_description="Us",
        long_description="All of us",
    )
    await database.write(group_added(new))

    assert await Groups(database).get("g", person="ada") == new


async def test_who_is_beneath_is_counted_once_and_who_never_signed_in_apart(groups: Groups, database: Database) -> None:
    others = [Group(id=name, name=name, welcome_message="", type="Group", created_at=1) for name in ("a", "c")]
    await database.write(
        *map(group_added, others),
        *(member_added("a", name, role=Role.MEMBER, at=1) for name in ("bob", "cyd")),
        *sub_group_added(TEAM.id, "a", at=1),
        *sub_group_added("c", TEAM.id, at=1),
        signed_in("ada", at=3),
    )

    told = {group.id: group for group in await groups.told(["a", "c", TEAM.id], person="bob")}

    def counts(name: str) -> tuple[int, int, int, int]:
        group = told[name]
        return group.members, group.members_unseen, group.people, group.people_unseen

    assert (counts("a"), counts(TEAM.id), counts("c")) == ((2, 2, 2, 2), (2, 1, 3, 2), (0, 0, 3, 2))
    assert [(told[name].parents, told[name].sub_groups) for name in ("a", TEAM.id, "c")] == [(1, 0), (1, 1), (0, 1)]


async def test_groups_within_reach_are_a_persons_and_those_beneath_the_ones_they_are_admin_of(
    groups: Groups, database: Database
) -> None:
    others = [Group(id=name, name=name, welcome_message="", type="Group", created_at=1) for name in "acdef"]
    await database.write(
        *map(group_added, others),
        *sub_group_added(TEAM.id, "a", at=1),
        *sub_group_added("a", "c", at=1),
        *sub_group_added("d", "e", at=1),
        member_added("d", "ada", role=Role.MEMBER, at=1),
    )

    assert await groups.within_reach(person="ada", after="", most=9) == ["a", "b21405d1@3", "c", "d"]
    assert await groups.within_reach(person="ada", after="a", most=2) == ["b21405d1@3", "c"]
    assert await groups.within_reach(person="bob", after="", most=9) == ["b21405d1@3"]
    assert await groups.within_reach(group="a", after="", most=9) == ["a", "c"]


async def test_groups_are_found_by_a_part_of_their_name_in_either_case(database: Database) -> None:
    names = {"a": "North harbour", "b": "South HARBOUR", "c": "100% off", "d": "under_score", "e": "back\\slash"}
    made = [Group(id=key, name=name, welcome_message="", type="Group", created_at=1) for key, name in names.items()]
    await database.write(*map(group_added, made))
    groups = Groups(database)

    assert await groups.called("Harb", skip=0, most=9) == ["a", "b"]
    assert await groups.called("harb", skip=1, most=9) == ["b"]
    assert await groups.called("", skip=1, most=2) == ["b", "c"]
    assert await groups.called("0%", skip=0, most=9) == ["c"]
    assert await groups.called("r_s", skip=0, most=9) == ["d"]
    assert await groups.called("h_r", skip=0, most=9) == []
    assert await groups.called("k\\s", skip=0, most=9) == ["e"]


async def test_members_are_listed_with_role_and_whether_they_ever_signed_in(groups: Groups, database: Database) -> None:
    await database.write(signed_in("bob", at=3))

    members = await groups.members(TEAM.id, after="", most=9)

    assert [(one.id, one.phone, one.role, one.has_signed_in) for one in members] == [
        ("ada", "+910000000000", Role.ADMIN, False),
        ("bob", "+910000000001", Role.MEMBER, True),
    ]
    assert await groups.members(TEAM.id, after="ada", most=1) == [members[1]]
    assert await groups.member(TEAM.id, "bob") == members[1]
    assert await groups.member(TEAM.id, "cyd") is None


async def test_whoever_is_there_is_not_added_again(groups: Groups, database: Database) -> None:
    there = Conflict("there")
    with pytest.raises(Conflict):
        await database.write(member_added(TEAM.id, "ada", role=Role.MEMBER, at=2, otherwise=there))

    assert await groups.role(TEAM.id, "ada") == "Admin"


async def test_the_last_admin_neither_leaves_nor_becomes_a_member(groups: Groups, database: Database) -> None:
    with pytest.raises(Conflict):
        await database.write(member_removed(TEAM.id, "ada"))
    with pytest.raises(Conflict):
        await database.write(role_changed(TEAM.id, "ada", role=Role.MEMBER))

    await database.write(role_changed(TEAM.id, "bob", role=Role.ADMIN), member_removed(TEAM.id, "ada"))

    assert [await groups.role(TEAM.id, name) for name in ("ada", "bob")] == ["", "Admin"]


async def test_two_admins_who_remove_each_other_at_once_do_not_leave_the_group_without_one(
    groups: Groups, database: Database
) -> None:
    await database.write(role_changed(TEAM.id, "bob", role=Role.ADMIN))

    results = await asyncio.gather(
        *(database.write(group_touched(TEAM.id, at=9), member_removed(TEAM.id, name)) for name in ("ada", "bob")),
        return_exceptions=True,
    )

    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert {await groups.role(TEAM.id, name) for name in ("ada", "bob")} == {"", "Admin"}


async def test_a_group_that_is_not_there_cannot_be_touched(database: Database) -> None:
    with pytest.raises(NotFound):
        await database.write(group_touched("other", at=1))
