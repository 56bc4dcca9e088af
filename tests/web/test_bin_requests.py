"""What a bin caught, for programs: searched, judged, compared, copied and exported."""

import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.web.bin_server import BinServer, bin_server
from tests.web.callers import OTHER, SHOP
from tests.web.conversation import ask, talk
from tidings.core.signature import new_secret, sign
from tidings.store.database import Database
from tidings.web.login import Login

REQUESTS = "GET /v1/bins/mine/requests"


@pytest.fixture
async def server(database: Database, login: Login) -> AsyncIterator[BinServer]:
    async with bin_server(database, login) as server:
        yield server


async def test_a_request_is_shown_with_how_and_how_fast_it_came(server: BinServer) -> None:
    await server.send(body=b"a")

    shown = (await server.look(f"{REQUESTS}/1")).json

    assert (shown["httpVersion"], shown["isTls"], shown["status"]) == ("1.1", False, 200)
    assert 0 <= shown["tookMs"] < 10_000
    assert (await server.look(f"{REQUESTS}/2")).status == 404
    assert (await server.look(f"{REQUESTS}/one")).status == 400


async def test_requests_are_found_by_method_path_header_and_text(server: BinServer) -> None:
    await server.send("GET /bin/mine/orders?Id=7")
    await server.send("POST /bin/mine", body=b'{"text": "Hello"}', x_kind="Order")
    await server.send("PUT /bin/mine", body=b"\xff hello")

    async def found(query: str) -> list[int]:
        return [one["number"] for one in (await server.look(f"{REQUESTS}?{query}")).json["requests"]]

    assert await found("method=put") == [3]
    assert await found("path=orders%3Fid%3D7") == [1]
    assert await found("header=X-Kind:%20order") == [2]
    assert await found("text=HELLO") == [2, 3]
    assert await found("text=hello&method=POST") == [2]
    assert await found("text=nothing") == []
    assert await found("text=hello&limit=1") == [2]


@pytest.mark.parametrize(
    ("place", "numbers"),
    [
        ("data.customer.id=42", [1, 2]),
        ('data.customer.id="42"', [2]),
        ("data.customer.id = 42.0", [1]),
        ("data.customer.id", [1, 2, 3]),
        ("data.customer.id=true", [3]),
        ("data.customer.id=1", []),
        ("data.customer", [1, 2, 3]),
        ('data.customer={"id":42}', []),
        ("lines[*].sku=b", [4]),
        ('["a=b"]=', [4]),
        ("[0]", [5]),
        ("none", []),
    ],
)
async def test_requests_are_found_by_what_stands_at_a_place_in_their_json(
    server: BinServer, *, place: str, numbers: list[int]
) -> None:
    for body in (
        b'{"data": {"customer": {"id": 42}}}',
        b'{"data": {"customer": {"id": "42"}}}',
        b'{"data": {"customer": {"id": true}}}',
        b'{"lines": [{"sku": "a"}, {"sku": "b"}], "a=b": ""}',
        b"[7]",
        b"no JSON",
        b"",
    ):
        await server.send(body=body)

    found = await server.look(f"{REQUESTS}?json={quote(place)}")

    assert [one["number"] for one in found.json["requests"]] == numbers


async def test_what_is_no_place_in_json_is_refused_with_one_that_is(server: BinServer) -> None:
    for place in ("=3", 'a["x', "a..b=1"):
        answer = await server.look(f"{REQUESTS}?json={quote(place)}")

        assert answer.status == 400
        assert "write one like data.amount" in answer.json["message"]


async def test_the_names_of_headers_are_shown_in_the_order_and_case_in_which_they_came(server: BinServer) -> None:
    async with talk(server.port) as conversation:
        for number in range(2):
            await conversation.say(
                b"POST /bin/mine HTTP/1.1\r\nHOST: a.example\r\nX-One: %d\r\nx-two: 2\r\nX-one: 3\r\n" % number
            )
            await conversation.say(b"Content-LENGTH: 0\r\n\r\n")
            await conversation.hear()

    shown = (await server.look(REQUESTS)).json["requests"]

    for number, one in enumerate(shown):
        assert one["headers"] == [
            ["HOST", "a.example"],
            ["X-One", str(number)],
            ["x-two", "2"],
            ["X-one", "3"],
            ["Content-LENGTH", "0"],
        ]
    assert "tlsVersion" not in shown[0]


