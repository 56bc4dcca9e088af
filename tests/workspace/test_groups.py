import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import TokenKind
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.event import Subject
from tidings.store.groups import Role
from tidings.workspace.groups import NewGroup


async def roles(house: House, group: str) -> dict[str, str]:
    return {member.phone: member.role.value for member in await house.groups.members(TENANT, group)}


async def test_whoever_makes_a_group_becomes_its_admin_and_nothing_tells_of_it(house: House) -> None:
    new = NewGroup(
        name="Team", welcome_message="Hello", members=["+91 00000 00002", ADA.phone, BOB.phone], admins=[CYD.phone]
    )
    group = await house.groups.create(by(ADA), new)

    assert (group.name, group.welcome_message, group.type, group.role, group.members) == (
        "Team",
        "Hello",
        "Group",
        "Admin",
        3,
    )
    assert await roles(house, group.id) == {ADA.phone: "Admin", BOB.phone: "Member", CYD.phone: "Admin"}
    assert await house.events() == []


async def test_an_unknown_number_that_is_named_becomes_a_person_without_a_name(house: House) -> None:
    group = await house.groups.create(by(ADA), NewGroup(name="Team", members=["+910000000099"]))

    person = await house.people.by_phone("+910000000099")
    assert person is not None
    assert person.name == ""
    assert "+910000000099" in await roles(house, group.id)


async def test_an_id_may_be_chosen_once(house: House) -> None:
    new = NewGroup(name="Team", id="b21405d1-4b10-4c46-bfa9-000000000000@3")
    assert (await house.groups.create(by(ADA), new)).id == new.id

    with pytest.raises(Conflict):
        await house.groups.create(by(BOB), new)

    assert await roles(house, str(new.id)) == {ADA.phone: "Admin"}


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewGroup(name=""), "name"),
        (NewGroup(name="x" * 201), "name"),
        (NewGroup(name="Team", id="a/b"), "id"),
        (NewGroup(name="Team", type="Club"), "groupType"),
        (NewGroup(name="Team", welcome_message="x" * 4_001), "welcomeMessage"),
        (NewGroup(name="Team", members=["+910000000002", "12"]), r"members\[1\]"),
        (NewGroup(name="Team", admins=["12"]), r"admins\[0\]"),
        (NewGroup(name="Team", member_ids=["bob", "nobody"]), r"memberUserIds\[1\]"),
        (NewGroup(name="Team", member_ids=["bob"] * 101), "memberUserIds"),
        (NewGroup(name="Team", photo="x" * 2_049), "GroupPhoto"),
        (NewGroup(name="Team", background="x" * 2_049), "BackgroundPhoto"),
        (NewGroup(name="Team", short_description="x" * 401), "ShortDescriptionString"),
        (NewGroup(name="Team", long_description="x" * 4_001), "LongDescriptionString"),
        (NewGroup(name="Team", members=[f"+9100000001{n:02}" for n in range(101)]), "members"),
    ],
)
async def test_a_group_that_is_not_as_it_must_be_is_refused_by_field_and_not_made(
    house: House, new: NewGroup, field: str
) -> None:
    with pytest.raises(Invalid, match=f"^{field}:"):
        await house.groups.create(by(ADA), new)

    assert await house.groups.list_for(TENANT) == []


async def test_a_program_without_a_person_makes_no_groups(house: House) -> None:
    with pytest.raises(Forbidden, match="name Admins"):
        await house.groups.create(by(kind=TokenKind.KEY), NewGroup(name="Team", members=[ADA.phone]))


async def test_members_may_be_named_by_id(house: House) -> None:
    group = await house.groups.create(by(ADA), NewGroup(name="Team", member_ids=["bob", "ada"], admins=[CYD.phone]))

    assert await roles(house, group.id) == {ADA.phone: "Admin", BOB.phone: "Member", CYD.phone: "Admin"}


