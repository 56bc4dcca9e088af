"""Intricacy: how often a JSON Schema may have one value looked at, found before anything is checked by it.

Alternatives that refer to alternatives double the work with each reference: a schema of a kilobyte could keep the
server busy for years. What is counted is an upper bound, by going through the schema and not through data.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tidings.core.json_text import DEEPEST

# Visits of one value and what is on the way to it. The largest public schemas for webhooks have some dozens.
MOST_VISITS = 1_000
# Parts counted at all, each once for each level of data: some tenths of a second. Schemas are registered rarely.
_MOST_COUNTED = 100_000

_Node = Mapping[str, Any]
_LISTS = ("allOf", "anyOf", "oneOf")
_ALONE = ("not", "if", "then", "else")
_MAPS = ("dependentSchemas", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_BELOW = (
    "additionalProperties",
    "propertyNames",
    "additionalItems",
    "contains",
    "unevaluatedItems",
    "unevaluatedProperties",
)


class _Unbounded(Exception):
    """It refers to itself without going down into the data, or otherwise than by `#` and `#/…`."""


def visits(schema: Any) -> int:  # noqa: ANN401 - any JSON that is a schema
    """How often a value may be visited, at most; more than `MOST_VISITS` if that cannot be told."""
    if not isinstance(schema, dict):
        return 1
    try:
        order = _inner_first(schema)
    except _Unbounded:
        return MOST_VISITS + 1
    parts = [
        (id(node), [id(one) for one in _here(node, schema)], [list(map(id, one)) for one in _below(node) if one])
        for node in order
    ]
    before: dict[int, int] = {}
    for _ in range(min(DEEPEST, _MOST_COUNTED // len(order)) + 1):
        now: dict[int, int] = {}
        for node, here, below in parts:
            inside = sum(max(before.get(one, 0) for one in group) for group in below)
            now[node] = min(1 + sum(now[one] for one in here) + inside, MOST_VISITS + 1)
        if now == before or now[id(schema)] > MOST_VISITS:
            return now[id(schema)]
        before = now
    return before[id(schema)] if len(order) * DEEPEST <= _MOST_COUNTED else MOST_VISITS + 1


def _inner_first(schema: _Node) -> list[_Node]:
    """All parts of a schema; each behind those that judge the same value as it does."""
    order: list[_Node] = []
    done: dict[int, bool] = {}
    waiting: list[tuple[_Node, bool]] = [(schema, False)]
    while waiting:
        node, is_left = waiting.pop()
        if is_left:
            done[id(node)] = True
            order.append(node)
        elif id(node) not in done:
            if node is not schema and ("$id" in node or ("id" in node and isinstance(node["id"], str))):
                # From there on references would mean something else.
                raise _Unbounded
            done[id(node)] = False
            here = _here(node, schema)
            if any(done.get(id(one)) is False for one in here):
                raise _Unbounded
            below = [(one, False) for group in _below(node) for one in group]
            waiting += [*below, (node, True), *((one, False) for one in here)]
    return order


def _here(node: _Node, schema: _Node) -> list[_Node]:
    """What judges the same value."""
    found = [one for key in _LISTS for one in _items(node.get(key))]
    found += [node[key] for key in _ALONE if isinstance(node.get(key), dict)]
    found += [one for key in _MAPS for one in _values(node.get(key))]
    return found + [_target(node[key], schema) for key in _REFERENCES if isinstance(node.get(key), str)]


def _below(node: _Node) -> Iterator[list[_Node]]:
    """What judges values inside; of each group one only."""
    yield _values(node.get("properties"))
    yield [*_items(node.get("prefixItems")), *_items(node.get("items"))]
    yield from ([one] for one in _values(node.get("patternProperties")))
    yield from ([node[key]] for key in (*_BELOW, "items") if isinstance(node.get(key), dict))


def _target(reference: str, schema: _Node) -> _Node:
    found: Any = schema
    if reference != "#":
        for step in reference.removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            try:
                found = found[int(name)] if isinstance(found, list) else found[name]
            except (LookupError, ValueError, TypeError) as error:
                raise _Unbounded from error
    if not isinstance(found, dict):
        raise _Unbounded
    return found


def _items(value: Any) -> Sequence[_Node]:  # noqa: ANN401 - any JSON
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _values(value: Any) -> list[_Node]:  # noqa: ANN401 - any JSON
    return [one for one in value.values() if isinstance(one, dict)] if isinstance(value, dict) else []
