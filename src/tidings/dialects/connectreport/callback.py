"""The callback that ConnectReport's receivers parse ("Using ConnectReport Callbacks", A.1 of the reference)."""

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tidings.core.event import Event
from tidings.core.subscription import Subscription

REPORT_TYPES = frozenset({"preReportTask", "postReportTask"})
KINDS = ("ReportTask", "ReportTag", "ReportTemplate")


class RunTold(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What is published of a run of a report: ConnectReport's fields, and in `run` what its users miss."""

    report_task: Raw
    status: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    completed_at: Raw | UnsetType = UNSET
    run: Raw | UnsetType = UNSET


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """`status`, `error` and `completedAt` are there after a run alone, and the error after one that failed.

    `completedAt` is not in ConnectReport's list of properties, but promised in its text: "the time it completed".
    """

    trigger: str
    status: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET
    completed_at: Raw | UnsetType = UNSET
    report_task: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET  # of what is no run of a report
    tidings: msgspec.Struct | UnsetType = UNSET


_encode = msgspec.json.Encoder().encode
_run_told = msgspec.json.Decoder(RunTold)


class ConnectReport:
    """Writes ConnectReport's own body; events that are no runs of reports are `trigger` and `data`."""

    name: str = "connectreport"
    content_type: str = "application/json"

    def write(self, event: Event, subscription: Subscription) -> bytes:  # noqa: ARG002 - a dialect is asked with both
        """The same for every subscription."""
        return written(event, run_told(event))


def run_told(event: Event) -> RunTold | None:
    """What the event tells of a run; None for an event of another kind, or one that somebody made up."""
    if event.type not in REPORT_TYPES:
        return None
    try:
        return _run_told.decode(event.data)
    except msgspec.ValidationError:
        return None


def written(event: Event, told: RunTold | None, *, tidings: msgspec.Struct | UnsetType = UNSET) -> bytes:
    """The body, with what is ours alone under `tidings`."""
    if told is None:
        return _encode(_Body(trigger=event.type, data=Raw(event.data), tidings=tidings))
    body = _Body(
        trigger=event.type,
        status=told.status,
        error=told.error,
        completed_at=told.completed_at,
        report_task=told.report_task,
        tidings=tidings,
    )
    return _encode(body)
