"""What comes in is answered in one shape, right or wrong."""

import logging

import pytest

from tests.web.callers import SHOP
from tests.web.conversation import ask, request, talk
from tidings.core.errors import Unauthenticated
from tidings.core.json_text import LARGEST_BODY
from tidings.core.route import Call
from tidings.web import body as body_of_request
from tidings.web.login import caller_of

ECHO = "POST /v1/groups/g1/echo"
LOOSE = "POST /v1/groups/g1/loose?limit=1"
LANGUAGE = {"accept-language": "mr"}


async def test_a_route_is_given_what_was_sent_and_its_answer_is_told_as_json(port: int) -> None:
    answer = await ask(port, "POST //groups/g%401/echo/", headers=SHOP, json={"text": "ab", "times": 2})

    assert answer.status == 200
    assert answer.json == {"text": "abab", "who": "shop", "path": "g@1"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "header",
    [
        {"accessToken": "tdk_shop"},
        {"Authorization": "bearer tdk_shop"},
        {"ACCESSTOKEN": " tdk_shop "},
        {"X-API-KEY": "tdk_shop"},
        {"Authorization": "tdk_shop"},
    ],
)
async def test_a_token_may_come_in_any_of_the_headers(port: int, header: dict[str, str]) -> None:
    assert (await ask(port, ECHO, headers=header, json={"text": "a"})).status == 200


async def test_whoever_sends_no_token_is_told_where_to_put_it(port: int) -> None:
    answer = await ask(port, ECHO, json={"text": "a"})

    assert answer.status == 401
    assert answer.json == {
        "message": "Token missing. Header should have token as value of ACCESSTOKEN",
        "errorCode": "Unauthenticated",
        "errorCategoryKey": "AuthException",
    }
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    [
        {"accessToken": "forged"},
        {"authorization": "Bearer forged"},
        {"x-api-key": "forged"},
        {"authorization": "forged"},
    ],
)
async def test_a_forged_token_is_refused(port: int, header: dict[str, str]) -> None:
    answer = await ask(port, ECHO, headers=header, json={"text": "a"})

    assert (answer.status, answer.json["errorCode"]) == (401, "InvalidToken")


@pytest.mark.parametrize("kind", [{"content-type": "text/plain"}, {"contentType": "application/json"}, {}])
async def test_a_body_is_json_whatever_its_content_type_says(port: int, kind: dict[str, str]) -> None:
    for route in (ECHO, LOOSE):
        assert (await ask(port, route, headers={**SHOP, **kind}, body=b'{"text": "a"}')).status == 200


async def test_a_lenient_route_reads_what_json_net_read_and_others_do_not(port: int) -> None:
    sent = "{text:\u00a0'it\\'s',}".encode()

    loose = await ask(port, LOOSE, headers=SHOP, body=sent)
    strict = await ask(port, ECHO, headers=SHOP, body=sent)

    assert (loose.status, loose.json["text"]) == (200, "it's")
    assert (strict.status, strict.json["errorCode"]) == (400, "InvalidParameters")


async def test_what_even_a_lenient_route_cannot_read_is_refused_with_its_byte(port: int) -> None:
    answer = await ask(port, LOOSE, headers=SHOP, body=b"{'text': so}")

    assert (answer.status, answer.json["errorCode"]) == (400, "InvalidParameters")
    assert answer.json["message"] == "the body is not JSON: invalid character (byte 9)"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (b"[]", "the body: expected an object, not a list"),
        (b"{text: 5}", "text: expected a text, not a whole number"),
        (b"{'text': '\\ud800'}", "text: holds a NUL character or a lone surrogate"),
        (b"{text:" * 100, "nested deeper"),
        (b"{'text': '\xff'}", "not UTF-8"),
    ],
)
async def test_a_lenient_route_guards_like_any_other(port: int, *, body: bytes, words: str) -> None:
    answer = await ask(port, LOOSE, headers=SHOP, body=body)

    assert answer.status == 400
    assert words in answer.json["message"]


@pytest.mark.parametrize(
    "query", ["limit=7&showDetails=true", "LIMIT=7&showdetails=true", "Limit=1&limit=7&SHOWDETAILS=true"]
)
async def test_a_lenient_route_finds_names_in_a_query_in_any_case(port: int, query: str) -> None:
    answer = await ask(port, f"POST /v1/groups/g1/loose?{query}", headers=SHOP, json={"text": "a"})

    assert answer.json == {"text": "a", "showDetails": "true", "limit": "7"}


