"""What a bin answers: as it was told, and never what would harm whoever reads it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.web.bin_server import BinServer, bin_server
from tests.web.conversation import ask
from tidings.store.database import Database
from tidings.testing.clock import ManualClock
from tidings.web.login import Login

SETTINGS = "PUT /v1/bins/mine"


@pytest.fixture
async def server(database: Database, login: Login) -> AsyncIterator[BinServer]:
    async with bin_server(database, login) as server:
        yield server


async def test_a_bin_answers_with_status_headers_and_body_that_it_was_told_to(server: BinServer) -> None:
    reply = {"status": 503, "headers": [["Retry-After", "7"], ["content-type", "text/html"]], "body": "<b>later</b>"}

    told = await server.look(SETTINGS, json={"reply": reply, "byMethod": {"GET": {"status": 204}}})
    posted, got = await server.send(body=b"a"), await server.send("GET /bin/mine")

    assert told.json["replies"] == {"reply": reply, "byMethod": {"GET": {"status": 204}}}
    assert (posted.status, posted.body, posted.headers["retry-after"]) == (503, b"<b>later</b>", "7")
    assert (got.status, got.body) == (204, b"")
    shown = (await server.look("GET /v1/bins/mine/requests")).json["requests"]
    assert [one["status"] for one in shown] == [503, 204]


async def test_whatever_it_answers_no_browser_runs_it(server: BinServer) -> None:
    page = {"headers": [["content-type", "text/html"]], "body": "<script>alert(1)</script>"}
    await server.look(SETTINGS, json={"reply": page})

    answer = await server.send("GET /bin/mine")

    assert answer.headers["content-security-policy"] == "sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "reply",
    [
        {"headers": [["set-cookie", "a=b"]]},
        {"headers": [["location", "https://example.com/"]]},
        {"headers": [["x-accel-redirect", "/etc/passwd"]]},
        {"delayMs": 30_001},
        {"status": 101},
        {"forwardUrl": "http://127.0.0.1/"},
    ],
)
async def test_what_would_harm_or_forward_is_refused_and_changes_nothing(
    server: BinServer, *, reply: dict[str, Any]
) -> None:
    assert (await server.look(SETTINGS, json={"reply": reply})).status == 400
    assert (await server.send()).body == b"kept\n"


async def test_a_handshake_is_answered_whatever_else_the_bin_answers(server: BinServer) -> None:
    await server.look(SETTINGS, json={"reply": {"status": 500, "failureRate": 1}})

    for name in ("validationToken", "hub.challenge", "challenge"):
        answer = await server.send(f"GET /bin/mine?{name}=12345")
        assert (answer.status, answer.body) == (200, b"12345")


async def test_a_bin_that_always_fails_fails_and_keeps_what_came(server: BinServer) -> None:
    await server.look(SETTINGS, json={"reply": {"failureRate": 1}})

    assert (await server.send(body=b"a")).status == 500
    assert (await server.look("GET /v1/bins/mine")).json["captured"] == 1


async def test_an_answer_is_held_back_and_given_when_its_time_has_come(
    *, database: Database, login: Login, manual_clock: ManualClock
) -> None:
    async with bin_server(database, login, clock=manual_clock) as server:
        await server.look(SETTINGS, json={"reply": {"delayMs": 30_000}})
        sending = asyncio.create_task(server.send(body=b"a"))
        await server.look("GET /v1/bins/mine/requests?wait=10")
        assert not sending.done()

        async with asyncio.timeout(60):
            while not sending.done():
                await manual_clock.advance(30_000)

        assert (await sending).status == 200


async def test_a_server_that_stops_gives_what_it_held_back(
    *, database: Database, login: Login, manual_clock: ManualClock
) -> None:
    async with bin_server(database, login, clock=manual_clock) as server:
        await server.look(SETTINGS, json={"reply": {"delayMs": 30_000}})
        sending = asyncio.create_task(server.send(body=b"a"))
        await server.look("GET /v1/bins/mine/requests?wait=10")

    assert (await sending).status == 200


async def test_a_bin_shows_what_it_keeps_and_until_when(server: BinServer) -> None:
    shown = (await server.look("GET /v1/bins/mine")).json

    assert (shown["mostRequests"], shown["largestBody"], shown["captured"]) == (500, 1 << 20, 0)
    assert shown["url"] == "https://tidings.example.com/bin/mine"
    assert shown["replies"] == {}


async def test_a_bin_is_emptied_and_counts_on(server: BinServer) -> None:
    await server.send(body=b"one")
    await server.look("DELETE /v1/bins/mine/requests")
    await server.send(body=b"two")

    [one] = (await server.look("GET /v1/bins/mine/requests")).json["requests"]
    assert (one["number"], one["body"]) == (2, "two")


async def test_bins_without_a_login_are_for_open_installations_alone_and_not_for_ever(
    *, database: Database, login: Login, server: BinServer
) -> None:
    assert (await ask(server.port, "POST /v1/bins", json={})).status == 401
    async with bin_server(database, login, is_open=True) as open_:
        made = await ask(open_.port, "POST /v1/bins", json={})
        token = {"accessToken": made.json["viewToken"]}
        assert (await ask(open_.port, f"GET /v1/bins/{made.json['name']}", headers=token)).status == 200
        assert (await ask(open_.port, "POST /v1/bins", json={"name": "chosen"})).status == 400
        assert (await ask(open_.port, "POST /v1/bins", headers={"accessToken": "forged"}, json={})).status == 401
        answers = [await ask(open_.port, "POST /v1/bins", json={}) for _ in range(5)]
        elsewhere = await ask(open_.port, "POST /v1/bins", headers={"x-forwarded-for": "198.51.100.7"}, json={})

    assert [one.status for one in answers][-1] == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert elsewhere.status == 200
