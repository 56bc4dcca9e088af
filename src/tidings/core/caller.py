"""Caller: who asks, as far as their token tells."""

from dataclasses import dataclass
from enum import StrEnum

from tidings.core.event import NOBODY, Actor


class TokenKind(StrEnum):
    """What a token lets its bearer act as (Kaizala's kinds, and ours)."""

    USER = "user"  # a person, with that person's role in each group
    TENANT = "tenant"  # a person who administers the whole installation
    GROUP = "group"  # an admin of one group and its sub-groups
    KEY = "key"  # a program, within the scopes it was given


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: through which connector, as whom, and what for. `group` is set for a group token only."""

    connector: str
    kind: TokenKind
    person: Actor = NOBODY
    group: str = ""
    scopes: frozenset[str]

    @property
    def actor(self) -> str:
        """Whom the audit names: the person, or the connector of a program that goes by its own token."""
        return self.person.id or self.connector

    @property
    def is_tenant(self) -> bool:
        """Whether the caller may do in any group what an admin of it may do."""
        return self.kind is TokenKind.TENANT
