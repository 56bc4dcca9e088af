"""What Kaizala's callbacks say, laid flat: the order form of the specification, and what is not as it should be."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.test_conformance import subscription_to
from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.event import Subject
from tidings.core.receipt import Receipt
from tidings.core.row import Cell, Change, Family, Row, Shape
from tidings.core.secret import Secret
from tidings.dialects.discovery import SAMPLE_AT, discover
from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.dialects.kaizala.rows.reader import KaizalaReader
from tidings.dialects.kaizala.rows.received import MOST
from tidings.tables.tables import Tables, open_tables

READER = KaizalaReader()
SAMPLES = discover().samples
AT = SAMPLE_AT
GROUP = "af461a3c-49cf-47cf-8000-83b5d348318d"
RESPONSE = "75609730-f5d2-4f07-8000-ccca96dd9e76"

Json = dict[str, Any]


def question(title: object, kind: object = "Text", **rest: object) -> Json:
    return {"title": title, "type": kind, "options": [], **rest}


# "Integrating Kaizala data to your existing dashboards", its sample to the letter but for the names.
ORDER_FORM = [
    question("Retailer Outlet", "SingleOption", answer=["ABC Traders"]),
    question("Rice 1KG", "Numeric", answer=1.0),
    question("Rice 5KG", "Numeric", answer=2.0),
    question("Mixed Fruit Juice 250ml", "Numeric", answer=4.0),
    question("Location", "Location", answer={"lt": 99.1234567, "lg": 88.1234567, "n": "FooAddress"}),
]


def response(questions: Sequence[Json], **data: object) -> Json:
    return {
        "objectId": "com.example.OrderFormDemo",
        "objectType": "ActionPackage",
        "eventType": "ActionResponse",
        "eventId": RESPONSE,
        "data": {
            "actionId": "eb40446b-3dc7-4e8e-8000-44ccc5ae760c",
            "actionPackageId": "com.example.OrderFormDemo",
            "packageId": "com.example.OrderFormDemo",
            "groupId": GROUP,
            "responseId": RESPONSE,
            "isUpdateResponse": False,
            "responder": "+910000000001",
            "responderName": "FooName",
            "responderProfilePic": "",
            "isAnonymous": False,
            "responseDetails": {"responseWithQuestions": questions},
            **data,
        },
        "context": "Any data which is required to be returned in callback",
        "fromUser": "+910000000001",
        "fromUserName": "FooName",
        "fromUserProfilePic": "",
    }


def receipt(callback: object, *, at: int = AT, said_at: str | None = None) -> Receipt:
    headers = (("Tidings-Event-Time", said_at),) if said_at else ()
    return Receipt(source="orders", at=at, headers=headers, body=msgspec.json.encode(callback))


def changes(callback: object) -> Sequence[Change]:
    return READER.read(receipt(callback)).changes


def the_row(callback: object, table: str) -> Row:
    [found] = [one for one in changes(callback) if isinstance(one, Row) and one.place.name.lower() == table]
    return found


def cells(row: Row) -> dict[str, Cell]:
    return {one.name: one.value for one in (*row.key, *row.fields)}


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    with open_tables(f"sqlite:{tmp_path / 'tables.db'}") as opened:
        yield opened


def write(tables: Tables, *receipts: Receipt) -> None:
    for one in receipts:
        tables.write(READER.read(one).changes)


def test_only_a_callback_with_the_token_of_its_webhook_is_let_in() -> None:
    with_token = Receipt(source="s", at=AT, headers=(("KZ-Callback-Token", "ours"),), body=b"{}")

    READER.check(with_token, secret=Secret("ours"), now=AT)
    for wrong in ("other", ""):
        with pytest.raises(Unauthenticated, match="kz-callback-token"):
            READER.check(with_token, secret=Secret(wrong), now=AT)


def test_the_order_form_of_the_specification_is_one_wide_row(tables: Tables) -> None:
    write(tables, receipt(response(ORDER_FORM)))

    [row] = tables.rows("responses_orderformdemo")
    assert {name: value for name, value in row.items() if value is not None} == {
        "response_id": RESPONSE,
        "at": AT,
        "group_id": GROUP,
        "action_id": "eb40446b-3dc7-4e8e-8000-44ccc5ae760c",
        "package_id": "com.example.OrderFormDemo",
        "responder": "+910000000001",
        "responder_name": "FooName",
        "is_anonymous": False,
        "is_update": False,
        "retailer_outlet": "ABC Traders",
        "rice_1kg": 1.0,
        "rice_5kg": 2.0,
        "mixed_fruit_juice_250ml": 4.0,
        "location_latitude": 99.1234567,
        "location_longitude": 88.1234567,
        "location_place": "FooAddress",
        "tidings_version": -AT,
    }
    assert [row["answer"] for row in tables.rows("answers")] == ["ABC Traders", "1", "2", "4", "FooAddress"]


def test_versions_of_a_package_share_a_table_and_a_survey_has_its_own() -> None:
    second = response(ORDER_FORM, packageId="com.example.OrderFormDemo.2")
    survey = {**response(ORDER_FORM), "eventType": "SurveyResponse"}

    assert {one.place.name for one in changes(second) if isinstance(one, Row)} == {
        "events",
        "responses_OrderFormDemo",
        "answers",
    }
    assert the_row(survey, "responses_survey_eb40446b").place.origin.startswith("survey:")


def test_nobody_who_answered_anonymously_is_named_in_any_table() -> None:
    named = msgspec.json.encode(changes(response(ORDER_FORM, responderId="u1")))
    anonymous = msgspec.json.encode(
        changes({**response(ORDER_FORM, responderId="u1", isAnonymous=True), "fromUserId": "u1"})
    )

    assert all(word in named for word in (b"+910000000001", b"FooName", b"u1"))
    assert not any(word in anonymous for word in (b"+910000000001", b"FooName", b'"u1"'))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_of_two_responses_the_one_said_later_stays_in_whatever_order_they_come(
    tables: Tables, order: tuple[int, ...]
) -> None:
    told = [
        receipt(response([question("Rice", "Numeric", answer=number)], isUpdateResponse=number > 0), said_at=str(said))
        for number, said in enumerate((AT, AT + 1, AT + 2))
    ]

    write(tables, *(told[number] for number in order))

    [row] = tables.rows("responses_orderformdemo")
    assert (row["rice"], row["at"]) == (2.0, AT + 2)
    assert [answer["answer_number"] for answer in tables.rows("answers")] == [2.0]


def test_without_a_header_the_hidden_answer_tells_when_it_was_said() -> None:
    hidden = question("ResponseTime", "DateTime", answer=AT - 5, isInvisible=True)

    assert cells(the_row(response([hidden]), "responses_orderformdemo"))["at"] == AT - 5
    seen = {**hidden, "isInvisible": False}
    assert cells(the_row(response([seen]), "responses_orderformdemo"))["at"] == AT


def test_a_response_that_is_sent_again_does_not_take_its_updates_place(tables: Tables) -> None:
    original, update = response([question("Rice", answer="a")]), response([question("Rice", answer="b")])
    update["data"]["isUpdateResponse"] = True

    write(tables, receipt(original), receipt(update, at=AT + 1), receipt(original, at=AT + 2))

    [row] = tables.rows("responses_orderformdemo")
    assert (row["rice"], row["at"], row["is_update"]) == ("b", AT + 1, True)


def test_an_updated_response_is_another_event_although_its_id_is_the_same(tables: Tables) -> None:
    write(tables, receipt(response(ORDER_FORM)), receipt(response(ORDER_FORM, isUpdateResponse=True)))

    events = list(tables.rows("events"))
    assert [row["wire_id"] for row in events] == [RESPONSE, RESPONSE]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_webhooks_of_a_group_its_parent_and_its_action_tell_of_one_event(name: str) -> None:
    event = SAMPLES[name]
    parent = subscription_to(event, object_id="the parent group")
    action = msgspec.structs.replace(event, subjects=(*event.subjects, Subject("Action", "a")))
    at_action = subscription_to(msgspec.structs.replace(action, subjects=action.subjects[::-1]))

    rows = []
    for told, subscription in ((event, subscription_to(event)), (event, parent), (action, at_action)):
        body = Kaizala().write(told, subscription)
        rows.append(READER.read(Receipt(source="s", at=AT, body=body)).changes)

    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("said_at", ["", "0", "9" * 400, "²", "1e999", "nan", "soon", str(2**63)])
def test_a_header_that_is_no_instant_tells_nothing(said_at: str) -> None:
    [event, *_] = READER.read(receipt(response([]), said_at=said_at)).changes

    assert isinstance(event, Row)
    assert cells(event)["at"] == AT


HOSTILE = [
    '"; drop table events; --',
    "🍚",
    "100% %s %(x)s :name",
    "\\'",
    "a" * 5_000,
    "at",
    "response_id",
    "",
    "نعم",
    "\t\n",
]


def test_any_titles_make_columns_and_none_is_lost(tables: Tables) -> None:
    titles = [*HOSTILE, "Rice!", "rice", "Rice", "Rice"]
    questions = [question(title, answer=str(number)) for number, title in enumerate(titles)]

    write(tables, receipt(response(questions)))

    [row] = tables.rows("responses_orderformdemo")
    assert {str(number) for number in range(len(titles))} <= set(row.values())
    assert [answer["question"] or "" for answer in tables.rows("answers")] == titles


def test_a_question_whose_type_changes_gets_another_column(tables: Tables) -> None:
    number, words = question("Rice", "Numeric", answer=1), question("Rice", answer="two")
    write(tables, receipt(response([number])), receipt(response([words], responseId="r2")))

    found = [
        {value for name, value in row.items() if name.startswith("rice") and value is not None}
        for row in tables.rows("responses_orderformdemo")
    ]
    assert found == [{1.0}, {"two"}]


def test_five_hundred_questions_are_all_in_the_answers(tables: Tables) -> None:
    write(tables, receipt(response([question(f"Question {number}", answer="x") for number in range(500)])))

    assert len(list(tables.rows("answers"))) == 500
    assert "`answers`" in tables.known()["responses_orderformdemo"].comment


@pytest.mark.parametrize(
    ("kind", "answer", "shape", "value"),
    [
        ("Numeric", "12.5", Shape.NUMBER, 12.5),
        ("Numeric", "a dozen", Shape.NUMBER, None),
        ("Numeric", [1], Shape.NUMBER, None),
        ("Numeric", 10**300, Shape.NUMBER, 1e300),
        ("Numeric", "1e999", Shape.NUMBER, None),
        ("DateTime", "2026-03-16T06:00:00+00:00", Shape.INSTANT, AT),
        ("DateTime", 10**30, Shape.INSTANT, None),
        ("DateTime", -(10**30), Shape.INSTANT, None),
        ("DateTime", "0001-01-01T00:00:00+14:00", Shape.INSTANT, None),
        ("DateTime", True, Shape.INSTANT, None),
        ("Date", -86_400_000, Shape.INSTANT, -86_400_000),
        ("SingleOption", "plain", Shape.TEXT, "plain"),
        ("MultiOption", ["a", None, "b"], Shape.TEXT, "a, b"),
        ("MultiOption", [], Shape.TEXT, None),
        ("PhoneNumber", {"cc": None, "pn": 910000000003}, Shape.TEXT, "910000000003"),
        ("Text", 14.0, Shape.TEXT, "14"),
        ("Text", {"odd": [1]}, Shape.TEXT, '{"odd":[1]}'),
        ("AttachmentList", [{"mediaUrl": "https://example.com/1"}], Shape.TEXT, "https://example.com/1"),
        ("Image", {"mediaUrl": "https://example.com/1"}, Shape.TEXT, "https://example.com/1"),
        ("Unheard of", None, Shape.TEXT, None),
    ],
)
def test_an_answer_becomes_a_cell(kind: str, answer: object, *, shape: Shape, value: Cell) -> None:
    field = the_row(response([question("It", kind, answer=answer)]), "responses_orderformdemo").fields[-1]

    assert (field.shape, field.value) == (shape, value)


def test_a_date_in_words_is_one_that_people_can_read() -> None:
    answer = the_row(response([question("When", "DateTime", answer=AT)]), "answers")

    assert cells(answer)["answer"] == "2026-03-16T06:00:00.000Z"


@pytest.mark.parametrize("answer", ["far away", [1], {"lt": "12.5", "lg": None, "n": 5}, None])
def test_a_location_is_three_columns_whatever_it_holds(answer: object) -> None:
    row = the_row(response([question("Where", "Location", answer=answer)]), "responses_orderformdemo")

    assert [one.name for one in row.fields[-3:]] == ["Where latitude", "Where longitude", "Where place"]


def test_a_single_file_that_is_no_list_is_a_file_too() -> None:
    image = question("Photo", "Image", answer={"mediaUrl": "https://example.com/1", "mediaFileName": "1.jpg"})

    [files] = [one for one in changes(response([image])) if isinstance(one, Family)]
    assert [cells(row)["file_name"] for row in files.rows] == ["1.jpg"]


def nulled(document: Json) -> list[Json]:
    """The document with null in one place, for each of its places."""
    found: list[Json] = []
    for name, value in document.items():
        found.append({**document, name: None})
        if isinstance(value, dict):
            found += [{**document, name: inner} for inner in nulled(value)]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found += [{**document, name: [inner, *value[1:]]} for inner in nulled(value[0])]
            found.append({**document, name: [None, *value]})
    return found


NEEDED = {
    *(f"the body: Object missing required field `{name}`" for name in ("eventType", "eventId", "data")),
    "data: Expected `object`, got `null`",
    "action_id: is missing, and the row would have no name without it",
}


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_null_anywhere_is_as_good_as_absent_unless_it_must_be_there(name: str) -> None:
    event = SAMPLES[name]
    callback = msgspec.json.decode(Kaizala().write(event, subscription_to(event)))

    reasons = set(map(why_unreadable, nulled(callback)))

    assert reasons <= {"", *NEEDED}


def why_unreadable(callback: Json) -> str:
    try:
        changes(callback)
    except Invalid as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"responseDetails": 5}, "data.responseDetails: Expected `object`"),
        ({"responseDetails": {"responseWithQuestions": [question(5)]}}, r"responseWithQuestions\[0\].title"),
        ({"responseDetails": {"responseWithQuestions": [{}] * (MOST + 1)}}, "length <= 2000"),
        ({"responseId": "r" * 256}, "response_id: has 256 characters"),
        ({"actionPackageId": "", "packageId": "", "actionId": ""}, "no telling what was answered"),
    ],
)
def test_what_cannot_be_understood_says_where(data: Json, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        changes(response(ORDER_FORM, **data))


STRANGE = [
    b'{"eventType":"X","eventId":"1"}',
    b'{"eventType":"X","eventId":"1","data":null}',
    b'{"eventType":"X","eventId":"1","data":5}',
    b'{"eventType":"ActionResponse","eventId":"1","data":{"x":1e999,"text":"\\q"}}',
    b'{"eventType":"ActionResponse","eventId":"1","data":{"\\q":1}}',
    b'{"eventType":"ActionResponse","eventId":"1","data":{"responseDetails":{"response":{"a":1e999}}}}',
    b'{"eventType":"ActionResponse","eventId":"1","data":{"dueDate":' + b"1" * 5_000 + b"}}",
]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, *STRANGE])
def test_what_is_no_callback_is_invalid(body: bytes) -> None:
    with pytest.raises(Invalid):
        READER.read(Receipt(source="s", at=AT, body=body))


def test_more_options_than_any_form_has_are_invalid() -> None:
    with pytest.raises(Invalid, match="at most 2000"):
        changes(response([question("Which", "MultiOption", answer=["x"] * (MOST + 1))]))


def test_of_a_type_that_is_not_kaizalas_the_event_is_kept_whatever_its_data() -> None:
    foreign = {"eventType": "order.created", "eventId": "1", "data": {"media": 5, "text": []}}

    [row] = changes(foreign)
    assert cells(row)["type"] == "order.created" if isinstance(row, Row) else False


def test_a_jobs_response_is_read_from_either_place_and_its_update_replaces_it(tables: Tables) -> None:
    def told(**data: object) -> Json:
        return {"eventType": "JobResponse", "eventId": "e", "data": {"actionId": "j", "responseId": "r", **data}}

    write(tables, receipt(told(assignee="+910000000001", isCompleted=True)))
    nested = {"response": {"assignee": "+910000000001", "isCompleted": [False]}}
    write(tables, receipt(told(responseDetails=nested), at=AT + 1))

    [row] = tables.rows("job_responses")
    assert (row["assignee"], row["is_completed"], row["at"]) == ("+910000000001", False, AT + 1)


NAMES = st.sampled_from(
    (
        *("text", "title", "media", "actionId", "responseId", "isAnonymous", "responseDetails", "assignedTo"),
        *("dueDate", "choices", "place", "duration", "questions", "responseWithQuestions", "answer", "type"),
    )
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)
QUESTION = st.fixed_dictionaries(
    {"title": st.text(max_size=8)},
    optional={
        "answer": ANY,
        "type": st.sampled_from(["Numeric", "DateTime", "MultiOption", "Location", "AttachmentList", "Text", "Image"]),
    },
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(EVENT_TYPES),
    data=st.dictionaries(NAMES, ANY, max_size=8),
    questions=st.lists(QUESTION, max_size=4) | ANY,
    said_at=st.none() | st.integers().map(str),
)
def test_any_data_is_invalid_or_gives_rows_that_tables_take(
    *, name: str, data: Json, questions: object, said_at: str | None, tables: Tables
) -> None:
    known = {"actionId": "a", "responseDetails": {"responseWithQuestions": questions}}
    callback = {"eventType": name, "eventId": "e", "data": known | data}
    read: Sequence[Change] = ()

    with contextlib.suppress(Invalid):
        read = READER.read(receipt(callback, said_at=said_at)).changes

    tables.write(read)
