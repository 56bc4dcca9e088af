"""Templates of reports in all their versions, and the filter cycles on them, as they are kept."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tidings.core.errors import Conflict, NotFound, TidingsError
from tidings.core.report import Content, FilterCycle, Template
from tidings.core.report import Value as Cell
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

_NEWEST = 2**62
_object = msgspec.json.Decoder(dict[str, Any])
_content = msgspec.json.Decoder(Content)
_fields = msgspec.json.Decoder(tuple[str, ...])
_limits = msgspec.json.Decoder(dict[str, tuple[Cell, ...]])


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a template or of a filter cycle; what it holds never changes."""

    version: int
    saved_by: str
    saved_at: int


class _TemplateRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    version: int
    is_base: bool
    meta: str
    made_by: str
    made_at: int
    saved_at: int
    total: int = 1


class _CycleRow(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    template: str
    title: str
    query: str
    fields: str
    limits: str
    made_by: str
    made_at: int
    saved_at: int
    version: int
    total: int = 1


def no_such_template() -> NotFound:
    return NotFound("there is no such template any more; choose one of those that there are")


def no_such_cycle() -> NotFound:
    return NotFound("there is no such filter cycle any more; choose one of those that there are")


def no_such_cycle_version() -> NotFound:
    return NotFound("there is no such version of that filter cycle; its newest one tells its number")


def template_made(template: Template, content: Content) -> tuple[Statement, ...]:
    """Raises Conflict if it is there, or was."""
    values: dict[str, Value] = {
        "id": template.id,
        "title": template.title,
        "is_base": int(template.is_base),
        "meta": json_text(template.meta),
        "by": template.made_by,
        "at": template.made_at,
    }
    taken = Conflict("there is or was a template of that id; leave the id to us")
    return Statement("report_template_made", values, taken), _versioned(template, content, by=template.made_by)


def template_held(identifier: str, *, otherwise: TidingsError) -> Statement:
    """Raises `otherwise` if it is not there; first in whatever leans on a template."""
    return Statement("report_template_held", {"id": identifier}, otherwise)


def template_saved(template: Template, content: Content | None, *, was: int, by: str) -> tuple[Statement, ...]:
    """`content` is that of a new version, None if there is none. Raises Conflict if it has not version `was` now."""
    values: dict[str, Value] = {
        "id": template.id,
        "title": template.title,
        "meta": json_text(template.meta),
        "version": template.version,
        "at": template.saved_at,
        "was": was,
    }
    other = Conflict("somebody else saved this template meanwhile; load it again, and change that")
    saved = Statement("report_template_saved", values, other)
    return (saved,) if content is None else (saved, _versioned(template, content, by=by))


def template_removed(identifier: str, *, at: int) -> tuple[Statement, ...]:
    """With its filter cycles; the versions of all stay. Raises NotFound, and Conflict while a task uses it."""
    used = Conflict("tasks use this template; give them another one, or remove them first")
    return (
        template_held(identifier, otherwise=no_such_template()),
        Statement("report_template_removed", {"id": identifier, "at": at}, used),
        Statement("report_cycles_kept", {"template": identifier}),
        Statement("report_cycles_removed", {"template": identifier}),
    )


def _versioned(template: Template, content: Content, *, by: str) -> Statement:
    values: dict[str, Value] = {
        "template": template.id,
        "version": template.version,
        "content": json_text(content),
        "by": by,
        "at": template.saved_at,
    }
    return Statement("report_template_versioned", values)


def cycle_made(cycle: FilterCycle, *, by: str) -> Statement:
    return Statement("report_cycle_made", {**_of_cycle(cycle), "template": cycle.template, "by": by})


def cycle_saved(cycle: FilterCycle, *, was: int, by: str) -> tuple[Statement, ...]:
    """A new version, or the same one under another title. Raises NotFound; Conflict if it has not version `was` now."""
    if cycle.version == was:
        titled: dict[str, Value] = {"id": cycle.id, "title": cycle.title, "at": cycle.saved_at}
        return (Statement("report_cycle_titled", titled, no_such_cycle()),)
    values = _of_cycle(cycle) | {"version": cycle.version, "was": was, "by": by}
    other = Conflict("somebody else saved this filter cycle meanwhile; load it again, and change that")
    return Statement("report_cycle_kept", {"id": cycle.id}), Statement("report_cycle_saved", values, other)


def cycle_held(identifier: str, *, template: str, otherwise: TidingsError) -> Statement:
    """Raises `otherwise` if the template has no such cycle."""
    return Statement("report_cycle_held", {"id": identifier, "template": template}, otherwise)


def cycle_removed(cycle: FilterCycle) -> tuple[Statement, ...]:
    """Its versions stay. Raises NotFound, and Conflict while a task uses it."""
    used = Conflict("tasks use this filter cycle; give them another one, or none, first")
    return (
        template_held(cycle.template, otherwise=no_such_cycle()),
        cycle_held(cycle.id, template=cycle.template, otherwise=no_such_cycle()),
        Statement("report_cycle_kept", {"id": cycle.id}),
        Statement("report_cycle_removed", {"id": cycle.id}, used),
    )


def _of_cycle(cycle: FilterCycle) -> dict[str, Value]:
    return {
        "id": cycle.id,
        "title": cycle.title,
        "query": cycle.query,
        "fields": json_text(cycle.fields),
        "limits": json_text(cycle.values),
        "at": cycle.saved_at,
    }


class ReportTemplates:
    """Reads templates and cycles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Template | None:
        rows = await self._database.read(_TemplateRow, "report_template", id=identifier)
        return _template(rows[0]) if rows else None

    async def content(self, template: str, *, version: int | None = None) -> Content | None:
        """What the newest version holds, or that one: also of a template that was removed."""
        if version is None:
            rows = await self._database.read(str, "report_template_newest", template=template)
        else:
            rows = await self._database.read(str, "report_template_content", template=template, version=version)
        return _content.decode(rows[0]) if rows else None

    async def versions(self, template: str, *, before: int = _NEWEST, most: int) -> list[Version]:
        """So many versions, the newest first; go on with the last one's number."""
        return await self._database.read(
            Version, "report_template_versions", template=template, before=before, most=most
        )

    async def list(self, *, is_base: bool | None, skip: int, most: int) -> tuple[list[Template], int]:
        """So many templates, the newest first, and how many there are."""
        name = "report_templates" if is_base is None else "report_templates_of_kind"
        values: dict[str, Value] = {"is_base": int(bool(is_base))}
        rows = await self._database.read(_TemplateRow, name, **values, skip=skip, most=most)
        # Beyond the end no row tells how many there are.
        told = rows or await self._database.read(_TemplateRow, name, **values, skip=0, most=1)
        return [_template(row) for row in rows], told[0].total if told else 0

    async def cycle(self, identifier: str) -> tuple[FilterCycle, str] | None:
        """A filter cycle, and who made it."""
        rows = await self._database.read(_CycleRow, "report_cycle", id=identifier)
        return (_cycle(rows[0]), rows[0].made_by) if rows else None

    async def cycle_at(self, identifier: str, *, version: int) -> FilterCycle | None:
        """What that version of it holds: also of one that was removed."""
        rows = await self._database.read(_CycleRow, "report_cycle_version", id=identifier, version=version)
        return _cycle(rows[0]) if rows else None

    async def cycle_versions(self, identifier: str, *, most: int) -> Sequence[Version]:
        """So many versions of a filter cycle, the newest first."""
        return await self._database.read(Version, "report_cycle_versions", id=identifier, most=most)

    async def cycles(self, *, template: str, skip: int, most: int) -> tuple[Sequence[FilterCycle], int]:
        """So many cycles of a template, or of all, the newest first, and how many there are."""
        name = "report_cycles_of_template" if template else "report_cycles"
        rows = await self._database.read(_CycleRow, name, template=template, skip=skip, most=most)
        told = rows or await self._database.read(_CycleRow, name, template=template, skip=0, most=1)
        return [_cycle(row) for row in rows], told[0].total if told else 0


def _template(row: _TemplateRow) -> Template:
    meta: Mapping[str, Any] = _object.decode(row.meta)
    return Template(
        id=row.id,
        title=row.title,
        version=row.version,
        is_base=row.is_base,
        meta=meta,
        made_by=row.made_by,
        made_at=row.made_at,
        saved_at=row.saved_at,
    )


def _cycle(row: _CycleRow) -> FilterCycle:
    return FilterCycle(
        id=row.id,
        template=row.template,
        title=row.title,
        query=row.query,
        fields=_fields.decode(row.fields),
        values=_limits.decode(row.limits),
        made_at=row.made_at,
        saved_at=row.saved_at,
        version=row.version,
    )
