"""What a subscriber may ask for: each field's bounds, what it becomes, and how a refusal names it."""

from dataclasses import replace
from pathlib import Path

import pytest

from tidings.core.clock import DAY, MINUTE, SECOND
from tidings.core.errors import Invalid
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.schedule import parse_schedule
from tidings.core.secret import Secret
from tidings.core.subscription import Subscription
from tidings.outbox.terms import FASTEST_RATE, LONGEST_TEXT, MOST_HEADERS, SLOWEST_RATE, Terms, agree
from tidings.testing.authority import Authority

NOW = 1_767_225_600_000
FORMATS = ("standard", "raw")
BEFORE = Subscription(
    number=1,
    id="w-1",
    subject=Subject("Application", "orders"),
    types=compile_types(["*"]),
    url="https://example.com/",
    token=Secret("before"),
    basic_auth=Secret("ada:before"),
    client_certificate=Secret("before"),
    schedule=parse_schedule("1m"),
    order_key="data.id",
    rate=2.0,
    format="standard",
    expires_at=NOW + DAY,
)


def agreed(**terms: object) -> Subscription:
    return agree(BEFORE, Terms(**terms), now=NOW, formats=FORMATS)  # type: ignore[arg-type]  # the test names real terms


def test_what_is_not_asked_for_stays() -> None:
    assert agreed() == BEFORE


@pytest.mark.parametrize(
    ("terms", "field", "becomes"),
    [
        ({"types": ("order.*",)}, "types", compile_types(["order.*"])),
        ({"url": "https://example.org/"}, "url", "https://example.org/"),
        ({"token": "sesame"}, "token", Secret("sesame")),
        ({"token": ""}, "token", None),
        ({"context": "a" * LONGEST_TEXT}, "context", "a" * LONGEST_TEXT),
        ({"expires_at": NOW + 1}, "expires_at", NOW + 1),
        ({"format": "raw"}, "format", "raw"),
        ({"headers": {"x-team": "red", "x-also": "ü"}}, "headers", (("x-team", "red"), ("x-also", "ü"))),
        ({"headers": {f"x-{n}": "" for n in range(MOST_HEADERS)}}, "headers", tuple((f"x-{n}", "") for n in range(20))),
        ({"headers": {}}, "headers", ()),
        ({"basic_auth": "ada:pass:word"}, "basic_auth", Secret("ada:pass:word")),
        ({"basic_auth": ""}, "basic_auth", None),
        ({"client_certificate": ""}, "client_certificate", None),
        ({"schedule": "1s,2m"}, "schedule", parse_schedule("1s,2m")),
        ({"schedule": ""}, "schedule", None),
        ({"timeout_ms": SECOND}, "timeout_ms", SECOND),
        ({"timeout_ms": MINUTE}, "timeout_ms", MINUTE),
        ({"rate": 0.0}, "rate", 0.0),
        ({"rate": SLOWEST_RATE}, "rate", SLOWEST_RATE),
        ({"rate": FASTEST_RATE}, "rate", FASTEST_RATE),
        ({"order_key": "data.customer"}, "order_key", "data.customer"),
        ({"order_key": ""}, "order_key", None),
        ({"is_ordered": True}, "order_key", ""),
        ({"is_ordered": False}, "order_key", None),
        ({"is_ordered": True, "order_key": "data.customer"}, "order_key", "data.customer"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_asked_for_becomes(terms: dict[str, object], field: str, becomes: object) -> None:
    assert agreed(**terms) == replace(BEFORE, **{field: becomes})  # type: ignore[arg-type]  # the table names real fields


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"types": ()}, "eventTypes: name at least one"),
        ({"types": ("order.*", "two words")}, r"eventTypes\[1\]"),
        ({"url": "https://example.com/" + "a" * LONGEST_TEXT}, "callBackUrl: has 4116 characters"),
        ({"token": "a" * (LONGEST_TEXT + 1)}, "callBackToken: has 4097"),
        ({"token": "a\nb"}, "kz-callback-token"),
        ({"context": "a" * (LONGEST_TEXT + 1)}, "callBackContext: has 4097"),
        ({"expires_at": NOW}, "validity: lies in the past"),
        ({"format": "xml"}, "format: 'xml' is not known; use one of raw, standard"),
        ({"headers": {f"x-{n}": "" for n in range(MOST_HEADERS + 1)}}, "callBackHeaders: has 21"),
        ({"headers": {"Content-Type": "a"}}, "Content-Type is set by Tidings"),
        ({"headers": {"Authorization": "a"}}, "Authorization is set by Tidings"),
        ({"headers": {"Webhook-Id": "a"}}, "Webhook-Id is set by Tidings"),
        ({"headers": {"tidings-event-id": "a"}}, "tidings-event-id is set by Tidings"),
        ({"headers": {"ce-id": "a"}}, "ce-id is set by Tidings"),
        ({"headers": {"Content-Length": "1"}}, "Content-Length"),
        ({"headers": {"x team": "a"}}, "x team"),
        ({"headers": {"x-team": "a\r\nx-b: c"}}, "x-team"),
        ({"headers": {"x-team": "a" * (LONGEST_TEXT + 1)}}, "callBackHeaders.x-team: has 4097"),
        ({"basic_auth": "ada"}, "basicAuth: give a user and a password"),
        ({"basic_auth": "ada:" + "a" * LONGEST_TEXT}, "basicAuth: has 4100"),
        ({"client_certificate": "not one"}, "certificate"),
        ({"schedule": "soon"}, "schedule: 'soon' is not a duration"),
        ({"timeout_ms": SECOND - 1}, "timeout: must be between 1s and 60s"),
        ({"timeout_ms": MINUTE + 1}, "timeout: must be between 1s and 60s"),
        ({"rate": SLOWEST_RATE / 2}, "rateLimit: must be 0 for none"),
        ({"rate": FASTEST_RATE + 1}, "rateLimit"),
        ({"rate": -1.0}, "rateLimit"),
        ({"rate": float("nan")}, "rateLimit"),
        ({"order_key": "data..id"}, "orderKey"),
        ({"filters": [{"path": "data.amount", "op": "near"}]}, "filters"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_refusal_names_the_field(terms: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        agreed(**terms)


def test_filters_are_compiled() -> None:
    raw = [{"path": "data.amount", "op": "gt", "value": 10}]

    filters = agreed(filters=raw).filters

    assert filters is not None
    assert filters.raw == raw


def test_a_client_certificate_with_its_key_is_accepted(tmp_path: Path) -> None:
    pem = Authority(tmp_path).issue("shop", is_client=True).pem

    assert agreed(client_certificate=pem).client_certificate == Secret(pem)


def test_no_secret_is_shown_by_a_refusal() -> None:
    with pytest.raises(Invalid) as refusal:
        agreed(token="sesame\n")

    assert "sesame" not in refusal.value.message
