"""What Kaizala's API answers, as far as it is pulled: lenient, because other servers leave much out."""

from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from tidings.core.cell import instant_of
from tidings.core.clock import SECOND
from tidings.core.json_text import read_typed

T = TypeVar("T")

# Bytes. As much as a pull's request brings at most.
_LARGEST = 32 << 20


class _Lenient(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Written in Kaizala's spelling; whatever else is there is left alone."""


class Granted(_Lenient, frozen=True, kw_only=True):
    access_token: str
    access_token_expiry: int
    refresh_token: str | None = None


class Member(_Lenient, frozen=True, kw_only=True):
    id: str
    role: str | None = "Member"
    mobile_number: str | None = ""
    name: str | None = ""
    profile_pic: str | None = ""


class Members(_Lenient, frozen=True, kw_only=True):
    members: list[Member]
    cursor: str | None = ""


class Group(_Lenient, frozen=True, kw_only=True):
    """A group and what is beneath it; of one that stands in several places only once."""

    group_id: str = ""
    group_name: str | None = ""
    group_image_url: str | None = ""
    caller_role: str | None = ""
    is_duplicate: bool | None = False
    sub_groups: list["Group"] = []


class Tree(Group, frozen=True, kw_only=True):
    """A group as itself, or in a list: servers differ."""

    groups: list[Group] = []
    cursor: str | None = ""

    @property
    def root(self) -> Group:
        return self if self.group_id or not self.groups else self.groups[0]


class Action(_Lenient, frozen=True, kw_only=True):
    """An action of a list, or alone. `changedAt`, `createdAt` and `actionPackageId` are told by Tidings only."""

    action_id: str = ""
    reference_id: str | None = ""
    action_type: str = ""
    action_package_id: str | None = ""
    id: str | None = ""
    package_id: str | None = ""
    sender: str | None = ""
    sender_id: str | None = ""
    sender_name: str | None = ""
    created_at: int | None = None
    creation_time: int | float | None = None
    sent_at: str | None = None
    changed_at: int | None = None
    status: str | None = None
    action_body: dict[str, Any] = {}
    action_details: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Its id; in lists of the documented API some have it in their body only, and media have another one."""
        inner = self.action_body.get("actionId")
        return self.action_id or (inner if isinstance(inner, str) else "") or self.reference_id or ""

    @property
    def at(self) -> int | None:
        """When it was posted, in epoch milliseconds."""
        if self.creation_time is not None and self.created_at is None:
            return instant_of(self.creation_time * SECOND)
        return instant_of(self.sent_at if self.created_at is None else self.created_at)

    @property
    def is_over(self) -> bool:
        """Whether it takes no more responses, as far as that is told."""
        inner = self.action_body.get("status")
        status = self.status or (inner if isinstance(inner, str) else "") or ""
        return status.lower() in {"closed", "expired"}


class Actions(_Lenient, frozen=True, kw_only=True):
    actions: list[Action]
    has_more: bool | None = False
    cursor: str | None = ""


class Responses(_Lenient, frozen=True, kw_only=True):
    """Each response is the data of its event, and what its callback has beside the data."""

    responses: list[dict[str, Raw]]
    cursor: str | None = ""


class ActionDetails(_Lenient, frozen=True, kw_only=True):
    responses: list[dict[str, Raw]] = []
    status: str | None = None


class ActionAlone(_Lenient, frozen=True, kw_only=True):
    status: str | None = None
    action_details: ActionDetails = ActionDetails()
    cursor: str | None = ""


granted = msgspec.json.Decoder(Granted, strict=False)
members = msgspec.json.Decoder(Members, strict=False)
tree = msgspec.json.Decoder(Tree, strict=False)
actions = msgspec.json.Decoder(Actions, strict=False)
responses = msgspec.json.Decoder(Responses, strict=False)
action_alone = msgspec.json.Decoder(ActionAlone, strict=False)


def read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What was answered. Raises Invalid, saying what is wrong and where."""
    return read_typed(body, decoder, limit=_LARGEST)
