"""Cycles: by which a task makes a report for each value of a field."""

import uuid
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.report import FilterCycle, ReportAuthor, ReportRole, Value
from tidings.reports.roles import must_be, must_rule, must_wait
from tidings.reports.terms import checked_field, checked_json, checked_title, checked_values, page
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.report_tasks import tasks_put_off
from tidings.store.report_templates import (
    ReportTemplates,
    Version,
    cycle_held,
    cycle_made,
    cycle_removed,
    cycle_saved,
    no_such_cycle,
    no_such_cycle_version,
    template_held,
)

# A guess: fields multiply, and a thousand reports of one run are the most that there are.
MOST_FIELDS = 5
_LARGEST = 200_000


class Cycles:
    """Authors change and remove their own filter cycles, publishers all."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept = ReportTemplates(database)

    async def create(
        self,
        *,
        template: str,
        title: str,
        query: str,
        fields: Sequence[str],
        author: ReportAuthor,
        values: Mapping[str, Sequence[Value]] | None = None,
    ) -> FilterCycle:
        """Make a filter cycle on fields of a template's query. Raises Forbidden, Invalid."""
        must_be(author, ReportRole.AUTHOR)
        now = self._clock.now()
        blank = FilterCycle(
            id=str(uuid.uuid4()),
            template=template,
            title=title,
            query=query,
            fields=(),
            values={},
            made_at=now,
            saved_at=now,
        )
        cycle = await self._checked(blank, fields=fields, values=values or {})
        held = template_held(template, otherwise=_no_template())
        await self._database.write(
            held, cycle_made(cycle, by=author.id), self._record("created", cycle.id, author=author)
        )
        return cycle

    async def change(
        self,
        identifier: str,
        *,
        author: ReportAuthor,
        title: str | None = None,
        query: str | None = None,
        fields: Sequence[str] | None = None,
        values: Mapping[str, Sequence[Value]] | None = None,
    ) -> tuple[FilterCycle, int]:
        """Change what is named; whatever changes but its title becomes a new version.

        Then, if an author did it, the approved tasks that use it wait for approval again: how many.
        Raises NotFound, Forbidden, Invalid, and Conflict if somebody else saved it meanwhile.
        """
        before = await self._ruled(identifier, author=author)
        asked = replace(
            before,
            title=before.title if title is None else title,
            query=before.query if query is None else query,
            saved_at=self._clock.now(),
        )
        chosen = before.fields if fields is None else fields
        # Values of a field that is cycled on no more mean nothing.
        kept = {name: one for name, one in before.values.items() if name in chosen}
        cycle = await self._checked(asked, fields=chosen, values=kept if values is None else values)
        is_same = cycle == replace(before, title=cycle.title, saved_at=cycle.saved_at)
        cycle = cycle if is_same else replace(cycle, version=before.version + 1)
        saved = (
            *cycle_saved(cycle, was=before.version, by=author.id),
            self._record("changed", identifier, author=author),
        )
        if is_same or not must_wait(author):
            await self._database.write(*saved)
            return cycle, 0
        held = template_held(cycle.template, otherwise=no_such_cycle())
        put_off = tasks_put_off(cycle.template, cycle=identifier, by=author.id, at=cycle.saved_at)
        *_, found = await self._database.write(held, *saved, *put_off)
        return cycle, len(found)

    async def get(self, identifier: str) -> FilterCycle:
        """Raises NotFound."""
        found = await self._kept.cycle(identifier)
        if found is None:
            raise no_such_cycle()
        return found[0]

    async def at(self, identifier: str, *, version: int) -> FilterCycle:
        """As it was in that version, also of one that was removed. Raises NotFound."""
        found = await self._kept.cycle_at(identifier, version=version)
        if found is None:
            raise no_such_cycle_version()
        return found

    async def versions(self, identifier: str, *, most: int = 50) -> Sequence[Version]:
        """So many versions, the newest first; also of one that was removed."""
        return await self._kept.cycle_versions(identifier, most=most)

    async def list(self, template: str = "", *, skip: int = 0, most: int = 20) -> tuple[Sequence[FilterCycle], int]:
        """So many filter cycles, of that template or all, the newest first; and how many there are."""
        return await self._kept.cycles(template=template, **page(skip, most))

    async def remove(self, identifier: str, *, author: ReportAuthor) -> None:
        """Its versions stay. Raises NotFound, Forbidden, and Conflict while tasks use it."""
        cycle = await self._ruled(identifier, author=author)
        await self._database.write(*cycle_removed(cycle), self._record("removed", identifier, author=author))

    async def _ruled(self, identifier: str, *, author: ReportAuthor) -> FilterCycle:
        must_be(author, ReportRole.AUTHOR)
        found = await self._kept.cycle(identifier)
        if found is None:
            raise no_such_cycle()
        cycle, owner = found
        must_rule(author, owner=owner)
        return cycle

    async def _checked(
        self, cycle: FilterCycle, *, fields: Sequence[str], values: Mapping[str, Sequence[Value]]
    ) -> FilterCycle:
        title = checked_title(cycle.title)
        content = await self._kept.content(cycle.template)
        if content is None:
            raise _no_template()
        if cycle.query not in {query.name for query in content.queries}:
            raise Invalid(f"query: the template has none called {cycle.query[:40]!r}; name the one with the fields")
        if not 1 <= len(set(fields)) == len(fields) <= MOST_FIELDS:
            raise Invalid(f"fields: name 1 to {MOST_FIELDS} columns of the query, each once")
        for number, field in enumerate(fields):
            checked_field(field, field=f"fields[{number}]")
        for field, some in values.items():
            if field not in fields:
                raise Invalid(f"values: {field[:40]!r} is none of the fields that are cycled on; leave it out")
            checked_values(some, field=f"values.{field}")
        kept = {field: tuple(some) for field, some in values.items()}
        checked = replace(cycle, title=title, fields=tuple(fields), values=kept)
        checked_json(checked, field="filterCycle", limit=_LARGEST)
        return checked

    def _record(self, what: str, identifier: str, *, author: ReportAuthor) -> Statement:
        return audited(actor=author.id, action=f"report_cycle.{what}", about=identifier, at=self._clock.now())


def held(identifier: str, *, template: str) -> Statement:
    """The filter cycle that a task names stays as long as the transaction. Raises Invalid."""
    gone = Invalid("filterCycleId: the template has no such filter cycle any more; choose another one, or none")
    return cycle_held(identifier, template=template, otherwise=gone)


def _no_template() -> Invalid:
    return Invalid("templateId: there is no such template; choose one of those that there are")
