"""Groups beneath groups: who may put them there, who sees them, and what is told of it."""

from dataclasses import replace

import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TidingsError
from tidings.core.event import Actor, Event, Subject
from tidings.workspace.groups import NewGroup
from tidings.workspace.sub_groups import MOST_SUB_GROUPS_A_CALL, Branch


def token_of(group: str, person: Actor = ADA) -> Caller:
    return by(person, kind=TokenKind.GROUP, group=group)


async def make(
    house: House, name: str, *, admin: Actor = ADA, members: tuple[Actor, ...] = (), parent: str = ""
) -> str:
    new = NewGroup(id=name, name=name.title(), members=[one.phone for one in members], parent=parent)
    return (await house.groups.create(by(admin), new)).id


async def shape(house: House, caller: Caller, group: str, *, most: int = 9) -> object:
    branch, _ = await house.sub_groups.beneath(caller, group, most=most)
    return drawn(branch)


def drawn(branch: Branch) -> object:
    """A tree as nested dictionaries of ids; what stood there before as None."""
    return {one.group.id: None if one.is_duplicate else drawn(one) for one in branch.beneath}


def told(event: Event) -> tuple[str, list[str], dict[str, str]]:
    return event.type, [subject.id for subject in event.subjects], msgspec.json.decode(event.data)


async def test_a_new_sub_group_is_told_to_its_parent_and_all_above_it(house: House) -> None:
    await make(house, "top")
    await make(house, "middle", parent="top")

    new = NewGroup(id="low", name="Low", photo="https://example.com/low.jpg", parent="middle", members=[BOB.phone])
    made = await house.groups.create(by(ADA), new)

    assert (made.role, made.parents, made.members) == ("Admin", 1, 2)
    [first, second] = await house.events()
    assert told(first)[:2] == ("GroupAdded", ["top"])
    assert told(second) == (
        "GroupAdded",
        ["middle", "top"],
        {"group": "low", "groupName": "Low", "groupImageUrl": "https://example.com/low.jpg", "type": "Group"},
    )
    assert second.actor == ADA
    assert await house.tree.subjects("low") == tuple(Subject("Group", name) for name in ("low", "middle", "top"))


async def test_only_an_admin_of_the_parent_makes_a_sub_group(house: House) -> None:
    await make(house, "top", members=(BOB,))

    with pytest.raises(Forbidden):
        await make(house, "low", admin=BOB, parent="top")
    with pytest.raises(NotFound):
        await make(house, "low", admin=CYD, parent="top")

    assert [group.id for group in await house.groups.list_for(TENANT)] == ["top"]
    assert await house.events() == []


async def test_what_a_group_token_makes_is_a_sub_group_of_its_group(house: House) -> None:
    await make(house, "top")

    made = await house.groups.create(by(kind=TokenKind.GROUP, group="top"), NewGroup(name="Low", members=[BOB.phone]))

    assert await house.tree.is_within(made.id, "top")
    assert [(one.phone, one.role) for one in await house.groups.members(TENANT, made.id)] == [(BOB.phone, "Member")]
    [event] = await house.events()
    assert event.subjects == (Subject("Group", "top"),)


async def test_a_group_token_makes_sub_groups_of_what_is_beneath_its_group_and_of_nothing_else(house: House) -> None:
    await make(house, "top")
    await make(house, "low", parent="top")
    await make(house, "other")

    await house.groups.create(token_of("top"), NewGroup(id="leaf", name="Leaf", parent="low"))
    with pytest.raises(NotFound):
        await house.groups.create(token_of("top"), NewGroup(name="Leaf", parent="other"))
    with pytest.raises(NotFound):
        await house.groups.create(token_of("low"), NewGroup(name="Leaf", parent="top"))

    assert await shape(house, TENANT, "top") == {"low": {"leaf": {}}}


async def test_a_group_keeps_an_admin_even_if_whoever_makes_it_stays_out(house: House) -> None:
    await make(house, "top")
    new = NewGroup(id="low", name="Low", members=[BOB.phone], parent="top", is_joining=False)

    with pytest.raises(Forbidden, match="name Admins"):
        await house.groups.create(by(ADA), new)
    await house.groups.create(by(ADA), replace(new, admins=[CYD.phone]))

    members = await house.groups.members(TENANT, "low")
    assert {one.phone: one.role for one in members} == {BOB.phone: "Member", CYD.phone: "Admin"}


