"""Subscribers of ConnectGroups, and messages to them, over HTTP."""

import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation


async def connect_group(installation: Installation, *subscribers: str) -> tuple[str, str]:
    """A ConnectGroup with those subscribers, and a token of its admin."""
    tenant = await installation.tenant()
    body = {"name": "City", "groupType": "ConnectGroup", "members": []}
    group: str = (await installation.post("/v1/groups", body, token=tenant)).json()["groupId"]
    if subscribers:
        await installation.put(f"/v1/groups/{group}/subscribers/add", {"subscribers": list(subscribers)}, token=tenant)
    return group, tenant


async def test_each_number_is_told_whether_it_was_added(installation: Installation) -> None:
    group, tenant = await connect_group(installation)

    answer = await installation.put(f"/v1/groups/{group}/subscribers/add", {"subscribers": [ASHA, "911"]}, token=tenant)

    result = answer.json()["result"]
    assert (answer.status_code, list(result)) == (200, [ASHA, "911"])
    assert result[ASHA] == {"isAdded": True}
    assert (result["911"]["isAdded"], result["911"]["errorCode"]) == (False, "InvalidParameters")


@pytest.mark.parametrize("numbers", [f"{ASHA},{RAVI}", f" {ASHA} , {RAVI} ,", [ASHA, RAVI]])
async def test_numbers_may_come_as_one_text(installation: Installation, numbers: object) -> None:
    group, tenant = await connect_group(installation)

    answer = await installation.put(f"/v1/groups/{group}/subscribers/add", {"Subscribers": numbers}, token=tenant)

    assert answer.json()["result"] == {ASHA: {"isAdded": True}, RAVI: {"isAdded": True}}


async def test_each_number_is_told_whether_it_was_removed(installation: Installation) -> None:
    group, tenant = await connect_group(installation, ASHA)

    answer = await installation.put(
        f"/v1/groups/{group}/subscribers/remove", {"subscribers": [ASHA, RAVI]}, token=tenant
    )

    result = answer.json()["result"]
    assert result[ASHA] == {"isRemoved": True}
    assert (result[RAVI]["isRemoved"], result[RAVI]["errorCode"]) == (False, "NotFound")
    assert (await installation.get(f"/v1/groups/{group}/subscribers", token=tenant)).json() == {"subscribers": []}


async def test_discrepancy_23_subscribers_are_listed_by_post_and_by_get(installation: Installation) -> None:
    group, tenant = await connect_group(installation, ASHA, RAVI, MEERA)
    path = f"/v1/groups/{group}/subscribers"

    first = (await installation.post(path, {"count": "2"}, token=tenant)).json()
    rest = (await installation.get(path, token=tenant, cursor=first["cursor"], count="2")).json()
    everybody = (await installation.post(path, {}, token=tenant)).json()

    assert "cursor" not in rest
    assert "cursor" not in everybody
    assert first["subscribers"] + rest["subscribers"] == everybody["subscribers"]
    assert sorted(one["mobileNumber"] for one in everybody["subscribers"]) == [ASHA, RAVI, MEERA]
    assert list(first["subscribers"][0]) == ["id", "mobileNumber", "name", "profilePic", "isProvisioned"]


@pytest.mark.parametrize("count", [0, 51, "60"])
async def test_a_page_has_at_most_fifty_subscribers(installation: Installation, count: object) -> None:
    group, tenant = await connect_group(installation)

    answers = [
        await installation.post(f"/v1/groups/{group}/subscribers", {"count": count}, token=tenant),
        await installation.get(f"/v1/groups/{group}/subscribers", token=tenant, count=str(count)),
    ]

    assert [(answer.status_code, "count" in answer.json()["message"]) for answer in answers] == [(400, True)] * 2


async def test_a_message_says_who_does_not_get_it(installation: Installation) -> None:
    group, tenant = await connect_group(installation, ASHA)
    body = {"message": "Water is off", "subscribers": [ASHA, RAVI]}

    answer = await installation.post(f"/v1/groups/{group}/messages", body, token=tenant)

    [failed] = answer.json()["failedResult"]
    assert answer.status_code == 200
    assert list(failed) == ["subscriber", "subscriberId", "errorReason", "errorCode"]
    assert (failed["subscriber"], failed["errorCode"]) == (RAVI, "NotFound")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"message": "Hello", "sendToAllSubscribers": True}),
        ({}, {"message": "Hello", "sendToAllSubscribers": "true"}),
        ({"sendToAll": "Yes"}, {"Message": "Hello"}),
        ({"sendToAll": "No"}, {"Message": "Hello", "subscribers": ASHA}),
        ({}, {"message": "Hello"}),
    ],
)
async def test_a_message_goes_to_all_subscribers_in_each_spelling(
    installation: Installation, query: dict[str, str], body: dict[str, object]
) -> None:
    group, tenant = await connect_group(installation, ASHA)

    answer = await installation.http.post(
        f"/v1/groups/{group}/messages", json=body, params=query, headers={"accessToken": tenant}
    )

    assert answer.status_code == 200
    assert list(answer.json()) == ["referenceId"]


async def test_a_message_answers_another_one(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group, other = await installation.group(asha), await installation.group(asha)
    path = f"/v1/groups/{group}/messages"
    first = (await installation.post(path, {"message": "Who is there?"}, token=asha)).json()["referenceId"]
    body = {"message": "Me", "replyToReferenceId": first}

    answer = await installation.post(path, body, token=asha)
    elsewhere = await installation.post(f"/v1/groups/{other}/messages", body, token=asha)

    assert answer.status_code == 200
    assert (elsewhere.status_code, "replyToReferenceId" in elsewhere.json()["message"]) == (400, True)