async def test_a_search_that_finds_nothing_yet_goes_on_where_it_stopped_and_waits(server: BinServer) -> None:
    await server.send(body=b"one")
    assert (await server.look(f"{REQUESTS}?text=two")).json == {"requests": [], "next": 1}

    waiting = asyncio.create_task(server.look(f"{REQUESTS}?text=two&wait=10"))
    await server.send(body=b"three")
    await server.send(body=b"two")

    [one] = (await waiting).json["requests"]
    assert one["number"] == 3


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        ("github", lambda body: {"x-hub-signature-256": f"sha256={hmac.new(b's', body, hashlib.sha256).hexdigest()}"}),
        ("kaizala", lambda _: {"kz-callback-token": "s"}),
    ],
)
async def test_a_verdict_is_the_readers_own(server: BinServer, *, scheme: str, headers: Any) -> None:  # noqa: ANN401
    await ask(server.port, "POST /bin/mine", headers=headers(b"{}"), body=b"{}")
    verdict = "POST /v1/bins/mine/requests/1/verdict"

    right = (await server.look(verdict, json={"scheme": scheme, "secret": "s"})).json
    wrong = (await server.look(verdict, json={"scheme": scheme, "secret": "another"})).json

    assert (right["isGenuine"], right["received"]) == (True, list(headers(b"{}").values()))
    assert not wrong["isGenuine"]
    assert (await server.look(verdict, json={"scheme": "rot13", "secret": "s"})).status == 400


async def test_a_body_that_was_written_anew_before_it_was_signed_is_told(server: BinServer) -> None:
    secret = new_secret()
    at = 1_773_640_800
    await server.send(
        body=b'{"a": 1}',
        webhook_id="m1",
        webhook_timestamp=str(at),
        webhook_signature=sign([secret], "m1", timestamp=at, body=b'{"a":1}'),
    )

    told = (
        await server.look("POST /v1/bins/mine/requests/1/verdict", json={"scheme": "standard", "secret": secret.text})
    ).json

    assert "too old" in told["why"]
    assert "written anew as JSON, compact" in told["hints"][0]
    assert told["signed"] == f'm1.{at}.{{"a": 1}}'
    assert told["expected"].startswith("v1,")


async def test_two_requests_are_compared_place_by_place(server: BinServer) -> None:
    await server.send("POST /bin/mine?try=1", body=b'{"a": [1, 2]}', x_try="1")
    await server.send("POST /bin/mine?try=2", body=b'{"a": [1, 3]}', x_more="2")

    told = (await server.look("GET /v1/bins/mine/difference?before=1&after=2")).json

    assert told["line"] == [{"part": "query", "before": "try=1", "after": "try=2"}]
    assert told["headers"] == [
        {"name": "x-try", "before": ["1"], "after": []},
        {"name": "x-more", "before": [], "after": ["2"]},
    ]
    assert told["body"]["changes"] == [{"path": "a[1]", "before": 2, "after": 3}]


async def test_everything_is_exported_as_har_and_as_ndjson(server: BinServer) -> None:
    for number in range(12):
        await server.send(f"POST /bin/mine?n={number}", body=b"\xff" if number else b"text")

    har = (await server.look("GET /v1/bins/mine/requests.har")).json["log"]
    lines = (await server.look("GET /v1/bins/mine/requests.ndjson")).body.splitlines()

    assert har["version"] == "1.2"
    assert [one["request"]["queryString"] for one in har["entries"]] == [
        [{"name": "n", "value": str(number)}] for number in range(12)
    ]
    assert har["entries"][0]["request"]["postData"]["text"] == "text"
    assert har["entries"][1]["request"]["postData"] | {"mimeType": ""} == {
        "mimeType": "",
        "params": [],
        "text": "/w==",
        "_encoding": "base64",
    }
    assert [json.loads(line)["number"] for line in lines] == list(range(1, 13))


async def test_an_empty_bin_is_exported_too(server: BinServer) -> None:
    assert (await server.look("GET /v1/bins/mine/requests.har")).json["log"]["entries"] == []
    assert (await server.look("GET /v1/bins/mine/requests.ndjson")).body == b""


