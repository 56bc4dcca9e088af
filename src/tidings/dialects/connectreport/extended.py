"""ConnectReport's callback with what its users miss beside it, under a key of our own: `tidings`."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tidings.core.cell import iso
from tidings.core.event import Event
from tidings.core.subscription import Subscription
from tidings.dialects.connectreport.callback import run_told, written

# What stands among the timings, and what keeps its name; `id` becomes `runId`.
_TIMINGS = ("dueAt", "queuedAt", "startedAt", "completedAt")
_NOTHING: dict[str, Raw] = {}


class _Tidings(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """`eventId` is the event's, equal for all webhooks and attempts; `runId` is `reportTask.id`.

    `artefacts` are the files, with links that need no token and run out at `expiresAt`.
    """

    event_id: str
    event_time: str
    run_id: Raw | UnsetType = UNSET
    attempt: Raw | UnsetType = UNSET
    cause: Raw | UnsetType = UNSET
    rows: Raw | UnsetType = UNSET
    timings: dict[str, Raw] | UnsetType = UNSET
    cycled: Raw | UnsetType = UNSET
    tags: Raw | UnsetType = UNSET
    artefacts: Raw | UnsetType = UNSET
    skipped: Raw | UnsetType = UNSET


_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_KEPT = ("attempt", "cause", "rows", "cycled", "tags", "artefacts", "skipped")


class ConnectReportExtended:
    """Writes what `connectreport` does, and `tidings` beside it."""

    name: str = "connectreport-extended"
    content_type: str = "application/json"

    def write(self, event: Event, subscription: Subscription) -> bytes:  # noqa: ARG002 - a dialect is asked with both
        """The same for every subscription."""
        told = run_told(event)
        return written(event, told, tidings=_told(event, UNSET if told is None else told.run))


def _told(event: Event, run: Raw | UnsetType) -> _Tidings:
    fields = _NOTHING if run is UNSET else _read(run)
    kept: dict[str, Any] = {name: fields[name] for name in _KEPT if name in fields}
    timings = {name: fields[name] for name in _TIMINGS if name in fields}
    return _Tidings(
        event_id=event.name,
        event_time=iso(event.at),
        run_id=fields.get("id", UNSET),
        timings=timings or UNSET,
        **kept,
    )


def _read(run: Raw) -> dict[str, Raw]:
    # Whoever publishes such an event may have put something else there; then there is nothing to add.
    try:
        return _fields(run)
    except msgspec.ValidationError:
        return _NOTHING