async def test_a_lenient_route_checks_its_parameters_in_any_case(port: int) -> None:
    missing = await ask(port, "POST /v1/groups/g1/loose", headers=SHOP, json={"text": "a"})
    wrong = await ask(port, "POST /v1/groups/g1/loose?LIMIT=x", headers=SHOP, json={"text": "a"})

    assert missing.json["message"] == "limit: is missing; send it in the query"
    assert wrong.json["message"].startswith("limit: ")


async def test_a_get_may_carry_a_body_that_nobody_reads(port: int) -> None:
    for body in (b"{}", b"", b"not JSON"):
        assert (await ask(port, "GET /v1/address", headers=LANGUAGE, body=body)).status == 200


@pytest.mark.parametrize("header", ["Basic tdk_shop", "Bearer", "Basic", "Token tdk_shop"])
async def test_another_scheme_or_a_scheme_alone_is_no_token(port: int, header: str) -> None:
    answer = await ask(port, ECHO, headers={"authorization": header}, json={"text": "a"})

    assert (answer.status, answer.json["errorCode"]) == (401, "Unauthenticated")


async def test_a_token_without_the_scope_is_told_which_one_it_needs(port: int) -> None:
    answer = await ask(port, ECHO, headers={"accessToken": "tdk_reader"}, json={"text": "a"})

    assert answer.status == 403
    assert answer.json["errorCategoryKey"] == "AuthException"
    assert "'publish'" in answer.json["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body is empty"),
        (b" \n", "the body is empty"),
        (b"{", "is not JSON"),
        (b"[]", "the body: expected an object, not a list"),
        (b"{}", "text: is missing; send it"),
        (b'{"text": 5}', "text: expected a text, not a whole number"),
        (b'{"text": "a", "times": 4}', "times: expected a whole number of at most 3"),
        (b'{"text": "\\u0000"}', "text: holds a NUL"),
        (b'{"text": "\\ud800"}', "text: holds a NUL character or a lone surrogate"),
        (b"[" * 100_000, "nested deeper"),
        (b'{"text": "\xff"}', "not UTF-8"),
    ],
)
async def test_a_body_that_is_wrong_is_refused_with_the_field_and_what_was_expected(
    port: int, *, body: bytes, words: str
) -> None:
    answer = await ask(port, ECHO, headers=SHOP, body=body)

    assert (answer.status, answer.json["errorCode"]) == (400, "InvalidParameters")
    assert answer.json["errorCategoryKey"] == "ServiceException"
    assert words in answer.json["message"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=many", "limit: "),
        ("limit=0", "limit: this is less than the minimum of 1"),
        ("share=half", "share: "),
        ("all=perhaps", "all: "),
        ("limit=%00", "NUL"),
    ],
)
async def test_a_parameter_that_is_wrong_is_refused_by_name(port: int, *, query: str, words: str) -> None:
    answer = await ask(port, f"GET /v1/address?{query}", headers=LANGUAGE)

    assert answer.status == 400
    assert words in answer.json["message"]


async def test_a_parameter_that_is_required_must_be_there(port: int) -> None:
    answer = await ask(port, "GET /v1/address")

    assert answer.json["message"] == "accept-language: is missing; send it in the header"


async def test_parameters_that_are_right_and_ones_that_nobody_reads_are_let_through(port: int) -> None:
    answer = await ask(port, "GET /v1/address?limit=9&share=0.5&all=TRUE&x=y", headers=LANGUAGE)

    assert answer.json == {"address": "127.0.0.1", "limit": "9", "language": "mr"}


async def test_a_trusted_proxy_says_where_the_caller_is(port: int) -> None:
    answer = await ask(port, "GET /v1/address", headers={**LANGUAGE, "x-forwarded-for": "198.51.100.7"})

    assert answer.json["address"] == "198.51.100.7"


async def test_an_unknown_path_is_404_and_says_where_to_look(port: int) -> None:
    answer = await ask(port, "GET /v2/nothing")

    assert (answer.status, answer.json["errorCode"]) == (404, "NotFound")
    assert "/openapi.json" in answer.json["message"]


