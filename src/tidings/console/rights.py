"""Rights in the console: what each role may do. The one place that decides."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in this installation."""

    OWNER = "owner"  # may do everything
    OPERATOR = "operator"  # everything but people's roles, tokens, connectors, and how long things are kept
    READER = "reader"  # looks at everything but what is secret, and changes nothing
    MEMBER = ""  # no role: their own groups, and nothing else
    STRANGER = "stranger"  # not signed in


class Right(StrEnum):
    """What a place of the console needs."""

    ENTER = "enter"  # anybody: signing in
    BE_ONESELF = "be_oneself"  # whoever is signed in; in groups the workspace's own rules decide
    LOOK = "look"  # all of the installation, without secrets
    OPERATE = "operate"  # changing it, and seeing payloads' secrets
    RULE = "rule"  # people's roles, tokens, connectors, how long things are kept


_SIGNED_IN = frozenset({Right.ENTER, Right.BE_ONESELF})
_RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.STRANGER: frozenset({Right.ENTER}),
    Role.MEMBER: _SIGNED_IN,
    Role.READER: _SIGNED_IN | {Right.LOOK},
    Role.OPERATOR: _SIGNED_IN | {Right.LOOK, Right.OPERATE},
    Role.OWNER: frozenset(Right),
}
# Who is asked for it, in words for whoever lacks it.
WHO: Mapping[Right, str] = {
    Right.ENTER: "anybody",
    Right.BE_ONESELF: "whoever is signed in",
    Right.LOOK: "readers, operators and owners",
    Right.OPERATE: "operators and owners",
    Right.RULE: "owners",
}


def may(role: Role, right: Right) -> bool:
    """Whether that role has that right."""
    return right in _RIGHTS[role]
