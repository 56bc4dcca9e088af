"""Difference: what differs between two documents, or two texts, place by place."""

import difflib
import itertools
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core import json_text
from tidings.core.errors import Invalid

# More is no answer to the question what a retry changed.
MOST_CHANGES = 1_000
# Lines. Comparing texts takes the square of their length.
_LONGEST_TEXT = 500
_PLAIN = re.compile(r'[^.\[\]"*]+')


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A place whose value differs; without `before` it was added, without `after` it is gone."""

    path: str
    before: Any | UnsetType = UNSET
    after: Any | UnsetType = UNSET


class Kind(StrEnum):
    """How two bodies were compared."""

    EQUAL = "equal"  # byte for byte
    JSON = "json"  # by their values
    TEXT = "text"  # line by line
    BYTES = "bytes"  # up to the first byte that differs


class Difference(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What differs between two bodies: for JSON `changes`, for text `lines` as `diff -u` writes them.

    `firstByte` is the first that differs; two JSON texts that differ nowhere else are spelled in two ways.
    """

    kind: Kind
    changes: list[Change] = []
    lines: list[str] = []
    first_byte: int | None = None
    is_cut: bool = False


def difference(before: bytes, after: bytes) -> Difference:
    """Compare two bodies, as JSON if both are that, else as text."""
    if before == after:
        return Difference(kind=Kind.EQUAL)
    first = _first_byte(before, after)
    try:
        found = list(itertools.islice(changes(json_text.read(before), json_text.read(after)), MOST_CHANGES + 1))
    except Invalid:
        return _of_texts(before, after, first=first)
    return Difference(kind=Kind.JSON, changes=found[:MOST_CHANGES], first_byte=first, is_cut=len(found) > MOST_CHANGES)


def changes(before: object, after: object, *, path: str = "") -> Iterator[Change]:
    """What differs between two JSON documents; elements of arrays are compared by their positions."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _at(_inside(path, name), before.get(name, UNSET), after.get(name, UNSET))
    elif isinstance(before, list) and isinstance(after, list):
        for number, (one, other) in enumerate(itertools.zip_longest(before, after, fillvalue=UNSET)):
            yield from _at(f"{path}[{number}]", one, other)
    elif type(before) is not type(after) or before != after:
        yield Change(path=path, before=before, after=after)


def _at(path: str, before: object, after: object) -> Iterator[Change]:  # noqa: PLR0917 - before and after, as above
    if before is UNSET or after is UNSET:
        yield Change(path=path, before=before, after=after)
    else:
        yield from changes(before, after, path=path)


def _inside(path: str, name: str) -> str:
    if not _PLAIN.fullmatch(name):
        return f"{path}[{msgspec.json.encode(name).decode()}]"
    return f"{path}.{name}" if path else name


def _of_texts(before: bytes, after: bytes, *, first: int) -> Difference:
    try:
        old, new = before.decode().splitlines(), after.decode().splitlines()
    except UnicodeDecodeError:
        return Difference(kind=Kind.BYTES, first_byte=first)
    if max(len(old), len(new)) > _LONGEST_TEXT:
        return Difference(kind=Kind.BYTES, first_byte=first)
    lines = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
    return Difference(kind=Kind.TEXT, lines=lines[:MOST_CHANGES], first_byte=first, is_cut=len(lines) > MOST_CHANGES)


def _first_byte(before: bytes, after: bytes) -> int:
    """Found by halves, each compared at the speed of memory."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if before[low:middle] == after[low:middle] else (low, middle - 1)
    return low
