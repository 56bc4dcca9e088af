"""Roles: what people and programs may do with reports, and the one place where that is judged."""

from collections.abc import Sequence

from tidings.access.scope import ADMIN, REPORTS_PUBLISH, REPORTS_READ, REPORTS_WRITE
from tidings.core.clock import Clock
from tidings.core.errors import Forbidden
from tidings.core.event import Actor
from tidings.core.report import ReportAuthor, ReportRole, is_at_least
from tidings.store.audit import audited
from tidings.store.database import Database
from tidings.store.report_roles import ReportRoles, report_role_given

# The most that a scope allows stands first.
_BY_SCOPE = (
    (ADMIN, ReportRole.ADMINISTRATOR),
    (REPORTS_PUBLISH, ReportRole.PUBLISHER),
    (REPORTS_WRITE, ReportRole.AUTHOR),
    (REPORTS_READ, ReportRole.VIEWER),
)


class Roles:
    """The roles that people were given."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._roles = ReportRoles(database)

    async def role_of(self, person_id: str) -> ReportRole:
        """What that person was given; NONE for nobody, and for who was given nothing."""
        return await self._roles.get(person_id) if person_id else ReportRole.NONE

    async def give(self, person: str, role: ReportRole, *, actor: str) -> None:
        """Let a person do that, and nothing with NONE; who may ask that is decided before. Raises NotFound."""
        now = self._clock.now()
        action = "report_role.given" if role else "report_role.taken"
        await self._database.write(
            report_role_given(person, role, at=now), audited(actor=actor, action=action, about=person, at=now)
        )

    async def given(self, *, after: str = "", most: int = 200) -> Sequence[tuple[Actor, ReportRole]]:
        """So many people who were given a role, by id, from `after` on, exclusive."""
        return await self._roles.list(after=after, most=most)


def role_of_scopes(scopes: frozenset[str]) -> ReportRole:
    """What a program may do that holds these scopes."""
    return next((role for scope, role in _BY_SCOPE if scope in scopes), ReportRole.NONE)


def must_be(author: ReportAuthor, needed: ReportRole) -> None:
    """Raises Forbidden for who has a lesser role."""
    if not is_at_least(author.role, needed):
        who = f"you are {author.role.value!r}" if author.role else "you have none"
        raise Forbidden(f"this needs the role {needed.value!r} in reports, and {who}; ask an owner for that role")


def may_rule(author: ReportAuthor, *, owner: str) -> bool:
    """Whether that is theirs to change: authors rule what is theirs, publishers everything."""
    if author.role is ReportRole.AUTHOR:
        return author.id == owner
    return is_at_least(author.role, ReportRole.PUBLISHER)


def must_rule(author: ReportAuthor, *, owner: str) -> None:
    """Raises Forbidden unless `may_rule`."""
    must_be(author, ReportRole.AUTHOR)
    if not may_rule(author, owner=owner):
        raise Forbidden("this is somebody else's; authors change and remove their own, publishers everything")


def must_wait(author: ReportAuthor) -> bool:
    """Whether what this one schedules does not run before a publisher approves it."""
    return not is_at_least(author.role, ReportRole.PUBLISHER)
