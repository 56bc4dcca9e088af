"""How requests are read: as leniently as Kaizala read them, and into typed values on the spot.

Names count in any case, null stands for absent, numbers and truth values may be text, and fields that nobody knows are
left alone, as Json.NET did (Kaizala API reference 1.0.1). A known field of a wrong type is refused.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from tidings.core.errors import Invalid

Flag = bool | Annotated[str, Meta(pattern="^([Tt]rue|TRUE|[Ff]alse|FALSE)$")]
Number = float | Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,6})?$")]

# The answer of GET /v1/webhook says `events` for what POST calls `eventTypes`; both are understood.
_ALSO = {"events": "eventTypes"}


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A request or an answer in Kaizala's spelling; in a request, None is what was not sent."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"  # most of them hold a token, a number or a password


W = TypeVar("W", bound=Wire)


def is_true(flag: bool | str) -> bool:  # noqa: FBT001 - what it says in either form
    """What a `Flag` says."""
    return flag is True or str(flag).lower() == "true"


def body_of(shape: type[Wire]) -> Any:  # noqa: ANN401 - a type for a decoder, which no annotation can name
    """The type to decode a request's JSON to, before `read`: any object, described to the world as that shape."""
    (root,), components = msgspec.json.schema_components([shape])
    return Annotated[dict[str, Any], Meta(extra_json_schema=_inlined(root, components))]


def read(shape: type[W], body: Mapping[str, Any]) -> W:
    """Make the typed request of a decoded body. Raises Invalid, naming the field and what was expected."""
    names = _spellings(shape)
    spelled = {names.get(name.lower(), name): value for name, value in body.items() if value is not None}
    try:
        return msgspec.convert(spelled, shape)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise Invalid(f"{where.strip('.`') or 'the body'}: {what}") from error


@cache
def _spellings(shape: type[Wire]) -> Mapping[str, str]:
    names = {field.encode_name for field in msgspec.structs.fields(shape)}
    return {name.lower(): name for name in names} | {also: name for also, name in _ALSO.items() if name in names}


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a JSON Schema
    """A schema without references, so that it can stand anywhere in a document."""
    if isinstance(schema, list):
        return [_inlined(part, components) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].removeprefix("#/$defs/")], components)
    return {name: _inlined(part, components) for name, part in schema.items()}
