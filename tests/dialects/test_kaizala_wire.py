"""Requests are read as leniently as Kaizala read them, and refused with the field's name."""

import json
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.account import Login
from tidings.dialects.kaizala.wire.lenient import Flag, Number, Wire, body_of, is_true, read


class Inner(Wire, frozen=True, kw_only=True):
    user: str = ""


class Shape(Wire, frozen=True, kw_only=True):
    call_back_url: str
    event_types: tuple[str, ...] = ()
    active: Flag | None = None
    validity: Number | None = None
    headers: dict[str, str] | None = None
    inner: Inner | None = None


@pytest.mark.parametrize("name", ["callBackUrl", "callbackUrl", "CallbackUrl", "CALLBACKURL"])
def test_names_count_in_any_case(name: str) -> None:
    assert read(Shape, {name: "u"}).call_back_url == "u"


@pytest.mark.parametrize("name", ["eventTypes", "EventTypes", "events", "Events"])
def test_event_types_may_be_called_events_as_the_list_of_webhooks_calls_them(name: str) -> None:
    assert read(Shape, {"callBackUrl": "u", name: ["MemberAdded"]}).event_types == ("MemberAdded",)


def test_the_alias_is_unknown_where_there_are_no_event_types() -> None:
    assert read(Inner, {"events": 1}) == Inner()


def test_null_is_absent_and_unknown_fields_are_left_alone() -> None:
    assert read(Shape, {"callBackUrl": "u", "validity": None, "surprise": {"a": 1}}) == Shape(call_back_url="u")


@pytest.mark.parametrize(
    ("flag", "said"),
    [(True, True), (False, False), ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False)],
)
def test_a_truth_value_may_be_text(*, flag: bool | str, said: bool) -> None:
    active = read(Shape, {"callBackUrl": "u", "Active": flag}).active

    assert active is not None
    assert is_true(active) is said


@pytest.mark.parametrize("number", [1568605416677, "1568605416677", 1568605416677.0])
def test_a_number_may_be_text(number: float | str) -> None:
    validity = read(Shape, {"callBackUrl": "u", "validity": number}).validity

    assert validity is not None
    assert float(validity) == 1568605416677


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the body: Object missing required field `callBackUrl`"),
        ({"callbackurl": 1}, "callBackUrl: Expected `str`, got `int`"),
        ({"callBackUrl": "u", "eventTypes": ["a", 2]}, r"eventTypes\[1\]: Expected `str`, got `int`"),
        ({"callBackUrl": "u", "eventTypes": "MemberAdded"}, "eventTypes: Expected `array`, got `str`"),
        ({"callBackUrl": "u", "ACTIVE": "yes"}, "active: Expected `str` matching regex"),
        ({"callBackUrl": "u", "active": 1}, r"active: Expected `bool \| str \| null`, got `int`"),
        ({"callBackUrl": "u", "validity": "soon"}, "validity: Expected `str` matching regex"),
        ({"callBackUrl": "u", "headers": {"a": 1}}, r"headers\[...\]: Expected `str`, got `int`"),
        ({"callBackUrl": "u", "inner": {"user": []}}, "inner.user: Expected `str`, got `array`"),
    ],
)
def test_a_known_field_of_a_wrong_type_is_refused_by_its_name(body: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(Shape, body)


@pytest.mark.parametrize("pin", [12345, "012345"])
def test_a_pin_that_was_sent_as_a_number_gets_its_zeros_back(pin: int | str) -> None:
    login = read(Login, {"mobileNumber": "+910000000001", "applicationId": "a", "PIN": pin})

    assert login.digits == "012345"
    assert "12345" not in repr(login)


@pytest.mark.parametrize("pin", [1_000_000, -1, "12345", "1234567", "12345x", 1.5])
def test_what_cannot_be_a_pin_is_refused(pin: object) -> None:
    with pytest.raises(Invalid, match="pin"):
        read(Login, {"mobileNumber": "+910000000001", "applicationId": "a", "pin": pin})


def test_a_body_is_decoded_as_any_object_and_described_as_its_shape() -> None:
    body = body_of(Shape)
    schema = msgspec.json.schema(body)
    validator = jsonschema_rs.validator_for(schema)

    assert msgspec.json.decode(b'{"CALLBACKURL":1}', type=body) == {"CALLBACKURL": 1}
    assert "$ref" not in json.dumps(schema)
    assert schema["required"] == ["callBackUrl"]
    assert validator.is_valid({"callBackUrl": "u", "active": "True", "validity": "17", "inner": {"user": "a"}})
    assert validator.is_valid({"callBackUrl": "u", "active": None, "validity": 17})
    assert not validator.is_valid({"callBackUrl": "u", "active": "yes"})
