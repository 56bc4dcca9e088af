"""Groups beneath groups over HTTP, in both spellings that are documented."""

import json
from typing import Any

import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tidings.core.caller import TokenKind
from tidings.testing.endpoint import Endpoint


async def group_token(installation: Installation, group: str) -> str:
    refresh = await installation.parts.access.create_refresh_token(
        installation.connector.id, actor="test", kind=TokenKind.GROUP, group=group
    )
    return await installation.access_token(refresh.token)


async def beneath(installation: Installation, token: str, group: str, **fields: object) -> str:
    """Make a sub-group; its id."""
    answer = await installation.post(f"/v1/groups/{group}/subGroups", {"groupName": "Pier"} | fields, token=token)
    assert answer.status_code == 200, answer.text
    made: str = answer.json()["groupId"]
    return made


async def tree(installation: Installation, token: str, group: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    return (await installation.get(f"/v1/groups/{group}/subGroups", token=token, **query)).json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("subGroups", {"groupName": "Pier", "groupImageUrl": "https://example.com/p.jpg", "addUserToGroup": True}),
        ("subgroups", {"name": "Pier", "groupType": "group", "GroupPhoto": "https://example.com/p.jpg"}),
    ],
)
async def test_discrepancy_20_a_sub_group_is_made_in_either_spelling(
    installation: Installation, path: str, body: dict[str, object]
) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)

    answer = await installation.post(
        f"/v1/groups/{group}/{path}", body | {"members": [RAVI], "welcomeMessage": "Ahoy"}, token=asha
    )

    made = answer.json()["groupId"]
    assert answer.json() == {
        "groupName": "Pier",
        "groupId": made,
        "membersAdded": True,
        "isAddedAsSubGroup": True,
    }
    told = (await installation.get(f"/v1/groups/{made}", token=asha)).json()
    assert (told["groupImageUrl"], told["welcomeMessage"]) == ("https://example.com/p.jpg", "Ahoy")
    assert (told["hasParentGroups"], told["currentLevelParentGroupCount"], told["callerRole"]) == (True, 1, "Admin")
    assert (told["currentLevelUserCount"], told["currentLevelUnProvisionedUserCount"]) == (2, 1)


async def test_discrepancy_20_a_tree_is_told_as_itself_and_in_a_list(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha, RAVI)
    pier = await beneath(installation, asha, group, members=[MEERA])
    jetty = await beneath(installation, asha, pier, groupName="Jetty")

    told = await tree(installation, asha, group)

    assert {name: value for name, value in told.items() if name != "groups"} == told["groups"][0]
    assert (told["groupId"], told["callerRole"], told["hasSubGroups"]) == (group, "Admin", True)
    assert (told["userCount"], told["uniqueUserCount"], told["currentLevelUserCount"]) == (3, 3, 2)
    assert (told["unProvisionedUserCount"], told["currentLevelSubGroupCount"]) == (2, 1)
    [first] = told["subGroups"]
    assert (first["groupId"], first["groupName"], first["isDuplicate"]) == (pier, "Pier", False)
    assert [(one["groupId"], one["subGroups"]) for one in first["subGroups"]] == [(jetty, [])]
    assert await tree(installation, asha, group, fetchAllGroups="true") == told


