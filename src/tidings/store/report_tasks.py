"""Tasks of reports and their tags, as they are kept."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.identifier import SEQUENCE_BITS, identifier_at
from tidings.core.report import ReportTask, Tag, TaskDraft
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

_draft = msgspec.json.Decoder(TaskDraft)
_sorted = msgspec.json.Encoder(order="sorted")
_FIRST = (-1, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which tasks a list is of: what is empty does not matter. `meta` is what all of them have."""

    template: str = ""
    tag: str = ""
    trigger: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    is_waiting: bool | None = None


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    draft: str
    tags: str
    owner: str
    is_waiting: bool
    made_at: int
    saved_at: int
    next_at: int | None
    total: int


def no_such_task() -> NotFound:
    return NotFound("there is no such report task any more; load the list of tasks again")


def no_such_tag() -> NotFound:
    return NotFound("there is no such tag any more; load the list of tags again")


def task_made(task: ReportTask) -> tuple[Statement, ...]:
    """Raises Invalid for a tag that there is not."""
    values = _values(task) | {"owner": task.owner, "next_at": task.next_at}
    return Statement("report_task_made", values), *_found_by(task)


def task_saved(task: ReportTask, *, was: int) -> tuple[Statement, ...]:
    """When it is due is left as it is. Raises Conflict if it was not last saved at `was`; Invalid as `task_made`."""
    other = Conflict("somebody else changed this report task meanwhile; load it again, and change that")
    return (
        Statement("report_task_saved", _values(task) | {"was": was}, other),
        Statement("report_task_untagged", {"task": task.id}),
        Statement("report_task_unmarked", {"task": task.id}),
        *_found_by(task),
    )


def task_scheduled(identifier: str, *, next_at: int | None, is_once: bool = False) -> Statement:
    """When a task is due next; one that runs once, and has run, is not due again."""
    return Statement("report_task_scheduled", {"id": identifier, "next_at": next_at, "once": int(is_once)})


def claimed(task: str, *, was: int, next_at: int | None) -> Statement:
    """The window `was` of that task is ours, and it is due then at `next_at`. Raises Conflict if it is no more."""
    gone = Conflict("somebody else runs this window of the report task, or it was changed")
    return Statement("report_task_claimed", {"id": task, "was": was, "next_at": next_at}, gone)


def tasks_put_off(template: str, *, cycle: str = "", by: str, at: int) -> tuple[Statement, ...]:
    """Its approved tasks, or those of a filter cycle on it, wait for approval; the last statement returns their ids.

    First in the transaction stands what holds the template.
    """
    chosen: dict[str, Value] = {"template": template, "cycle": cycle}
    record: dict[str, Value] = {
        "first": identifier_at(at) | secrets.randbits(SEQUENCE_BITS),
        "actor": by,
        "action": "report_task.put_off",
    }
    return (
        Statement("report_tasks_put_off_audited", chosen | record | {"at": at}),
        Statement("report_tasks_put_off", chosen | {"at": at}),
    )


def task_removed(identifier: str) -> tuple[Statement, ...]:
    """Raises NotFound."""
    return (
        Statement("report_task_removed", {"id": identifier}, no_such_task()),
        Statement("report_task_untagged", {"task": identifier}),
        Statement("report_task_unmarked", {"task": identifier}),
    )


def tag_made(tag: Tag) -> Statement:
    """Raises Conflict if one is called so."""
    return Statement("report_tag_made", {"id": tag.id, "title": tag.title, "folded": _folded(tag.title)}, _taken(tag))


def tag_renamed(tag: Tag) -> Statement:
    """Raises Conflict if another one is called so."""
    values = {"id": tag.id, "title": tag.title, "folded": _folded(tag.title)}
    return Statement("report_tag_renamed", values, _taken(tag))


def tag_removed(identifier: str) -> tuple[Statement, ...]:
    """No task has it then. Raises NotFound."""
    return (
        Statement("report_tag_removed", {"id": identifier}, no_such_tag()),
        Statement("report_tag_detached", {"tag": identifier}),
    )


def _taken(tag: Tag) -> Conflict:
    return Conflict(f"there is a tag {tag.title!r} already; use that one, or choose another title")


def _folded(title: str) -> str:
    return title.casefold()


