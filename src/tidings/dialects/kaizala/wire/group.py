"""What is sent and answered about groups, their members and messages."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tidings.dialects.kaizala.wire.lenient import Wire
from tidings.store.groups import Group, Member, Role
from tidings.workspace.groups import NewGroup as Wanted
from tidings.workspace.messages import LONGEST_MESSAGE

_GROUP_TYPES = {name.lower(): name for name in ("Group", "ConnectGroup")}


class NewGroup(Wire, frozen=True, kw_only=True):
    """A group to be made; whoever asks becomes its admin. Members and admins are phone numbers."""

    name: Annotated[str, Meta(min_length=1)]
    welcome_message: str | None = None
    members: list[str] | None = None
    admins: list[str] | None = None
    group_type: str | None = None

    def meant(self) -> Wanted:
        group_type = self.group_type or "Group"
        return Wanted(
            name=self.name,
            welcome_message=self.welcome_message or "",
            members=self.members or (),
            admins=self.admins or (),
            type=_GROUP_TYPES.get(group_type.lower(), group_type),
        )


class GroupMade(Wire, frozen=True, kw_only=True):
    """The group that was made."""

    group_name: str
    group_id: str
    members_added: bool


class GroupTold(Wire, frozen=True, kw_only=True):
    """A group as the caller sees it. There are no sub-groups, so all counts of members are the same."""

    group_name: str
    group_id: str
    group_image_url: str = ""
    welcome_message: str
    has_sub_groups: bool = False
    has_parent_groups: bool = False
    caller_role: str
    current_level_sub_group_count: int = 0
    current_level_parent_group_count: int = 0
    user_count: int
    unique_user_count: int
    current_level_user_count: int
    is_mapped_to_tenant: bool = True
    group_type: str
    is_duplicate: bool = False
    is_editable: bool
    is_details_readable: bool = True


class GroupAlone(GroupTold, frozen=True, kw_only=True):
    """One group, once as itself, as callers read it, and once in a list, as the documentation has it."""

    groups: list[GroupTold]


class GroupsTold(Wire, frozen=True, kw_only=True):
    """The groups of the caller, of a tenant's token all; `cursor` asks for the rest, absent if there is none."""

    groups: list[GroupTold]
    cursor: str | UnsetType = UNSET


class MemberTold(Wire, frozen=True, kw_only=True):
    """A member; `isProvisioned` says whether that person has ever signed in."""

    id: str
    role: str
    mobile_number: str
    is_provisioned: bool
    name: str
    profile_pic: str


class MembersTold(Wire, frozen=True, kw_only=True):
    """The members of a group; `cursor` asks for the rest, absent if there is none."""

    members: list[MemberTold]
    cursor: str | UnsetType = UNSET


class NewMembers(Wire, frozen=True, kw_only=True):
    """Phone numbers with country code."""

    members: Annotated[list[str], Meta(min_length=1)]


class NewRole(Wire, frozen=True, kw_only=True):
    """`Admin` or `Member`, in any case."""

    role: str


class Done(Wire, frozen=True, kw_only=True):
    """A text, as in the documentation's sample; its table says Boolean."""

    result: Literal["true"] = "true"


class NewMessage(Wire, frozen=True, kw_only=True):
    """A text message for the group. Groups have no subscribers apart from their members: none can be picked."""

    message: Annotated[str, Meta(min_length=1, max_length=LONGEST_MESSAGE)]
    subscribers: list[str] | None = None


class MessageMade(Wire, frozen=True, kw_only=True):
    """What the message is called from now on."""

    reference_id: str


def group_told(group: Group) -> GroupTold:
    # Only who rules all groups is told of one without being in it, and may there what its admins may.
    role = group.role or Role.ADMIN
    return GroupTold(
        group_name=group.name,
        group_id=group.id,
        welcome_message=group.welcome_message,
        caller_role=role,
        user_count=group.members,
        unique_user_count=group.members,
        current_level_user_count=group.members,
        group_type=group.type,
        is_editable=role == Role.ADMIN,
    )


def member_told(member: Member) -> MemberTold:
    return MemberTold(
        id=member.id,
        role=member.role,
        mobile_number=member.phone,
        is_provisioned=member.has_signed_in,
        name=member.name,
        profile_pic=member.picture,
    )
