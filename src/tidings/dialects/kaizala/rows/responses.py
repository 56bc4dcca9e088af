"""Responses laid flat: one wide row a response, one long row an answer, and what an answer holds several of."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from msgspec import UNSET

from tidings.core.cell import commented, instant, key, number, text, truth, whole
from tidings.core.errors import Invalid
from tidings.core.remembered import remembered
from tidings.core.row import Cell, Change, Family, Field, Layout, Place, Row, row_of
from tidings.dialects.kaizala.rows.cells import cells, columns, text_of
from tidings.dialects.kaizala.rows.happening import Happening
from tidings.dialects.kaizala.rows.received import MOST, Question

_ANSWERS = Layout(
    Place("answers", "answers", "Every answer to every question: one row an answer."),
    key=(text("response_id", None), whole("number", None, comment="Of the question, from 0.")),
    fields=(
        instant("at", None),
        text("group_id", None),
        text("action_id", None),
        text("action_package_id", None),
        text("responder", None),
        text("responder_name", None),
        text("question", None),
        text("type", None),
        text("answer", None, comment="The answer in words."),
        number("answer_number", None),
        instant("answer_time", None),
        number("latitude", None),
        number("longitude", None),
    ),
)
_OF_FORMS = (
    instant("at", None, comment="When it was sent."),
    text("group_id", None),
    text("action_id", None),
    text("package_id", None, comment="The package with its version."),
    text("responder", None),
    text("responder_id", None),
    text("responder_name", None),
    truth("is_anonymous", None),
    truth("is_update", None, comment="Whether it took the place of an earlier response."),
)
# What is remembered of forms, so that their columns are named once and not for each response: so many, and of each at
# most so many characters of questions. A megabyte is what a body may have, and a form has a thousand or two.
_MOST_FORMS, _LONGEST_FORM = 500, 20_000


def response_changes(happening: Happening, place: Place) -> Iterator[Change]:
    """A response in the table of its form, its answers, and its chosen options and files."""
    questions = happening.data.response_details.response_with_questions
    name = _response(happening).value
    laid = [cells(question) for question in questions]
    values = (name, *_of_form(happening), *(cell for wide, _ in laid for cell in wide))
    yield Row(_layout(place, questions), values, happening.version)
    of_all = _of_all_answers(happening)
    for at, (question, (_, said)) in enumerate(zip(questions, laid, strict=True)):
        values = (name, at, *of_all, question.title or None, question.type or None, *said)
        yield Row(_ANSWERS, values, happening.version)
        if question.type == "MultiOption":
            yield _options(happening, place, question=question, at=at)
        elif question.type in {"AttachmentList", "Image"}:
            yield _files(happening, place, question=question, at=at)


@remembered(_MOST_FORMS, longest=500)
def form(package: str, *, survey: str) -> Place:
    """The table of a form: of a package, whatever its version, or of one survey. Raises Invalid for neither."""
    if survey:
        short = survey.replace("-", "")[:8]
        origin, comment = f"survey:{survey}", commented(f"Responses to the survey {survey}.")
        return Place(origin, f"responses_survey_{short}", comment, bundle=origin)
    if not package:
        raise Invalid("data.actionPackageId: is missing, as is data.actionId; there is no telling what was answered")
    name = package.rpartition(".")[2] or package
    return Place(f"package:{package}", f"responses_{name}", commented(f"Responses to {package}."))


def _of_form(happening: Happening) -> tuple[Cell, ...]:
    data = happening.data
    return (
        happening.at,
        happening.group or None,
        data.action_id or None,
        data.package_id or None,
        data.responder or None,
        data.responder_id or None,
        data.responder_name or None,
        data.is_anonymous,
        data.is_update_response,
    )


def _layout(place: Place, questions: Sequence[Question]) -> Layout:
    asked = tuple([(one.title, one.type) for one in questions])
    is_usual = sum(len(title) + len(type_) for title, type_ in asked) <= _LONGEST_FORM
    return _remembered(place, asked) if is_usual else _made(place, asked)


@lru_cache(maxsize=_MOST_FORMS)
def _remembered(place: Place, asked: tuple[tuple[str, str], ...]) -> Layout:
    return _made(place, asked)


def _made(place: Place, asked: Sequence[tuple[str, str]]) -> Layout:
    # Known by title and type, so that the versions of a package share their columns; equal ones by their order.
    seen: dict[tuple[str, str], int] = {}
    fields = [*_OF_FORMS]
    for title, type_ in asked:
        seen[title, type_] = seen.get((title, type_), 0) + 1
        fields += columns(title, type_, origin=f"question:{type_}:{seen[title, type_]}:{title}")
    return Layout(place, key=(text("response_id", None),), fields=tuple(fields))


def _of_all_answers(happening: Happening) -> tuple[Cell, ...]:
    data = happening.data
    return (
        happening.at,
        happening.group or None,
        data.action_id or None,
        data.action_package_id or None,
        data.responder or None,
        data.responder_name or None,
    )


def _options(happening: Happening, place: Place, *, question: Question, at: int) -> Family:
    child = Place(
        f"{place.origin}:options", f"{place.name}_options", f"The options chosen, of {place.name}.", bundle=place.bundle
    )
    rows = [(text("question", question.title), text("option", text_of(one))) for one in _several(question)]
    return _family(happening, child, rows=rows, at=at)


def _files(happening: Happening, place: Place, *, question: Question, at: int) -> Family:
    child = Place(
        f"{place.origin}:files", f"{place.name}_files", f"The files attached, of {place.name}.", bundle=place.bundle
    )
    rows = [
        (
            text("question", question.title),
            text("url", text_of(one.get("mediaUrl"))),
            text("file_name", text_of(one.get("mediaFileName"))),
        )
        for one in _several(question)
        if isinstance(one, dict)
    ]
    return _family(happening, child, rows=rows, at=at)


def _several(question: Question) -> list[Any]:
    answer = question.answer if isinstance(question.answer, list) else [question.answer]
    if len(answer) > MOST:
        raise Invalid(
            f"the answer to {commented(question.title)!r} has {len(answer)} items; at most {MOST} are laid out"
        )
    return [one for one in answer if one is not UNSET and one is not None]


def _family(happening: Happening, child: Place, *, rows: Sequence[tuple[Field, ...]], at: int) -> Family:
    parent = _asked(happening, at=at)
    made = (
        row_of(
            place=child,
            key=(*parent, whole("item", item)),
            fields=(instant("at", happening.at), *fields),
            version=happening.version,
        )
        for item, fields in enumerate(rows)
    )
    return Family(place=child, parent=parent, rest=(whole("item", 0),), rows=tuple(made), version=happening.version)


def _asked(happening: Happening, *, at: int) -> tuple[Field, ...]:
    return _response(happening), whole("number", at, comment="Of the question, from 0.")


def _response(happening: Happening) -> Field:
    return key("response_id", happening.data.response_id or happening.callback.event_id)
