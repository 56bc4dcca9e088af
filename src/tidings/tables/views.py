"""Views: what stands now, seen through the changes that led to it; nothing is written to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from tidings.core.row import Shape

Columns = Mapping[str, sa.Column[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A column of a view: what it is of the table beneath, with a text for nothing where it is part of the key."""

    name: str
    of: str
    otherwise: str | None = None
    shape: Shape = Shape.TEXT
    is_key: bool = False
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The latest change of each thing in a table of changes (`base` is its origin), if by that change it is there."""

    name: str
    base: str
    comment: str
    holds: str
    shown: Sequence[Shown]
    time: str = "at"

    @property
    def origin(self) -> str:
        return f"view:{self.name}"

    @property
    def needs(self) -> frozenset[str]:
        """Origins of columns of the table beneath."""
        others = {one.otherwise for one in self.shown if one.otherwise}
        return frozenset({*(one.of for one in self.shown), *others, self.holds, self.time, "event_id"})

    def select(self, columns: Columns, *, version: sa.Column[Any]) -> sa.Select[Any]:
        """By the columns of the table beneath, by origin."""
        shown = {one.name: _shown(one, columns).label(one.name) for one in self.shown}
        key = [_shown(one, columns) for one in self.shown if one.is_key]
        newest = (columns[self.time].desc(), version.desc(), columns["event_id"].desc())
        rank = sa.func.row_number().over(partition_by=key, order_by=newest).label("tidings_rank")
        holds = columns[self.holds].label("tidings_holds")
        ranked = sa.select(*shown.values(), version, holds, rank).subquery("ranked")
        return sa.select(*(ranked.c[name] for name in shown), ranked.c[version.name]).where(
            ranked.c.tidings_rank == 1, ranked.c.tidings_holds == sa.true()
        )


def _shown(one: Shown, columns: Columns) -> sa.ColumnElement[Any]:
    if not one.is_key:
        return columns[one.of]
    others = [columns[one.otherwise]] if one.otherwise else []
    return sa.func.coalesce(columns[one.of], *others, "")


VIEWS = (
    View(
        name="members",
        base="member_changes",
        comment="Who is in which group now: the latest of `member_changes` for each.",
        holds="is_member",
        shown=(
            Shown(name="group_id", of="group_id", is_key=True, comment="Where it happened."),
            Shown(name="member_id", of="member_id", otherwise="member", is_key=True, comment="A number without an id."),
            Shown(name="member", of="member"),
            Shown(name="member_name", of="member_name"),
            Shown(name="role", of="role"),
            Shown(name="at", of="at", shape=Shape.INSTANT, comment="Since when it is so, or was seen to be."),
        ),
    ),
    View(
        name="groups",
        base="group_changes",
        comment="Which groups there are now and beneath which: the latest of `group_changes` for each.",
        holds="is_sub_group",
        shown=(
            Shown(name="group_id", of="sub_group_id", is_key=True),
            Shown(name="parent_group_id", of="group_id", is_key=True, comment="Empty for one that is told by itself."),
            Shown(name="name", of="sub_group_name"),
            Shown(name="at", of="at", shape=Shape.INSTANT, comment="Since when it is so, or was seen to be."),
        ),
    ),
)
