"""Signing in through a browser: the page, the code, and what it is traded for."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.dialects.installation import ASHA, Installation

BACK = "https://example.com/back?tenant=1"
AUTHORIZE = "/api/Oauth/Authorize"


@pytest.fixture
async def program(installation: Installation) -> Installation:
    """An installation in which Asha can sign in to a program called <Harbour> & Sons."""
    await installation.parts.access.create_person(ASHA, actor="test", name="Asha")
    await installation.parts.access.create_connector(
        "<Harbour> & Sons", actor="test", identifier="harbour", secret="hush", redirect_uris=[BACK]
    )
    return installation


def query(**changes: str) -> dict[str, str]:
    return {"client_id": "harbour", "redirect_uri": BACK, "state": 's"1'} | changes


async def submit(program: Installation, **fields: str) -> httpx.Response:
    return await program.http.post(AUTHORIZE, data=query(**fields))


async def code_for(program: Installation) -> str:
    await submit(program, phone=ASHA)
    answer = await submit(program, phone=ASHA, pin=await program.parts.access.waiting_pin(ASHA))
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def trade(program: Installation, **changes: str) -> httpx.Response:
    form = {"client_id": "harbour", "client_secret": "hush"} | changes
    return await program.http.post("/api/oauth/token", data=form)


async def test_a_person_signs_in_on_the_page_and_the_program_trades_the_code(program: Installation) -> None:
    page = await program.http.get(AUTHORIZE, params=query())
    assert page.status_code == 200
    assert '<label for="phone">' in page.text

    asked = await submit(program, phone="+91 00000 00001")
    assert asked.status_code == 200
    assert '<label for="pin">' in asked.text

    back = await submit(program, phone="+91 00000 00001", pin=await program.parts.access.waiting_pin(ASHA))
    assert back.status_code == 303
    place, _, found = back.headers["location"].partition("&")
    assert (place, parse_qs(found)["state"]) == (BACK, ['s"1'])

    answer = await trade(program, code=parse_qs(found)["code"][0])
    assert answer.status_code == 200
    assert list(answer.json()) == ["accessToken", "endpointUrl", "accessTokenExpiry", "refreshToken", "scope"]
    me = await program.get("/v1/users/me", token=answer.json()["accessToken"])
    assert me.json()["mobileNumber"] == ASHA
    headers = {"applicationId": "harbour", "applicationSecret": "hush", "refreshToken": answer.json()["refreshToken"]}
    assert (await program.http.get("/v1/accessToken", headers=headers)).status_code == 200


async def test_the_page_shows_nothing_from_outside_as_html_and_loads_nothing(program: Installation) -> None:
    page = await program.http.get(AUTHORIZE, params=query(state='"><script>alert(1)</script>'))

    assert "&lt;Harbour&gt; &amp; Sons" in page.text
    assert "<script" not in page.text
    assert not re.search(r"""(src|href)=|url\(|style=""", page.text)
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self' https://example.com;" in policy
    assert "unsafe" not in policy
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "other"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://example.com/back"},
        {"redirect_uri": BACK + "/"},
        {"redirect_uri": "https://evil.example.org/"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whatever_is_not_registered_is_told_on_our_page_and_nobody_is_sent_there(
    program: Installation, changes: dict[str, str], method: str
) -> None:
    where: Any = {"data" if method == "POST" else "params": query(**changes)}

    answer = await program.http.request(method, AUTHORIZE, **where)

    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "You cannot sign in here" in answer.text
    assert "<form" not in answer.text


async def test_a_revoked_program_asks_nobody_to_sign_in(program: Installation) -> None:
    await program.parts.access.revoke_connector("harbour", actor="test")

    assert (await program.http.get(AUTHORIZE, params=query())).status_code == 400


async def test_a_wrong_pin_can_be_tried_again_and_a_new_one_sent(program: Installation) -> None:
    await submit(program, phone=ASHA)
    first = await program.parts.access.waiting_pin(ASHA)
    wrong = await submit(program, phone=ASHA, pin="000000")
    again = await submit(program, phone=ASHA, pin="", again="1")
    second = await program.parts.access.waiting_pin(ASHA)

    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    assert '<label for="pin">' in wrong.text
    assert again.status_code == 200
    assert (await submit(program, phone=ASHA, pin=second)).status_code == 303
    assert first


async def test_what_is_no_number_is_asked_for_again(program: Installation) -> None:
    answer = await submit(program, phone="12")

    assert answer.status_code == 400
    assert '<label for="phone">' in answer.text
    assert 'value="12"' in answer.text


async def test_whoever_asks_for_too_many_pins_is_told_to_wait(program: Installation) -> None:
    answers = [await submit(program, phone=ASHA) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "600"
    assert "Too many tries" in answers[-1].text


async def test_a_code_is_good_once(program: Installation) -> None:
    code = await code_for(program)

    assert (await trade(program, code=code, redirect_uri=BACK)).status_code == 200
    again = await trade(program, code=code)

    assert (again.status_code, again.json()["errorCategoryKey"]) == (401, "AuthException")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"client_id": "wrong"}, 401),
        ({"redirect_uri": "https://example.com/other"}, 401),
        ({"code": "wrong"}, 401),
        ({"code": ""}, 400),
        ({"code": "\0"}, 400),
        ({"client_secret": ""}, 400),
    ],
)
async def test_a_code_is_traded_by_its_program_alone(
    program: Installation, changes: dict[str, str], status: int
) -> None:
    code = await code_for(program)

    assert (await trade(program, **{"code": code, **changes})).status_code == status
    assert (await trade(program, code=code)).status_code == 200


async def test_a_code_is_of_no_use_to_another_program(program: Installation) -> None:
    code = await code_for(program)
    other = await program.parts.access.create_connector("Other", actor="test")

    assert (await trade(program, code=code, client_id=other.id, client_secret=other.secret)).status_code == 401


async def test_what_is_no_form_is_refused(program: Installation) -> None:
    for body in (b"\xff=\xff", b"a=1&" * 100):
        answer = await program.http.post("/api/oauth/token", content=body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")


@pytest.mark.parametrize("path", ["/api/oauth/authorize", "/API/OAuth/Authorize", "/api//Oauth/Authorize/"])
async def test_the_page_is_found_however_it_is_spelled(program: Installation, path: str) -> None:
    assert (await program.http.get(path, params=query())).status_code == 200


async def test_a_program_without_a_state_gets_none_back(program: Installation) -> None:
    fields = {"client_id": "harbour", "redirect_uri": BACK, "phone": ASHA}
    await program.http.post(AUTHORIZE, data=fields)
    pin = await program.parts.access.waiting_pin(ASHA)

    answer = await program.http.post(AUTHORIZE, data=fields | {"pin": f" {pin} "})

    assert "state" not in answer.headers["location"]
