"""Who may hear what: webhooks that are not there for others, and that stop when the right to them does."""

import asyncio

from tests.dialects.installation import ASHA, RAVI, Installation
from tests.dialects.subscribing import made, subscribe
from tidings.core.caller import TokenKind
from tidings.testing.endpoint import Answer, Endpoint


async def test_somebody_elses_webhook_is_not_there(installation: Installation, endpoint: Endpoint) -> None:
    _, group, webhook = await made(installation, endpoint)
    ravi = await installation.sign_in(RAVI)

    answers = [
        await installation.get(f"/v1/webhook/{webhook}", token=ravi),
        await installation.put(f"/v1/webhook/{webhook}", {"active": False}, token=ravi),
        await installation.delete(f"/v1/webhook/{webhook}", token=ravi),
        await installation.post(f"/v1/webhook/{webhook}/rotate", None, token=ravi),
        await installation.post(f"/v1/webhook/{webhook}/test", None, token=ravi),
        await installation.get("/v1/webhook", token=ravi, objectId=group, objectType="Group"),
        await installation.get("/v1/webhook/nothing", token=ravi),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7


async def test_only_an_admin_of_the_group_may_subscribe(installation: Installation, endpoint: Endpoint) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    group = await installation.group(asha, RAVI)

    answer = await subscribe(installation, endpoint, token=ravi, objectId=group)

    assert (answer.status_code, answer.json()["errorCategoryKey"]) == (403, "AuthException")
    assert endpoint.requests == []


async def package(installation: Installation, *, token: str) -> str:
    """Make a package of custom actions; its id."""
    form = {"id": "com.example.forms", "name": "Form", "questions": [{"title": "How many?", "type": "Numeric"}]}
    assert (await installation.post("/v1/actionPackages", form, token=token)).status_code == 200
    return "com.example.forms"


async def test_a_package_is_heard_by_anybody_and_each_sees_their_own_webhooks_on_it(
    installation: Installation, endpoint: Endpoint
) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    form = {"objectId": await package(installation, token=asha), "objectType": "ActionPackage"}
    fields = form | {"eventTypes": ["ActionResponse"]}

    ashas = (await subscribe(installation, endpoint, token=asha, **fields)).json()["webhookId"]
    tenants = (await subscribe(installation, endpoint, token=await installation.tenant(), **fields)).json()["webhookId"]

    async def listed(token: str) -> list[str]:
        return [one["id"] for one in (await installation.get("/v1/webhook", token=token, **form)).json()["webhooks"]]

    assert await listed(asha) == [ashas]
    assert await listed(ravi) == []
    assert await listed(await installation.tenant()) == [ashas, tenants]
    assert (await installation.get(f"/v1/webhook/{ashas}", token=ravi)).status_code == 404


async def test_a_group_tokens_webhook_beneath_its_group_stops_when_that_is_taken_out(
    installation: Installation, endpoint: Endpoint
) -> None:
    asha = await installation.sign_in(ASHA)
    group = await installation.group(asha)
    refresh = await installation.parts.access.create_refresh_token(
        installation.connector.id, actor="test", kind=TokenKind.GROUP, group=group
    )
    token = await installation.access_token(refresh.token)
    sub = (await installation.post(f"/v1/groups/{group}/subGroups", {"name": "North"}, token=asha)).json()["groupId"]
    survey = {"actionType": "Survey", "actionBody": {"title": "S", "questions": [{"title": "Why?", "type": "Text"}]}}
    action = (await installation.post(f"/v1/groups/{sub}/actions", survey, token=asha)).json()["actionId"]
    webhooks = [
        (await subscribe(installation, endpoint, token=token, objectId=sub)).json()["webhookId"],
        (
            await subscribe(
                installation, endpoint, token=token, objectId=action, objectType="Action", eventTypes=["SurveyResponse"]
            )
        ).json()["webhookId"],
    ]
    tenant = await installation.tenant()

    async def active() -> list[bool]:
        return [(await installation.get(f"/v1/webhook/{one}", token=tenant)).json()["active"] for one in webhooks]

    before = await active()
    await installation.delete(f"/v1/groups/{group}/subGroups/{sub}", token=asha)
    taken_out = await active()
    await installation.put(f"/v1/groups/{group}/subGroups", {"subGroups": [sub]}, token=asha)

    assert (before, taken_out, await active()) == ([True] * 2, [False] * 2, [True] * 2)
    handshakes = [one for one in endpoint.requests if one.method == "GET"]
    assert len(handshakes) == len(webhooks)


async def test_a_package_that_nobody_made_is_not_heard(installation: Installation, endpoint: Endpoint) -> None:
    unknown = {"objectId": "com.example.other", "objectType": "ActionPackage", "eventTypes": ["ActionResponse"]}

    answer = await subscribe(installation, endpoint, token=await installation.tenant(), **unknown)

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "NotFound")
    assert "POST /v1/actionPackages" in answer.json()["message"]


async def test_who_loses_the_right_during_the_handshake_has_no_webhook(
    installation: Installation, endpoint: Endpoint
) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    group = await installation.group(asha, RAVI)
    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]
    [ravis] = [f"/v1/groups/{group}/members/{one['id']}" for one in members if one["mobileNumber"] == RAVI]
    await installation.put(ravis, {"role": "Admin"}, token=asha)
    is_demoted = asyncio.Event()
    endpoint.echo = False
    endpoint.script(lambda request: Answer(body=request.target.partition("=")[2].encode(), after=is_demoted))

    making = asyncio.create_task(subscribe(installation, endpoint, token=ravi, objectId=group))
    await endpoint.received(1)
    await installation.put(ravis, {"role": "Member"}, token=asha)
    is_demoted.set()

    assert (await making).status_code == 403
    webhooks = await installation.get("/v1/webhook", token=asha, objectId=group, objectType="Group")
    assert webhooks.json()["webhooks"] == []
