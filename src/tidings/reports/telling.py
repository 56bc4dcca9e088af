"""Telling: the events before and after a run, in the words that callbacks tell them in."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.core.cell import iso
from tidings.core.clock import Clock
from tidings.core.event import Event, Subject
from tidings.core.report import Report, ReportFile, ReportTask, Tag
from tidings.outbox.publisher import Draft, Publisher
from tidings.reports.links import Links
from tidings.store.database import Key, Statement

PRE, POST = "preReportTask", "postReportTask"
TASK, TEMPLATE, TAG = "ReportTask", "ReportTemplate", "ReportTag"
RUN_SUBJECTS = frozenset({TASK, TEMPLATE, TAG})


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run: an error, files, or nothing because there was nothing to report."""

    error: str = ""
    is_skipped: bool = False
    rows: int | None = None
    files: tuple[ReportFile, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is told with. `task` is None if it was removed meanwhile."""

    run: Report
    task: ReportTask | None = None
    html: str = ""
    tags: tuple[Tag, ...] = ()


class Telling:
    """Publishes both events, each in one transaction with what is true exactly if it is told; a run has one of each."""

    def __init__(self, publisher: Publisher, *, links: Links, clock: Clock) -> None:
        self._publisher = publisher
        self._links = links
        self._clock = clock

    async def before(self, told: Told, *, also: Sequence[Statement]) -> Event:
        """Tell that a run begins; if that was told already, the same event."""
        event = event_before(told, at=self._clock.now())
        kept = await self._publisher.publish_one(Draft(event=event, keys=(_key(event, told),), also=also))
        return msgspec.structs.replace(event, id=kept.id)

    async def after(self, told: Told, result: Result, *, at: int, also: Sequence[Statement]) -> None:
        """Tell that a run is over, with links to its files."""
        data: dict[str, Any] = {"reportTask": _task(told), "status": "failure" if result.error else "success"}
        if result.error:
            data["error"] = f"Report task failed due to {result.error}"
        run = _run(told) | {"completedAt": iso(at)}
        if result.rows is not None:
            run["rows"] = result.rows
        run["artefacts"] = [self._artefact(file) for file in result.files]
        if result.is_skipped:
            run["skipped"] = True
        event = _event(POST, told, data=data | {"completedAt": iso(at), "run": run}, at=at)
        await self._publisher.publish_one(Draft(event=event, keys=(_key(event, told),), also=also))

    def _artefact(self, file: ReportFile) -> dict[str, Any]:
        url, expires = self._links.signed(file)
        said = {"id": file.id, "format": file.format, "name": file.name, "size": file.size}
        return said | {"url": url, "expiresAt": iso(expires)}


def event_before(told: Told, *, at: int) -> Event:
    """The event that a run begins, as webhooks are matched with it."""
    return _event(PRE, told, data={"reportTask": _task(told), "run": _run(told)}, at=at)


def _event(type_: str, told: Told, *, data: dict[str, Any], at: int) -> Event:
    run = told.run
    tags = (Subject(TAG, tag) for tag in dict.fromkeys(run.tags))
    subjects = (Subject(TASK, run.task), Subject(TEMPLATE, run.template), *tags)
    return Event(type=type_, subjects=subjects, data=msgspec.json.encode(data), at=at)


def _key(event: Event, told: Told) -> Key:
    return Key(f"{event.type}:{told.run.id}", b"")


def _task(told: Told) -> dict[str, Any]:
    run, task = told.run, told.task
    said: dict[str, Any] = {
        "id": run.id,
        "title": run.title,
        "reportTaskId": run.task,
        "templateId": run.template,
    }
    if task is not None:
        said["startOn"] = iso(task.made_at if task.start_on is None else task.start_on)
        if task.end_on is not None:
            said["endOn"] = iso(task.end_on)
        said["frequency"] = task.frequency
        if task.cycle:
            said["filterCycleId"] = task.cycle
        said |= {"createdAt": iso(task.made_at), "lastSavedAt": iso(task.saved_at)}
    return said | {"templateHtml": told.html}


def _run(told: Told) -> dict[str, Any]:
    run = told.run
    said: dict[str, Any] = {
        "id": run.id,
        "taskId": run.task,
        "attempt": run.attempt,
        "dueAt": iso(run.due_at),
        "queuedAt": iso(run.queued_at),
    }
    if run.began_at is not None:
        said["startedAt"] = iso(run.began_at)
    return said | {
        "cause": run.cause,
        "cycled": [{"field": one.field, "values": one.values} for one in run.cycled],
        "tags": [{"id": tag.id, "title": tag.title} for tag in told.tags],
    }