async def test_a_method_that_is_not_possible_is_405_and_says_which_are(port: int) -> None:
    answer = await ask(port, "PATCH /v1/address")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_the_head_of_what_can_be_got_can_be_asked_for(port: int) -> None:
    whole, head = (
        await ask(port, "GET /v1/address", headers=LANGUAGE),
        await ask(port, "HEAD /v1/address", headers=LANGUAGE),
    )

    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]


async def test_an_error_tells_its_details_and_when_to_come_back(port: int) -> None:
    conflict = await ask(port, "GET /v1/fail/conflict")
    throttled = await ask(port, "GET /v1/fail/throttled")
    unavailable = await ask(port, "GET /v1/fail/unavailable")

    assert (conflict.status, conflict.json["details"]) == (409, {"id": "7"})
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "7")
    assert (unavailable.status, unavailable.headers["retry-after"]) == (503, "2")


async def test_a_fault_of_ours_is_500_with_an_id_that_the_log_knows_and_nothing_else(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await ask(port, "GET /v1/fail/bug")

    assert (answer.status, answer.json["errorCode"]) == (500, "ServiceException")
    assert "secret" not in answer.body.decode()
    assert answer.json["details"]["id"] in caplog.text


async def test_a_body_that_is_too_large_is_413(port: int) -> None:
    answer = await ask(port, ECHO, headers=SHOP, body=b'{"text": "' + b"a" * LARGEST_BODY + b'"}')

    assert (answer.status, answer.json["errorCode"]) == (413, "TooLarge")


async def test_a_body_in_chunks_is_measured_as_it_comes(port: int) -> None:
    async with talk(port) as conversation:
        await conversation.say(request(ECHO, headers={**SHOP, "transfer-encoding": "chunked"}))
        for _ in range(3):
            await conversation.say(b"80000\r\n" + b" " * 0x80000 + b"\r\n")
        await conversation.say(b"0\r\n\r\n")

        assert (await conversation.hear()).status == 413


async def test_a_body_of_just_the_largest_size_is_read(port: int) -> None:
    body = b'{"text": "' + b"a" * (LARGEST_BODY - 12) + b'"}'

    assert (await ask(port, ECHO, headers=SHOP, body=body)).status == 200


@pytest.mark.parametrize("more", [{"expect": "100-continue"}, {}])
async def test_a_body_that_announces_far_too_much_is_refused_before_it_is_sent(port: int, more: dict[str, str]) -> None:
    answer = await ask(port, ECHO, headers={**SHOP, "content-length": "99999999999", **more})

    assert answer.status == 413


async def test_a_body_that_goes_on_for_ever_is_broken_off(port: int) -> None:
    async with talk(port) as conversation:
        await conversation.say(request(ECHO, headers={**SHOP, "transfer-encoding": "chunked"}))
        chunk = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"

        for _ in range(10):
            await conversation.say(chunk)
        answer = await conversation.hear()

        assert answer.status == 413


async def test_a_client_that_hangs_up_in_the_middle_of_its_body_does_no_harm(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with talk(port) as conversation:
        await conversation.say(request(ECHO, headers={**SHOP, "content-length": "100"}) + b"{")

    assert (await ask(port, ECHO, headers=SHOP, json={"text": "a"})).status == 200
    assert caplog.records == []


async def test_browser_programs_of_any_origin_may_call(port: int) -> None:
    preflight = await ask(
        port,
        ECHO.replace("POST", "OPTIONS"),
        headers={
            "origin": "https://app.example.com",
            "access-control-request-method": "POST",
            "access-control-request-headers": "accesstoken,applicationid,applicationsecret,refreshtoken,x-csrf-token",
        },
    )
    answer = await ask(port, ECHO, headers={**SHOP, "origin": "https://app.example.com"}, json={"text": "a"})

    assert preflight.status == 200
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_body_that_does_not_arrive_in_time_is_408(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_of_request, "SLOWEST_BODY_S", 0.05)
    async with talk(port) as conversation:
        await conversation.say(request(ECHO, headers={**SHOP, "content-length": "100"}) + b"{")
        answer = await conversation.hear()

        assert (answer.status, answer.json["errorCode"]) == (408, "Timeout")
        assert await conversation.is_closed()


def test_a_call_without_a_caller_ends_where_one_is_needed() -> None:
    with pytest.raises(Unauthenticated, match="Token missing"):
        caller_of(Call(caller=None))
