"""Answers laid flat, and callbacks that are not as they should be."""

import contextlib
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.orders import (
    AT,
    HOSTILE,
    ORDER_FORM,
    READER,
    Json,
    cells,
    changes,
    question,
    receipt,
    response,
    the_row,
    write,
)
from tests.dialects.test_conformance import subscription_to
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.core.row import Cell, Change, Family, Shape
from tidings.dialects.discovery import discover
from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.dialects.kaizala.rows.received import MOST
from tidings.tables.tables import Tables

SAMPLES = discover().samples


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
