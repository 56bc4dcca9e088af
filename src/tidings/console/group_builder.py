"""Form builder: the questions of a form that somebody is putting together, row by row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tidings.console.form import Form
from tidings.console.group_wording import lines_in
from tidings.core.errors import Invalid
from tidings.workspace.questions import MOST_QUESTIONS, Asked, Question, QuestionType

# In the order of how often they are asked (a guess), by the words that people choose them by.
TYPES: Mapping[QuestionType, str] = {
    QuestionType.SINGLE_OPTION: "One of some options",
    QuestionType.MULTI_OPTION: "Some of some options",
    QuestionType.TEXT: "Short text",
    QuestionType.LARGE_TEXT: "Long text",
    QuestionType.NUMERIC: "Number",
    QuestionType.DATE_ONLY: "Day",
    QuestionType.DATE_TIME: "Day and time",
    QuestionType.LOCATION: "Place",
    QuestionType.IMAGE: "Picture",
    QuestionType.ATTACHMENT_LIST: "Files",
    QuestionType.PHONE_NUMBER: "Phone number",
}
# The button that changes nothing but what is shown.
KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One question as it stands in the form; `key` stays with it wherever it is moved."""

    key: int
    title: str = ""
    type: str = QuestionType.SINGLE_OPTION
    options: str = ""
    is_required: bool = False
    is_invisible: bool = False
    is_new: bool = False

    @property
    def asked(self) -> Asked:
        return Asked(self.title, self.type, lines_in(self.options), self.is_invisible, self.is_required)


def first_rows() -> list[Row]:
    """What a new form begins with."""
    return [Row(key=0)]


def rows_of(questions: Iterable[Question]) -> list[Row]:
    """The rows of questions that there are."""
    return [
        Row(
            key=key,
            title=one.title,
            type=one.type,
            options="\n".join(one.options),
            is_required=one.is_required,
            is_invisible=one.is_invisible,
        )
        for key, one in enumerate(questions)
    ]


def rows_in(form: Form) -> list[Row]:
    """The rows that a form was sent with, in their order. Raises Invalid."""
    keys = form.all("row")
    if not all(key.isascii() and key.isdigit() and len(key) < 10 for key in keys):  # noqa: PLR2004 - more than anybody adds
        raise Invalid("the form cannot be read; load the page again")
    return [_row(int(key), form) for key in dict.fromkeys(keys)]


def changed(rows: Sequence[Row], do: str) -> list[Row]:
    """The rows after a button was pressed: `add`, or `up`, `down`, `remove` with the key of a row; else as they are."""
    what, _, key = do.partition("-")
    found = list(rows)
    if what == "add" and len(found) < MOST_QUESTIONS:
        found.append(Row(key=max((row.key for row in rows), default=-1) + 1, is_new=True))
    place = next((place for place, row in enumerate(rows) if str(row.key) == key), -1)
    if place < 0:
        return found
    if what == "remove":
        del found[place]
    elif what == "up" and place > 0:
        found[place - 1 : place + 1] = found[place], found[place - 1]
    elif what == "down" and place < len(found) - 1:
        found[place : place + 2] = found[place + 1], found[place]
    return found


def _row(key: int, form: Form) -> Row:
    return Row(
        key=key,
        title=form.text(f"q{key}-title"),
        type=form.text(f"q{key}-type"),
        options=form.text(f"q{key}-options"),
        is_required=form.is_on(f"q{key}-required"),
        is_invisible=form.is_on(f"q{key}-invisible"),
    )