def _values(task: ReportTask) -> dict[str, Value]:
    said = {name: getattr(task, name) for name in TaskDraft.__struct_fields__ if name != "tags"}
    return {
        "id": task.id,
        "template": task.template,
        "cycle": task.cycle,
        "fired_by": task.trigger,
        "priority": task.priority,
        "is_enabled": int(task.is_enabled),
        "draft": json_text(said),
        "is_waiting": int(task.is_waiting),
        "at": task.saved_at,
    }


def _found_by(task: ReportTask) -> tuple[Statement, ...]:
    tagged = (
        Statement(
            "report_task_tagged",
            {"task": task.id, "tag": tag, "place": place, "made_at": task.made_at},
            Invalid(f"tags: there is no tag {tag[:40]!r}; name those that there are by their ids"),
        )
        for place, tag in enumerate(task.tags)
    )
    marked: dict[str, Value] = {"task": task.id, "properties": json_text(_marks(task.meta))}
    return *tagged, Statement("report_task_marked", marked)


def _marks(meta: Mapping[str, Any]) -> list[str]:
    """What stands for each property; equal for values that are equal as JSON."""
    pairs = (_sorted.encode((name, _plain(value))) for name, value in meta.items())
    return [hashlib.sha256(pair).hexdigest() for pair in pairs]


def _plain(value: object) -> object:
    """JSON has one kind of number: 1.0 is 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


class ReportTasks:
    """Reads tasks and tags."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> ReportTask | None:
        rows = await self._database.read(_Row, "report_task", id=identifier)
        return _task(rows[0]) if rows else None

    async def due(self, now: int, most: int) -> Sequence[ReportTask]:
        """So many tasks whose window has come, the longest due first, of those the most urgent."""
        return [_task(row) for row in await self._database.read(_Row, "report_tasks_due", until=now, most=most)]

    async def next_at(self) -> int | None:
        """When the next task is due, None if none is."""
        rows = await self._database.read(int, "report_tasks_next_at")
        return rows[0] if rows else None

    async def fired(self, trigger: str, *, after: tuple[int, str] = _FIRST, most: int) -> Sequence[ReportTask]:
        """So many tasks that a trigger makes run, the oldest first; go on with the last one's `made_at` and `id`."""
        made_at, identifier = after
        rows = await self._database.read(
            _Row, "report_tasks_fired", fired_by=trigger, made_at=made_at, id=identifier, most=most
        )
        return [_task(row) for row in rows]

    async def list(self, wanted: Wanted, *, skip: int, most: int) -> tuple[Sequence[ReportTask], int]:
        """So many tasks, the newest first, and how many there are."""
        marks = _marks(wanted.meta)
        values: dict[str, Value] = {
            "template": wanted.template,
            "tag": wanted.tag,
            "fired_by": wanted.trigger,
            "is_waiting": -1 if wanted.is_waiting is None else int(wanted.is_waiting),
            "marks": len(marks),
            "properties": json_text(marks),
        }
        rows = await self._database.read(_Row, _list_of(wanted), **values, skip=skip, most=most)
        # Beyond the end no row tells how many there are.
        told = rows or await self._database.read(_Row, _list_of(wanted), **values, skip=0, most=1)
        return [_task(row) for row in rows], told[0].total if told else 0

    async def tag(self, identifier: str) -> Tag | None:
        rows = await self._database.read(Tag, "report_tag", id=identifier)
        return rows[0] if rows else None

    async def tags(self, *, after: str, most: int) -> Sequence[Tag]:
        """So many tags by title, from that one on, exclusive."""
        return await self._database.read(Tag, "report_tags", after=_folded(after), most=most)

    async def tags_named(self, identifiers: Sequence[str]) -> Sequence[Tag]:
        """Those of these tags that there are, by title."""
        return await self._database.read(Tag, "report_tags_named", ids=json_text(identifiers))


def _list_of(wanted: Wanted) -> str:
    if wanted.tag:
        return "report_tasks_of_tag"
    if wanted.trigger:
        return "report_tasks_of_trigger"
    return "report_tasks_of_template" if wanted.template else "report_tasks"


def _task(row: _Row) -> ReportTask:
    draft = _draft.decode(row.draft)
    said = {name: getattr(draft, name) for name in TaskDraft.__struct_fields__}
    said["tags"] = tuple(row.tags.split(",")) if row.tags else ()
    return ReportTask(
        **said,
        id=row.id,
        owner=row.owner,
        is_waiting=row.is_waiting,
        made_at=row.made_at,
        saved_at=row.saved_at,
        next_at=row.next_at,
    )
