"""The webhooks article, from signing in to the callback, as a program goes through it."""

import json

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tidings.testing.endpoint import Endpoint


async def test_a_text_message_reaches_the_callback_url_of_the_groups_webhook(
    installation: Installation, endpoint: Endpoint
) -> None:
    asha = await installation.sign_in(ASHA, name="Asha Verma")
    group = await installation.group(asha)

    subscribed = await installation.post(
        "/v1/webhook",
        {
            "objectId": group,
            "objectType": "Group",
            "eventTypes": ["TextMessageCreated"],
            "callBackUrl": endpoint.url,
            "callBackToken": "to be verified",
            "callBackContext": "anything",
        },
        token=asha,
    )
    sent = await installation.post(
        f"/v1/groups/{group}/messages", {"message": "A message to test the webhook!"}, token=asha
    )
    _, callback = await endpoint.received(2)

    assert subscribed.status_code == sent.status_code == 200
    body = json.loads(callback.body)
    assert body["subscriptionId"] == subscribed.json()["webhookId"]
    assert (body["objectId"], body["objectType"], body["eventType"]) == (group, "Group", "TextMessageCreated")
    assert body["data"] == {"text": "A message to test the webhook!"}
    assert body["context"] == "anything"
    assert (body["fromUser"], body["fromUserName"]) == (ASHA, "Asha Verma")
    assert body["eventId"] != sent.json()["referenceId"]
    assert callback.header("kz-callback-token") == "to be verified"


async def test_members_who_come_and_go_are_told_of_in_order(installation: Installation, endpoint: Endpoint) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    await installation.post(
        "/v1/webhook",
        {
            "objectId": group,
            "objectType": "Group",
            "eventTypes": ["MemberAdded", "MemberRemoved"],
            "callBackUrl": endpoint.url,
            "order": True,
        },
        token=asha,
    )

    added = await installation.put(f"/v1/groups/{group}/members", {"members": [RAVI]}, token=asha)
    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]
    ravi = next(member for member in members if member["mobileNumber"] == RAVI)
    removed = await installation.delete(f"/v1/groups/{group}/members/{ravi['id']}", token=asha)
    _, *callbacks = await endpoint.received(3)

    assert added.json() == removed.json() == {"result": "true"}
    bodies = [json.loads(callback.body) for callback in callbacks]
    assert [body["eventType"] for body in bodies] == ["MemberAdded", "MemberRemoved"]
    assert bodies[0]["data"]["member"] == RAVI
    assert bodies[0]["data"]["type"] == "Member"


async def test_a_test_event_goes_to_one_webhook_alone(installation: Installation, endpoint: Endpoint) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha, MEERA)
    body = {"objectId": group, "objectType": "Group", "eventTypes": ["ActionResponse"], "callBackUrl": endpoint.url}
    first = (await installation.post("/v1/webhook", body, token=asha)).json()["webhookId"]
    second = (await installation.post("/v1/webhook", body | {"callBackContext": "2"}, token=asha)).json()["webhookId"]

    tested = await installation.post(f"/v1/webhook/{second}/test", None, token=asha)
    *_, callback = await endpoint.received(3)

    document = json.loads(callback.body)
    assert document["subscriptionId"] == second != first
    assert document["eventId"] == tested.json()["eventId"]
    assert (document["eventType"], document["objectId"], document["groupId"]) == ("ActionResponse", group, group)
