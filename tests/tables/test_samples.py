"""The templates to begin with, over tables that were received into, in each engine."""

import contextlib
import json

import pytest

from tests.dashboards.forms import AT, response
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Invalid
from tidings.core.receipt import Receipt
from tidings.core.report import DataSheet, Filter, ReportFormat, Value
from tidings.dialects.connectreport.reader import ConnectReportReader
from tidings.reports.drawings import check_spec
from tidings.reports.making import parameters_of
from tidings.reports.pages import page
from tidings.reports.printing import Drawn, Printing
from tidings.reports.samples import SAMPLES, Sample
from tidings.tables.asking import Asking, Question
from tidings.tables.read_only import ReadOnly
from tidings.tables.tables import Tables

CLOCK = Clock()


def receive(tables: Tables) -> None:
    tables.write(response("r2", ["Harbour"], 40, at=AT + DAY))
    for trigger, status in (("preReportTask", None), ("postReportTask", "success"), ("postReportTask", "failure")):
        told = {
            "trigger": trigger,
            "reportTask": {"id": "1", "title": "Weekly <sales>"},
            "status": status,
            "error": "x",
        }
        receipt = Receipt(source="crew", at=AT, headers=(), body=json.dumps(told).encode())
        tables.write(list(ConnectReportReader().read(receipt).changes))


def printed(sample: Sample, asking: Asking, *, filters: tuple[Filter, ...] = (), **given: Value) -> str:
    content = sample.content
    parameters = parameters_of(content, given, at=AT, time_zone="UTC")
    instants = frozenset(one.name for one in content.parameters if one.kind == "instant")
    sheets = {}
    for query in content.queries:
        question = Question(
            name=query.name,
            sql=query.sql,
            until=CLOCK.monotonic() + 30,
            most_rows=query.most_rows,
            parameters=parameters,
            instants=instants,
            filters=filters,
        )
        with asking.asked(question) as answer:
            rows = [row for batch in answer.batches() for row in batch]
            sheets[query.name] = DataSheet(columns=answer.columns, rows=rows, total=len(rows))
    for chart in content.charts:
        check_spec(chart.spec)
    order = Printing(
        html=content.html,
        title=sample.title,
        formats=frozenset({ReportFormat.HTML}),
        at=AT,
        within_s=60,
        sheets=sheets,
        charts={chart.name: Drawn(svg=b"<svg/>") for chart in content.charts},
        parameters=parameters,
        filters=filters,
    )
    return " ".join(page(order).split())


def test_the_samples_show_what_was_received_or_that_nothing_was_or_which_query_has_no_table(
    tables: Tables, tables_url: str
) -> None:
    events, answers, runs = SAMPLES
    tables.write(response("r1", ["Harbour"], 2, at=AT))
    with contextlib.closing(ReadOnly(tables_url, is_own=True)) as source:
        asking = Asking(source, clock=CLOCK)
        with pytest.raises(Invalid, match="query 'runs'"):
            printed(runs, asking)
        receive(tables)
        of_events, of_answers, of_runs = (printed(one, asking) for one in SAMPLES)
        later = [printed(one, asking, since=AT + 9 * DAY) for one in SAMPLES]
        of_one = printed(answers, asking, survey="a1", filters=(Filter(field="question", values=("Outlet",)),))
        of_none = printed(answers, asking, survey="other")

    assert "<strong>5</strong>events" in of_events
    assert "2024-01-16 00:00" in of_events
    assert "<h2>Outlet</h2>" in of_answers
    assert '<td class="number">2</td> <td class="number">100%</td>' in of_answers
    assert "<td>Weekly &lt;sales&gt;</td><td>failure</td>" in of_runs
    said = ("Nothing happened", "Nobody answered", "No run was")
    assert all(text in one for text, one in zip(said, later, strict=True))
    assert "since 2024-01-24 00:00" in later[0]
    assert ("Outlet" in of_one, "Rice" in of_one, "Applied filters" in of_one) == (True, False, True)
    assert "Nobody answered" in of_none
    assert (events.title, runs.title) == ("Overview of events", "Runs of reports")
