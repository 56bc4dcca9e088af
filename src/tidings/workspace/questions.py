"""Questions: what surveys and packages ask, and of which types the answers are."""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tidings.core.errors import Invalid

# A guess at what nobody answers on a telephone any more; as columns of a table it is wide, but still one.
MOST_QUESTIONS = 200
# A guess: longer lists are searched, not read.
MOST_OPTIONS = 100
# A guess: a tenth of a message, which is what still fits a screen beside its answer.
LONGEST_TITLE = 400

RESPONSE_TIME = "ResponseTime"


class QuestionType(StrEnum):
    """What an answer is (Kaizala API reference 1.6)."""

    SINGLE_OPTION = "SingleOption"  # one of the options
    MULTI_OPTION = "MultiOption"  # some of the options
    TEXT = "Text"  # a text
    LARGE_TEXT = "LargeText"  # a text of several lines
    NUMERIC = "Numeric"  # a number
    DATE_TIME = "DateTime"  # an instant
    DATE_ONLY = "DateOnly"  # a day
    LOCATION = "Location"  # a place on earth
    IMAGE = "Image"  # one picture
    ATTACHMENT_LIST = "AttachmentList"  # files
    PHONE_NUMBER = "PhoneNumber"  # a number to call

    @property
    def has_options(self) -> bool:
        return self in (QuestionType.SINGLE_OPTION, QuestionType.MULTI_OPTION)


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question as it is kept. `options` are titles, none unless the type has them."""

    title: str
    type: QuestionType
    options: tuple[str, ...] = ()
    is_invisible: bool = False  # answered by the program that shows it, not by people
    is_required: bool = False  # no response without an answer to it


class Asked(NamedTuple):
    """A question as it was sent."""

    title: str
    type: str
    options: Sequence[str] = ()
    is_invisible: bool = False
    is_required: bool = False


# The table of types says Date where the samples say DateTime; the app's own model has names of its own for options.
_ALSO = {"date": "datetime", "singleselect": "singleoption", "multiselect": "multioption"}
_TYPES = {type_.lower(): type_ for type_ in QuestionType}


def read_questions(asked: Sequence[Asked], *, field: str) -> tuple[Question, ...]:
    """The questions, if each can be asked. Raises Invalid, naming the field; type names count in any case."""
    if not 0 < len(asked) <= MOST_QUESTIONS:
        raise Invalid(f"{field}: expected 1 to {MOST_QUESTIONS} questions")
    return tuple(_question(one, field=f"{field}[{place}]") for place, one in enumerate(asked))


def read_title(title: str, *, field: str, longest: int = LONGEST_TITLE) -> str:
    """A title that can be shown. Raises Invalid, naming the field."""
    if not title.strip() or len(title) > longest:
        raise Invalid(f"{field}: expected 1 to {longest} characters, and not only spaces")
    return title


def _question(asked: Asked, *, field: str) -> Question:
    name = asked.type.lower()
    type_ = _TYPES.get(_ALSO.get(name, name))
    if type_ is None:
        raise Invalid(
            f"{field}.type: there are no questions of type {asked.type[:64]!r}; use {', '.join(QuestionType)}"
        )
    title = read_title(asked.title, field=f"{field}.title")
    options = _options(asked.options, field=f"{field}.options") if type_.has_options else ()
    if asked.is_required and asked.is_invisible:
        raise Invalid(f"{field}: nobody can answer what nobody sees; make it either required or invisible")
    return Question(
        title=title, type=type_, options=options, is_invisible=asked.is_invisible, is_required=asked.is_required
    )


def _options(titles: Sequence[str], *, field: str) -> tuple[str, ...]:
    if not 0 < len(titles) <= MOST_OPTIONS:
        raise Invalid(f"{field}: expected 1 to {MOST_OPTIONS} options to choose from")
    return tuple(read_title(title, field=f"{field}[{place}].title") for place, title in enumerate(titles))
