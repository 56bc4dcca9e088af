"""Groups, members and messages over HTTP."""

import httpx
import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation


async def test_whoever_makes_a_group_is_its_admin(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)

    made = await installation.post(
        "/v1/groups", {"Name": "Harbour", "welcomeMessage": "Welcome", "members": [RAVI, MEERA]}, token=asha
    )

    group = made.json()["groupId"]
    assert made.json() == {"groupName": "Harbour", "groupId": group, "membersAdded": True}
    listed = (await installation.get("/v1/groups", token=asha)).json()["groups"]
    assert [one["groupId"] for one in listed] == [group]
    assert (listed[0]["callerRole"], listed[0]["userCount"], listed[0]["welcomeMessage"]) == ("Admin", 3, "Welcome")
    assert listed[0].keys() >= {"hasSubGroups", "uniqueUserCount", "groupImageUrl", "groupType", "isEditable"}


_TOLD = {
    "groupName": "Harbour",
    "groupImageUrl": "https://example.com/harbour.jpg",
    "welcomeMessage": "Welcome",
    "hasSubGroups": False,
    "hasParentGroups": False,
    "callerRole": "Admin",
    "currentLevelSubGroupCount": 0,
    "currentLevelParentGroupCount": 0,
    "userCount": 3,
    "uniqueUserCount": 3,
    "currentLevelUserCount": 3,
    "currentLevelUnProvisionedUserCount": 1,
    "unProvisionedUserCount": 1,
    "isMappedToTenant": True,
    "groupType": "Group",
    "isDuplicate": False,
    "isEditable": True,
    "isDetailsReadable": True,
    "backgroundPhoto": "https://example.com/sea.jpg",
    "shortDescriptionString": "Ships",
    "longDescriptionString": "Ships and piers",
}


async def test_a_group_is_told_with_all_that_was_said_when_it_was_made(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    await installation.sign_in(RAVI)
    members = await installation.group(asha, RAVI)
    told = (await installation.get(f"/v1/groups/{members}/members", token=asha)).json()["members"]
    ravi = next(one["id"] for one in told if one["mobileNumber"] == RAVI)

    made = await installation.post(
        "/v1/groups",
        {
            "name": "Harbour",
            "welcomeMessage": "Welcome",
            "memberUserIds": [ravi],
            "Admins": [MEERA],
            "groupType": "group",
            "GroupPhoto": "https://example.com/harbour.jpg",
            "BackgroundPhoto": "https://example.com/sea.jpg",
            "ShortDescriptionString": "Ships",
            "LongDescriptionString": "Ships and piers",
        },
        token=asha,
    )

    group = made.json()["groupId"]
    listed = (await installation.get("/v1/groups", token=asha, showDetails="true")).json()["groups"]
    told = next(one for one in listed if one["groupId"] == group)
    assert told == _TOLD | {"groupId": group}


@pytest.mark.parametrize("query", [{}, {"showDetail": "true"}, {"showDetails": "True"}, {"showdetails": "false"}])
async def test_discrepancy_21_details_are_told_however_they_are_asked_for(
    installation: Installation, query: dict[str, str]
) -> None:
    asha = await installation.sign_in(ASHA)
    await installation.group(asha, RAVI)

    [listed] = (await installation.get("/v1/groups", token=asha, **query)).json()["groups"]

    assert (listed["userCount"], listed["unProvisionedUserCount"]) == (2, 1)


async def test_groups_are_found_by_name_with_a_tenant_token_alone(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    made = sorted([await installation.group(asha) for _ in range(3)])
    tenant = await installation.tenant()

    async def found(token: str, **query: str) -> httpx.Response:
        return await installation.get("/v1/tenant/findGroupsByQuery", token=token, **query)

    first = (await found(tenant, query="harb", resultsOffset="0", pageSize="2")).json()
    second = (await found(tenant, query="HARB", resultsOffset="2", pageSize="2")).json()

    assert ([one["groupId"] for one in first["groups"]], first["hasMore"]) == (made[:2], True)
    assert ([one["groupId"] for one in second["groups"]], second["hasMore"]) == (made[2:], False)
    assert first["groups"][0]["callerRole"] == "Admin"
    assert (await found(tenant, query="ship")).json() == {"groups": [], "hasMore": False}
    assert (await found(asha, query="harb")).status_code == 403
    assert (await found(tenant)).status_code == 400
    assert (await found(tenant, query="harb", resultsOffset="-1")).status_code == 400


async def test_one_group_is_told_as_itself_and_in_a_list(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)

    body = (await installation.get(f"/v1/groups/{group}", token=asha)).json()

    assert body["groupId"] == body["groups"][0]["groupId"] == group
    assert {name: value for name, value in body.items() if name != "groups"} == body["groups"][0]


async def test_members_are_told_with_role_number_and_whether_they_signed_in(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA, name="Asha")
    group = await installation.group(asha, RAVI)

    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]

    told = {one["mobileNumber"]: (one["role"], one["isProvisioned"], one["name"]) for one in members}
    assert told == {ASHA: ("Admin", True, "Asha"), RAVI: ("Member", False, "")}


async def test_long_lists_go_on_where_they_ended(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha, RAVI, MEERA)
    names, cursor = [], ""
    for _ in range(4):
        page = (await installation.get(f"/v1/groups/{group}/members", token=asha, limit="1", cursor=cursor)).json()
        names += [one["mobileNumber"] for one in page["members"]]
        cursor = page.get("cursor", "")

    assert sorted(names) == [ASHA, RAVI, MEERA]
    assert cursor == ""


async def test_a_member_can_be_made_admin(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha, RAVI)
    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]
    ravi = next(member["id"] for member in members if member["mobileNumber"] == RAVI)

    answer = await installation.put(f"/v1/groups/{group}/members/{ravi}", {"role": "admin"}, token=asha)

    assert answer.json() == {"result": "true"}
    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]
    assert {member["role"] for member in members} == {"Admin"}


async def test_a_message_is_answered_with_its_reference(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)

    answer = await installation.post(f"/v1/groups/{group}/messages", {"Message": "Hello"}, token=asha)

    assert answer.status_code == 200
    assert list(answer.json()) == ["referenceId"]


@pytest.mark.parametrize("body", [{}, {"message": ""}, {"message": " "}, {"message": "a" * 4001}, {"message": 1}])
async def test_what_is_no_message_is_refused(installation: Installation, body: object) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)

    answer = await installation.post(f"/v1/groups/{group}/messages", body, token=asha)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert "message" in answer.json()["message"]


async def test_a_message_cannot_go_to_some_members_only(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha, RAVI)

    answer = await installation.post(
        f"/v1/groups/{group}/messages", {"message": "psst", "subscribers": [RAVI]}, token=asha
    )

    assert answer.status_code == 400
    assert "subscribers" in answer.json()["message"]


async def test_to_somebody_outside_a_group_is_not_there(installation: Installation) -> None:
    group = await installation.group(await installation.sign_in(ASHA))
    ravi = await installation.sign_in(RAVI)

    answers = [
        await installation.get(f"/v1/groups/{group}", token=ravi),
        await installation.get(f"/v1/groups/{group}/members", token=ravi),
        await installation.put(f"/v1/groups/{group}/members", {"members": [MEERA]}, token=ravi),
        await installation.post(f"/v1/groups/{group}/messages", {"message": "Hello"}, token=ravi),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
