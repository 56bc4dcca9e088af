"""Answers: what somebody sends for a form's questions, checked by type, in the shapes that events tell them in."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from tidings.core.errors import Invalid
from tidings.workspace.instant import read_iso
from tidings.workspace.questions import RESPONSE_TIME, Question, QuestionType

# A guess: eight messages long, because lists stand in here as JSON text too.
_LONGEST_TEXT = 32_000
# A guess at what somebody photographs for one question.
_MOST_FILES = 30
_SHOWN_OF_TITLE = 100
# What a double can hold; infinity and what is no number are not less.
_TOO_LARGE = 1e300
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?([eE][-+]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]{1,15}")
# The years 1 to 9999, in which birthdays lie too; what no calendar library can read stays out.
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
_LOCATION_NAMES = {"latitude": "lt", "longitude": "lg", "name": "n", "accuracy": "acc"}
_SPACING = str.maketrans("", "", " .-()\u00a0\u202f")
# E.164: country codes have one digit, or two, or else three, and none begins with another.
_CODE_FIRST = re.compile(r"\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2})")
_CODE = re.compile(r"\+?([1-9][0-9]{0,2})")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_RESPONSE_LOCATION = "ResponseLocation"


class _Asked(NamedTuple):
    question: Question
    field: str

    @property
    def place(self) -> str:
        return f"{self.field} ({self.question.title[:_SHOWN_OF_TITLE]})"


def read_answers(questions: Sequence[Question], sent: Sequence[Any], *, field: str) -> list[Any]:
    """One answer a question, in their order; None where it was left open, which is also what nothing but space is.

    By type, as in `data.Question`; files are still the mediaResources that were sent. Raises Invalid, naming the place
    and the question, for a required one too that was left open.
    """
    if len(sent) > len(questions):
        raise Invalid(f"{field}[{len(questions)}]: there are {len(questions)} questions only; send one answer for each")
    answers = [
        None if _is_open(value) else _READERS[question.type](value, _Asked(question, f"{field}[{number}]"))
        for number, (value, question) in enumerate(zip(sent, questions, strict=False))
    ]
    answers += [None] * (len(questions) - len(answers))
    for number, (answer, question) in enumerate(zip(answers, questions, strict=True)):
        if answer is None and question.is_required:
            raise Invalid(f"{_Asked(question, f'{field}[{number}]').place}: expected an answer; this one is required")
    return answers


def filled_in(
    questions: Sequence[Question], answers: Sequence[Any], *, at: int, location: Mapping[str, Any] | None
) -> list[Any]:
    """The answers with those that nobody types: when it was answered, and where, in questions that nobody sees."""
    by_itself = {
        (RESPONSE_TIME, QuestionType.DATE_TIME): at,
        (_RESPONSE_LOCATION, QuestionType.LOCATION): location,
    }
    return [
        by_itself.get((question.title, question.type)) if answer is None and question.is_invisible else answer
        for question, answer in zip(questions, answers, strict=True)
    ]


def holds_files(question: Question) -> bool:
    """Whether its answer is a list of files."""
    return question.type in (QuestionType.IMAGE, QuestionType.ATTACHMENT_LIST)


def read_location(value: object, *, field: str) -> dict[str, Any]:
    """A place as {lt, lg, n[, acc]}: degrees, and metres of accuracy. Raises Invalid."""
    if not isinstance(value, Mapping):
        raise Invalid(f'{field}: expected a place like {{"lt": 12.5, "lg": 77.5, "n": "Gate 4"}}')
    names = {str(name).lower(): part for name, part in value.items()}
    found = {_LOCATION_NAMES.get(name, name): part for name, part in names.items()}
    place: dict[str, Any] = {
        "lt": _degrees(found.get("lt"), field=f"{field}.lt", most=90),
        "lg": _degrees(found.get("lg"), field=f"{field}.lg", most=180),
        "n": _name(found.get("n"), field=f"{field}.n"),
    }
    if found.get("acc") is not None:
        place["acc"] = _number(found["acc"], field=f"{field}.acc")
    return place


def _is_open(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})


def _text(value: object, asked: _Asked) -> str:
    if _is_number(value):
        value = str(value)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise Invalid(f"{asked.place}: expected a text of at most {_LONGEST_TEXT} characters")
    return value


def _numeric(value: object, asked: _Asked) -> float:
    return _number(value, field=asked.place)


def _one_option(value: object, asked: _Asked) -> list[str]:
    chosen = _options(value, asked)
    if len(chosen) > 1:
        raise Invalid(f"{asked.place}: expected one of its options, not {len(chosen)}")
    return chosen


def _options(value: object, asked: _Asked) -> list[str]:
    wanted = value if isinstance(value, list) else [value]
    return list(dict.fromkeys(_option(one, asked) for one in wanted))


def _option(value: object, asked: _Asked) -> str:
    """The option of that title, in any case if no other differs by case alone, or of that number, counted from 0."""
    options = asked.question.options
    if isinstance(value, str) or _is_number(value):
        title = str(value)
        if title in options:
            return title
        alike = [one for one in options if one.strip().lower() == title.strip().lower()]
        if len(alike) == 1:
            return alike[0]
        if isinstance(value, int) and 0 <= value < len(options):
            return options[value]
    raise Invalid(f"{asked.place}: expected an option of the question by its title; list them with GET on the action")


def _instant(value: object, asked: _Asked) -> int:
    instant = None
    if isinstance(value, str) and not _WHOLE.fullmatch(value.strip()):
        instant = read_iso(value, field=asked.place)
    elif isinstance(value, str) or (_is_number(value) and value == int(value)):
        instant = int(value)
    if instant is None or not _EARLIEST <= instant <= _LATEST:
        raise Invalid(f"{asked.place}: expected a date as epoch milliseconds, or like 2026-01-31T09:00:00Z")
    return instant


def _location(value: object, asked: _Asked) -> dict[str, Any]:
    return read_location(value, field=asked.place)


def _files(value: object, asked: _Asked) -> list[str]:
    sent = value if isinstance(value, list) else [value]
    resources = [one for one in sent if isinstance(one, str) and one]
    if len(sent) > _MOST_FILES or resources != sent:
        raise Invalid(f"{asked.place}: expected at most {_MOST_FILES} mediaResources, as POST /v1/media answers them")
    return resources


def _phone(value: object, asked: _Asked) -> dict[str, str]:
    number, match = "", None
    if isinstance(value, str):
        number = value.translate(_SPACING)
        match = _CODE_FIRST.match(number)
    elif isinstance(value, Mapping):
        parts = {str(name).lower(): str(part).translate(_SPACING) for name, part in value.items()}
        match = _CODE.fullmatch(parts.get("cc", ""))
        number = f"+{match[1] if match else ''}{parts.get('pn', '')}"
    if match is None or not _PHONE.fullmatch(number):
        raise Invalid(
            f'{asked.place}: expected a number like +910000000001, or like {{"cc": "+91", "pn": "0000000001"}}'
        )
    return {"cc": f"+{match[1]}", "pn": number[1 + len(match[1]) :]}


def _number(value: object, *, field: str) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if _is_number(value):
        return float(value)
    raise Invalid(f"{field}: expected a number")


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is one of a size that can be told as another type."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _TOO_LARGE


def _degrees(value: object, *, field: str, most: int) -> float:
    number = _number(value, field=field)
    if abs(number) > most:
        raise Invalid(f"{field}: expected degrees between -{most} and {most}")
    return number


def _name(value: object, *, field: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise Invalid(f"{field}: expected a name")
    return value


_READERS: Mapping[str, Callable[[Any, _Asked], Any]] = {
    QuestionType.TEXT: _text,
    QuestionType.LARGE_TEXT: _text,
    QuestionType.NUMERIC: _numeric,
    QuestionType.SINGLE_OPTION: _one_option,
    QuestionType.MULTI_OPTION: _options,
    QuestionType.DATE_TIME: _instant,
    QuestionType.DATE_ONLY: _instant,
    QuestionType.LOCATION: _location,
    QuestionType.IMAGE: _files,
    QuestionType.ATTACHMENT_LIST: _files,
    QuestionType.PHONE_NUMBER: _phone,
}
