"""Wording: what a decoder finds wrong with a request, in words for whoever wrote it."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from tidings.core.fault import parted, worded

FLAG = "^([Tt]rue|TRUE|[Ff]alse|FALSE)$"
NUMBER = r"^[0-9]{1,15}(\.[0-9]{1,6})?$"

_PATTERNS = {FLAG: "true or false", NUMBER: "a number"}


def said_of(error: str, *, shape: type[msgspec.Struct]) -> str:
    """What a decoder found, in words for whoever wrote the request."""
    what, where = parted(error)
    if what.startswith("Invalid enum value"):
        return f"{where}: expected one of {', '.join(_words_of(shape, where))}"
    for pattern, meant in _PATTERNS.items():
        if what.endswith(f"matching regex {pattern!r}"):
            return f"{where}: expected {meant}"
    return worded(error)


def _words_of(shape: type[msgspec.Struct], where: str) -> list[str]:
    """The words that the field at a path is chosen from."""
    kind: inspect.Type = inspect.type_info(shape)
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[[^]]*\]", "", where)):
        kind = next(
            field.type
            for struct in _parts(kind)
            for field in getattr(struct, "fields", ())
            if field.encode_name == name
        )
    return [str(word) for part in _parts(kind) for word in _choices(part)]


def _parts(kind: inspect.Type) -> Iterator[inspect.Type]:
    """A type, and those that it is made of, as far as a path may lead through them without a name."""
    yield kind
    inner = (*getattr(kind, "types", ()), *(getattr(kind, name, None) for name in ("type", "item_type", "value_type")))
    for part in inner:
        if isinstance(part, inspect.Type):
            yield from _parts(part)


def _choices(kind: inspect.Type) -> list[Any]:
    if isinstance(kind, inspect.EnumType):
        return [one.value for one in kind.cls]
    return list(kind.values) if isinstance(kind, inspect.LiteralType) else []
