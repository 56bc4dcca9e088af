"""What is sent and answered about sub-groups."""

from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.group import GroupTold, GroupWanted, group_told
from tidings.dialects.kaizala.wire.lenient import Flag, Wire, is_true
from tidings.workspace.groups import NewGroup
from tidings.workspace.sub_groups import Branch


class NewSubGroup(GroupWanted, frozen=True, kw_only=True):
    """A sub-group to be made: `groupName` and `groupImageUrl`, as one page has it, or as POST /v1/groups has it.

    `addUserToGroup` says whether the caller becomes its admin, as they do if it is absent.
    """

    name: str | None = None
    group_name: str | None = None
    group_image_url: str | None = None
    add_user_to_group: Flag | None = None

    def meant(self, parent: str) -> NewGroup:
        """What is to be made beneath that group. Raises Invalid if it has no name."""
        name = self.name or self.group_name
        if not name:
            raise Invalid("groupName: expected what the sub-group is to be called")
        return replace(
            self.called(name),
            photo=self.group_photo or self.group_image_url or "",
            parent=parent,
            is_joining=self.add_user_to_group is None or is_true(self.add_user_to_group),
        )


class NewLinks(Wire, frozen=True, kw_only=True):
    """Groups that are there, by id, to become sub-groups."""

    sub_groups: Annotated[list[str], Meta(min_length=1)]


class BranchTold(GroupTold, frozen=True, kw_only=True):
    """A group and what is beneath it; one that stands in several places has its sub-groups in the first of them."""

    sub_groups: list["BranchTold"]


class TreeTold(BranchTold, frozen=True, kw_only=True):
    """A tree, once as itself, as callers read it, and once in a list, as the documentation has it.

    `cursor` asks for more groups right beneath, absent if there are none.
    """

    groups: list[BranchTold]
    cursor: str | UnsetType = UNSET


def tree_told(branch: Branch, *, cursor: str) -> TreeTold:
    told = _branch_told(branch)
    return TreeTold(**msgspec.structs.asdict(told), groups=[told], cursor=cursor or UNSET)


def _branch_told(branch: Branch) -> BranchTold:
    group = msgspec.structs.asdict(group_told(branch.group)) | {"is_duplicate": branch.is_duplicate}
    return BranchTold(**group, sub_groups=[_branch_told(one) for one in branch.beneath])
