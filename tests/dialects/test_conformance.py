"""What every dialect keeps to, shown on every sample."""

import json
from pathlib import Path

import pytest

from tidings.core.dialect import Dialect
from tidings.core.event import ANY, Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.dialects.discovery import discover

FOUND = discover()
GOLDEN = Path(__file__).parent / "golden"
PAIRS = [
    pytest.param(dialect, event, id=f"{dialect.name}-{event.type}")
    for dialect in FOUND.dialects.values()
    for event in FOUND.samples.values()
]
# What is told of runs has its places in ConnectReport's body, field by field (see test_connectreport_callback).
WHOLE = [
    pair for pair in PAIRS if not (str(pair.id).startswith("connectreport") and str(pair.id).endswith("ReportTask"))
]


def subscription_to(event: Event, *, context: str | None = "from the sample", object_id: str = "") -> Subscription:
    subject = event.subjects[0]
    return Subscription(
        id="9b2f6f0a-4d5c-4a38-8a8e-6f0c3b1d7e24",
        subject=Subject(subject.kind, object_id or subject.id),
        types=compile_types(["*"]),
        url="https://example.com/hook",
        context=context,
        format="",
        expires_at=event.at + 1,
    )


@pytest.mark.parametrize(("dialect", "event"), PAIRS)
def test_a_body_is_a_json_object_and_the_same_each_time(dialect: Dialect, event: Event) -> None:
    subscription = subscription_to(event)

    body = dialect.write(event, subscription)

    assert isinstance(json.loads(body), dict)
    assert dialect.write(event, subscription) == body


@pytest.mark.parametrize(("dialect", "event"), WHOLE)
def test_the_data_arrives_byte_for_byte_as_it_was_published(dialect: Dialect, event: Event) -> None:
    assert event.data in dialect.write(event, subscription_to(event))


@pytest.mark.parametrize(("dialect", "event"), PAIRS)
def test_a_webhook_without_context_and_one_on_everything_get_a_body_too(dialect: Dialect, event: Event) -> None:
    assert isinstance(json.loads(dialect.write(event, subscription_to(event, context=None, object_id=ANY))), dict)


@pytest.mark.parametrize("dialect", FOUND.dialects.values(), ids=FOUND.dialects)
def test_bodies_are_as_they_were_at_the_last_release(dialect: Dialect) -> None:
    """One line a sample. To change a form on purpose, change its golden file in the same commit."""
    written = [dialect.write(event, subscription_to(event)) for event in FOUND.samples.values()]

    assert written == (GOLDEN / f"{dialect.name}.ndjson").read_bytes().splitlines()


@pytest.mark.parametrize("dialect", FOUND.dialects.values(), ids=FOUND.dialects)
def test_a_dialect_says_that_it_writes_json(dialect: Dialect) -> None:
    assert dialect.content_type.endswith("json")


def test_every_default_is_a_dialect_that_is_there() -> None:
    assert set(FOUND.default_for.values()) <= set(FOUND.dialects)
    assert (FOUND.default_format("Action"), FOUND.default_format("Application")) == ("kaizala", "standard")
