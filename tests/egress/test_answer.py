"""Answers: outcome by status, and how long Retry-After asks to wait."""

import pytest

from tidings.egress.answer import Answer, Outcome, outcome_of, retry_after_ms
from tidings.testing.clock import START


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK), (204, Outcome.OK), (299, Outcome.OK),
        (300, Outcome.REFUSED), (302, Outcome.REFUSED), (404, Outcome.REFUSED), (599, Outcome.REFUSED),
        (410, Outcome.GONE),
    ],
)  # fmt: skip
def test_the_status_gives_the_outcome(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome


@pytest.mark.parametrize(
    ("text", "wait_ms"),
    [
        ("120", 120_000),
        (" 7 ", 7_000),
        ("0", 0),
        ("9" * 5_000, 9_999_999_999_000),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120_000),
        ("Thu, 01 Jan 2026 00:02:00 -0000", 120_000),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("Thu, 01 Jan 99999 00:00:00 GMT", 0),
        ("soon", 0),
        ("-1", 0),
        ("1.5", 0),
        ("\u0663", 0),
        ("", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wait_ms: int) -> None:
    assert retry_after_ms((("server", "x"), ("retry-after", text)), START) == wait_ms


def test_without_retry_after_there_is_nothing_to_wait_for() -> None:
    assert retry_after_ms((("server", "x"),), START) == 0


def test_nothing_secret_is_in_the_repr() -> None:
    answer = Answer(outcome=Outcome.OK, status=200, headers=(("x-a", "secret"),), body=b"secret")

    assert repr(answer) == "Answer(ok, status=200)"
