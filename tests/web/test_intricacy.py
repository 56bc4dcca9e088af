"""How often a schema may have a value looked at is known before anything is checked by it."""

from typing import Any

import pytest

from tidings.core.errors import Invalid
from tidings.web.intricacy import MOST_VISITS, visits
from tidings.web.schemas import usable


def doubling(times: int) -> dict[str, Any]:
    """Each reference doubles the work."""
    parts: dict[str, Any] = {
        f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}, {"$ref": f"#/$defs/a{n + 1}"}]} for n in range(times)
    }
    return {"$defs": parts | {f"a{times}": {"type": "string"}}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize(
    ("schema", "most"),
    [
        (True, 1),
        ({"type": "object"}, 1),
        ({"properties": {"a": {"type": "string"}, "b": {"items": {}}}}, 3),
        ({"allOf": [{}, {}], "not": {}, "dependentSchemas": {"a": {}}, "dependencies": {"a": ["b"]}}, 5),
        ({"patternProperties": {"a": {}, "b": {}}, "additionalProperties": {}, "prefixItems": [{}, {}]}, 5),
        ({"$defs": {"a/b": {"type": "string"}}, "allOf": [{"$ref": "#/$defs/a~1b"}, {"$ref": "#/allOf/0"}]}, 6),
        (doubling(3), 30),
    ],
)
def test_visits_are_counted_at_the_value_that_is_looked_at_most(schema: object, most: int) -> None:
    assert visits(schema) == most


def test_what_goes_down_into_the_data_with_each_reference_is_bounded_by_its_depth() -> None:
    tree = {"properties": {"name": {"type": "string"}, "left": {"$ref": "#"}, "right": {"$ref": "#"}}}

    assert visits(tree) < MOST_VISITS


@pytest.mark.parametrize(
    "schema",
    [
        doubling(22),
        {"$ref": "#"},
        {"anyOf": [{"properties": {"x": {"$ref": "#"}}}, {"properties": {"x": {"$ref": "#"}}}]},
        {"allOf": [{"type": "integer"}] * 1_000},
        {"properties": {f"p{n}": {"$ref": "#"} for n in range(2_000)}},
        {"$defs": {"a": {"$id": "https://example.com/a"}}, "properties": {"a": {"$ref": "#/$defs/a"}}},
        {"$defs": {"a": {"$anchor": "a"}}, "$ref": "#a"},
        {"$defs": [], "$ref": "#/$defs/a"},
    ],
)
def test_a_schema_whose_work_has_no_bound_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        usable(schema)
