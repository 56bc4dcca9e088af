"""The events that Kaizala tells of, and at which objects each may be heard."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tidings.core.errors import Invalid


class Kind(StrEnum):
    """The objects that a webhook of Kaizala can be about."""

    GROUP = "Group"
    ACTION = "Action"
    ACTION_PACKAGE = "ActionPackage"


KINDS = tuple(Kind)

# Heard at the action, at its package, and in its group.
_OF_PACKAGES = ("ActionCreated", "ActionResponse")
# Heard at the action and in its group: these are of no package that anybody could name.
_OF_ACTIONS = (
    "SurveyCreated",
    "SurveyResponse",
    "JobCreated",
    "JobResponse",
    # Not in the webhooks reference, but in the published collection of requests.
    "PollCreated",
    "PollResponse",
    "LetsMeetCreated",
    "LetsMeetResponse",
)
# An announcement and an attachment are told without the id of an action: they can be heard in their group alone.
_OF_GROUPS = (
    "TextMessageCreated",
    "AttachmentCreated",
    "Announcement",
    "MemberAdded",
    "MemberRemoved",
    "GroupAdded",
    "GroupRemoved",
)
EVENT_TYPES = _OF_PACKAGES + _OF_ACTIONS + _OF_GROUPS
HEARD_AT: Mapping[str, tuple[str, ...]] = {
    Kind.GROUP: EVENT_TYPES,
    Kind.ACTION: _OF_PACKAGES + _OF_ACTIONS,
    Kind.ACTION_PACKAGE: _OF_PACKAGES,
}

# Of a name that nobody knows, so much that its author knows it again.
_SHOWN = 60
_SPELLINGS = {name.lower(): name for name in (*KINDS, *EVENT_TYPES)}


def spelled(name: str) -> str:
    """The documented spelling of an object type or event type, whatever case it came in; others as they are."""
    return _SPELLINGS.get(name.lower(), name)


def check_types(kind: str, types: Sequence[str]) -> None:
    """Refuse types that cannot occur at that kind of object; at Kaizala's kinds also wildcards and foreign names."""
    possible = HEARD_AT.get(kind, ())
    for place, name in enumerate(types):
        if name in EVENT_TYPES and name not in possible:
            raise Invalid(f"eventTypes[{place}]: {name} does not occur at {kind}; use objectType {_levels(name)}")
        if possible and name not in possible:
            allowed = ", ".join(possible)
            raise Invalid(f"eventTypes[{place}]: {name[:_SHOWN]!r} is not an event of a {kind}; use {allowed}")


def _levels(name: str) -> str:
    return " or ".join(kind for kind in KINDS if name in HEARD_AT[kind])