BODIES = (
    b"",
    b"plain",
    b"@/etc/hostname",
    b"'; touch x; '",
    'é $(id) `id` \\ "'.encode(),
    b"\x00\xff\x1b[2J",
    b"a\r\nb\n",
)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["curl", "python"])
async def test_a_copy_sends_what_came(database: Database, login: Login, *, kind: str, body: bytes) -> None:
    async with bin_server(database, login, public_url="http://127.0.0.1:1/") as server:
        await server.send("POST /bin/mine/a%20b?q='x'&[1]", body=body, x_note="it's; $HOME", x_empty="", cookie="a=b")
        copy = (
            (await server.look(f"{REQUESTS}/1/{kind}"))
            .body.decode()
            .replace("127.0.0.1:1/", f"127.0.0.1:{server.port}/")
        )
        copy = copy.replace("'127.0.0.1:1'", f"'127.0.0.1:{server.port}'")
        command = ["sh", "-c", copy] if kind == "curl" else [sys.executable, "-c", copy]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=60)
        first, second = (await server.look(REQUESTS)).json["requests"]

    ours = {"host", "content-length", "user-agent", "accept", "content-type"}
    for one in (first, second):
        one["headers"] = [pair for pair in one["headers"] if pair[0].lower() not in ours]
    names = ("method", "path", "query", "headers", "body", "bodyBase64")
    assert {name: first.get(name) for name in names} == {name: second.get(name) for name in names}


async def test_a_body_is_a_file_that_no_browser_opens(server: BinServer) -> None:
    await server.send(body=b"<script>", content_type="text/html")

    raw = await server.look(f"{REQUESTS}/1/raw")

    assert (raw.body, raw.headers["content-type"]) == (b"<script>", "application/octet-stream")
    assert raw.headers["content-disposition"] == 'attachment; filename="mine-1.bin"'
    assert raw.headers["content-security-policy"] == "sandbox"


async def test_rows_are_previewed_before_anything_is_made(server: BinServer) -> None:
    await server.send(body=b'{"type": "order.paid", "data": {"amount": 7, "lines": [{"sku": "a"}, {"sku": "b"}]}}')
    path = "POST /v1/bins/mine/requests/1/preview"

    told = (await server.look(path, json={"dialect": "standard", "source": "shop"})).json

    assert told["type"] == "order.paid"
    tables = [row["table"] for row in told["rows"]]
    assert tables[0] == "events"
    assert tables.count("shop_order.paid_lines") == 2
    amounts = [one["value"] for row in told["rows"] for one in row["columns"] if one["name"] == "amount"]
    assert amounts == [7]
    assert (await server.look(path, json={"dialect": "unknown"})).status == 400


async def test_the_bins_of_a_connector_are_listed_piece_by_piece(server: BinServer) -> None:
    for name in ("alpha", "beta"):
        await ask(server.port, "POST /v1/bins", headers=SHOP, json={"name": name})

    first = (await ask(server.port, "GET /v1/bins?limit=2", headers=SHOP)).json
    rest = (await ask(server.port, f"GET /v1/bins?limit=2&cursor={first['cursor']}", headers=SHOP)).json

    assert [one["name"] for one in first["bins"]] == ["alpha", "beta"]
    assert ([one["name"] for one in rest["bins"]], "cursor" in rest) == (["mine"], False)
    assert (await ask(server.port, "GET /v1/bins", headers=OTHER)).json == {"bins": []}


@pytest.mark.parametrize(
    "line",
    [
        "GET /v1/bins/mine",
        "PUT /v1/bins/mine",
        "DELETE /v1/bins/mine/requests",
        "GET /v1/bins/mine/requests/1",
        "GET /v1/bins/mine/requests/1/raw",
        "GET /v1/bins/mine/requests/1/curl",
        "GET /v1/bins/mine/requests.har",
        "GET /v1/bins/mine/difference?before=1&after=1",
        "POST /v1/bins/mine/requests/1/verdict",
        "POST /v1/bins/mine/requests/1/preview",
    ],
)
async def test_nothing_of_it_is_anybody_elses_business(server: BinServer, line: str) -> None:
    await server.send(body=b"secret")
    bodies = {"verdict": {"scheme": "github", "secret": ""}, "preview": {"dialect": "raw"}}
    sent = bodies.get(line.rpartition("/")[2], {})

    for headers, status in (({}, 401), ({"accessToken": "tdb_forged"}, 404), (OTHER, 404)):
        answer = await ask(server.port, line, headers=headers, json=None if line.startswith(("GET", "DEL")) else sent)
        assert answer.status == status
        assert b"secret" not in answer.body
