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


def columns(title: str, type_: str, *, origin: str) -> Iterator[Field]:
    """The columns of a question in the wide table: one, or three for a location."""
    comment = commented(f"Question ({type_}): {title}")
    if type_ == "Location":
        for name in ("latitude", "longitude"):
            yield Field(f"{origin}.{name}", f"{title} {name}", Shape.NUMBER, None, comment)
        yield Field(f"{origin}.place", f"{title} place", Shape.TEXT, None, comment)
        return
    shape = Shape.NUMBER if type_ == "Numeric" else Shape.INSTANT if type_ in DATES else Shape.TEXT
    yield Field(origin, title, shape, None, comment)


def cells(question: Question) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """What stands in those columns; and the answer in words, as a number, an instant, a latitude and a longitude.

    An instant is put in words by ISO 8601, in UTC.
    """
    answer, type_ = question.answer, question.type
    words = text_of(answer)
    if type_ == "Location":
        spot: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        latitude, longitude = number_of(spot.get("lt")), number_of(spot.get("lg"))
        return (latitude, longitude, text_of(spot.get("n", UNSET))), (words or None, None, None, latitude, longitude)
    if type_ == "Numeric":
        number = number_of(answer)
        return (number,), (words or None, number, None, None, None)
    if type_ in DATES:
        at = instant_of(answer)
        return (at,), ((words or None) if at is None else iso(at), None, at, None, None)
    return (words,), (words or None, None, None, None, None)
