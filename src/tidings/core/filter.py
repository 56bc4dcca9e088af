"""Filters: conditions on an event's JSON, all of which must hold for a subscription to get it.

A condition is `{"path": "data.amount", "op": "gt", "value": 10}`, `{"and": […]}`, `{"or": […]}` or `{"not": {…}}`.

eq, gt, gte, lt, lte, in, contains, startsWith, endsWith and `exists: true` hold if they hold for any value that the
path reaches, and so never where it is missing. ne, nin and `exists: false` hold exactly when eq, in and `exists: true`
do not. Numbers compare with numbers only, texts with texts (by code point); booleans are not numbers: 1 equals 1.0, but
not true. `contains` is for a part of a text, or an element of an array.
"""

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from tidings.core.errors import Invalid
from tidings.core.path import parse_path

# Guesses that leave room for every filter that a person writes, and bound what one costs on each event:
DEEPEST_CONDITION = 10  # conditions within conditions, and likewise lists and objects within a value
MOST_CONDITIONS = 100
MOST_VALUES = 1000  # in one `value`, all that is within it counted
LONGEST_TEXT = 1024

_FIELDS = {"path", "op", "value"}
_EXAMPLE = '{"path": "data.amount", "op": "gt", "value": 10}'

Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Condition:
    place: str
    words: str
    holds: Test
    size: int = 1  # conditions in it, itself included
    parts: tuple["_Condition", ...] = ()  # of an `and`: where to look for the one that fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """All conditions of a subscription; made by `compile_filter`. `raw` is the JSON that it was made from."""

    raw: list[Any] = field(hash=False)
    root: _Condition = field(repr=False, compare=False)

    def accepts(self, document: dict[str, Any]) -> bool:
        return self.root.holds(document)

    def explain(self, document: dict[str, Any]) -> str | None:
        """The first condition that fails, with its place and in words; None if all hold."""
        return _first_failing(self.root, document)


def compile_filter(raw: object, *, place: str = "filters") -> Filter | None:
    """Understand a list of conditions; an empty one is no filter. Raises Invalid with the place of a mistake."""
    if raw == []:
        return None
    conditions = _listed(raw, place=place)
    root = _all_of(_conditions(conditions, place=place, depth=1), place=place)
    # The list itself is not a condition.
    if root.size - 1 > MOST_CONDITIONS:
        raise Invalid(f"{place}: has {root.size - 1} conditions; write at most {MOST_CONDITIONS}")
    return Filter(raw=conditions, root=root)


def _listed(raw: object, *, place: str) -> list[Any]:
    if not isinstance(raw, list) or not raw:
        raise Invalid(f"{place}: must be a list of conditions like {_EXAMPLE}")
    return raw


def _conditions(raw: list[Any], *, place: str, depth: int) -> tuple[_Condition, ...]:
    return tuple(_condition(one, place=f"{place}[{number}]", depth=depth) for number, one in enumerate(raw))


def _condition(raw: object, *, place: str, depth: int) -> _Condition:
    if not isinstance(raw, dict):
        raise Invalid(f"{place}: must be an object like {_EXAMPLE}")
    if depth > DEEPEST_CONDITION:
        raise Invalid(f"{place}: is nested deeper than {DEEPEST_CONDITION} conditions; write it flatter")
    combinator = next((name for name in ("and", "or", "not") if name in raw), None)
    if combinator is None:
        return _comparison(raw, place=place)
    if len(raw) > 1:
        raise Invalid(f"{place}: '{combinator}' stands alone in its object; put the rest into objects of their own")
    here = f"{place}.{combinator}"
    if combinator == "not":
        part = _condition(raw["not"], place=here, depth=depth + 1)
        return _Condition(
            place=place,
            words=f"not ({part.words})",
            holds=lambda document: not part.holds(document),
            size=part.size + 1,
        )
    parts = _conditions(_listed(raw[combinator], place=here), place=here, depth=depth + 1)
    return _all_of(parts, place=place) if combinator == "and" else _any_of(parts, place=place)


def _all_of(parts: tuple[_Condition, ...], *, place: str) -> _Condition:
    tests = [part.holds for part in parts]
    return _Condition(
        place=place,
        words=" and ".join(f"({part.words})" for part in parts),
        holds=tests[0] if len(tests) == 1 else lambda document: all(test(document) for test in tests),
        size=1 + sum(part.size for part in parts),
        parts=parts,
    )


def _any_of(parts: tuple[_Condition, ...], *, place: str) -> _Condition:
    tests = [part.holds for part in parts]
    return _Condition(
        place=place,
        words=" or ".join(f"({part.words})" for part in parts),
        holds=lambda document: any(test(document) for test in tests),
        size=1 + sum(part.size for part in parts),
    )


def _first_failing(condition: _Condition, document: dict[str, Any]) -> str | None:
    if condition.holds(document):
        return None
    for part in condition.parts:
        found = _first_failing(part, document)
        if found is not None:
            return found
    return f"{condition.place} does not hold: {condition.words}"


