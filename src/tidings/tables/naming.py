"""Naming: what tables and columns are called, so that every engine and every dashboard takes it."""

import hashlib
import re
from collections.abc import Collection
from functools import lru_cache

from anyascii import anyascii
from sqlalchemy.sql.compiler import RESERVED_WORDS

# PostgreSQL cuts names at 63 bytes, MariaDB refuses them above 64 characters; the rest is for a suffix of our own.
LONGEST = 60
_HASH = 6
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def plain(wish: str, *, otherwise: str) -> str:
    """A name of lower-case letters, digits and underscores, whatever script the wish is in."""
    name = _NOT_PLAIN.sub("_", anyascii(wish).lower()).strip("_")[:LONGEST].rstrip("_")
    if not name:
        return otherwise
    if name[0].isdigit():
        name = f"{otherwise}_{name}"[:LONGEST]
    return f"{name}_" if name in RESERVED_WORDS else name


def name_for(origin: str, *, wish: str, taken: Collection[str], otherwise: str) -> str:
    """The plain name, or if somebody has that one already, the plain name with a hash of the origin."""
    name = plain(wish, otherwise=otherwise)
    for length in range(_HASH, 41):
        if name not in taken:
            break
        suffix = digest(origin)[:length]
        name = f"{plain(wish, otherwise=otherwise)[: LONGEST - length - 1]}_{suffix}"
    return name


def digest(origin: str) -> str:
    """An origin in a length that every engine can index."""
    return _usual(origin) if len(origin) <= _LONGEST_USUAL else _hashed(origin)


def _hashed(origin: str) -> str:
    return hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:40]


# The same few thousand again and again; to hash them was half of writing a row. At most 20 MB, whoever asks what.
_LONGEST_USUAL = 500
_usual = lru_cache(10_000)(_hashed)
