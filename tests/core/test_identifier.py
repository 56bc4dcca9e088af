"""What identifiers look like outside, and that they come back whole."""

import uuid

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given

from tidings.core.identifier import identifier_at, inside, instant_of, outside

EVENTS = st.integers(0, 2**63 - 1)
SUBSCRIPTIONS = st.integers(0, 2**54 - 1)


@given(event=EVENTS, subscription=SUBSCRIPTIONS)
def test_an_identifier_comes_back_whole(event: int, subscription: int) -> None:
    shown = outside(event, subscription)

    assert inside(shown) == (event, subscription)
    assert inside(shown.upper()) == (event, subscription)
    assert inside(outside(event)) == (event, 0)


@given(event=EVENTS, subscription=SUBSCRIPTIONS)
def test_an_identifier_is_a_uuid_of_version_7_in_its_usual_spelling(event: int, subscription: int) -> None:
    shown = outside(event, subscription)

    assert str(uuid.UUID(shown)) == shown
    assert uuid.UUID(shown).version == 7
    assert uuid.UUID(shown).variant == uuid.RFC_4122
    assert "." not in shown


@given(one=EVENTS, other=EVENTS, subscription=SUBSCRIPTIONS)
def test_the_order_of_identifiers_is_kept_outside(one: int, other: int, subscription: int) -> None:
    assert (one < other) == (outside(one, subscription) < outside(other, subscription))


@given(event=EVENTS, one=SUBSCRIPTIONS, other=SUBSCRIPTIONS)
def test_deliveries_of_one_event_differ_between_webhooks(event: int, one: int, other: int) -> None:
    assume(one != other)

    assert outside(event, one) != outside(event, other)


@given(instant=st.integers(0, 2**43 - 1), sequence=st.integers(0, 2**20 - 1))
def test_an_identifier_tells_when_it_was_made(instant: int, sequence: int) -> None:
    assert instant_of(identifier_at(instant) + sequence) == instant
    assert identifier_at(instant) <= identifier_at(instant) + sequence < identifier_at(instant + 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("order-1", id="no UUID"),
        pytest.param("0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b", id="a UUID of version 4"),
        pytest.param("0190a1b2-c3d4-7e5f-ca6b-7c8d9e0f1a2b", id="a UUID of another variant"),
        pytest.param("ffffffff-ffff-7fff-bfff-ffffffffffff", id="a time that no database can hold"),
        pytest.param("08000000-0000-7000-8000-000000000000", id="the first such time"),
    ],
)
def test_what_no_identifier_can_be_is_none(text: str) -> None:
    assert inside(text) is None
