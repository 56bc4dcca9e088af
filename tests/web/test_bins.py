"""Bins over HTTP: anything can be sent to them, and what came is shown to whoever may look."""

from collections.abc import AsyncIterator

import pytest

from tests.web.bin_server import bin_server
from tests.web.callers import OTHER, SHOP
from tests.web.conversation import ask
from tidings.core.json_text import LARGEST_BODY
from tidings.store.database import Database
from tidings.web.bins import LONGEST_ECHO
from tidings.web.login import Login


@pytest.fixture
async def port(database: Database, login: Login) -> AsyncIterator[int]:
    async with bin_server(database, login) as server:
        yield server.port


async def test_a_bin_is_made_by_whoever_may_and_shows_what_it_caught(port: int) -> None:
    made = (await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})).json
    kept = await ask(
        port,
        "PROPFIND /bin/mine/some%2Fwhere?a=1&a=%20",
        headers={"X-Twice": "é", "x-forwarded-for": "198.51.100.7"},
        body=b"raw \xff",
    )
    shown = await ask(port, "GET /v1/bins/mine/requests", headers={"accessToken": made["viewToken"]})

    assert made["url"] == "https://tidings.example.com/bin/mine"
    assert (kept.status, kept.body) == (200, b"kept\n")
    (caught,) = shown.json["requests"]
    assert shown.json["next"] == caught["number"] == 1
    assert (caught["method"], caught["path"]) == ("PROPFIND", "/bin/mine/some%2Fwhere")
    assert caught["query"] == "a=1&a=%20"
    assert ["X-Twice", "é"] in caught["headers"]
    assert caught["bodyBase64"] == "cmF3IP8="
    assert "body" not in caught
    assert (caught["peer"], caught["client"]) == ("127.0.0.1", "198.51.100.7")


async def test_text_is_shown_as_text(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})
    await ask(port, "POST /bin/mine", body='{"a": "आ"}'.encode())

    (caught,) = (await ask(port, "GET /v1/bins/mine/requests?wait=30", headers=SHOP)).json["requests"]
    assert caught["body"] == '{"a": "आ"}'
    assert "bodyBase64" not in caught


async def test_the_list_goes_on_after_the_last_one_seen(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})
    await ask(port, "POST /bin/mine", body=b"1")

    assert (await ask(port, "GET /v1/bins/mine/requests?after=1", headers=SHOP)).json == {"requests": [], "next": 1}


async def test_a_handshake_is_answered_with_its_token_as_plain_text_that_no_browser_runs(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})
    answer = await ask(port, "GET /bin/mine?validationToken=%3Cscript%3E12")

    assert (answer.status, answer.body) == (200, b"<script>12")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


async def test_a_long_token_is_not_echoed(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})

    for length, status in ((LONGEST_ECHO, 200), (LONGEST_ECHO + 1, 400)):
        assert (await ask(port, f"GET /bin/mine?validationToken={'1' * length}")).status == status


async def test_a_body_that_is_too_large_is_refused_and_not_kept(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})

    assert (await ask(port, "POST /bin/mine", body=b"a" * (LARGEST_BODY + 1))).status == 413
    assert (await ask(port, "GET /v1/bins/mine/requests", headers=SHOP)).json["requests"] == []


async def test_an_unknown_bin_catches_nothing(port: int) -> None:
    assert (await ask(port, "POST /bin/unknown", body=b"a")).status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"accessToken": "forged"}, 401), ({"accessToken": "tdb_forged"}, 404), (OTHER, 404)],
)
async def test_what_a_bin_caught_is_nobody_elses_business(port: int, *, headers: dict[str, str], status: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})

    assert (await ask(port, "GET /v1/bins/mine/requests", headers=headers)).status == status


async def test_a_bin_that_was_ended_is_gone(port: int) -> None:
    made = (await ask(port, "POST /v1/bins", headers=SHOP, json={})).json

    ended = await ask(port, f"DELETE /v1/bins/{made['name']}", headers={"authorization": f"Bearer {made['viewToken']}"})
    assert (ended.status, ended.json) == (200, {})
    assert (await ask(port, f"POST /bin/{made['name']}")).status == 404


async def test_a_name_that_is_somebody_elses_is_a_conflict(port: int) -> None:
    await ask(port, "POST /v1/bins", headers=SHOP, json={"name": "mine"})

    assert (await ask(port, "POST /v1/bins", headers=OTHER, json={"name": "mine"})).status == 409
