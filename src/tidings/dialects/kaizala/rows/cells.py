"""Cells: the values of answers, in columns that dashboards can draw."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.core.row import Cell, Field, Shape
from tidings.dialects.kaizala.rows.received import Question

_LATEST = 253_402_300_799_999  # the end of the year 9999, in milliseconds


def text(name: str, value: str | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.TEXT, value or None, comment)


def truth(name: str, value: bool | None, *, comment: str = "") -> Field:  # noqa: FBT001 - a cell
    return Field(name, name, Shape.TRUTH, value, comment)


def whole(name: str, value: int | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.WHOLE, value, comment)


def number(name: str, value: float | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.NUMBER, value, comment)


def instant(name: str, value: int | None, *, comment: str = "") -> Field:
    return Field(name, name, Shape.INSTANT, value, comment)


def instant_of(value: Any) -> int | None:  # noqa: ANN401 - an answer
    """Epoch milliseconds of a number or an ISO 8601 text, None for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value <= _LATEST else None
    if isinstance(value, str) and value:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        if moment.tzinfo is not None:
            return round(moment.timestamp() * 1_000)
    return None


def number_of(value: Any) -> float | None:  # noqa: ANN401 - an answer
    """The number that an answer is or writes, None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    return found if abs(found) < float("inf") else None


def text_of(value: Any) -> str | None:  # noqa: ANN401 - an answer
    """An answer in words: options by comma, files by their addresses, a number to call, a place by name."""
    if value is UNSET or value is None:
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(filter(None, map(text_of, value))) or None
    if isinstance(value, dict):
        if "pn" in value:
            return f"{value.get('cc', '')}{value['pn']}"
        for name in ("mediaUrl", "url", "n"):
            if isinstance(value.get(name), str):
                return str(value[name])
    return msgspec.json.encode(value).decode()


def columns(question: Question, *, origin: str) -> Iterator[Field]:
    """The columns of a question in the wide table: one, or three for a location."""
    answer, comment = question.answer, f"Question: {question.title} ({question.type})"
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
    if question.type in {"DateTime", "Date", "DateOnly"}:
        return Shape.INSTANT, instant_of(question.answer)
    return Shape.TEXT, text_of(question.answer)