def _comparison(raw: dict[str, Any], *, place: str) -> _Condition:
    missing = sorted(_FIELDS - raw.keys())
    if missing:
        raise Invalid(f"{place}: has no '{missing[0]}'; write a condition like {_EXAMPLE}")
    unknown = sorted(raw.keys() - _FIELDS)
    if unknown:
        raise Invalid(f"{place}: {unknown[0][:40]!r} is no part of a condition; write one like {_EXAMPLE}")
    path = parse_path(raw["path"], place=f"{place}.path")
    op, value = raw["op"], raw["value"]
    if not isinstance(op, str) or op not in _OPERATORS:
        raise Invalid(f"{place}.op: {str(op)[:40]!r} is not an operator; use one of {', '.join(_OPERATORS)}")
    words, takes, test_with = _OPERATORS[op]
    if not takes.fits(value):
        raise Invalid(f"{place}.value: '{op}' needs {takes.words}")
    if _measure(value, place=f"{place}.value", depth=1) > MOST_VALUES:
        raise Invalid(f"{place}.value: holds more than {MOST_VALUES} values; write fewer")
    return _Condition(
        place=place,
        words=f"{path.text} {words} {json.dumps(value, ensure_ascii=False)[:80]}",
        holds=_holds(path.values, test_with(value), negated=op in {"ne", "nin"} or (op == "exists" and not value)),
    )


def _holds(values: Callable[[object], Sequence[object]], test: Test, *, negated: bool) -> Test:
    def holds(document: dict[str, Any]) -> bool:
        for value in values(document):
            if test(value):
                return not negated
        return negated

    return holds


def _measure(value: object, *, place: str, depth: int) -> int:
    """How many values there are in it, itself included."""
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Invalid(f"{place}: holds a text of {len(value)} characters; write at most {LONGEST_TEXT}")
    if depth > DEEPEST_CONDITION:
        raise Invalid(f"{place}: is nested deeper than {DEEPEST_CONDITION} levels; write a flatter one")
    within = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(_measure(one, place=place, depth=depth + 1) for one in within)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    """Whether two values are equal as JSON, where Python would take true for 1."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(_same(value, other[name]) for name, value in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def _one_of(wanted: list[Any]) -> Test:
    structures = [one for one in wanted if isinstance(one, (dict, list))]
    scalars = {(isinstance(one, bool), one) for one in wanted if not isinstance(one, (dict, list))}

    def test(value: object) -> bool:
        if isinstance(value, (dict, list)):
            return any(_same(value, one) for one in structures)
        return (isinstance(value, bool), value) in scalars

    return test


def _compared(compare: Callable[[Any, Any], bool], wanted: float | str) -> Test:
    if isinstance(wanted, str):
        return lambda value: isinstance(value, str) and compare(value, wanted)
    return lambda value: _is_number(value) and compare(value, wanted)


def _containing(wanted: object) -> Test:
    def test(value: object) -> bool:
        if isinstance(value, str):
            return isinstance(wanted, str) and wanted in value
        return isinstance(value, list) and any(_same(one, wanted) for one in value)

    return test


class _Takes(NamedTuple):
    words: str
    fits: Test


_ANYTHING = _Takes("a value", lambda _: True)
_ORDERED = _Takes("a number or a text", lambda value: _is_number(value) or isinstance(value, str))
_LIST = _Takes("a list of at least one value", lambda value: isinstance(value, list) and value != [])
_TEXT = _Takes("a text", lambda value: isinstance(value, str))
_TRUTH = _Takes("true or false", lambda value: isinstance(value, bool))

# For each operator: how it reads, what its value may be, and the test that it makes of that value.
_OPERATORS: dict[str, tuple[str, _Takes, Callable[[Any], Test]]] = {
    "eq": ("equals", _ANYTHING, lambda wanted: partial(_same, wanted)),
    "ne": ("does not equal", _ANYTHING, lambda wanted: partial(_same, wanted)),
    "gt": ("is greater than", _ORDERED, partial(_compared, operator.gt)),
    "gte": ("is at least", _ORDERED, partial(_compared, operator.ge)),
    "lt": ("is less than", _ORDERED, partial(_compared, operator.lt)),
    "lte": ("is at most", _ORDERED, partial(_compared, operator.le)),
    "in": ("is one of", _LIST, _one_of),
    "nin": ("is none of", _LIST, _one_of),
    "contains": ("contains", _ANYTHING, _containing),
    "startsWith": (
        "starts with",
        _TEXT,
        lambda wanted: lambda value: isinstance(value, str) and value.startswith(wanted),
    ),
    "endsWith": ("ends with", _TEXT, lambda wanted: lambda value: isinstance(value, str) and value.endswith(wanted)),
    "exists": ("exists:", _TRUTH, lambda _: lambda _: True),
}