async def test_groups_that_are_there_go_beneath_another_and_each_is_told_once(house: House) -> None:
    for name in ("top", "b", "c"):
        await make(house, name)

    await house.sub_groups.add(by(ADA), "top", children=["b"])
    await house.sub_groups.add(by(ADA), "top", children=["b", "c", "c"])

    assert [told(event)[2]["group"] for event in await house.events()] == ["b", "c"]
    assert await shape(house, by(ADA), "top") == {"b": {}, "c": {}}


async def test_a_group_may_have_several_parents(house: House) -> None:
    for name in ("left", "right", "low"):
        await make(house, name)

    for parent in ("left", "right"):
        await house.sub_groups.add(by(ADA), parent, children=["low"])

    assert (await house.groups.get(by(ADA), "low")).parents == 2
    assert {subject.id for subject in await house.tree.subjects("low")} == {"low", "left", "right"}


@pytest.mark.parametrize(
    ("caller", "refusal"),
    [(by(BOB), Forbidden), (by(CYD), NotFound), (token_of("top"), NotFound), (token_of("b"), NotFound)],
)
async def test_who_puts_a_group_beneath_another_is_admin_of_both(
    house: House, caller: Caller, refusal: type[TidingsError]
) -> None:
    await make(house, "top", members=(BOB,))
    await make(house, "b", members=(BOB,))

    with pytest.raises(refusal):
        await house.sub_groups.add(caller, "top", children=["b"])

    assert await house.events() == []


async def test_no_group_comes_to_be_beneath_itself_and_none_of_the_others_is_put_there(house: House) -> None:
    for name in ("top", "b", "c", "d"):
        await make(house, name)
    await house.sub_groups.add(by(ADA), "top", children=["b"])
    await house.sub_groups.add(by(ADA), "b", children=["c"])

    for children in (["d", "top"], ["d", "b"], ["d", "c"]):
        with pytest.raises(Conflict, match="beneath itself"):
            await house.sub_groups.add(by(ADA), "c", children=children)

    assert await shape(house, by(ADA), "top") == {"b": {"c": {}}}
    assert len(await house.events()) == 2


async def test_only_so_many_groups_are_put_beneath_another_at_once(house: House) -> None:
    await make(house, "top")

    with pytest.raises(Invalid, match=r"^subGroups:"):
        await house.sub_groups.add(by(ADA), "top", children=["b"] * (MOST_SUB_GROUPS_A_CALL + 1))


@pytest.mark.parametrize("caller", [by(ADA), by(BOB), TENANT, token_of("top"), token_of("b")])
async def test_an_admin_of_either_takes_a_group_out_and_it_stays_a_group(house: House, caller: Caller) -> None:
    await make(house, "root")
    await make(house, "top", parent="root")
    await make(house, "b", admin=BOB)
    await house.sub_groups.add(TENANT, "top", children=["b"])

    await house.sub_groups.remove(caller, "top", child="b")

    last = (await house.events())[-1]
    assert (told(last)[0], told(last)[1], told(last)[2]["group"]) == ("GroupRemoved", ["top", "root"], "b")
    assert last.actor == caller.person
    assert await shape(house, TENANT, "root") == {"top": {}}
    assert (await house.groups.get(by(BOB), "b")).parents == 0


async def test_nobody_else_takes_a_group_out_and_what_is_no_sub_group_is_not_found(house: House) -> None:
    await make(house, "top", members=(CYD,))
    await make(house, "b", admin=BOB)
    await house.sub_groups.add(TENANT, "top", children=["b"])
    before = await house.events()

    with pytest.raises(Forbidden):
        await house.sub_groups.remove(by(CYD), "top", child="b")
    with pytest.raises(NotFound, match="no sub-group"):
        await house.sub_groups.remove(TENANT, "b", child="top")
    with pytest.raises(NotFound):
        await house.sub_groups.remove(TENANT, "top", child="nowhere")

    assert await house.events() == before


async def test_an_admin_sees_all_that_is_beneath_and_is_nothing_in_it(house: House) -> None:
    await make(house, "top")
    await make(house, "low", admin=BOB)
    await make(house, "leaf", admin=BOB)
    await house.sub_groups.add(TENANT, "top", children=["low"])
    await house.sub_groups.add(TENANT, "low", children=["leaf"])

    branch, cursor = await house.sub_groups.beneath(by(ADA), "top", most=9)

    assert (drawn(branch), cursor) == ({"low": {"leaf": {}}}, "")
    assert (branch.group.role, branch.beneath[0].group.role) == ("Admin", "")
    assert (branch.group.people, branch.group.members) == (2, 1)
    assert await shape(house, by(ADA), "low") == {"leaf": {}}
    with pytest.raises(NotFound):
        await house.groups.get(by(ADA), "low")
    with pytest.raises(NotFound):
        await house.messages.post(by(ADA), "low", text="Hello")


