"""Report visitor: what whoever looks may do with reports, by their role here or the one they were given."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tidings.console.rights import Role
from tidings.console.visit import Visit
from tidings.core.report import ReportAuthor, ReportRole, is_at_least

if TYPE_CHECKING:
    from tidings.reports.opening import Reports

# Everybody else has the role that an owner gave them.
_BY_ROLE: Mapping[Role, ReportRole] = {
    Role.OWNER: ReportRole.ADMINISTRATOR,
    Role.OPERATOR: ReportRole.PUBLISHER,
    Role.READER: ReportRole.VIEWER,
}


async def author_of(visit: Visit, reports: "Reports") -> ReportAuthor:
    """Whoever is signed in, with the higher of the role that theirs in the installation carries and the one given."""
    role = _BY_ROLE.get(visit.role, ReportRole.NONE)
    if not is_at_least(role, ReportRole.PUBLISHER):
        given = await reports.roles.role_of(visit.person.id)
        role = given if is_at_least(given, role) else role
    return ReportAuthor(id=visit.person.id, role=role, name=visit.person.name)
