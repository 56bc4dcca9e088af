"""Ids and names that somebody chose, for connectors, people and groups."""

import re
import uuid

from tidings.core.errors import Invalid

# Kaizala's ids are GUIDs, some with a shard behind @; ids that somebody chose must be as harmless in a path.
_IDENTIFIER = re.compile(r"[A-Za-z0-9._@-]{1,128}")
# A guess at what still fits a line of a list.
_LONGEST_NAME = 200


def checked_identifier(identifier: str | None, *, field: str = "id") -> str:
    """An id that somebody chose, or a new GUID."""
    if identifier is None:
        return str(uuid.uuid4())
    if not _IDENTIFIER.fullmatch(identifier):
        raise Invalid(f"{field}: expected up to 128 letters, digits, '.', '_', '@' or '-'")
    return identifier


def checked_name(name: str) -> str:
    """A name that can be shown. Raises Invalid."""
    name = name.strip()
    if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
        raise Invalid(f"name: expected 1 to {_LONGEST_NAME} characters")
    return name
