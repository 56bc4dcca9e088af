"""ConnectReport's callbacks, as the reference records them, and what ours adds."""

import json
from typing import Any

import msgspec
import pytest

from tests.dialects.test_conformance import subscription_to
from tidings.core.event import Event
from tidings.core.receipt import Receipt
from tidings.core.row import Row
from tidings.dialects.connectreport.callback import ConnectReport
from tidings.dialects.connectreport.extended import ConnectReportExtended
from tidings.dialects.connectreport.reader import ConnectReportReader
from tidings.dialects.discovery import SAMPLE_AT, discover

SAMPLES = discover().samples
PRE, POST = SAMPLES["preReportTask"], SAMPLES["postReportTask"]
# Reference, A.1: "Canonical samples for fixtures".
TASK = {
    "id": "b9e574a9-fb52-443b-a1aa-1eed82a8b1ba",
    "title": "Weekly sales overview",
    "reportTaskId": "20cf12d4-4c6f-4212-8510-14ddbbd6ae66",
    "templateId": "8692affa-7eb4-40b5-ba15-04ba8954a90c",
    "startOn": "2020-01-12T00:55:32.941Z",
    "endOn": "2021-01-12T00:55:32.941Z",
    "frequency": "Monthly",
    "filterCycleId": "487a5c2f-fcae-4ad1-9bfa-444140818446",
    "createdAt": "2020-01-12T00:51:07.536Z",
    "lastSavedAt": "2020-01-12T00:51:07.659Z",
    "templateHtml": '<div class="report-master-meta">...</div>',
}
FAILURE = "Report task failed due to <Error_Reason>"
COMPLETED = "2020-02-12T00:55:38.402Z"


def written(dialect: ConnectReport | ConnectReportExtended, event: Event) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(dialect.write(event, subscription_to(event)))
    return told


def failed() -> Event:
    data = json.loads(POST.data) | {"status": "failure", "error": FAILURE}
    return msgspec.structs.replace(POST, data=json.dumps(data).encode())


def test_before_a_run_the_body_is_the_documented_one_and_nothing_else() -> None:
    assert written(ConnectReport(), PRE) == {"trigger": "preReportTask", "reportTask": TASK}


def test_after_a_run_that_failed_the_body_is_the_documented_one_and_the_time_that_is_promised() -> None:
    told = written(ConnectReport(), failed())

    assert told.pop("completedAt") == COMPLETED
    assert told == {"trigger": "postReportTask", "status": "failure", "error": FAILURE, "reportTask": TASK}


def test_after_a_run_that_succeeded_there_is_no_error_at_all() -> None:
    assert written(ConnectReport(), POST) == {
        "trigger": "postReportTask",
        "status": "success",
        "completedAt": COMPLETED,
        "reportTask": TASK,
    }


def test_the_extended_body_is_the_same_with_what_its_users_miss_under_a_key_of_its_own() -> None:
    event = msgspec.structs.replace(POST, id=7)

    told = written(ConnectReportExtended(), event)

    more = told.pop("tidings")
    assert told == written(ConnectReport(), event)
    assert (more["eventId"], more["runId"], more["rows"], more["cause"]) == (event.name, TASK["id"], 1042, "schedule")
    assert list(more["timings"]) == ["dueAt", "queuedAt", "startedAt", "completedAt"]
    assert more["artefacts"] == json.loads(POST.data)["run"]["artefacts"]
    assert more["tags"] == [{"id": "0b6c7a3e-5f0d-4f3b-9a52-6d1c2e8f4a70", "title": "sales"}]


@pytest.mark.parametrize("data", [b'{"a":1}', b'{"reportTask":{},"run":"no object"}', b'{"run":{}}'])
def test_whatever_somebody_publishes_as_a_run_is_written(data: bytes) -> None:
    event = msgspec.structs.replace(PRE, data=data)

    for dialect in (ConnectReport(), ConnectReportExtended()):
        assert written(dialect, event)["trigger"] == "preReportTask"


@pytest.mark.parametrize("event", [PRE, POST, failed()], ids=["before", "after", "failed"])
@pytest.mark.parametrize("dialect", [ConnectReport(), ConnectReportExtended()], ids=lambda one: str(one.name))
def test_our_reader_reads_what_our_dialects_write(dialect: ConnectReport | ConnectReportExtended, event: Event) -> None:
    headers = (("tidings-event-id", "e-1"), ("tidings-event-time", str(event.at)))
    receipt = Receipt(source="s", at=SAMPLE_AT, headers=headers, body=dialect.write(event, subscription_to(event)))

    changes = ConnectReportReader().read(receipt).changes

    [row] = [one for one in changes if isinstance(one, Row) and one.place.name == "report_runs"]
    read = {one.name: one.value for one in row.fields}
    data = json.loads(event.data)
    assert (read["report_id"], read["title"], read["frequency"]) == (TASK["id"], TASK["title"], "Monthly")
    assert (read["status"], read["error"]) == (data.get("status"), data.get("error"))
    assert read["completed_at"] == (1581468938402 if "completedAt" in data else None)
