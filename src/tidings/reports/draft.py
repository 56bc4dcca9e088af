"""Draft: what may be said of a report task, judged in one place."""

from collections.abc import Collection
from string import Formatter

from msgspec.structs import replace

from tidings.core.clock import HOUR, SECOND
from tidings.core.errors import Invalid
from tidings.core.report import Content, FilterCycle, TaskDraft
from tidings.reports.terms import (
    checked_filters,
    checked_json,
    checked_meta,
    checked_parameter,
    checked_title,
)

MOST_PRIORITY = 10
SHORTEST_TIMEOUT_MS = SECOND
LONGEST_TIMEOUT_MS = HOUR
MOST_ATTEMPTS = 10
LONGEST_TRIGGER = 100
# A guess at what is still told apart in a list.
MOST_TAGS = 50
_PLACES = ("title", "date", "time", "task")
# Bytes: a draft is read wherever a task is.
_LARGEST = 200_000


def checked_draft(draft: TaskDraft, *, content: Content, cycle: FilterCycle | None) -> TaskDraft:
    """What is kept of it, but its schedule, which `core.calendar` judges.

    `content` is its template's, `cycle` the one that it names, if there is one. Raises Invalid, naming the field.
    """
    title = checked_title(draft.title)
    formats = tuple(dict.fromkeys(draft.formats))
    if not formats:
        raise Invalid("formats: name at least one, like pdf")
    _check_parameters(draft, content)
    checked_filters(draft.filters, field="filters")
    if draft.filter_set and draft.filter_set not in content.filter_sets:
        known = ", ".join(content.filter_sets) or "the template has none"
        raise Invalid(f"filterSet: there is none called {draft.filter_set[:40]!r}; {known}")
    if draft.cycle and (cycle is None or cycle.template != draft.template):
        raise Invalid("filterCycleId: the template has no such filter cycle; make one of this template")
    pattern = checked_pattern(draft.name_pattern, fields=cycle.fields if cycle else ())
    _check_range(draft.priority, least=0, most=MOST_PRIORITY, field="priority")
    _check_range(draft.timeout_ms, least=SHORTEST_TIMEOUT_MS, most=LONGEST_TIMEOUT_MS, field="timeoutMs")
    _check_range(draft.attempts, least=1, most=MOST_ATTEMPTS, field="attempts")
    tags = tuple(dict.fromkeys(draft.tags))
    _check_range(len(tags), least=0, most=MOST_TAGS, field="tags")
    trigger = checked_trigger(draft.trigger) if draft.trigger else ""
    meta = checked_meta(draft.meta)
    checked = replace(draft, title=title, formats=formats, name_pattern=pattern, tags=tags, trigger=trigger, meta=meta)
    checked_json(checked, field="task", limit=_LARGEST)
    return checked


def checked_trigger(name: str) -> str:
    """The name of a trigger. Raises Invalid."""
    name = checked_title(name, field="trigger")
    if len(name) > LONGEST_TRIGGER:
        raise Invalid(f"trigger: has {len(name)} characters; a name has at most {LONGEST_TRIGGER}")
    return name


def checked_pattern(pattern: str, *, fields: Collection[str]) -> str:
    """How files are named; `fields` are what may stand in braces besides what always may. Raises Invalid."""
    pattern = checked_title(pattern, field="namePattern")
    known = (*_PLACES, *fields)
    try:
        pieces = list(Formatter().parse(pattern))
    except ValueError as error:
        raise Invalid("namePattern: a brace is open; write {title}, and {{ for a brace itself") from error
    for _, name, form, conversion in pieces:
        if name is not None and (name not in known or form or conversion):
            here = ", ".join(f"{{{one}}}" for one in known)
            raise Invalid(f"namePattern: {{{name[:40]}}} is not known as it stands; use {here}")
    return pattern


def _check_parameters(draft: TaskDraft, content: Content) -> None:
    known = {parameter.name: parameter for parameter in content.parameters}
    for name, value in draft.parameters.items():
        if name not in known:
            there = ", ".join(known) or "it has none"
            raise Invalid(f"parameters: the template has none called {name[:40]!r}; {there}")
        checked_parameter(known[name], value, field=f"parameters.{name}")


def _check_range(number: int, *, least: int, most: int, field: str) -> None:
    if not least <= number <= most:
        raise Invalid(f"{field}: expected {least:,} to {most:,}, and it is {number:,}")
