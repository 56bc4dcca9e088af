"""What is sent and answered about triggers of report tasks, and the events that fire them."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tidings.core.pattern import LONGEST_NAME, MOST_PATTERNS
from tidings.dialects.connectreport.wire.shape import Wire
from tidings.store.report_triggers import Hearing, Trigger

TriggerName = Annotated[str, Meta(min_length=1, max_length=200)]
# What webhooks are registered on, too.
ObjectType = Literal[
    "Group",
    "Action",
    "ActionPackage",
    "Application",
    "ReportTask",
    "ReportTag",
    "ReportTemplate",
    "Webhook",
    "System",
]


class TriggerRun(Wire, frozen=True, kw_only=True):
    """The trigger whose tasks are to run."""

    name: TriggerName


class ReportQueued(Wire, frozen=True, kw_only=True):
    """A report that is to be made, of that task."""

    id: str
    report_task_id: str


class TriggerRan(Wire, frozen=True, kw_only=True):
    """What is in the queue now."""

    name: str
    reports: list[ReportQueued]


class TriggerHears(Wire, frozen=True, kw_only=True):
    """Which events fire a trigger: of one of the types, also `order.*` or `*`, on that object, `*` for all."""

    object_type: ObjectType
    object_id: Annotated[str, Meta(min_length=1, max_length=200)]
    event_types: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME + 2)]],
        Meta(min_length=1, max_length=MOST_PATTERNS),
    ]


class NewTrigger(TriggerHears, frozen=True, kw_only=True):
    """A trigger, and the events that are to fire it. Tasks come to it by their own `trigger`."""

    name: TriggerName


class ToldHears(Wire, frozen=True, kw_only=True):
    """Which events fire a trigger. `active` is false for the moment until they are subscribed to."""

    object_type: str
    object_id: str
    event_types: tuple[str, ...]
    active: bool


class ToldTrigger(Wire, frozen=True, kw_only=True):
    """A trigger: how many tasks it runs, and what fires it besides people and programs, absent if nothing does."""

    name: str
    tasks: int
    hears: ToldHears | UnsetType = UNSET


class ToldTriggers(Wire, frozen=True, kw_only=True):
    """Triggers by name; `cursor` asks for the rest, absent if there is none."""

    triggers: list[ToldTrigger]
    cursor: str | UnsetType = UNSET


def told_trigger(trigger: Trigger) -> ToldTrigger:
    hears = UNSET if trigger.hears is None else _told(trigger.hears)
    return ToldTrigger(name=trigger.name, tasks=trigger.tasks, hears=hears)


def _told(hearing: Hearing) -> ToldHears:
    return ToldHears(
        object_type=hearing.subject.kind,
        object_id=hearing.subject.id,
        event_types=hearing.types,
        active=hearing.webhook is not None,
    )
