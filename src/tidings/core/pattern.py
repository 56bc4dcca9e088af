"""Names of event types, and the patterns by which subscriptions choose among them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.core.errors import Invalid

EVERY = "*"
# Fits a database's index and a line of a table; the longest name in the sources has 21 characters.
LONGEST_NAME = 128
# A guess: whoever lists more wants `*` or a prefix. It bounds what one subscription costs in memory.
MOST_PATTERNS = 200

# ASCII only, so that no two names look alike; no slash, because names stand in the paths of URLs.
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_RULE = "parts of letters, digits, '_' and '-' with single dots between them, like order.created"


@dataclass(frozen=True, slots=True, kw_only=True)
class Types:
    """Which event types a subscription hears; made by `compile_types`."""

    names: tuple[str, ...]  # as they were written
    exact: frozenset[str]  # those to be looked up as they stand
    prefixes: tuple[str, ...]  # those with a wildcard: `order.` for `order.*`, empty for `*`

    def match(self, name: str) -> bool:
        """Whether events of that type are heard. `order.*` hears order.created and order.created.eu, but not order."""
        return name in self.exact or name.startswith(self.prefixes)


def check_type(name: object, *, place: str) -> str:
    """Give back the name of an event type if it is one; `place` is where it stands, for the message."""
    if not isinstance(name, str):
        raise Invalid(f"{place}: must be a text, the name of an event type")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"{place}: has {len(name)} characters; a name of an event type has at most {LONGEST_NAME}")
    if not _NAME.fullmatch(name):
        raise Invalid(f"{place}: {name!r} cannot name an event type; write {_RULE}")
    return name


def compile_types(patterns: Sequence[object], *, place: str = "eventTypes") -> Types:
    """Understand names, `prefix.*` and `*`. Raises Invalid with the place of the first that is none of these."""
    if len(patterns) > MOST_PATTERNS:
        raise Invalid(
            f"{place}: has {len(patterns)} entries; write at most {MOST_PATTERNS}, or a wildcard like order.*"
        )
    exact: set[str] = set()
    prefixes: dict[str, None] = {}
    names: list[str] = []
    for number, pattern in enumerate(patterns):
        here = f"{place}[{number}]"
        if pattern == EVERY:
            prefixes[""] = None
        elif isinstance(pattern, str) and pattern.endswith(".*"):
            prefixes[check_type(pattern.removesuffix(".*"), place=here) + "."] = None
        elif isinstance(pattern, str) and EVERY in pattern:
            raise Invalid(f"{here}: {pattern[:LONGEST_NAME]!r} has its '*' in the wrong place; write order.* or only *")
        else:
            exact.add(check_type(pattern, place=here))
        names.append(str(pattern))
    return Types(names=tuple(names), exact=frozenset(exact), prefixes=tuple(prefixes))
