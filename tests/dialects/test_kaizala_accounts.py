"""Signing in."""

from pathlib import Path

import httpx
import pytest

from tests.dialects.installation import ASHA, Installation
from tidings.app.compose import opened
from tidings.app.front import front
from tidings.app.settings import load
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Unauthenticated
from tidings.core.identifier import outside
from tidings.core.route import Call
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.testing.clock import ManualClock


async def test_a_pin_is_sent_without_saying_whether_there_is_somebody(installation: Installation) -> None:
    await installation.parts.access.create_person(ASHA, actor="test", name="Asha")
    body = {"applicationId": installation.connector.id}

    known = await installation.post("/v1/generatePin", body | {"mobileNumber": ASHA})
    unknown = await installation.post("/v1/generatePin", body | {"mobileNumber": "+910000000009"})

    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json()) == (200, {})


async def test_signing_in_answers_a_refresh_token_its_scopes_and_where_to_go_on(installation: Installation) -> None:
    await installation.parts.access.create_person(ASHA, actor="test", name="Asha")
    wanted = {"MobileNumber": ASHA, "applicationid": installation.connector.id}
    await installation.post("/v1/generatePin", wanted)
    pin = await installation.parts.access.waiting_pin(ASHA)

    answer = await installation.post("/v1/loginWithPinAndApplicationId", wanted | {"pin": int(pin)})

    body = answer.json()
    assert list(body) == ["refreshToken", "grantedScope", "refreshTokenExpiry", "endpointUrl"]
    assert "webhook.write" in body["grantedScope"].split(",")
    assert body["refreshTokenExpiry"] > Clock().now() + 364 * DAY
    assert body["endpointUrl"] == "https://tidings.example.com/"


async def test_a_wrong_pin_is_refused(installation: Installation) -> None:
    body = {"mobileNumber": ASHA, "applicationId": installation.connector.id, "pin": "000000"}

    answer = await installation.post("/v1/loginWithPinAndApplicationId", body)

    assert answer.status_code == 401
    assert answer.json()["errorCategoryKey"] == "AuthException"


async def test_an_access_token_is_good_for_a_day_and_says_so_in_the_documented_shape(
    installation: Installation,
) -> None:
    asha = await installation.sign_in(ASHA)
    answer = await installation.get("/v1/users/me", token=asha)

    assert answer.json()["mobileNumber"] == ASHA
    refresh = await installation.parts.access.create_refresh_token(
        installation.connector.id, actor="test", kind=TokenKind.USER, phone=ASHA
    )
    headers = {
        "applicationId": installation.connector.id,
        "applicationSecret": installation.connector.secret,
        "refreshToken": refresh.token,
    }
    granted = (await installation.http.get("/v1/accessToken", headers=headers)).json()
    assert list(granted) == ["accessToken", "endpointUrl", "accessTokenExpiry", "refreshToken", "scope"]
    assert (granted["refreshToken"], granted["scope"]) == ("", "token.write")
    assert 0 < granted["accessTokenExpiry"] - Clock().now() <= DAY


def test_a_call_that_came_in_without_a_caller_ends_there() -> None:
    with pytest.raises(Unauthenticated, match="ACCESSTOKEN"):
        bearer(Call(caller=None))


async def test_without_the_right_secret_there_is_no_access_token(installation: Installation) -> None:
    headers = {"applicationId": installation.connector.id, "applicationSecret": "wrong", "refreshToken": outside(1)}

    for given in (headers, {}):
        answer = await installation.http.get("/v1/accessToken", headers=given)

        assert answer.status_code == 401
        assert answer.json()["message"] == "Dont have correct applicationId and secret in header!"


async def test_a_token_that_speaks_for_nobody_has_no_profile(installation: Installation) -> None:
    answer = await installation.get("/v1/users/me", token=await installation.tenant())

    assert answer.status_code == 404
    assert "speaks for no person" in answer.json()["message"]


async def test_from_day_328_of_a_refresh_token_on_every_call_answers_its_successor(
    tmp_path: Path, sqlite_url: str, manual_clock: ManualClock
) -> None:
    settings = load({}, folder=tmp_path, database=sqlite_url)
    async with (
        opened(settings, clock=manual_clock) as parts,
        httpx.AsyncClient(transport=httpx.ASGITransport(front(parts).application), base_url="http://127.0.0.1") as http,
    ):
        connector = await parts.access.create_connector("tests", actor="test")
        first = (await parts.access.create_refresh_token(connector.id, actor="test", kind=TokenKind.TENANT)).token

        async def following(token: str) -> str:
            headers = {
                "applicationId": connector.id,
                "applicationSecret": connector.secret,
                "refreshToken": token,
            }
            answer = await http.get("/v1/accessToken", headers=headers)
            return str(answer.json().get("refreshToken", answer.status_code))

        await manual_clock.jump(328 * DAY - 1)
        before = await following(first)
        await manual_clock.jump(1)
        second = await following(first)
        again = await following(first)
        await manual_clock.jump(37 * DAY)

        assert before == ""
        assert second == again != ""
        assert (await following(first), await following(second)) == ("401", "")
