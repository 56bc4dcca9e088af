"""The reader of ConnectReport's callbacks ("Using ConnectReport Callbacks", A.1 of the reference)."""

import msgspec

from tidings.core.cell import instant, instant_of, key, number_of, text
from tidings.core.clock import MINUTE
from tidings.core.json_text import read_typed
from tidings.core.proof import must_bear
from tidings.core.receipt import Receipt
from tidings.core.row import Place, Reading, Row, row_of
from tidings.core.secret import Secret
from tidings.core.told import Told, event_row, identified

_RUNS = Place(
    "report_runs",
    "report_runs",
    "What was told of runs of reports: a row before and one after each. ConnectReport does not say which two are of one"
    " run; it is the row before that is next in time, of the same report_id.",
)


class _Task(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A report's task. `templateHtml`, which is large and anybody's, stays in the receipt."""

    id: str
    title: str | None = None
    report_task_id: str | None = None
    template_id: str | None = None
    start_on: str | None = None
    end_on: str | None = None
    frequency: str | None = None
    filter_cycle_id: str | None = None
    created_at: str | None = None
    last_saved_at: str | None = None


class _Callback(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    trigger: str
    report_task: _Task
    status: str | None = None
    error: str | None = None
    completed_at: str | None = None  # of ours alone


class ConnectReportReader:
    """Reads what is told before and after each run of a report.

    Runs of one report differ in nothing but when they are told: equal bodies within ten minutes are one callback sent
    again, later ones are another run. Tidings' own callbacks in this form have an id, which is taken where it is there.
    """

    name: str = "connectreport"
    # A guess: longer than anybody tries again, shorter than anybody's schedule.
    window_ms: int = 10 * MINUTE

    def check(self, receipt: Receipt, *, secret: Secret, now: int) -> None:  # noqa: ARG002 - a token has no time
        """Raises Unauthenticated if it does not bring the secret: all that ConnectReport can be told is a URL."""
        must_bear(receipt, secret)

    def read(self, receipt: Receipt) -> Reading:
        """What it says. Raises Invalid, naming the field that is wrong."""
        callback = read_typed(receipt.body, _decoder, limit=len(receipt.body))
        name = receipt.header("tidings-event-id")
        # One that was sent again just after the ten minutes turned is told from a later run by the receipts alone.
        turn = str(receipt.at // self.window_ms)
        told = Told(
            id=identified(receipt.source, name) if name else identified(receipt.source, receipt.body, turn),
            source=receipt.source,
            type=callback.trigger,
            wire_id=name,
            at=instant_of(number_of(receipt.header("tidings-event-time"))) or receipt.at,
            arrived_at=receipt.at,
        )
        once = told.id if name else identified(receipt.source, receipt.body)
        return Reading(once=once, type=told.type, changes=(event_row(told), _run(told, callback)))


def _run(told: Told, callback: _Callback) -> Row:
    task = callback.report_task
    fields = (
        instant("at", told.at, comment="When it was told; ConnectReport does not say when it happened."),
        text("source", told.source, comment="Who told it."),
        text("trigger", callback.trigger, comment="preReportTask or postReportTask."),
        text("status", callback.status, comment="After a run: success or failure."),
        text("error", callback.error),
        instant("completed_at", instant_of(callback.completed_at), comment="Told by Tidings, not by ConnectReport."),
        text("report_id", task.id),
        text("report_task_id", task.report_task_id),
        text("title", task.title),
        text("template_id", task.template_id),
        text("frequency", task.frequency),
        text("filter_cycle_id", task.filter_cycle_id),
        instant("starts_at", instant_of(task.start_on)),
        instant("ends_at", instant_of(task.end_on)),
        instant("created_at", instant_of(task.created_at)),
        instant("saved_at", instant_of(task.last_saved_at)),
    )
    return row_of(place=_RUNS, key=(key("event_id", told.id),), fields=fields, version=told.version)


_decoder = msgspec.json.Decoder(_Callback)
