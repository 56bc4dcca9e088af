"""Report task form: what somebody filled in as the task that it describes, and when that would run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from tidings.console.form import Form
from tidings.console.report_values import (
    filters_in,
    filters_text,
    instant_in,
    local_text,
    moment_in,
    object_in,
    object_text,
    value_in,
    value_text,
    zone_of,
)
from tidings.core.calendar import calendar_of
from tidings.core.clock import SECOND
from tidings.core.errors import Invalid
from tidings.core.report import Content, Missed, ReportFormat, ReportTask, TaskDraft, Value, checked_format

# Names of fields, as errors about tasks call them.
FIELDS = (
    "title",
    "templateId",
    "frequency",
    "cron",
    "timeZone",
    "startOn",
    "endOn",
    "missed",
    "formats",
    "parameters",
    "filters",
    "filterSet",
    "filterCycleId",
    "namePattern",
    "priority",
    "timeout",
    "attempts",
    "trigger",
    "tags",
    "meta",
)
# Of whoever makes tasks in words of their own, what our fields are called.
_NAMES: Mapping[str, str] = {
    "template": "templateId",
    "time_zone": "timeZone",
    "start_on": "startOn",
    "end_on": "endOn",
    "cycle": "filterCycleId",
    "filterCycle": "filterCycleId",
    "filter_set": "filterSet",
    "name_pattern": "namePattern",
    "timeout_ms": "timeout",
    "timeoutMs": "timeout",
}
_PARAMETER = "parameter-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A run to come, on the clocks of its time zone and in UTC; `is_shifted` when those were changed since the last."""

    local: str
    zone: str
    utc: str
    at: int
    is_shifted: bool


def draft_in(form: Form, content: Content | None) -> TaskDraft:
    """The task that a form describes, `content` being that of its template. Raises Invalid, naming the field."""
    zone = zone_of(form.text("timeZone"))
    return TaskDraft(
        title=form.needed("title"),
        template=form.needed("templateId"),
        **_schedule(form, zone=zone),
        is_enabled=form.is_on("enabled"),
        is_skipped_if_empty=form.is_on("skipIfEmpty"),
        formats=_formats(form),
        parameters=_parameters(form, content, zone=zone),
        filters=filters_in(form.text("filters"), field="filters"),
        filter_set=form.text("filterSet"),
        cycle=form.text("filterCycleId"),
        name_pattern=form.text("namePattern") or "{title}",
        priority=form.number("priority", default=5),
        timeout_ms=form.number("timeout", default=300) * SECOND,
        attempts=form.number("attempts", default=3),
        trigger=form.text("trigger"),
        tags=tuple(form.all("tags")),
        meta=object_in(form.text("meta"), field="meta"),
    )


def schedule_in(form: Form, *, task: ReportTask | None) -> TaskDraft:
    """When that task runs, whatever else it lacks; a task that is there is counted from when it was made.

    Raises Invalid, naming the field.
    """
    draft = TaskDraft(title="", template="", **_schedule(form, zone=zone_of(form.text("timeZone"))))
    return msgspec.structs.replace(draft, start_on=task.made_at) if task and draft.start_on is None else draft


def _schedule(form: Form, *, zone: ZoneInfo) -> dict[str, Any]:
    missed = form.text("missed") or Missed.ONCE
    if missed not in list(Missed):
        raise Invalid("missed: there is no such rule; choose one of the list")
    return {
        "frequency": form.text("frequency"),
        "cron": form.text("cron"),
        "time_zone": form.text("timeZone") or "UTC",
        "start_on": _instant(form, "startOn", zone=zone),
        "end_on": _instant(form, "endOn", zone=zone),
        "missed": Missed(missed),
    }


def values_of(draft: TaskDraft) -> dict[str, Any]:
    """What the form of a task begins with."""
    zone = zone_of(draft.time_zone)
    return {
        "title": draft.title,
        "templateId": draft.template,
        "frequency": draft.frequency,
        "cron": draft.cron,
        "timeZone": draft.time_zone,
        "startOn": local_text(draft.start_on, zone=zone),
        "endOn": local_text(draft.end_on, zone=zone),
        "enabled": draft.is_enabled,
        "missed": draft.missed,
        "skipIfEmpty": draft.is_skipped_if_empty,
        "formats": draft.formats,
        "parameters": draft.parameters,
        "filters": filters_text(draft.filters),
        "filterSet": draft.filter_set,
        "filterCycleId": draft.cycle,
        "namePattern": draft.name_pattern,
        "priority": draft.priority,
        "timeout": draft.timeout_ms // SECOND,
        "attempts": draft.attempts,
        "trigger": draft.trigger,
        "tags": draft.tags,
        "meta": object_text(draft.meta),
    }


def asked_for(content: Content | None, values: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    """The parameters of a template as the form asks for them."""
    zone = zone_of(str(values["timeZone"]))
    return [
        {
            "name": f"{_PARAMETER}{one.name}",
            "label": one.title or one.name,
            "kind": one.kind,
            "value": value_text(values["parameters"].get(one.name), one.kind, zone=zone),
            "default": value_text(one.default, one.kind, zone=zone),
        }
        for one in (content.parameters if content else ())
    ]


def coming_of(draft: TaskDraft, *, now: int, count: int = 5) -> Sequence[Coming]:
    """The next runs by a schedule. Raises Invalid, naming the field."""
    windows = calendar_of(draft, now=now).coming(now - 1, count=count)
    return shown_runs(windows, time_zone=draft.time_zone)


def shown_runs(windows: Sequence[int], *, time_zone: str) -> Sequence[Coming]:
    """Runs as people read them, on the clocks of a time zone."""
    zone, found = zone_of(time_zone), []
    before = None
    for at in windows:
        local = moment_in(at, zone=zone)
        offset = local.utcoffset()
        found.append(
            Coming(
                local=f"{local:%a %-d %b %Y, %H:%M}",
                zone=f"{local:%Z}",
                utc=f"{moment_in(at, zone=zone_of('UTC')):%Y-%m-%d %H:%M}",
                at=at,
                is_shifted=before is not None and before != offset,
            )
        )
        before = offset
    return found


def at_its_field(error: Invalid) -> Invalid:
    """The error so that it begins with the name of a field of ours: `tags[1]: …` is about `tags`."""
    place, colon, message = error.message.partition(": ")
    head = place.partition("[")[0].partition(".")[0]
    name = _NAMES.get(head, head)
    if colon and head == "parameters" and "." in place:
        return Invalid(f"{_PARAMETER}{place.partition('.')[2]}: {message}")
    return Invalid(f"{name}: {message}") if colon and name in FIELDS else error


def zones() -> Sequence[str]:
    """Names of time zones to choose from; others, old ones, are taken too."""
    return sorted(
        one for one in available_timezones() if "/" in one and not one.startswith(("Etc/", "posix/", "right/"))
    )


def _instant(form: Form, name: str, *, zone: ZoneInfo) -> int | None:
    text = form.text(name)
    return instant_in(text, field=name, zone=zone) if text else None


def _formats(form: Form) -> tuple[ReportFormat, ...]:
    named = form.all("formats")
    if not named:
        raise Invalid("formats: choose at least one")
    return tuple(dict.fromkeys(checked_format(one) for one in named))


def _parameters(form: Form, content: Content | None, *, zone: ZoneInfo) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for one in content.parameters if content else ():
        field = f"{_PARAMETER}{one.name}"
        value = value_in(form.text(field), one, field=field, zone=zone)
        if value is not None:
            found[one.name] = value
    return found
