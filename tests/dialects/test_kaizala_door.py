"""Kaizala's calls are read as its callers send them: one test for each habit, on a whole installation."""

from pathlib import Path

import httpx
import pytest

from tests.dialects.installation import ASHA, RAVI, Installation
from tidings.app.compose import opened, running
from tidings.app.front import front
from tidings.app.settings import load


@pytest.fixture
async def token(installation: Installation) -> str:
    return await installation.sign_in(ASHA)


@pytest.mark.parametrize(
    "body",
    [
        f"{{name:'Harbour', members:['{RAVI}']}}",
        f'{{\r\n  name:"Harbour",\r\n  members:["{RAVI}",],\r\n}}',
        str({"name": "Harbour", "members": [RAVI], "welcomeMessage": None}),
        str({"NAME": "Ravi's harbour", "Members": [RAVI], "welcomeMessage": 'So "it" is'}),
        f'\ufeff\u00a0{{\u202f"Name"\u00a0:\u00a0"Harbour","MEMBERS":["{RAVI}"]}}',
    ],
)
async def test_a_group_is_made_of_what_json_net_took_for_json(
    installation: Installation, token: str, body: str
) -> None:
    answer = await installation.http.post("/v1/groups", content=body.encode(), headers={"accessToken": token})

    assert answer.status_code == 200
    members = await installation.get(f"/v1/groups/{answer.json()['groupId']}/members", token=token)
    assert {member["mobileNumber"] for member in members.json()["members"]} == {ASHA, RAVI}


@pytest.mark.parametrize("header", [{"contentType": "application/json"}, {"Content-Type": "text/html"}, {}])
async def test_the_content_type_does_not_count(installation: Installation, token: str, header: dict[str, str]) -> None:
    headers = {"accessToken": token, **header}

    assert (await installation.http.post("/v1/groups", content=b'{"name":"a"}', headers=headers)).status_code == 200


async def test_what_even_that_cannot_be_is_refused_with_the_byte(installation: Installation, token: str) -> None:
    answer = await installation.http.post("/v1/groups", content=b"{name: Harbour}", headers={"accessToken": token})

    assert answer.status_code == 400
    assert answer.json() == {
        "message": "the body is not JSON: invalid character (byte 7)",
        "errorCode": "InvalidParameters",
        "errorCategoryKey": "ServiceException",
    }


@pytest.mark.parametrize("path", ["/v1/events", "/v1/bins"])
async def test_our_own_calls_are_strict(installation: Installation, token: str, path: str) -> None:
    answer = await installation.http.post(path, content=b"{'name': 'a'}", headers={"accessToken": token})

    assert answer.status_code == 400
    assert "is not JSON" in answer.json()["message"]


@pytest.mark.parametrize(
    "path", ["//v1/groups", "/v1//groups/", "/V1/Groups", "/groups", "/v1/groups%20", "//v1//groups "]
)
async def test_paths_are_found_however_they_are_spelled(installation: Installation, token: str, path: str) -> None:
    await installation.group(token)

    answer = await installation.http.request("GET", path, headers={"accessToken": token}, content=b"{}")

    assert len(answer.json()["groups"]) == 1


async def test_discrepancy_19_a_group_is_shown_with_and_without_v1(installation: Installation, token: str) -> None:
    group = await installation.group(token)

    short, long = (
        await installation.get(f"/groups/{group}", token=token),
        await installation.get(f"/v1/groups/{group}", token=token),
    )

    assert short.json() == long.json()
    assert short.json()["groupId"] == group


async def test_names_in_a_query_are_found_in_any_case(installation: Installation, token: str) -> None:
    await installation.group(token)
    await installation.group(token)

    answer = await installation.get("/v1/groups", token=token, LIMIT="1", ShowDetails="true")

    assert len(answer.json()["groups"]) == 1


async def test_a_forged_token_is_refused_in_the_words_that_programs_look_for(installation: Installation) -> None:
    answer = await installation.get("/v1/groups", token="tda_forged")

    assert answer.status_code == 401
    told = answer.json()
    assert "Invalid token. Failure reason:Token validation failed due to unknown reason!" in told["message"]
    assert (told["errorCode"], told["errorCategoryKey"]) == ("InvalidToken", "AuthException")


async def test_a_missing_token_and_a_wrong_secret_are_unauthenticated(installation: Installation) -> None:
    missing = await installation.get("/v1/groups")
    secret = await installation.http.get("/v1/accessToken", headers={"applicationId": "a", "refreshToken": "b"})

    assert missing.json() == {
        "message": "Token missing. Header should have token as value of ACCESSTOKEN",
        "errorCode": "Unauthenticated",
        "errorCategoryKey": "AuthException",
    }
    assert secret.json() == {
        "message": "Dont have correct applicationId and secret in header!",
        "errorCode": "Unauthenticated",
        "errorCategoryKey": "AuthException",
    }


async def test_calls_are_limited_as_the_settings_say_but_publishing_and_health_are_not(
    tmp_path: Path, sqlite_url: str
) -> None:
    settings = load({"TIDINGS_CALLS_PER_CONNECTOR": "2"}, folder=tmp_path, database=sqlite_url)
    async with opened(settings) as parts, running(parts):
        transport = httpx.ASGITransport(front(parts).application)
        async with httpx.AsyncClient(transport=transport, base_url="https://tidings.example.com") as http:
            connector = await parts.access.create_connector("tests", actor="test")
            installation = Installation(parts=parts, http=http, connector=connector)
            token = await installation.sign_in(ASHA)
            event = {"type": "order.created", "subjects": [{"objectType": "Application", "objectId": "shop"}]}

            listed = [(await installation.get("/v1/groups", token=token)).status_code for _ in range(3)]
            published = [(await installation.post("/v1/events", event, token=token)).status_code for _ in range(3)]
            healthy = [(await installation.get("/healthz")).status_code for _ in range(3)]

    assert (listed, published, healthy) == ([200, 200, 429], [200, 200, 200], [200, 200, 200])
