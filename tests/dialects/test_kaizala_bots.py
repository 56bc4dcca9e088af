"""Bots over HTTP."""

from typing import Any

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation


async def bot(installation: Installation, *, token: str) -> str:
    answer = await installation.post(
        "/v1/bot", {"Name": "Clerk", "ProfilePic": "https://example.com/clerk.png"}, token=token
    )
    assert list(answer.json()) == ["BotUserId"]
    identifier: str = answer.json()["BotUserId"]
    return identifier


async def acting_as(installation: Installation, identifier: str, *, token: str) -> str:
    answer = await installation.get(f"/v1/bot/accessToken/{identifier}", token=token)
    assert list(answer.json()) == ["accessToken", "accessTokenExpiry", "scope"]
    text: str = answer.json()["accessToken"]
    return text


async def listed(installation: Installation, *, token: str) -> list[dict[str, Any]]:
    bots: list[dict[str, Any]] = (await installation.get("/v1/bot", token=token)).json()["Bots"]
    return bots


async def test_a_bot_is_told_with_who_made_it(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA, name="Asha")
    me = (await installation.get("/v1/users/me", token=asha)).json()["id"]

    made = await bot(installation, token=asha)

    assert await listed(installation, token=asha) == [
        {
            "BotUserId": made,
            "Name": "Clerk",
            "ProfilePic": "https://example.com/clerk.png",
            "TenantId": "00000000-0000-0000-0000-000000000000",
            "CreatorId": me,
            "Creator": ASHA,
            "CreatorName": "Asha",
            "CreatorProfilePic": "",
            "Status": "Active",
        }
    ]


async def test_a_long_list_of_bots_goes_on_at_its_cursor(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    made = sorted([await bot(installation, token=asha) for _ in range(3)])

    first = (await installation.get("/v1/bot", token=asha, limit="2")).json()
    rest = (await installation.get("/v1/bot", token=asha, limit="2", cursor=first["cursor"])).json()

    assert [one["BotUserId"] for one in first["Bots"] + rest["Bots"]] == made
    assert "cursor" not in rest


async def test_a_bot_takes_part_in_a_group_as_itself(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group, made = await installation.group(asha), await bot(installation, token=asha)
    clerk = await acting_as(installation, made, token=asha)
    path = f"/v1/groups/{group}/messages"

    before = await installation.post(path, {"message": "Hello"}, token=clerk)
    joined = await installation.post(f"/v1/groups/{group}/bot", {"BotUserId": made}, token=asha)
    after = await installation.post(path, {"message": "Hello"}, token=clerk)

    assert (before.status_code, joined.json(), after.status_code) == (404, {"result": "true"}, 200)
    profile = (await installation.get("/v1/users/me", token=clerk)).json()
    assert profile == {
        "id": made,
        "mobileNumber": "",
        "name": "Clerk",
        "profilePic": "https://example.com/clerk.png",
    }


async def test_a_bot_that_has_ended_can_do_nothing(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    group, made = await installation.group(asha), await bot(installation, token=asha)
    await installation.post(f"/v1/groups/{group}/bot", {"BotUserId": made}, token=asha)

    answer = await installation.delete(f"/v1/bot/{made}", token=asha)

    assert answer.json() == {}
    assert await listed(installation, token=asha) == []
    members = (await installation.get(f"/v1/groups/{group}/members", token=asha)).json()["members"]
    assert [member["mobileNumber"] for member in members] == [ASHA]
    refused = [
        await installation.delete(f"/v1/bot/{made}", token=asha),
        await installation.get(f"/v1/bot/accessToken/{made}", token=asha),
        await installation.post(f"/v1/groups/{group}/bot", {"BotUserId": made}, token=asha),
    ]
    assert [answer.status_code for answer in refused] == [404] * 3


async def test_a_bot_gets_another_name_and_keeps_its_picture(installation: Installation) -> None:
    asha = await installation.sign_in(ASHA)
    made = await bot(installation, token=asha)

    answer = await installation.put(f"/v1/bot/{made}", {"name": "Porter"}, token=asha)

    [told] = await listed(installation, token=asha)
    assert answer.json() == {}
    assert (told["Name"], told["ProfilePic"]) == ("Porter", "https://example.com/clerk.png")


async def test_a_bot_is_its_makers_and_the_tenants(installation: Installation) -> None:
    asha, ravi = await installation.sign_in(ASHA), await installation.sign_in(RAVI)
    tenant = await installation.tenant()
    made = await bot(installation, token=asha)

    refused = [
        await installation.put(f"/v1/bot/{made}", {"Name": "Mine"}, token=ravi),
        await installation.delete(f"/v1/bot/{made}", token=ravi),
        await installation.get(f"/v1/bot/accessToken/{made}", token=ravi),
    ]

    assert [answer.status_code for answer in refused] == [404] * 3
    assert await listed(installation, token=ravi) == []
    assert [one["BotUserId"] for one in await listed(installation, token=tenant)] == [made]
    assert (await installation.delete(f"/v1/bot/{made}", token=tenant)).status_code == 200


async def test_only_an_admin_adds_a_bot_to_a_group(installation: Installation) -> None:
    asha, ravi, meera = [await installation.sign_in(phone) for phone in (ASHA, RAVI, MEERA)]
    group, made = await installation.group(asha, RAVI), await bot(installation, token=ravi)
    path = f"/v1/groups/{group}/bot"

    refused = [await installation.post(path, {"BotUserId": made}, token=token) for token in (ravi, meera)]
    unknown = await installation.post(path, {"BotUserId": "other"}, token=asha)
    twice = [await installation.post(path, {"BotUserId": made}, token=asha) for _ in range(2)]

    assert [answer.status_code for answer in (*refused, unknown)] == [403, 404, 404]
    assert [answer.status_code for answer in twice] == [200, 200]
