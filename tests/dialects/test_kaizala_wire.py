"""Requests are read as leniently as Kaizala read them, and refused with the field's name."""

import json
from enum import StrEnum
from typing import Annotated, Any, Literal

import jsonschema_rs
import msgspec
import pytest

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.account import Login
from tidings.dialects.kaizala.wire.lenient import Flag, Number, Wire, body_of, is_true, read
from tidings.dialects.kaizala.wire.webhook import NewWebhook, WebhookChanges


class Inner(Wire, frozen=True, kw_only=True):
    user: str = ""


class Shape(Wire, frozen=True, kw_only=True):
    call_back_url: str
    event_types: tuple[str, ...] = ()
    active: Flag | None = None
    validity: Number | None = None
    headers: dict[str, str] | None = None
    inner: Inner | None = None


class Kind(StrEnum):
    TEXT = "Text"
    SINGLE_OPTION = "SingleOption"


class Choice(Wire, frozen=True, kw_only=True):
    title: str


class Query(Wire, frozen=True, kw_only=True):
    title: str
    type: Kind = Kind.TEXT
    is_invisible: Flag = False
    options: tuple[Choice, ...] = ()


class Form(Wire, frozen=True, kw_only=True):
    questions: Annotated[list[Query], msgspec.Meta(max_length=9)]
    place: Choice | list[Choice] | str | None = None
    by_name: dict[str, Choice] | None = None
    then: "Form | None" = None
    shown: Literal["All", "Sender"] = "All"


class Posted(Wire, frozen=True, kw_only=True):
    action_body: Form


def form(**fields: Any) -> Form:  # noqa: ANN401 - any JSON
    return read(Posted, {"ACTIONBODY": {"Questions": [], **fields}}).action_body


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
        ({}, "^callBackUrl: is missing; send it$"),
        ({"callbackurl": 1}, "^callBackUrl: expected a text, not a whole number$"),
        ({"callBackUrl": "u", "eventTypes": ["a", 2]}, r"^eventTypes\[1\]: expected a text, not a whole number$"),
        ({"callBackUrl": "u", "eventTypes": "MemberAdded"}, "^eventTypes: expected a list, not a text$"),
        ({"callBackUrl": "u", "ACTIVE": "yes"}, "^active: expected true or false$"),
        ({"callBackUrl": "u", "active": 1}, "^active: expected true or false or a text, not a whole number$"),
        ({"callBackUrl": "u", "validity": "soon"}, "^validity: expected a number$"),
        ({"callBackUrl": "u", "headers": {"a": 1}}, r"^headers\[...\]: expected a text, not a whole number$"),
        ({"callBackUrl": "u", "inner": {"user": []}}, "^inner.user: expected a text, not a list$"),
    ],
)
def test_a_known_field_of_a_wrong_type_is_refused_by_its_name(body: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=message):
        read(Shape, body)


def test_discrepancy_17_names_count_in_any_case_at_every_depth() -> None:
    questions = [{"Title": "Which?", "TYPE": "SingleOption", "Isinvisible": "True", "OPTIONS": [{"TITLE": "This"}]}]

    assert form(questions=questions).questions == [
        Query(title="Which?", type=Kind.SINGLE_OPTION, is_invisible="True", options=(Choice(title="This"),))
    ]


def test_names_count_in_any_case_in_whatever_holds_them() -> None:
    assert form(Place={"Title": "a"}).place == Choice(title="a")
    assert form(Place=[{"Title": "a"}]).place == [Choice(title="a")]
    assert form(Place="a").place == "a"
    assert form(ByName={"A": {"Title": "a"}}).by_name == {"A": Choice(title="a")}
    assert form(Then={"Questions": [{"Title": "a"}]}).then == Form(questions=[Query(title="a")])


def test_null_is_absent_and_unknown_fields_are_left_alone_at_every_depth() -> None:
    assert form(questions=[{"title": "a", "type": None, "Surprise": None}]).questions == [Query(title="a")]


@pytest.mark.parametrize("word", ["SingleOption", "singleoption", "SINGLEOPTION"])
def test_a_word_out_of_a_list_counts_in_any_case(word: str) -> None:
    assert form(questions=[{"title": "a", "type": word}]).questions[0].type is Kind.SINGLE_OPTION
    assert form(Shown="sender").shown == "Sender"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Questions": {}}, "actionBody.questions: expected a list, not an object$"),
        ({"Questions": [{"Title": "a"}, "b"]}, r"actionBody.questions\[1\]: expected an object, not a text$"),
        ({"Questions": [{"Title": "a", "Type": "none"}]}, r"actionBody.questions\[0\].type: expected one of Text, Si"),
        ({"Questions": [{"Title": "a", "Type": 3}]}, r"actionBody.questions\[0\].type: expected a text, not a whole "),
        ({"Questions": [{"Title": "a", "Options": [{}]}]}, r"actionBody.questions\[0\].options\[0\].title: is miss"),
        ({"ByName": [1]}, "actionBody.byName: expected an object"),
        ({"Place": 5}, "actionBody.place: expected"),
        ({"Shown": "nobody"}, "actionBody.shown: expected one of "),
    ],
)
def test_what_is_wrong_deep_inside_is_refused_with_its_path(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Invalid, match=f"^{message}"):
        form(**fields)


WEBHOOK = {"objectId": "g", "objectType": "Group", "eventTypes": ["MemberAdded"], "callBackUrl": "https://example.com/"}


@pytest.mark.parametrize(
    "names", ["callBackUrl callBackToken callBackContext", "CallbackUrl callbackToken CALLBACKCONTEXT"]
)
def test_discrepancies_1_and_2_callback_is_spelled_in_any_case(names: str) -> None:
    url, token, context = names.split()

    asked = read(WebhookChanges, {url: "https://example.com/", token: "t", context: "c"})

    assert (asked.call_back_url, asked.call_back_token, asked.call_back_context) == ("https://example.com/", "t", "c")


def test_discrepancy_3_event_types_may_be_sent_as_events() -> None:
    sent = {"events" if name == "eventTypes" else name: value for name, value in WEBHOOK.items()}

    assert read(NewWebhook, sent) == read(NewWebhook, WEBHOOK)


@pytest.mark.parametrize("validity", ["1568605416", 1568605416, "1568605416000", 1568605416000])
def test_discrepancy_11_validity_is_text_or_number_seconds_or_milliseconds(validity: str | int) -> None:
    assert read(NewWebhook, {**WEBHOOK, "Validity": validity}).terms("Group").expires_at == 1568605416000


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
