"""Groups in a browser: made, joined, put beneath each other, and who may do what there."""

from tests.console.group_house import make_group, send
from tests.console.house import ConsoleHouse
from tidings.console.rights import Role
from tidings.store.audit import Audit


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


async def test_what_an_operator_does_to_a_group_is_in_the_audit_once_and_what_is_refused_is_not(
    house: ConsoleHouse,
) -> None:
    asha, bina, operator = [await house.person(role) for role in (Role.MEMBER, Role.MEMBER, Role.OPERATOR)]
    group, child = await make_group(asha), await make_group(asha, name="Beneath")
    action = (await send(asha, group, "survey")).rpartition("/")[2]
    here = f"/console/groups/{group}"
    people = f"{asha.person.phone},{bina.person.phone},+910000000088"

    for path, form in (
        ("/members", {"members": people}),
        ("/members", {"members": people}),
        (f"/members/{bina.person.id}/role", {"role": "Admin"}),
        (f"/members/{bina.person.id}/remove", {}),
        (f"/members/{asha.person.id}/remove", {}),
        ("/sub-groups", {"child": child}),
        ("/sub-groups", {"name": "Newly beneath"}),
        (f"/sub-groups/{child}/remove", {}),
        ("/settings", {"name": "Day shift"}),
        ("/settings", {"name": ""}),
        (f"/actions/{action}/state", {"state": "closed"}),
    ):
        await operator.post(f"{here}{path}", form)
    made = await make_group(operator)

    record = [one for one in await Audit(house.parts.database).entries() if one.actor == operator.person.id]
    done = [(one.action, one.about) for one in record if one.action.startswith(("group.", "action."))]
    assert sorted(done) == [
        ("action.closed", action),
        ("group.changed", group),
        ("group.created", made),
        ("group.member_removed", group),
        ("group.members_added", group),
        ("group.role_changed", group),
        ("group.sub_group_added", group),
        ("group.sub_group_added", group),
        ("group.sub_group_removed", group),
    ]


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
