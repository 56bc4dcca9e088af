"""Webhooks over HTTP: made, listed, changed, ended, and refused with the reason."""

from typing import Any

import pytest

from tests.dialects.installation import ASHA, Installation
from tests.dialects.subscribing import TYPES, made, subscribe
from tidings.core.clock import DAY, Clock
from tidings.core.signature import new_key_pair, new_secret
from tidings.store.people import People
from tidings.testing.endpoint import Answer, Endpoint


async def test_a_webhook_is_answered_with_its_id_and_its_secret(installation: Installation, endpoint: Endpoint) -> None:
    token = await installation.sign_in(ASHA)
    group = await installation.group(token)

    answer = await subscribe(installation, endpoint, token=token, objectId=group)

    assert answer.status_code == 200
    assert list(answer.json()) == ["webhookId", "signingSecret"]
    assert answer.json()["signingSecret"].startswith("whsec_")
    assert endpoint.requests[0].method == "GET"
    assert "validationToken=" in endpoint.requests[0].target


async def test_with_a_key_pair_the_public_key_is_answered(installation: Installation, endpoint: Endpoint) -> None:
    token = await installation.sign_in(ASHA)
    group = await installation.group(token)

    answer = await subscribe(installation, endpoint, token=token, objectId=group, signature="ed25519")

    assert answer.json()["signingSecret"].startswith("whpk_")


async def test_the_secret_that_the_caller_gave_is_the_webhook_s(installation: Installation, endpoint: Endpoint) -> None:
    token = await installation.sign_in(ASHA)
    group, mine = await installation.group(token), new_secret().text

    answer = await subscribe(installation, endpoint, token=token, objectId=group, secret=mine)

    assert answer.json()["signingSecret"] == mine


async def test_the_webhooks_on_an_object_are_listed_as_documented(
    installation: Installation, endpoint: Endpoint
) -> None:
    token, group, webhook = await made(installation, endpoint, callBackToken="t")

    answer = await installation.get("/v1/webhook", token=token, objectId=group, objectType="group")

    (listed,) = answer.json()["webhooks"]
    assert list(answer.json()) == ["webhooks"]
    assert (listed["id"], listed["objectId"], listed["objectType"]) == (webhook, group, "Group")
    assert (listed["events"], listed["filters"]) == (TYPES, [])
    assert (listed["callbackUrl"], listed["callbackToken"], listed["active"]) == (endpoint.url, "t", True)
    assert abs(listed["validity"] - Clock().now() - 730 * DAY) < DAY
    assert listed["ts"] <= Clock().now()


async def test_a_long_list_of_webhooks_goes_on_where_it_ended(installation: Installation, endpoint: Endpoint) -> None:
    token, group, first = await made(installation, endpoint)
    second = (await subscribe(installation, endpoint, token=token, objectId=group)).json()["webhookId"]
    query = {"objectId": group, "objectType": "Group", "limit": "1"}

    page = (await installation.get("/v1/webhook", token=token, **query)).json()
    rest = (await installation.get("/v1/webhook", token=token, **query, cursor=page["cursor"])).json()

    assert [one["id"] for one in page["webhooks"] + rest["webhooks"]] == [first, second]


async def test_one_webhook_is_told_with_its_health(installation: Installation, endpoint: Endpoint) -> None:
    token, group, webhook = await made(installation, endpoint)
    await installation.post(f"/v1/groups/{group}/messages", {"message": "Hello"}, token=token)
    await endpoint.received(2)

    told = (await installation.get(f"/v1/webhook/{webhook}", token=token)).json()

    assert told["id"] == webhook
    assert (told["health"]["circuit"], told["health"]["failed"], told["health"]["held"]) == ("closed", 0, 0)
    assert told["health"].keys() >= {"delivered", "owed", "disabledWhy"}


async def test_any_part_of_a_webhook_can_be_changed(installation: Installation, endpoint: Endpoint) -> None:
    token, _, webhook = await made(installation, endpoint, callBackContext="old", timeout="5s")

    answer = await installation.put(
        f"/v1/webhook/{webhook}", {"CallbackContext": "new", "eventTypes": ["memberremoved"]}, token=token
    )

    assert answer.status_code == 200
    told = (await installation.get(f"/v1/webhook/{webhook}", token=token)).json()
    assert (told["callBackContext"], told["events"], told["timeout"]) == ("new", ["MemberRemoved"], "5s")
    assert len(endpoint.requests) == 1