async def test_a_tenant_token_finds_groups_by_name_and_nobody_else_does(house: House) -> None:
    team, _ = await house.team(BOB), await house.groups.create(by(CYD), NewGroup(name="Other"))

    assert [(group.id, group.role) for group in await house.groups.find(TENANT, part="tea")] == [(team.id, "Admin")]
    assert await house.groups.find(TENANT, part="tea", skip=1) == []
    for caller in (by(ADA), by(kind=TokenKind.GROUP, group=team.id)):
        with pytest.raises(Forbidden):
            await house.groups.find(caller, part="tea")


async def test_only_a_tenant_token_makes_a_connect_group(house: House) -> None:
    new = NewGroup(name="Everybody", type="ConnectGroup", admins=[ADA.phone])
    with pytest.raises(Forbidden):
        await house.groups.create(by(ADA), new)

    group = await house.groups.create(TENANT, new)

    assert await roles(house, group.id) == {ADA.phone: "Admin"}


async def test_callers_list_their_own_groups_and_a_tenant_token_all(house: House) -> None:
    team, other = await house.team(BOB), await house.groups.create(by(CYD), NewGroup(name="Other"))

    assert [(group.id, group.role) for group in await house.groups.list_for(by(BOB))] == [(team.id, "Member")]
    both = sorted([team.id, other.id])
    assert [group.id for group in await house.groups.list_for(TENANT)] == both
    assert [group.id for group in await house.groups.list_for(TENANT, after=both[0], most=1)] == both[1:]
    group_token = by(kind=TokenKind.GROUP, group=team.id)
    assert [(group.id, group.role) for group in await house.groups.list_for(group_token)] == [(team.id, "Admin")]
    assert await house.groups.list_for(group_token, after=team.id) == []


async def test_a_group_is_shown_to_its_members_and_to_nobody_else(house: House) -> None:
    group = await house.team(BOB)

    assert (await house.groups.get(by(BOB), group.id)).role == "Member"
    assert (await house.groups.get(TENANT, group.id)).role == "Admin"
    with pytest.raises(NotFound):
        await house.groups.get(by(CYD), group.id)
    with pytest.raises(NotFound):
        await house.groups.members(by(CYD), group.id)


async def test_each_new_member_is_told_once_and_who_is_there_is_not_told_again(house: House) -> None:
    group = await house.team(BOB)

    await house.groups.add_members(by(ADA), group.id, phones=[BOB.phone, CYD.phone, "+91 00000 00003"])
    await house.groups.add_members(by(ADA), group.id, phones=[BOB.phone, CYD.phone])

    [event] = await house.events()
    assert event.type == "MemberAdded"
    assert event.subjects == (Subject("Group", group.id),)
    assert event.actor == ADA
    assert list(msgspec.json.decode(event.data).items()) == [
        ("member", CYD.phone),
        ("memberName", "Cyd"),
        ("memberProfilePic", ""),
        ("type", "Member"),
        ("memberId", "cyd"),
    ]
    assert await roles(house, group.id) == {ADA.phone: "Admin", BOB.phone: "Member", CYD.phone: "Member"}


async def test_an_admin_who_is_added_stays_admin(house: House) -> None:
    group = await house.team()

    await house.groups.add_members(by(ADA), group.id, phones=[ADA.phone])

    assert await roles(house, group.id) == {ADA.phone: "Admin"}


async def test_nobody_is_added_when_one_number_is_wrong(house: House) -> None:
    group = await house.team()

    with pytest.raises(Invalid, match=r"^members\[1\]:"):
        await house.groups.add_members(by(ADA), group.id, phones=[BOB.phone, "12"])

    assert await roles(house, group.id) == {ADA.phone: "Admin"}


