"""Responses laid flat: one wide row a response, one long row an answer, and what an answer holds several of."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET

from tidings.core.cell import commented, instant, instant_of, key, number, number_of, text, truth, whole
from tidings.core.errors import Invalid
from tidings.core.row import Change, Family, Field, Place, Row
from tidings.dialects.kaizala.rows.cells import DATES, columns, text_of, words_of
from tidings.dialects.kaizala.rows.happening import Happening
from tidings.dialects.kaizala.rows.received import MOST, Question

_ANSWERS = Place("answers", "answers", "Every answer to every question: one row an answer.")


def response_changes(happening: Happening, place: Place) -> Iterator[Change]:
    """A response in the table of its form, its answers, and its chosen options and files."""
    questions = happening.data.response_details.response_with_questions
    yield _row(happening, place, numbered=_numbered(questions))
    of_all = _of_all_answers(happening)
    for at, question in enumerate(questions):
        said = (*of_all, *_of_answer(question))
        yield Row(place=_ANSWERS, key=_asked(happening, at=at), fields=said, version=happening.version)
        if question.type == "MultiOption":
            yield _options(happening, place, question=question, at=at)
        elif question.type in {"AttachmentList", "Image"}:
            yield _files(happening, place, question=question, at=at)


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


def _row(happening: Happening, place: Place, *, numbered: Iterator[tuple[str, Question]]) -> Row:
    data = happening.data
    fields = [
        instant("at", happening.at, comment="When it was sent."),
        text("group_id", happening.group),
        text("action_id", data.action_id),
        text("package_id", data.package_id, comment="The package with its version."),
        text("responder", data.responder),
        text("responder_id", data.responder_id),
        text("responder_name", data.responder_name),
        truth("is_anonymous", data.is_anonymous),
        truth("is_update", data.is_update_response, comment="Whether it took the place of an earlier response."),
    ]
    for origin, question in numbered:
        fields += columns(question, origin=origin)
    return Row(place=place, key=(_response(happening),), fields=tuple(fields), version=happening.version)


def _numbered(questions: list[Question]) -> Iterator[tuple[str, Question]]:
    # Known by title and type, so that the versions of a package share their columns; equal ones by their order.
    seen: dict[tuple[str, str], int] = {}
    for question in questions:
        named = question.title, question.type
        seen[named] = seen.get(named, 0) + 1
        yield f"question:{question.type}:{seen[named]}:{question.title}", question


def _of_all_answers(happening: Happening) -> tuple[Field, ...]:
    data = happening.data
    return (
        instant("at", happening.at),
        text("group_id", happening.group),
        text("action_id", data.action_id),
        text("action_package_id", data.action_package_id),
        text("responder", data.responder),
        text("responder_name", data.responder_name),
    )


def _of_answer(question: Question) -> tuple[Field, ...]:
    answer = question.answer
    spot: dict[str, Any] = answer if isinstance(answer, dict) and question.type == "Location" else {}
    return (
        text("question", question.title),
        text("type", question.type),
        text("answer", words_of(question), comment="The answer in words."),
        number("answer_number", number_of(answer) if question.type == "Numeric" else None),
        instant("answer_time", instant_of(answer) if question.type in DATES else None),
        number("latitude", number_of(spot.get("lt"))),
        number("longitude", number_of(spot.get("lg"))),
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
        Row(
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