async def test_a_new_callback_url_must_pass_the_handshake_too(installation: Installation, endpoint: Endpoint) -> None:
    token, _, webhook = await made(installation, endpoint)
    endpoint.echo = False

    answer = await installation.put(f"/v1/webhook/{webhook}", {"callBackUrl": f"{endpoint.url}new"}, token=token)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "CallbackUrlRefused")
    told = (await installation.get(f"/v1/webhook/{webhook}", token=token)).json()
    assert told["callbackUrl"] == endpoint.url


@pytest.mark.parametrize("active", ["true", True, "True"])
async def test_a_disabled_webhook_is_active_again_when_its_owner_says_so(
    installation: Installation, endpoint: Endpoint, *, active: object
) -> None:
    token, _, webhook = await made(installation, endpoint)
    disabled = await installation.put(f"/v1/webhook/{webhook}", {"active": False}, token=token)

    enabled = await installation.put(f"/v1/webhook/{webhook}", {"Active": active}, token=token)

    assert (disabled.json()["active"], enabled.json()["active"]) == (False, True)


async def test_an_empty_schedule_takes_the_webhook_s_own_away(installation: Installation, endpoint: Endpoint) -> None:
    token, _, webhook = await made(installation, endpoint, schedule="1s,1m")

    changed = await installation.put(f"/v1/webhook/{webhook}", {"schedule": ""}, token=token)

    assert changed.status_code == 200
    assert "schedule" not in changed.json()


async def test_what_a_person_does_to_a_webhook_is_in_the_audit_as_theirs(
    installation: Installation, endpoint: Endpoint
) -> None:
    token, _, webhook = await made(installation, endpoint)
    path = f"/v1/webhook/{webhook}"

    await installation.put(path, {"callBackContext": "c"}, token=token)
    await installation.put(path, {"active": False}, token=token)
    await installation.put(path, {"active": True}, token=token)
    await installation.post(f"{path}/rotate", {}, token=token)
    await installation.post(f"{path}/test", {}, token=token)
    await installation.delete(path, token=token)

    record = [one for one in await installation.parts.access.audit_entries() if one.about == webhook]
    [asha] = await People(installation.parts.database).of_phones([ASHA], at=0)
    assert {one.actor for one in record} == {asha.id}
    assert sorted(one.action for one in record) == [
        "webhook.changed",
        "webhook.created",
        "webhook.ended",
        "webhook.paused",
        "webhook.resumed",
        "webhook.rotated",
        "webhook.tested",
    ]


async def test_what_a_tenant_s_program_does_to_a_webhook_is_in_the_audit_as_its_connector_s(
    installation: Installation, endpoint: Endpoint
) -> None:
    _, _, webhook = await made(installation, endpoint)

    await installation.delete(f"/v1/webhook/{webhook}", token=await installation.tenant())

    [entry] = [one for one in await installation.parts.access.audit_entries() if one.action == "webhook.ended"]
    assert (entry.actor, entry.about) == (installation.connector.id, webhook)


async def test_a_webhook_keeps_its_object(installation: Installation, endpoint: Endpoint) -> None:
    token, group, webhook = await made(installation, endpoint)

    same = await installation.put(f"/v1/webhook/{webhook}", {"objectId": group, "objectType": "group"}, token=token)
    other = await installation.put(f"/v1/webhook/{webhook}", {"objectId": "other"}, token=token)

    assert (same.status_code, other.status_code) == (200, 400)
    assert "a webhook keeps its object" in other.json()["message"]


async def test_an_ended_webhook_is_not_there_any_more(installation: Installation, endpoint: Endpoint) -> None:
    token, group, webhook = await made(installation, endpoint)

    ended = await installation.delete(f"/v1/webhook/{webhook}", token=token)

    assert (ended.status_code, ended.json()) == (200, {})
    assert (await installation.get(f"/v1/webhook/{webhook}", token=token)).status_code == 404
    assert (await installation.delete(f"/v1/webhook/{webhook}", token=token)).status_code == 404
    listed = await installation.get("/v1/webhook", token=token, objectId=group, objectType="Group")
    assert listed.json() == {"webhooks": []}


@pytest.mark.parametrize("query", [{}, {"overlap": "1h"}])
async def test_a_rotated_secret_is_answered(
    installation: Installation, endpoint: Endpoint, *, query: dict[str, str]
) -> None:
    token, _, webhook = await made(installation, endpoint)

    rotated = await installation.http.post(
        f"/v1/webhook/{webhook}/rotate", params=query, headers={"accessToken": token}
    )

    assert rotated.json()["webhookId"] == webhook
    assert rotated.json()["signingSecret"].startswith("whsec_")


