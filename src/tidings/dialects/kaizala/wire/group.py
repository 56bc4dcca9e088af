"""What is sent and answered about groups and their members."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tidings.dialects.kaizala.wire.lenient import Wire
from tidings.store.groups import Group, Member, Role
from tidings.workspace.groups import NewGroup as Wanted

_GROUP_TYPES = {name.lower(): name for name in ("Group", "ConnectGroup")}


class GroupWanted(Wire, frozen=True, kw_only=True):
    """What a group to be made may have besides its name. Members and admins are phone numbers."""

    welcome_message: str | None = None
    members: list[str] | None = None
    member_user_ids: list[str] | None = None
    admins: list[str] | None = None
    group_type: str | None = None
    group_photo: str | None = None
    background_photo: str | None = None
    short_description_string: str | None = None
    long_description_string: str | None = None

    def called(self, name: str) -> Wanted:
        group_type = self.group_type or "Group"
        return Wanted(
            name=name,
            welcome_message=self.welcome_message or "",
            members=self.members or (),
            member_ids=self.member_user_ids or (),
            admins=self.admins or (),
            type=_GROUP_TYPES.get(group_type.lower(), group_type),
            photo=self.group_photo or "",
            background=self.background_photo or "",
            short_description=self.short_description_string or "",
            long_description=self.long_description_string or "",
        )


class NewGroup(GroupWanted, frozen=True, kw_only=True):
    """A group to be made; whoever asks becomes its admin."""

    name: Annotated[str, Meta(min_length=1)]


class GroupMade(Wire, frozen=True, kw_only=True):
    """The group that was made; `isAddedAsSubGroup` is there, and true, when it became a sub-group."""

    group_name: str
    group_id: str
    members_added: bool
    is_added_as_sub_group: bool | UnsetType = UNSET


class GroupTold(Wire, frozen=True, kw_only=True):
    """A group as the caller sees it, to whom its details are readable if they are something in it.

    `userCount` and `uniqueUserCount` are the people in it and beneath it, each once; of the unprovisioned ones nobody
    has ever signed in. `isDuplicate` is for a tree in which it stood before. The last three fields are ours.
    """

    group_name: str
    group_id: str
    group_image_url: str
    welcome_message: str
    has_sub_groups: bool
    has_parent_groups: bool
    caller_role: str
    current_level_sub_group_count: int
    current_level_parent_group_count: int
    user_count: int
    unique_user_count: int
    current_level_user_count: int
    current_level_un_provisioned_user_count: int
    un_provisioned_user_count: int
    is_mapped_to_tenant: bool = True
    group_type: str
    is_duplicate: bool = False
    is_editable: bool
    is_details_readable: bool
    background_photo: str
    short_description_string: str
    long_description_string: str


class GroupAlone(GroupTold, frozen=True, kw_only=True):
    """One group, once as itself, as callers read it, and once in a list, as the documentation has it."""

    groups: list[GroupTold]


class GroupsTold(Wire, frozen=True, kw_only=True):
    """The groups of the caller, of a tenant's token all; `cursor` asks for the rest, absent if there is none."""

    groups: list[GroupTold]
    cursor: str | UnsetType = UNSET


class GroupsFound(Wire, frozen=True, kw_only=True):
    """Groups by a part of their name; `hasMore` tells that a greater `resultsOffset` gives others."""

    groups: list[GroupTold]
    has_more: bool


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


def group_told(group: Group) -> GroupTold:
    return GroupTold(
        group_name=group.name,
        group_id=group.id,
        group_image_url=group.photo,
        welcome_message=group.welcome_message,
        has_sub_groups=group.sub_groups > 0,
        has_parent_groups=group.parents > 0,
        caller_role=group.role,
        current_level_sub_group_count=group.sub_groups,
        current_level_parent_group_count=group.parents,
        user_count=group.people,
        unique_user_count=group.people,
        current_level_user_count=group.members,
        current_level_un_provisioned_user_count=group.members_unseen,
        un_provisioned_user_count=group.people_unseen,
        group_type=group.type,
        is_editable=group.role == Role.ADMIN,
        is_details_readable=group.role != "",
        background_photo=group.background,
        short_description_string=group.short_description,
        long_description_string=group.long_description,
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
