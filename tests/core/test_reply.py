"""What a bin may be told to answer is harmless, whoever tells it."""

import msgspec
import pytest

from tidings.core.errors import Invalid
from tidings.core.reply import LARGEST_REPLY, Replies, Reply, must_be_harmless


@pytest.mark.parametrize(
    "name",
    [
        "set-cookie", "Set-Cookie", "set-cookie2", "connection", "transfer-encoding", "content-length", "location",
        "refresh", "x-accel-redirect", "x-sendfile", "content-security-policy", "www-authenticate", "clear-site-data",
        "strict-transport-security", "access-control-allow-origin", "link", "", "a b", "x-bin-\r\nset-cookie",
    ],
)  # fmt: skip
def test_a_header_that_is_not_known_to_be_harmless_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="reply"):
        must_be_harmless(Replies(reply=Reply(headers=((name, "a"),))))


@pytest.mark.parametrize("value", ["", " a", "a\r\nset-cookie: b", "a\x00", "ā", "a" * 1_025])
def test_a_value_that_is_no_single_line_is_refused(value: str) -> None:
    with pytest.raises(Invalid, match="one line"):
        must_be_harmless(Replies(by_method={"POST": Reply(headers=(("retry-after", value),))}))


def test_what_is_harmless_and_short_is_taken() -> None:
    headers = (("Retry-After", "30"), ("X-RateLimit-Limit", "10"), ("content-type", "text/html"), ("x-bin-a", "é b"))

    must_be_harmless(Replies(reply=Reply(headers=headers), by_method={"GET": Reply(status=404)}))


@pytest.mark.parametrize(
    "replies",
    [
        Replies(reply=Reply(body="é" * (LARGEST_REPLY // 2 + 1))),
        Replies(reply=Reply(headers=(("etag", "a"),) * 21)),
        Replies(by_method={"post": Reply()}),
        Replies(by_method={f"M{chr(65 + one)}": Reply() for one in range(11)}),
    ],
)
def test_too_much_and_methods_that_are_none_are_refused(replies: Replies) -> None:
    with pytest.raises(Invalid):
        must_be_harmless(replies)


@pytest.mark.parametrize(
    "text",
    [
        '{"status":199}',
        '{"status":600}',
        '{"delayMs":30001}',
        '{"delayMs":-1}',
        '{"failureRate":1.1}',
        '{"forward":"a"}',
    ],
)
def test_numbers_out_of_bounds_and_fields_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Reply)


def test_each_method_has_its_own_reply_or_the_common_one() -> None:
    replies = Replies(reply=Reply(status=202), by_method={"GET": Reply(status=404)})

    assert [replies.to(method).status for method in ("GET", "POST")] == [404, 202]


def test_a_reply_fails_as_often_as_it_was_told_and_is_held_back_all_the_same() -> None:
    reply = Reply(failure_rate=0.25, delay_ms=7)

    assert [reply.drawn(chance).status for chance in (0, 0.249, 0.25, 0.999)] == [500, 500, 200, 200]
    assert reply.drawn(0).delay_ms == 7


def test_a_status_that_has_no_body_sends_none() -> None:
    assert [Reply(status=status).content for status in (200, 204, 304)] == [b"kept\n", b"", b""]
