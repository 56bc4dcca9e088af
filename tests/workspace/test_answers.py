from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.core.errors import Invalid
from tidings.workspace.answers import filled_in, read_answers, read_location
from tidings.workspace.questions import Question, QuestionType

WEATHER = ("Sun", "Rain", "Wind", "1")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def question(type_: QuestionType) -> Question:
    return Question(title="Asked", type=type_, options=WEATHER if type_.has_options else ())


def read(type_: QuestionType, sent: object) -> Any:  # noqa: ANN401 - an answer of any type
    [answer] = read_answers([question(type_)], [sent], field="actionBody.answers")
    return answer


@pytest.mark.parametrize(
    ("type_", "sent", "told"),
    [
        (QuestionType.TEXT, "North yard", "North yard"),
        (QuestionType.TEXT, 14, "14"),
        (QuestionType.TEXT, '["a", "b"]', '["a", "b"]'),
        (QuestionType.LARGE_TEXT, "Several\nlines", "Several\nlines"),
        (QuestionType.NUMERIC, 1, 1.0),
        (QuestionType.NUMERIC, " -2.5e1 ", -25.0),
        (QuestionType.SINGLE_OPTION, "Rain", ["Rain"]),
        (QuestionType.SINGLE_OPTION, ["rain "], ["Rain"]),
        (QuestionType.SINGLE_OPTION, 2, ["Wind"]),
        (QuestionType.SINGLE_OPTION, 1, ["1"]),
        (QuestionType.MULTI_OPTION, ["Sun", "Wind", "sun"], ["Sun", "Wind"]),
        (QuestionType.MULTI_OPTION, "Sun", ["Sun"]),
        (QuestionType.DATE_TIME, 1_773_640_805_123, 1_773_640_805_123),
        (QuestionType.DATE_TIME, "1773640805123", 1_773_640_805_123),
        (QuestionType.DATE_TIME, 1_773_640_805_123.0, 1_773_640_805_123),
        (QuestionType.DATE_TIME, "1970-01-01T01:00:00.5+01:00", 500),
        (QuestionType.DATE_ONLY, "1969-12-31", -86_400_000),
        (QuestionType.LOCATION, {"lt": 12.5, "lg": "77", "n": "Gate"}, {"lt": 12.5, "lg": 77.0, "n": "Gate"}),
        (
            QuestionType.LOCATION,
            {"Latitude": 1, "longitude": 2, "accuracy": 8},
            {"lt": 1.0, "lg": 2.0, "n": "", "acc": 8.0},
        ),
        (QuestionType.IMAGE, "bWVkaWE=", ["bWVkaWE="]),
        (QuestionType.ATTACHMENT_LIST, ["b25l", "dHdv"], ["b25l", "dHdv"]),
        (QuestionType.PHONE_NUMBER, "+91 00000-00003", {"cc": "+91", "pn": "0000000003"}),
        (QuestionType.PHONE_NUMBER, "+15550000003", {"cc": "+1", "pn": "5550000003"}),
        (QuestionType.PHONE_NUMBER, "+3530000003", {"cc": "+353", "pn": "0000003"}),
        (QuestionType.PHONE_NUMBER, {"cc": 91, "pn": "0000000003"}, {"cc": "+91", "pn": "0000000003"}),
    ],
)
def test_an_answer_is_told_in_the_shape_of_its_type(type_: QuestionType, sent: object, told: object) -> None:
    answer = read(type_, sent)

    assert answer == told
    assert type(answer) is type(told)


@pytest.mark.parametrize(
    ("type_", "sent"),
    [
        (QuestionType.TEXT, True),
        (QuestionType.TEXT, {"a": 1}),
        (QuestionType.TEXT, "a" * 32_001),
        (QuestionType.NUMERIC, "twelve"),
        (QuestionType.NUMERIC, True),
        (QuestionType.NUMERIC, float("nan")),
        (QuestionType.NUMERIC, "1e999"),
        (QuestionType.NUMERIC, 10**400),
        (QuestionType.SINGLE_OPTION, "Snow"),
        (QuestionType.SINGLE_OPTION, ["Sun", "Rain"]),
        (QuestionType.SINGLE_OPTION, 4),
        (QuestionType.SINGLE_OPTION, -1),
        (QuestionType.MULTI_OPTION, ["Sun", "Snow"]),
        (QuestionType.MULTI_OPTION, [["Sun"]]),
        (QuestionType.DATE_TIME, "tomorrow"),
        (QuestionType.DATE_TIME, 10**15),
        (QuestionType.DATE_TIME, 1.5),
        (QuestionType.LOCATION, "Gate 4"),
        (QuestionType.LOCATION, {"lt": 91, "lg": 0}),
        (QuestionType.LOCATION, {"lg": 0}),
        (QuestionType.LOCATION, {"lt": 0, "lg": 0, "n": 4}),
        (QuestionType.ATTACHMENT_LIST, ["b25l", 2]),
        (QuestionType.ATTACHMENT_LIST, ["b25l"] * 31),
        (QuestionType.PHONE_NUMBER, "0000000003"),
        (QuestionType.PHONE_NUMBER, "+12"),
        (QuestionType.PHONE_NUMBER, {"pn": "0000000003"}),
        (QuestionType.PHONE_NUMBER, {"cc": "+91", "pn": "call me"}),
    ],
)
def test_an_answer_of_another_type_is_refused_with_its_place_and_question(type_: QuestionType, sent: object) -> None:
    questions = [Question(title="First", type=QuestionType.TEXT), question(type_)]

    with pytest.raises(Invalid, match=r"^actionBody\.answers\[1\] \(Asked\)"):
        read_answers(questions, ["fine", sent], field="actionBody.answers")


