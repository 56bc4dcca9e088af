"""Templates: made, saved in versions, copied, carried from one installation to another, and removed."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.json_text import read_typed
from tidings.core.report import Content, ReportAuthor, ReportRole, Template
from tidings.reports.content import LARGEST, checked_content
from tidings.reports.roles import must_be, must_rule, must_wait
from tidings.reports.terms import checked_meta, checked_title, page
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.report_tasks import tasks_put_off
from tidings.store.report_templates import (
    ReportTemplates,
    Version,
    no_such_template,
    template_made,
    template_removed,
    template_saved,
)

_KIND = "tidings report template"
# Content, title and metadata, with room for somebody's own spaces.
_LARGEST_FILE = LARGEST + 2_000_000


class _File(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A template in a file. `kind` tells that it is one, `format` how it is written."""

    kind: str
    format: int
    title: str
    meta: dict[str, Any] = {}
    content: Content


_reader = msgspec.json.Decoder(_File)


class Templates:
    """Authors change and remove their own templates, publishers all. Base templates are publishers' alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept = ReportTemplates(database)

    async def create(
        self,
        title: str,
        content: Content,
        *,
        author: ReportAuthor,
        is_base: bool = False,
        meta: Mapping[str, Any] | None = None,
    ) -> Template:
        """Make a template, of which that is version 1. Raises Forbidden, Invalid."""
        must_be(author, ReportRole.PUBLISHER if is_base else ReportRole.AUTHOR)
        now = self._clock.now()
        template = Template(
            id=str(uuid.uuid4()),
            title=checked_title(title),
            version=1,
            is_base=is_base,
            meta=checked_meta(meta or {}),
            made_by=author.id,
            made_at=now,
            saved_at=now,
        )
        made = template_made(template, checked_content(content))
        await self._database.write(*made, self._record("created", template.id, author=author))
        return template

    async def save(
        self,
        identifier: str,
        *,
        author: ReportAuthor,
        content: Content | None = None,
        title: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> tuple[Template, int]:
        """Change what is named; other content than the newest becomes a new version.

        Whatever an author makes of it, the approved tasks that use it wait for approval again: how many these are.
        Raises NotFound, Forbidden, Invalid, and Conflict if somebody else saved it meanwhile.
        """
        before = await self._ruled(identifier, author=author)
        new = None if content is None else checked_content(content)
        if new == await self.content(identifier, version=before.version):
            new = None
        after = replace(
            before,
            title=before.title if title is None else checked_title(title),
            meta=before.meta if meta is None else checked_meta(meta),
            version=before.version + (new is not None),
            saved_at=self._clock.now(),
        )
        saved = template_saved(after, new, was=before.version, by=author.id)
        record = self._record("saved", identifier, author=author)
        if new is None or not must_wait(author):
            await self._database.write(*saved, record)
            return after, 0
        put_off = tasks_put_off(identifier, by=author.id, at=after.saved_at)
        *_, found = await self._database.write(*saved, record, *put_off)
        return after, len(found)

    async def get(self, identifier: str) -> Template:
        """Raises NotFound."""
        found = await self._kept.get(identifier)
        if found is None:
            raise no_such_template()
        return found

    async def content(self, identifier: str, *, version: int | None = None) -> Content:
        """What its newest version holds; or that one, also of a template that was removed. Raises NotFound."""
        found = await self._kept.content(identifier, version=version)
        if found is None:
            raise no_such_template()
        return found

    async def versions(self, identifier: str, *, most: int = 50) -> Sequence[Version]:
        """So many versions, the newest first. Raises NotFound."""
        await self.get(identifier)
        return await self._kept.versions(identifier, most=most)

    async def list(
        self, *, is_base: bool | None = None, skip: int = 0, most: int = 20
    ) -> tuple[Sequence[Template], int]:
        """So many templates, base templates, others or all, the newest first; and how many there are."""
        return await self._kept.list(is_base=is_base, **page(skip, most))

    async def duplicate(self, identifier: str, *, author: ReportAuthor, title: str = "") -> Template:
        """A copy of its newest version, which is no base template. Raises NotFound, Forbidden, Invalid."""
        template = await self.get(identifier)
        content = await self.content(identifier)
        return await self.create(title or template.title, content, author=author, meta=template.meta)

    async def remove(self, identifier: str, *, author: ReportAuthor) -> None:
        """With its filter cycles; its reports stay. Raises NotFound, Forbidden, Conflict while tasks use it."""
        await self._ruled(identifier, author=author)
        removed = template_removed(identifier, at=self._clock.now())
        await self._database.write(*removed, self._record("removed", identifier, author=author))

    async def exported(self, identifier: str) -> bytes:
        """A file of its newest version (".crpt"), for `imported`: our JSON, not ConnectReport's. Raises NotFound."""
        template = await self.get(identifier)
        content = await self.content(identifier)
        file = _File(kind=_KIND, format=1, title=template.title, meta=dict(template.meta), content=content)
        return msgspec.json.encode(file)

    async def imported(self, body: bytes, author: ReportAuthor) -> Template:
        """A template of such a file. Raises Forbidden, Invalid, TooLarge."""
        must_be(author, ReportRole.AUTHOR)
        file = read_typed(body, _reader, limit=_LARGEST_FILE)
        if file.kind != _KIND or file.format != 1:
            raise Invalid("the file holds no template that was exported here; export one, and send that")
        return await self.create(file.title, file.content, author=author, meta=file.meta)

    async def _ruled(self, identifier: str, *, author: ReportAuthor) -> Template:
        must_be(author, ReportRole.AUTHOR)
        template = await self.get(identifier)
        must_rule(author, owner=template.made_by)
        if template.is_base:
            must_be(author, ReportRole.PUBLISHER)
        return template

    def _record(self, what: str, identifier: str, *, author: ReportAuthor) -> Statement:
        return audited(actor=author.id, action=f"report_template.{what}", about=identifier, at=self._clock.now())
