"""Roster: who is in a group and what is beneath it, told only where the tables do not know it yet."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

import msgspec

from tidings.core.pull import Order, Remote
from tidings.core.receipt import Receipt
from tidings.core.row import Cell
from tidings.dialects.kaizala.pull import answers
from tidings.dialects.kaizala.pull.answers import Group, Member
from tidings.dialects.kaizala.pull.callback import group_told, member_told

_Row = Mapping[str, Cell]


async def roster(remote: Remote, order: Order) -> AsyncIterator[Receipt]:
    """What differs. Raises as `Remote.get` does, and Invalid."""
    root = await _group(remote, order.group)
    for receipt in _alone(root, order, rows=await order.known("groups", column="group_id", value=order.group)):
        yield receipt
    # Whoever is no admin is shown only the groups that they are in.
    sees_all = (root.caller_role or "").lower() == "admin"
    async for receipt in _beneath(root, order, sees_all=sees_all):
        yield receipt
    members = [member async for member in _members(remote, order.group)]
    for receipt in _differing(members, order, rows=await order.known("members", column="group_id", value=order.group)):
        yield receipt


async def _group(remote: Remote, group: str) -> Group:
    """The group with all that is beneath it."""
    root = answers.read(await remote.get(f"v1/groups/{group}"), answers.tree).root
    beneath: list[Group] = []
    cursor: str | None = ""
    while cursor is not None:
        query = {"cursor": cursor} if cursor else {}
        page = answers.read(await remote.get(f"v1/groups/{group}/subGroups", query=query), answers.tree)
        beneath += page.root.sub_groups
        cursor = page.cursor or None
    return msgspec.structs.replace(root, group_id=group, sub_groups=beneath)


async def _members(remote: Remote, group: str) -> AsyncIterator[Member]:
    cursor: str | None = ""
    while cursor is not None:
        query = {"cursor": cursor} if cursor else {}
        page = answers.read(await remote.get(f"v1/groups/{group}/members", query=query), answers.members)
        for member in page.members:
            yield member
        cursor = page.cursor or None


def _alone(group: Group, order: Order, *, rows: Sequence[_Row]) -> Iterator[Receipt]:
    """The group that is pulled, where nothing else tells of it by that name."""
    if not any(row["name"] == (group.group_name or None) for row in rows):
        yield group_told(group, order, parent="", is_beneath=True)


async def _beneath(parent: Group, order: Order, *, sees_all: bool) -> AsyncIterator[Receipt]:
    if parent.is_duplicate:
        return  # what is beneath it is told elsewhere in the tree
    rows = {
        row["group_id"]: row["name"]
        for row in await order.known("groups", column="parent_group_id", value=parent.group_id)
    }
    found = {group.group_id: group for group in parent.sub_groups}
    for group in found.values():
        if group.group_id not in rows or rows[group.group_id] != (group.group_name or None):
            yield group_told(group, order, parent=parent.group_id, is_beneath=True)
        async for receipt in _beneath(group, order, sees_all=sees_all):
            yield receipt
    for name, title in rows.items():
        if name not in found and sees_all:
            gone = Group(group_id=str(name), group_name=str(title or ""))
            yield group_told(gone, order, parent=parent.group_id, is_beneath=False)


def _differing(members: Sequence[Member], order: Order, *, rows: Sequence[_Row]) -> Iterator[Receipt]:
    standing = {row["member_id"]: row for row in rows}
    for member in members:
        row = standing.pop(member.id, None)
        if row is None or (row["role"], row["member_name"], row["member"]) != (
            member.role or None,
            member.name or None,
            member.mobile_number or None,
        ):
            yield member_told(member, order, is_member=True)
    for row in standing.values():
        gone = Member(
            id=str(row["member_id"]),
            role=str(row["role"] or ""),
            mobile_number=str(row["member"] or ""),
            name=str(row["member_name"] or ""),
        )
        yield member_told(gone, order, is_member=False)