@pytest.mark.parametrize("nothing", [None, "", " \n", [], {}])
@pytest.mark.parametrize("type_", list(QuestionType))
def test_nothing_is_no_answer_to_any_question(type_: QuestionType, nothing: object) -> None:
    assert read(type_, nothing) is None


def test_questions_at_the_end_may_be_left_out_but_there_are_no_answers_without_a_question() -> None:
    questions = [question(QuestionType.TEXT)] * 3

    assert read_answers(questions, ["one"], field="a") == ["one", None, None]
    with pytest.raises(Invalid, match=r"a\[3\]: there are 3 questions only"):
        read_answers(questions, ["one", "two", "three", "four"], field="a")


def test_an_option_that_differs_by_case_alone_from_another_is_meant_exactly() -> None:
    sizes = Question(title="Size", type=QuestionType.SINGLE_OPTION, options=("m", "M"))

    assert read_answers([sizes], ["M"], field="a") == [["M"]]
    with pytest.raises(Invalid):
        read_answers([sizes], [" m"], field="a")


def test_when_and_where_are_filled_in_where_nobody_is_asked() -> None:
    questions = [
        Question(title="ResponseTime", type=QuestionType.DATE_TIME),
        Question(title="ResponseTime", type=QuestionType.DATE_TIME, is_invisible=True),
        Question(title="ResponseTime", type=QuestionType.DATE_TIME, is_invisible=True),
        Question(title="ResponseLocation", type=QuestionType.LOCATION, is_invisible=True),
        Question(title="ResponseLocation", type=QuestionType.TEXT, is_invisible=True),
    ]
    here = read_location({"latitude": 1, "longitude": 2, "name": "Gate"}, field="responseLocation")

    assert filled_in(questions, [None, 5, None, None, None], at=9, location=here) == [None, 5, 9, here, None]
    assert filled_in(questions, [None] * 5, at=9, location=None) == [None, 9, 9, None, None]


@given(type_=st.sampled_from(list(QuestionType)), sent=ANYTHING)
def test_whatever_is_sent_is_told_as_json_of_its_shape_or_refused(type_: QuestionType, sent: object) -> None:
    shapes: dict[QuestionType, type] = {
        QuestionType.NUMERIC: float,
        QuestionType.DATE_TIME: int,
        QuestionType.DATE_ONLY: int,
        QuestionType.LOCATION: dict,
        QuestionType.PHONE_NUMBER: dict,
        QuestionType.TEXT: str,
        QuestionType.LARGE_TEXT: str,
    }

    with suppress(Invalid):
        answer = read(type_, sent)

        if answer is not None:
            assert isinstance(answer, shapes.get(type_, list))
            assert msgspec.json.decode(msgspec.json.encode(answer)) == answer


@given(type_=st.sampled_from(list(QuestionType)), sent=ANYTHING)
def test_what_is_told_means_the_same_when_it_is_sent_again(type_: QuestionType, sent: object) -> None:
    with suppress(Invalid):
        answer = read(type_, sent)

        assert read(type_, answer) == answer


@given(instant=st.datetimes(timezones=st.timezones()) | st.datetimes())
def test_every_instant_that_can_be_written_is_read_or_refused(instant: object) -> None:
    with suppress(Invalid):
        answer = read(QuestionType.DATE_TIME, str(instant))

        assert isinstance(answer, int)


def test_a_required_question_is_not_left_open() -> None:
    asked = [
        Question(title="Why?", type=QuestionType.TEXT, is_required=True),
        Question(title="Else?", type=QuestionType.TEXT),
    ]

    assert read_answers(asked, ["rain"], field="answers") == ["rain", None]
    for sent in ([], [None], ["  ", "more"]):
        with pytest.raises(Invalid, match=r"answers\[0\] \(Why\?\): expected an answer; this one is required"):
            read_answers(asked, sent, field="answers")
