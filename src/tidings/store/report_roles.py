"""What people may do with reports, as it is kept."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import NotFound
from tidings.core.event import Actor
from tidings.core.report import ReportRole
from tidings.store.database import Database, Statement


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    phone: str
    name: str
    picture: str
    role: ReportRole


def report_role_given(person: str, role: ReportRole, *, at: int) -> Statement:
    """Raises NotFound if there is no such person. With the role NONE it is taken away."""
    if role is ReportRole.NONE:
        return Statement("report_role_taken", {"person": person})
    nobody = NotFound("there is no such person; only people who are known can have a role")
    return Statement("report_role_given", {"person": person, "role": role.value, "at": at}, nobody)


class ReportRoles:
    """Reads them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, person: str) -> ReportRole:
        """NONE for who was given none."""
        rows = await self._database.read(str, "report_role", person=person)
        return ReportRole(rows[0]) if rows else ReportRole.NONE

    async def list(self, *, after: str, most: int) -> Sequence[tuple[Actor, ReportRole]]:
        """So many people with a role, by id, from `after` on, exclusive."""
        rows = await self._database.read(_Row, "report_roles", after=after, most=most)
        return [(Actor(id=row.id, phone=row.phone, name=row.name, picture=row.picture), row.role) for row in rows]
