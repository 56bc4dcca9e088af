"""Cells: the values of answers, in columns that dashboards can draw."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.core.cell import commented, instant_of, iso, number_of
from tidings.core.row import Cell, Field, Shape
from tidings.dialects.kaizala.rows.received import Question

DATES = frozenset({"DateTime", "Date", "DateOnly"})


def text_of(value: Any) -> str | None:  # noqa: ANN401 - an answer
    """An answer in words: options by comma, files by their addresses, a number to call, a place by name."""
    if value is UNSET or value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.15g}"  # 14, not 14.0: the answer in words
    if isinstance(value, list):
        return ", ".join(filter(None, map(text_of, value))) or None
    if isinstance(value, dict):
        if "pn" in value:
            return "".join(filter(None, (text_of(value.get("cc")), text_of(value["pn"]))))
        for name in ("mediaUrl", "url", "n"):
            if isinstance(found := value.get(name), str):
                return found
    return msgspec.json.encode(value).decode()


def words_of(question: Question) -> str | None:
    """The answer to a question in words; an instant by ISO 8601, in UTC."""
    at = instant_of(question.answer) if question.type in DATES else None
    return text_of(question.answer) if at is None else iso(at)


def columns(question: Question, *, origin: str) -> Iterator[Field]:
    """The columns of a question in the wide table: one, or three for a location."""
    answer, comment = question.answer, commented(f"Question ({question.type}): {question.title}")
    if question.type == "Location":
        spot: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        for key, name in (("lt", "latitude"), ("lg", "longitude")):
            yield Field(f"{origin}.{name}", f"{question.title} {name}", Shape.NUMBER, number_of(spot.get(key)), comment)
        yield Field(f"{origin}.place", f"{question.title} place", Shape.TEXT, text_of(spot.get("n", UNSET)), comment)
        return
    shape, value = _cell(question)
    yield Field(origin, question.title, shape, value, comment)


def _cell(question: Question) -> tuple[Shape, Cell]:
    if question.type == "Numeric":
        return Shape.NUMBER, number_of(question.answer)
    if question.type in DATES:
        return Shape.INSTANT, instant_of(question.answer)
    return Shape.TEXT, text_of(question.answer)