async def test_a_long_list_of_sub_groups_goes_on_where_it_ended(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    made = sorted([await beneath(installation, asha, group) for _ in range(3)])

    first = await tree(installation, asha, group, limit="2")
    second = await tree(installation, asha, group, limit="2", cursor=first["cursor"])

    assert [one["groupId"] for one in first["subGroups"]] == made[:2]
    assert [one["groupId"] for one in second["subGroups"]] == made[2:]
    assert "cursor" not in second


async def test_a_group_that_is_there_goes_beneath_another_and_out_again(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group, other = await installation.group(asha), await installation.group(asha)

    added = await installation.put(f"/v1/groups/{group}/subGroups", {"subGroups": [other]}, token=asha)
    assert [one["groupId"] for one in (await tree(installation, asha, group))["subGroups"]] == [other]
    circle = await installation.put(f"/v1/groups/{other}/subGroups", {"SubGroups": [group]}, token=asha)
    removed = await installation.delete(f"/v1/groups/{group}/subgroups/{other}", token=asha)
    again = await installation.delete(f"/v1/groups/{group}/subGroups/{other}", token=asha)

    assert added.json() == removed.json() == {"result": "true"}
    assert (circle.status_code, again.status_code) == (409, 404)
    assert (await tree(installation, asha, group))["subGroups"] == []


@pytest.mark.parametrize("body", [{}, {"groupName": ""}, {"name": " "}, {"groupName": "x", "members": ["12"]}])
async def test_what_is_no_sub_group_is_refused(installation: Installation, body: dict[str, object]) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)

    answer = await installation.post(f"/v1/groups/{group}/subGroups", body, token=asha)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert (await tree(installation, asha, group))["subGroups"] == []


async def test_whoever_stays_out_of_a_sub_group_sees_it_and_is_nothing_in_it(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    pier = await beneath(installation, asha, group, addUserToGroup="false", admins=[RAVI])

    [told] = (await tree(installation, asha, group))["subGroups"]
    listed = (await installation.get("/v1/groups", token=asha)).json()["groups"]
    reached = (await installation.get("/v1/groups", token=asha, fetchAllGroups="True")).json()["groups"]

    assert (told["groupId"], told["callerRole"], told["isEditable"], told["isDetailsReadable"]) == (
        pier,
        "",
        False,
        False,
    )
    assert [one["groupId"] for one in listed] == [group]
    assert sorted(one["groupId"] for one in reached) == sorted([group, pier])
    assert (await installation.get(f"/v1/groups/{pier}", token=asha)).status_code == 404


async def test_what_a_group_token_makes_is_a_sub_group_and_the_token_is_its_admin(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    token = await group_token(installation, group)

    made = (await installation.post("/v1/groups", {"name": "Pier", "members": [RAVI]}, token=token)).json()
    plain = (await installation.post("/v1/groups", {"name": "Alone"}, token=asha)).json()
    posted = await installation.post(f"/v1/groups/{made['groupId']}/messages", {"message": "Ahoy"}, token=token)

    assert made == {
        "groupName": "Pier",
        "groupId": made["groupId"],
        "membersAdded": True,
        "isAddedAsSubGroup": True,
    }
    assert "isAddedAsSubGroup" not in plain
    assert [one["groupId"] for one in (await tree(installation, asha, group))["subGroups"]] == [made["groupId"]]
    assert posted.status_code == 200
    elsewhere = await installation.post(f"/v1/groups/{plain['groupId']}/messages", {"message": "Ahoy"}, token=token)
    assert elsewhere.status_code == 404


async def test_a_webhook_on_a_group_hears_what_happens_beneath_it(
    installation: Installation, endpoint: Endpoint
) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    types = ["GroupAdded", "TextMessageCreated", "GroupRemoved"]
    subscribed = {"objectId": group, "objectType": "Group", "eventTypes": types, "callBackUrl": endpoint.url}
    await installation.post("/v1/webhook", subscribed | {"order": True}, token=asha)

    pier = await beneath(installation, asha, group)
    await installation.post(f"/v1/groups/{pier}/messages", {"message": "Ahoy"}, token=asha)
    await installation.delete(f"/v1/groups/{group}/subGroups/{pier}", token=asha)
    await installation.post(f"/v1/groups/{pier}/messages", {"message": "Nobody hears"}, token=asha)
    _, *callbacks = await endpoint.received(4)

    added, message, removed = (json.loads(callback.body) for callback in callbacks)
    assert [one["eventType"] for one in (added, message, removed)] == types
    pier_told = {"group": pier, "groupName": "Pier", "groupImageUrl": "", "type": "Group"}
    assert added["data"] == removed["data"] == pier_told
    assert [(one["objectId"], one["groupId"]) for one in (added, message, removed)] == [(group, group)] * 3
    assert [one["sourceGroupId"] for one in (added, message, removed)] == [group, pier, group]