async def test_a_member_sees_of_what_is_beneath_that_in_which_they_are(house: House) -> None:
    await make(house, "top", members=(BOB,))
    await make(house, "low", members=(BOB,), parent="top")
    await make(house, "other", parent="top")
    await make(house, "leaf", parent="low")

    assert await shape(house, by(BOB), "top") == {"low": {}}
    assert await shape(house, by(ADA), "top") == {"low": {"leaf": {}}, "other": {}}
    with pytest.raises(NotFound):
        await shape(house, by(CYD), "top")
    with pytest.raises(NotFound):
        await shape(house, by(BOB), "other")


async def test_a_group_token_is_an_admin_of_all_that_is_beneath(house: House) -> None:
    await make(house, "top")
    await make(house, "low", admin=BOB)
    await house.sub_groups.add(TENANT, "top", children=["low"])

    branch, _ = await house.sub_groups.beneath(token_of("top"), "top", most=9)
    assert [(one.group.id, one.group.role) for one in branch.beneath] == [("low", "Admin")]
    await house.groups.add_members(token_of("top"), "low", phones=[CYD.phone])
    with pytest.raises(NotFound):
        await shape(house, token_of("low", person=ADA), "top")


async def test_a_group_that_stands_in_two_places_is_unfolded_in_the_first(house: House) -> None:
    for name in ("top", "a", "b", "c", "d"):
        await make(house, name)
    await house.sub_groups.add(by(ADA), "top", children=["a", "b"])
    for parent in ("a", "b"):
        await house.sub_groups.add(by(ADA), parent, children=["c"])
    await house.sub_groups.add(by(ADA), "c", children=["d"])

    assert await shape(house, by(ADA), "top") == {"a": {"c": {"d": {}}}, "b": {"c": None}}


async def test_many_sub_groups_are_shown_page_by_page(house: House) -> None:
    await make(house, "top")
    for name in ("a", "b", "c"):
        await make(house, name, parent="top")
    await make(house, "leaf", parent="c")

    first, cursor = await house.sub_groups.beneath(by(ADA), "top", most=2)
    second, end = await house.sub_groups.beneath(by(ADA), "top", after=cursor, most=2)

    assert (drawn(first), cursor) == ({"a": {}, "b": {}}, "b")
    assert (drawn(second), end) == ({"c": {"leaf": {}}}, "")


async def test_what_happens_in_a_sub_group_is_about_the_groups_above_it_too(house: House) -> None:
    await make(house, "top")
    await make(house, "low", parent="top")
    before = len(await house.events())

    await house.groups.add_members(by(ADA), "low", phones=[BOB.phone])
    await house.groups.remove_member(by(ADA), "low", person="bob")
    await house.messages.post(by(ADA), "low", text="Hello")

    assert [told(event)[:2] for event in (await house.events())[before:]] == [
        ("MemberAdded", ["low", "top"]),
        ("MemberRemoved", ["low", "top"]),
        ("TextMessageCreated", ["low", "top"]),
    ]


async def test_groups_beneath_ones_own_are_listed_on_demand(house: House) -> None:
    await make(house, "top", members=(CYD,))
    await make(house, "low", admin=BOB)
    await house.sub_groups.add(TENANT, "top", children=["low"])

    async def listed(caller: Caller, *, is_reaching: bool) -> dict[str, str]:
        found = await house.groups.list_for(caller, is_reaching=is_reaching)
        return {group.id: group.role for group in found}

    assert await listed(by(ADA), is_reaching=False) == {"top": "Admin"}
    assert await listed(by(ADA), is_reaching=True) == {"low": "", "top": "Admin"}
    assert await listed(by(CYD), is_reaching=True) == {"top": "Member"}
    assert await listed(token_of("top"), is_reaching=True) == {"low": "Admin", "top": "Admin"}
    assert await listed(token_of("low"), is_reaching=True) == {"low": "Admin"}
    assert await listed(TENANT, is_reaching=True) == {"low": "Admin", "top": "Admin"}
