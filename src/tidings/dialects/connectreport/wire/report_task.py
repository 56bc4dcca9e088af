"""What is sent and answered about report tasks."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from tidings.core.duration import format_duration
from tidings.core.errors import Invalid
from tidings.core.report import Missed, ReportFormat, ReportTask, TaskDraft, Value
from tidings.dialects.connectreport.wire.shape import (
    Id,
    Instant,
    Title,
    ToldFilter,
    ToldTag,
    Wire,
    duration_in,
    instant_in,
    told_filters,
    told_instant,
)


class TagNamed(Wire, frozen=True, kw_only=True):
    """A tag by its id, as it is told."""

    id: Id


class TaskAsked(Wire, frozen=True, kw_only=True):
    """What can be said of a task; on a change, what is absent stays as it is, and null takes away what may be absent.

    `at` is another name of `startOn`. `timeout` is of one run, like `5m`. `tags` are ids, or tags as they are told.
    """

    template_id: Id | UnsetType = UNSET
    title: Title | UnsetType = UNSET
    frequency: str | UnsetType = UNSET
    at: Instant | UnsetType | None = UNSET
    start_on: Instant | UnsetType | None = UNSET
    end_on: Instant | UnsetType | None = UNSET
    cron: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    missed_runs: Missed | UnsetType = UNSET
    skip_if_empty: bool | UnsetType = UNSET
    formats: Annotated[tuple[ReportFormat, ...], Meta(max_length=len(ReportFormat))] | UnsetType = UNSET
    parameters: dict[str, Value] | UnsetType = UNSET
    filters: Annotated[list[ToldFilter], Meta(max_length=100)] | UnsetType = UNSET
    filter_set: str | UnsetType = UNSET
    filter_cycle_id: str | UnsetType | None = UNSET
    name_pattern: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=0, le=10)] | UnsetType = UNSET
    timeout: str | UnsetType = UNSET
    attempts: Annotated[int, Meta(ge=1, le=10)] | UnsetType = UNSET
    trigger: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    tags: Annotated[list[Id | TagNamed], Meta(max_length=100)] | UnsetType = UNSET
    meta: dict[str, Any] | UnsetType = UNSET

    def fields(self) -> dict[str, Any]:
        """What of a draft is asked to be like that. Raises Invalid, naming the field."""
        plain = {
            "title": self.title,
            "template": self.template_id,
            "frequency": self.frequency,
            "cron": self.cron,
            "time_zone": self.time_zone,
            "is_enabled": self.enabled,
            "missed": self.missed_runs,
            "is_skipped_if_empty": self.skip_if_empty,
            "formats": self.formats,
            "parameters": self.parameters,
            "filter_set": self.filter_set,
            "cycle": "" if self.filter_cycle_id is None else self.filter_cycle_id,
            "name_pattern": self.name_pattern,
            "priority": self.priority,
            "attempts": self.attempts,
            "trigger": "" if self.trigger is None else self.trigger,
            "meta": self.meta,
        }
        asked: dict[str, Any] = {name: value for name, value in plain.items() if value is not UNSET}
        return asked | self._read()

    def _read(self) -> dict[str, Any]:
        read: dict[str, Any] = {}
        if self.at is not UNSET and self.start_on is not UNSET and self.at != self.start_on:
            raise Invalid("at: is another instant than startOn; leave out one of them")
        start = self.start_on if self.at is UNSET else self.at
        for name, place, value in (("start_on", "startOn", start), ("end_on", "endOn", self.end_on)):
            if value is not UNSET:
                read[name] = None if value is None else instant_in(value, place=place)
        if self.timeout is not UNSET:
            read["timeout_ms"] = duration_in(self.timeout, place="timeout")
        if self.filters is not UNSET:
            read["filters"] = tuple(one.meant() for one in self.filters)
        if self.tags is not UNSET:
            ids = (one.id if isinstance(one, TagNamed) else one for one in self.tags)
            read["tags"] = tuple(dict.fromkeys(ids))
        return read


class NewTask(TaskAsked, frozen=True, kw_only=True):
    """A task to be made. With the frequency `Once - now` it runs at once."""

    template_id: Id
    title: Title
    frequency: str

    def draft(self) -> TaskDraft:
        """Raises Invalid, naming the field."""
        return TaskDraft(**self.fields())


class TaskChanges(TaskAsked, frozen=True, kw_only=True):
    """What of a task is to be otherwise."""

    def draft(self, before: ReportTask) -> TaskDraft:
        """Raises Invalid, naming the field."""
        kept = {name: getattr(before, name) for name in TaskDraft.__struct_fields__}
        return replace(TaskDraft(**kept), **self.fields())


class ToldTask(Wire, frozen=True, kw_only=True):
    """A report task. `nextRuns` is told of one task alone; one that is `waiting` has to be approved by a publisher."""

    id: str
    title: str
    template_id: str
    frequency: str
    cron: str | UnsetType = UNSET
    time_zone: str
    start_on: str | UnsetType = UNSET
    end_on: str | UnsetType = UNSET
    enabled: bool
    waiting: bool
    next_run_at: str | UnsetType = UNSET
    next_runs: list[str] | UnsetType = UNSET
    missed_runs: Missed
    skip_if_empty: bool
    formats: tuple[ReportFormat, ...]
    parameters: Mapping[str, Value]
    filters: list[ToldFilter]
    filter_set: str | UnsetType = UNSET
    filter_cycle_id: str | UnsetType = UNSET
    name_pattern: str
    priority: int
    timeout: str
    attempts: int
    trigger: str | UnsetType = UNSET
    tags: list[ToldTag]
    meta: Mapping[str, Any]
    owner_id: str
    created_at: str
    last_saved_at: str


class ToldTasks(Wire, frozen=True, kw_only=True):
    """A page of tasks, and how many there are in all."""

    report_tasks: list[ToldTask]
    total: int
    page_num: int
    per_page: int


def told_task(task: ReportTask, *, tags: Mapping[str, str], coming: list[int] | None = None) -> ToldTask:
    """A task with its tags' titles, which `tags` has by id."""
    made_at, saved_at = told_instant(task.made_at), told_instant(task.saved_at)
    return ToldTask(
        id=task.id,
        title=task.title,
        template_id=task.template,
        frequency=task.frequency,
        cron=task.cron or UNSET,
        time_zone=task.time_zone,
        start_on=told_instant(task.start_on),
        end_on=told_instant(task.end_on),
        enabled=task.is_enabled,
        waiting=task.is_waiting,
        next_run_at=told_instant(task.next_at),
        next_runs=UNSET if coming is None else [str(told_instant(one)) for one in coming],
        missed_runs=task.missed,
        skip_if_empty=task.is_skipped_if_empty,
        formats=task.formats,
        parameters=task.parameters,
        filters=told_filters(task.filters),
        filter_set=task.filter_set or UNSET,
        filter_cycle_id=task.cycle or UNSET,
        name_pattern=task.name_pattern,
        priority=task.priority,
        timeout=format_duration(task.timeout_ms),
        attempts=task.attempts,
        trigger=task.trigger or UNSET,
        tags=told_tags(task.tags, tags),
        meta=task.meta,
        owner_id=task.owner,
        created_at=str(made_at),
        last_saved_at=str(saved_at),
    )


def told_tags(ids: tuple[str, ...], titles: Mapping[str, str]) -> list[ToldTag]:
    """Those that there still are."""
    return [ToldTag(id=one, title=titles[one]) for one in ids if one in titles]
