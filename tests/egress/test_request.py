"""Requests as bytes: what frames them is ours alone."""

import pytest

from tidings.core.errors import Invalid
from tidings.egress.request import OUR_OWN, Request, check_header, prefix, render
from tidings.egress.url import parse

SHARED = prefix(parse("https://example.com:8443/a?b"), user_agent="Tidings/1")


def test_a_post_is_one_piece_with_its_length() -> None:
    request = Request(url="", headers=[("content-type", "text/plain"), ("x-n", "\u00e9")], body=b"hello", timeout_ms=1)

    assert render(request, SHARED) == (
        b"POST /a?b HTTP/1.1\r\nhost: example.com:8443\r\nuser-agent: Tidings/1\r\naccept: */*\r\n"
        b"accept-encoding: identity\r\ncontent-type: text/plain\r\nx-n: \xc3\xa9\r\ncontent-length: 5\r\n\r\nhello"
    )


def test_a_get_has_no_length() -> None:
    rendered = render(Request(url="", method="GET", timeout_ms=1), SHARED)

    assert rendered.startswith(b"GET /a?b HTTP/1.1\r\n")
    assert rendered.endswith(b"accept-encoding: identity\r\n\r\n")


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\rb", "a\0b"])
def test_a_value_that_could_be_read_as_two_headers_is_not_sent(value: str) -> None:
    with pytest.raises(Invalid, match="line break"):
        render(Request(url="", headers=[("x-a", value)], timeout_ms=1), SHARED)
    with pytest.raises(Invalid, match="x-a's value contains a control character"):
        check_header("x-a", value)


@pytest.mark.parametrize("name", [*sorted(OUR_OWN), "Content-Length", "HOST"])
def test_what_frames_a_request_cannot_be_set(name: str) -> None:
    with pytest.raises(Invalid, match="is set by the sender itself"):
        check_header(name, "1")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "\u00e9"])
def test_a_name_that_is_not_a_token_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is not the name of a header"):
        render(Request(url="", headers=[(name, "1")], timeout_ms=1), SHARED)


def test_ordinary_headers_are_accepted() -> None:
    check_header("X-Api_Key.1", "tab\tand \u00e9")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(Invalid, match="half a character"):
        check_header("x-a", "\ud800")


def test_nothing_secret_is_in_the_repr() -> None:
    request = Request(url="https://example.com/secret", headers=[("x-a", "secret")], body=b"secret", timeout_ms=1)

    assert repr(request) == "Request(POST)"
