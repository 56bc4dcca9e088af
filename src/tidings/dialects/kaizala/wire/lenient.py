"""How requests are read: as leniently as Kaizala read them, and into typed values on the spot.

Names count in any case at every depth, and so do words out of a list. Null stands for absent, numbers and truth values
may be text, and fields that nobody knows are left alone, as Json.NET did (Kaizala API reference 1.0.1). A known field
of a wrong type is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, inspect

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.wording import FLAG, NUMBER, said_of

Flag = bool | Annotated[str, Meta(pattern=FLAG)]
Number = float | Annotated[str, Meta(pattern=NUMBER)]

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


@cache
def body_of(shape: type[Wire]) -> Any:  # noqa: ANN401 - a type for a decoder, which no annotation can name
    """The type to decode a request's JSON to, before `read`: any object, described to the world as that shape."""
    (root,), components = msgspec.json.schema_components([shape])
    return Annotated[dict[str, Any], Meta(extra_json_schema=_inlined(root, components))]


def read(shape: type[W], body: Mapping[str, Any]) -> W:
    """Make the typed request of a decoded body. Raises Invalid, naming the field and what was expected."""
    try:
        return msgspec.convert(_spell_object(body, shape=shape), shape)
    except msgspec.ValidationError as error:
        raise Invalid(said_of(str(error), shape=shape)) from error


# Brings a value into the spelling of its type; what is of another type it hands back, for `convert` to refuse.
_Speller = Callable[[Any], Any]


def _spell_object(value: Any, *, shape: type[msgspec.Struct]) -> Any:  # noqa: ANN401 - any JSON
    if not isinstance(value, Mapping):
        return value
    fields = _fields(shape)
    spelled = {}
    for name, item in value.items():
        if item is not None:
            right, speller = fields.get(name.lower()) or (name, None)
            spelled[right] = speller(item) if speller else item
    return spelled


@cache
def _fields(shape: type[msgspec.Struct]) -> Mapping[str, tuple[str, _Speller | None]]:
    """By a field's name in lower case: how it is spelled, and what spells its value."""
    kind = inspect.type_info(shape)
    fields = {field.encode_name: _speller(field.type) for field in getattr(kind, "fields", ())}
    known = {name.lower(): (name, speller) for name, speller in fields.items()}
    return {also: known[name.lower()] for also, name in _ALSO.items() if name in fields} | known


def _speller(kind: inspect.Type) -> _Speller | None:
    """What spells values of that type; None if there is nothing in them to spell."""
    match kind:
        case inspect.StructType():
            return partial(_spell_object, shape=kind.cls)
        case inspect.ListType() | inspect.VarTupleType():
            item = _speller(kind.item_type)
            return item and partial(_spell_items, speller=item)
        case inspect.DictType():
            item = _speller(kind.value_type)
            return item and partial(_spell_values, speller=item)
        case inspect.EnumType():
            return _speller_of_words([one.value for one in kind.cls])
        case inspect.LiteralType():
            return _speller_of_words(kind.values)
        case inspect.UnionType():
            # Each of them changes values of its own type alone.
            spellers = [one for one in map(_speller, kind.types) if one]
            return partial(_spell_in_turn, spellers=spellers) if spellers else None
        case inspect.Metadata():
            return _speller(kind.type)
        case _:
            return None


def _speller_of_words(words: Iterable[object]) -> _Speller:
    return partial(_spell_word, words={word.lower(): word for word in words if isinstance(word, str)})


def _spell_in_turn(value: Any, *, spellers: Sequence[_Speller]) -> Any:  # noqa: ANN401 - any JSON
    for speller in spellers:
        value = speller(value)
    return value


def _spell_items(value: Any, *, speller: _Speller) -> Any:  # noqa: ANN401 - any JSON
    return [speller(item) for item in value] if isinstance(value, list | tuple) else value


def _spell_values(value: Any, *, speller: _Speller) -> Any:  # noqa: ANN401 - any JSON
    return {name: speller(item) for name, item in value.items()} if isinstance(value, Mapping) else value


def _spell_word(value: Any, *, words: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    return words.get(value.lower(), value) if isinstance(value, str) else value


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a JSON Schema
    """A schema without references, so that it can stand anywhere in a document."""
    if isinstance(schema, list):
        return [_inlined(part, components) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(components[schema["$ref"].removeprefix("#/$defs/")], components)
    return {name: _inlined(part, components) for name, part in schema.items()}