async def test_members_are_changed_by_admins_only(house: House) -> None:
    group = await house.team(BOB)

    with pytest.raises(Forbidden):
        await house.groups.add_members(by(BOB), group.id, phones=[CYD.phone])
    with pytest.raises(Forbidden):
        await house.groups.remove_member(by(BOB), group.id, person="ada")
    with pytest.raises(Forbidden):
        await house.groups.set_role(by(BOB), group.id, person="bob", role="Admin")
    with pytest.raises(NotFound):
        await house.groups.add_members(by(CYD), group.id, phones=[CYD.phone])

    assert await house.events() == []


async def test_who_is_removed_is_told_and_is_in_the_group_no_more(house: House) -> None:
    group = await house.team(BOB)

    await house.groups.remove_member(by(ADA), group.id, person="bob")

    [event] = await house.events()
    assert (event.type, event.actor) == ("MemberRemoved", ADA)
    assert msgspec.json.decode(event.data) == {
        "member": BOB.phone,
        "memberName": "Bob",
        "memberProfilePic": "",
        "type": "Member",
        "memberId": "bob",
    }
    assert await roles(house, group.id) == {ADA.phone: "Admin"}
    with pytest.raises(NotFound):
        await house.groups.remove_member(by(ADA), group.id, person="bob")


async def test_a_member_may_leave(house: House) -> None:
    group = await house.team(BOB)

    await house.groups.remove_member(by(BOB), group.id, person="bob")

    assert await roles(house, group.id) == {ADA.phone: "Admin"}


async def test_the_last_admin_stays(house: House) -> None:
    group = await house.team(BOB)

    with pytest.raises(Conflict, match="at least one admin"):
        await house.groups.remove_member(by(ADA), group.id, person="ada")
    with pytest.raises(Conflict, match="at least one admin"):
        await house.groups.set_role(by(ADA), group.id, person="ada", role="Member")

    assert await roles(house, group.id) == {ADA.phone: "Admin", BOB.phone: "Member"}
    assert await house.events() == []


async def test_a_role_is_changed_whatever_its_case_and_nothing_tells_of_it(house: House) -> None:
    group = await house.team(BOB)

    await house.groups.set_role(by(ADA), group.id, person="bob", role="admin")
    await house.groups.set_role(by(BOB), group.id, person="ada", role="MEMBER")

    assert await roles(house, group.id) == {ADA.phone: "Member", BOB.phone: "Admin"}
    assert await house.events() == []


async def test_a_role_that_there_is_not_and_somebody_who_is_not_there_are_refused(house: House) -> None:
    group = await house.team(BOB)

    with pytest.raises(Invalid, match="expected Admin or Member"):
        await house.groups.set_role(by(ADA), group.id, person="bob", role="Owner")
    with pytest.raises(NotFound):
        await house.groups.set_role(by(ADA), group.id, person="cyd", role="Admin")


async def test_the_webhooks_of_a_former_admin_are_withheld_until_they_are_admin_again(house: House) -> None:
    group, elsewhere = await house.team(BOB), await house.team(BOB)
    here = Subject("Group", group.id)
    await house.groups.set_role(by(ADA), group.id, person="bob", role=Role.ADMIN)
    bobs, adas = await house.subscribe(here, owner="bob"), await house.subscribe(here, owner="ada")
    other = await house.subscribe(Subject("Group", elsewhere.id), owner="bob")

    async def withheld() -> list[bool]:
        return [await house.is_withheld(one) for one in (bobs, adas, other)]

    await house.groups.set_role(by(ADA), group.id, person="bob", role=Role.MEMBER)
    assert await withheld() == [True, False, False]
    await house.groups.set_role(by(ADA), group.id, person="bob", role=Role.ADMIN)
    assert await withheld() == [False, False, False]
    await house.groups.remove_member(by(ADA), group.id, person="bob")
    assert await withheld() == [True, False, False]
    await house.groups.add_members(by(ADA), group.id, phones=[BOB.phone])
    assert await withheld() == [True, False, False]
    indexed = house.directory.index.get(bobs.number)
    assert indexed is not None
    assert not indexed.is_sending
