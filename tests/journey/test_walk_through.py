"""The walk-through of the Kaizala webhooks article, step by step, over real sockets."""

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from tests.journey.conftest import ADMIN, House
from tidings.core.clock import MINUTE
from tidings.testing.endpoint import Endpoint

TEXT = "A message to test webhooks!"
# Letter by letter, in the order in which receivers got them.
ENVELOPE = [
    "subscriptionId",
    "objectId",
    "objectType",
    "eventType",
    "eventId",
    "data",
    "context",
    "fromUser",
    "fromUserId",
    "fromUserName",
    "fromUserProfilePic",
    "isBotfromUser",
    "groupId",
    "sourceGroupId",
]


def order(group: str, url: str) -> dict[str, object]:
    """The body of the article's third step."""
    return {
        "objectId": group,
        "objectType": "Group",
        "eventTypes": ["TextMessageCreated"],
        "callBackUrl": url,
        "callBackToken": "sesame",
        "callBackContext": "the context",
    }


async def test_the_payload_of_a_message_is_observed_in_a_bin(house: House) -> None:
    await house.sign_in()
    bin_ = await house.call("POST /v1/bins", {"name": "walk"})
    group = await house.make_group()
    webhook = await house.call("POST /v1/webhook", order(group, bin_["url"]))
    posted = await house.call(f"POST /v1/groups/{group}/messages", {"message": TEXT})

    caught = (await house.call("GET /v1/bins/walk/requests?after=1&wait=5"))["requests"]

    [request] = caught
    headers = {name.lower(): value for name, value in request["headers"]}
    payload = msgspec.json.decode(request["body"])
    assert list(payload) == ENVELOPE
    assert payload["subscriptionId"] == webhook["webhookId"]
    assert (payload["objectId"], payload["objectType"]) == (group, "Group")
    assert payload["eventType"] == "TextMessageCreated"
    assert payload["eventId"] != posted["referenceId"]
    assert payload["data"] == {"text": TEXT}
    assert payload["context"] == "the context"
    assert (payload["fromUser"], payload["fromUserName"]) == (ADMIN, "Asha Verma")
    assert payload["fromUserProfilePic"] == "https://example.com/a.jpg"
    assert headers["kz-callback-token"] == "sesame"
    assert Webhook(webhook["signingSecret"]).verify(request["body"], headers) == payload
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["signingSecret"]).verify(request["body"].replace("test", "best"), headers)


async def test_registering_asks_the_bin_for_the_handshake_first(house: House) -> None:
    await house.sign_in()
    bin_ = await house.call("POST /v1/bins", {"name": "walk"})
    group = await house.make_group()

    await house.call("POST /v1/webhook", order(group, bin_["url"]))

    [handshake] = (await house.call("GET /v1/bins/walk/requests"))["requests"]
    assert handshake["method"] == "GET"
    assert handshake["query"].removeprefix("validationToken=").isdigit()


async def test_over_https_the_message_arrives_signed_until_the_webhook_is_deleted(house: House) -> None:
    await house.sign_in()
    group = await house.make_group()
    async with Endpoint(tls=house.tls) as endpoint, Endpoint(tls=house.tls) as witness:
        webhook = await house.call("POST /v1/webhook", order(group, endpoint.url))
        remaining = await house.call("POST /v1/webhook", order(group, witness.url))
        await house.call(f"POST /v1/groups/{group}/messages", {"message": TEXT})
        _, callback = await endpoint.received(2)
        headers = {name.lower(): value for name, value in callback.headers}

        assert await house.call(f"DELETE /v1/webhook/{webhook['webhookId']}") == {}
        await house.call(f"POST /v1/groups/{group}/messages", {"message": "Only the witness listens"})
        await witness.received(3)
        told = await house.call(f"GET /v1/webhook?objectId={group}&objectType=Group")

        assert Webhook(webhook["signingSecret"]).verify(callback.body, headers)["data"] == {"text": TEXT}
        assert [one["id"] for one in told["webhooks"]] == [remaining["webhookId"]]
        assert len(endpoint.requests) == 2


async def test_a_pin_is_refused_when_ten_minutes_have_passed(house: House) -> None:
    connector = await house.parts.access.create_connector("Walk", actor="test")
    await house.parts.access.create_person(ADMIN, actor="test", name="Asha Verma")
    who = {"mobileNumber": ADMIN, "applicationId": connector.id}
    await house.call("POST /v1/generatePin", who)
    old = await house.parts.access.waiting_pin(ADMIN)
    await house.clock.jump(10 * MINUTE)

    refused = await house.call("POST /v1/loginWithPinAndApplicationId", who | {"pin": old}, expect=401)
    await house.call("POST /v1/generatePin", who)
    new = await house.parts.access.waiting_pin(ADMIN)
    granted = await house.call("POST /v1/loginWithPinAndApplicationId", who | {"pin": new})

    assert refused["errorCategoryKey"] == "AuthException"
    assert granted["refreshToken"]
    assert granted["endpointUrl"] == house.parts.settings.base_url
