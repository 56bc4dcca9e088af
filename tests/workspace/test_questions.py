import pytest

from tidings.core.errors import Invalid
from tidings.workspace.questions import (
    LONGEST_TITLE,
    MOST_OPTIONS,
    MOST_QUESTIONS,
    Asked,
    Question,
    QuestionType,
    read_questions,
)


@pytest.mark.parametrize("name", [*QuestionType])
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_type_is_known_in_any_case(name: QuestionType, spell: type[str]) -> None:
    [question] = read_questions([Asked("Site", spell(name), ("A",))], field="questions")

    assert question.type is name


@pytest.mark.parametrize(
    ("also", "type_"),
    [
        ("Date", QuestionType.DATE_TIME),
        ("SingleSelect", QuestionType.SINGLE_OPTION),
        ("MultiSelect", QuestionType.MULTI_OPTION),
    ],
)
def test_discrepancy_29_date_is_datetime_and_the_apps_own_names_are_known(also: str, type_: QuestionType) -> None:
    [question] = read_questions([Asked("When?", also, ("A",))], field="questions")

    assert question.type is type_


def test_options_are_kept_where_one_can_choose_and_nowhere_else() -> None:
    questions = read_questions(
        [Asked("Shop", "SingleOption", ["North", "South"]), Asked("Name", "Text", ["x"], is_invisible=True)],
        field="questions",
    )

    assert questions == (
        Question(title="Shop", type=QuestionType.SINGLE_OPTION, options=("North", "South")),
        Question(title="Name", type=QuestionType.TEXT, is_invisible=True),
    )


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ([], "questions"),
        ([Asked("Site", "Text")] * (MOST_QUESTIONS + 1), "questions"),
        ([Asked("Site", "Text"), Asked(" ", "Text")], r"questions\[1\]\.title"),
        ([Asked("x" * (LONGEST_TITLE + 1), "Text")], r"questions\[0\]\.title"),
        ([Asked("Site", "Essay")], r"questions\[0\]\.type"),
        ([Asked("Site", "")], r"questions\[0\]\.type"),
        ([Asked("Shop", "MultiOption")], r"questions\[0\]\.options"),
        ([Asked("Shop", "SingleOption", ["A"] * (MOST_OPTIONS + 1))], r"questions\[0\]\.options"),
        ([Asked("Shop", "SingleOption", ["A", ""])], r"questions\[0\]\.options\[1\]\.title"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_place(asked: list[Asked], field: str) -> None:
    with pytest.raises(Invalid, match=f"^{field}:"):
        read_questions(asked, field="questions")


def test_nobody_has_to_answer_what_nobody_sees() -> None:
    [kept] = read_questions([Asked("Why?", "Text", is_required=True)], field="questions")

    assert kept.is_required
    with pytest.raises(Invalid, match=r"questions\[0\]: nobody can answer what nobody sees"):
        read_questions([Asked("Why?", "Text", is_required=True, is_invisible=True)], field="questions")