@pytest.mark.parametrize("overlap", ["8d", "soon", "-1s"])
async def test_an_overlap_that_cannot_be_is_refused(
    installation: Installation, endpoint: Endpoint, *, overlap: str
) -> None:
    token, _, webhook = await made(installation, endpoint)

    refused = await installation.http.post(
        f"/v1/webhook/{webhook}/rotate", params={"overlap": overlap}, headers={"accessToken": token}
    )

    assert refused.status_code == 400
    assert refused.json()["message"].startswith("overlap: ")


async def test_an_application_has_its_own_types_wildcards_and_format(
    installation: Installation, endpoint: Endpoint
) -> None:
    token = await installation.sign_in(ASHA)
    shop = {"objectId": "shop", "objectType": "Application", "eventTypes": ["order.*"]}

    webhook = (await subscribe(installation, endpoint, token=token, **shop)).json()["webhookId"]

    told = (await installation.get(f"/v1/webhook/{webhook}", token=token)).json()
    assert (told["format"], told["events"]) == ("standard", ["order.*"])
    assert endpoint.requests == []


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"secret": "whsec_c2hvcnQ="}, "secret: a shared secret has 24 to 64 bytes"),
        ({"secret": "whsec_*"}, "secret: what follows whsec_ in a signing secret must be base64"),
        ({"secret": "hush"}, "secret: give a shared one (whsec_)"),
        ({"secret": new_key_pair().text}, "secret: give a shared one (whsec_)"),
        ({"secret": new_secret().text, "signature": "ed25519"}, "secret: give a shared one (whsec_)"),
        ({"eventTypes": []}, "eventTypes"),
        ({"eventTypes": ["JobDone"]}, r"eventTypes[0]: 'JobDone' is not an event of a Group"),
        ({"eventTypes": None}, "eventTypes"),
        ({"objectType": "Team"}, "objectType: 'Team' is not known"),
        ({"callBackUrl": "http://example.com/"}, "TIDINGS_EGRESS_HTTP"),
        ({"callBackUrl": "https://10.0.0.1/"}, "TIDINGS_EGRESS_ALLOW"),
        ({"callBackUrl": ""}, "callBackUrl"),
        ({"validity": 1_000_000_000_000}, "validity: lies in the past"),
        ({"validity": "tomorrow"}, "validity"),
        ({"format": "xml"}, "format: 'xml' is not known"),
        ({"timeout": "2h"}, "timeout"),
        ({"filters": [{"path": "data.a", "op": "matches", "value": 1}]}, "filters[0].op"),
        ({"schedule": "never"}, "'never' is not a duration"),
        ({"orderKey": "["}, "orderKey"),
        ({"rateLimit": 1e9}, "rateLimit"),
        ({"clientCertificate": "no PEM"}, "client certificate"),
        ({"callBackToken": 7}, "callBackToken: expected"),
        ({"callBackHeaders": {"Host": "a"}}, "Host"),
        ({"callBackHeaders": {"Transfer-Encoding": "a"}}, "Transfer-Encoding"),
        ({"callBackHeaders": {"Content-Length": "1"}}, "Content-Length"),
        ({"callBackHeaders": {"Content-Type": "a"}}, "Content-Type"),
        ({"callBackHeaders": {"Webhook-Id": "a"}}, "Webhook-Id"),
        ({"callBackHeaders": {"KZ-Callback-Token": "a"}}, "KZ-Callback-Token"),
        ({"callBackHeaders": {"X-A": "a\r\nX-B: b"}}, "X-A"),
    ],
)
async def test_what_is_wrong_is_refused_with_its_name_and_nothing_is_kept(
    installation: Installation, endpoint: Endpoint, *, fields: dict[str, Any], message: str
) -> None:
    token = await installation.sign_in(ASHA)
    group = await installation.group(token)

    answer = await subscribe(installation, endpoint, token=token, **({"objectId": group} | fields))

    assert answer.status_code == 400
    assert message in answer.json()["message"]
    listed = await installation.get("/v1/webhook", token=token, objectId=group, objectType="Group")
    assert listed.json() == {"webhooks": []}


async def test_an_endpoint_that_does_not_echo_the_token_is_refused_with_what_came(
    installation: Installation, endpoint: Endpoint
) -> None:
    token = await installation.sign_in(ASHA)
    group = await installation.group(token)
    endpoint.echo = False
    endpoint.script(Answer(200, (), b'{"validationToken":"1"}'))

    answer = await subscribe(installation, endpoint, token=token, objectId=group)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "CallbackUrlRefused")
    assert "TIDINGS_HANDSHAKE" in answer.json()["message"]
    assert "validationToken" in answer.json()["message"]
