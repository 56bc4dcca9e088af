"""Tags: what tasks and their reports are sorted by."""

import uuid
from collections.abc import Sequence

from tidings.core.clock import Clock
from tidings.core.report import ReportAuthor, ReportRole, Tag
from tidings.reports.roles import must_be
from tidings.reports.terms import checked_title
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.report_tasks import ReportTasks, no_such_tag, tag_made, tag_removed, tag_renamed


class Tags:
    """Authors make tags; as everybody uses them, publishers rename and remove them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept = ReportTasks(database)

    async def create(self, title: str, author: ReportAuthor) -> Tag:
        """Raises Forbidden, Invalid, and Conflict if there is one of that title, however it is capitalised."""
        must_be(author, ReportRole.AUTHOR)
        tag = Tag(id=str(uuid.uuid4()), title=checked_title(title))
        await self._database.write(tag_made(tag), self._record("created", tag.id, author=author))
        return tag

    async def list(self, *, after: str = "", most: int = 200) -> Sequence[Tag]:
        """So many tags by title, from that title on, exclusive."""
        return await self._kept.tags(after=after, most=most)

    async def named(self, identifiers: Sequence[str]) -> Sequence[Tag]:
        """Those of these ids that there are, by title: what a task's or a report's tags are called."""
        return await self._kept.tags_named(identifiers) if identifiers else ()

    async def get(self, identifier: str) -> Tag:
        """Raises NotFound."""
        found = await self._kept.tag(identifier)
        if found is None:
            raise no_such_tag()
        return found

    async def rename(self, identifier: str, title: str, *, author: ReportAuthor) -> Tag:
        """Raises NotFound, Forbidden, Invalid, Conflict."""
        must_be(author, ReportRole.PUBLISHER)
        await self.get(identifier)
        tag = Tag(id=identifier, title=checked_title(title))
        await self._database.write(tag_renamed(tag), self._record("renamed", identifier, author=author))
        return tag

    async def remove(self, identifier: str, *, author: ReportAuthor) -> None:
        """No task has it any more. Raises NotFound, Forbidden."""
        must_be(author, ReportRole.PUBLISHER)
        await self._database.write(*tag_removed(identifier), self._record("removed", identifier, author=author))

    def _record(self, what: str, identifier: str, *, author: ReportAuthor) -> Statement:
        return audited(actor=author.id, action=f"report_tag.{what}", about=identifier, at=self._clock.now())
