"""What people write into forms of reports, and what is kept of it: filters, parameters, rows, when tasks run."""

from zoneinfo import ZoneInfo

import pytest

from tidings.console.form import Form
from tidings.console.report_rows import at_its_row, changed, content_of, rows_in, rows_of
from tidings.console.report_task_form import at_its_field, coming_of, schedule_in, values_of
from tidings.console.report_values import filters_in, filters_text, instant_in, local_text, value_in, value_text
from tidings.core.errors import Invalid
from tidings.core.report import Content, Filter, ReportChart, ReportParameter, ReportQuery, TaskDraft, Value

BERLIN = ZoneInfo("Europe/Berlin")
UTC = ZoneInfo("UTC")
CONTENT = Content(
    html="<p>\n  {{ title }}</p>\n",
    queries=(
        ReportQuery(name="sales", sql="SELECT 1\nAS a\n"),
        ReportQuery(name="people", sql="SELECT 2", connection="shop", most_rows=9),
    ),
    charts=(
        ReportChart(name="trend", query="sales", spec={"mark": "bar"}),
        ReportChart(name="days", board="messages", chart="days"),
    ),
    parameters=(
        ReportParameter(name="since", kind="instant", title="Since", default=1_790_000_000_000),
        ReportParameter(name="all", kind="truth", default=False),
        ReportParameter(name="share", kind="number", default=0.5),
        ReportParameter(name="region", default="North"),
    ),
    filter_sets={"north": (Filter(field="region", values=("North", "a, b", 5, "5", True, "true", None, "", '"')),)},
)


def sent(content: Content, **more: str) -> Form:
    """A form as the page of that template would send it."""
    fields = [("html", content.html)]
    for name, rows in rows_of(content).items():
        for row in rows:
            fields.append((name, str(row.key)))
            fields += [(f"{name}{row.key}-{part}", value) for part, value in row.values.items()]
    # Browsers end lines so.
    return Form([(name, value.replace("\n", "\r\n")) for name, value in (*fields, *more.items())])


def test_a_template_that_is_saved_as_it_is_stays_the_same() -> None:
    form = sent(CONTENT)

    assert content_of(form, rows_in(form)) == CONTENT


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("region: North, South", ("North", "South")),
        ('region: "a, b",5 , "5"', ("a, b", 5, "5")),
        ('region: 1,, "",', (1, "")),
        ("region: -1.5, true, null, 007, 1e5", (-1.5, True, None, "007", "1e5")),
        ('region: "say \\"no\\""', ('say "no"',)),
    ],
)
def test_filters_are_read_as_they_are_written(text: str, values: tuple[Value, ...]) -> None:
    found = filters_in(f"\n {text} \n", field="filters")

    assert found == (Filter(field="region", values=values),)
    assert filters_in(filters_text(found), field="filters") == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("region", "filters: line 1 must say column: value, value"),
        ("a: ,", "filters: line 1 names no value"),
        ("a: 1\nb:", "filters: line 2 must say column: value, value"),
        ('a: "open', "filters: line 1 has a quotation mark without its other one"),
        ('a: "\\x"', "filters: line 1 has a quoted value that is not written as in JSON"),
    ],
)
def test_a_filter_that_cannot_be_read_names_its_line(text: str, says: str) -> None:
    with pytest.raises(Invalid) as refused:
        filters_in(text, field="filters")
    assert refused.value.message == says


def test_local_times_are_instants_in_the_time_zone() -> None:
    at = instant_in("2026-07-01T09:00", field="startOn", zone=BERLIN)

    assert at == 1_782_889_200_000
    assert local_text(at, zone=BERLIN) == "2026-07-01T09:00"
    assert local_text(at + 1_000, zone=UTC) == "2026-07-01T07:00:01"
    assert local_text(2**62, zone=UTC).startswith("9999")
    # The hour that comes twice: the first one.
    assert instant_in("2026-10-25T02:30", field="startOn", zone=BERLIN) == 1_792_888_200_000
    with pytest.raises(Invalid, match="startOn: write a day and a time"):
        instant_in("soon", field="startOn", zone=BERLIN)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "5", "5"),
        ("number", "5", 5),
        ("number", "0.5", 0.5),
        ("truth", "no", False),
        ("text", "", None),
        ("instant", "-7d@d", "-7d@d"),
        ("instant", "1970-01-01T00:01", 60_000),
    ],
)
def test_parameters_are_of_their_kind(kind: str, text: str, value: Value) -> None:
    found = value_in(text, ReportParameter(name="a", kind=kind), field="a", zone=UTC)

    assert found == value
    assert type(found) is type(value)
    assert value_text(found, kind, zone=UTC) == text


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("query0-name", "", "query0-name: is empty"),
        ("query1-name", "sales", "query1-name: there is another one called 'sales'"),
        ("query0-sql", "", "query0-sql: is empty"),
        ("query0-most", "all", "query0-most: write a whole number"),
        ("chart0-query", "", "chart0-query: say of which query"),
        ("chart0-spec", "[1]", "chart0-spec: this is no JSON object"),
        ("parameter0-default", "then", "parameter0-default: write a day and a time, like 2026-01-31T09:00, or -7d@d"),
        ("parameter1-kind", "colour", "parameter1-kind: there is no such kind"),
        ("parameter2-default", "half", "parameter2-default: write a number"),
        ("set0-filters", "", "set0-filters: is empty"),
        ("html", "", "html: is empty"),
    ],
)
def test_what_is_wrong_in_a_template_is_said_at_its_field(field: str, value: str, says: str) -> None:
    form = sent(CONTENT, **{field: value})

    with pytest.raises(Invalid) as refused:
        content_of(form, rows_in(form))
    assert refused.value.message.startswith(says)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("query 'people': no such column: b", "query1-sql: query 'people': no such column: b"),
        ("query 'people' took too long", "query1-sql: query 'people' took too long"),
        ("queries[1].mostRows: expected 1 to 9", "query1-most: expected 1 to 9"),
        ("queries[1].name: is no name", "query1-name: is no name"),
        ("charts[0].query: there is no query 'a'", "chart0-query: there is no query 'a'"),
        ("chart trend: spec: write one", "chart0-spec: spec: write one"),
        ("parameters[2].default: expected a number", "parameter2-default: expected a number"),
        ("filterSets.north[0].field: expected", "set0-filters: [0].field: expected"),
        ("the template, line 3: there is no 'a' here", "html: line 3: there is no 'a' here"),
        ("the template: it is none", "html: it is none"),
        ("queries[7].sql: far away", "queries[7].sql: far away"),
        ("query 'gone': no such table", "query 'gone': no such table"),
        ("title: is empty; fill it in", "title: is empty; fill it in"),
    ],
)
def test_what_reading_and_drawing_complain_of_is_said_at_its_field(message: str, shown: str) -> None:
    assert at_its_row(Invalid(message), rows_of(CONTENT)).message == shown


def test_rows_are_added_moved_and_removed() -> None:
    rows = rows_of(CONTENT)

    added = changed(rows, "add-query")["query"]
    assert [(row.key, row.is_new) for row in added] == [(0, False), (1, False), (2, True)]
    assert [row.key for row in changed(rows, "up-query-1")["query"]] == [1, 0]
    assert [row.key for row in changed(rows, "remove-query-0")["query"]] == [1]
    for nothing in ("up-query-0", "remove-query-9", "add-nonsense", "keep", ""):
        assert changed(rows, nothing) == rows
    full = {**rows, "query": [*rows["query"]] * 10}
    assert len(changed(full, "add-query")["query"]) == 20


def test_runs_to_come_are_told_on_both_clocks_and_where_the_clocks_change() -> None:
    form = Form([("frequency", "Weekly"), ("timeZone", "Europe/Berlin"), ("startOn", "2026-10-17T09:00")])

    coming = coming_of(schedule_in(form, task=None), now=0, count=3)

    assert [(one.local, one.zone, one.utc, one.is_shifted) for one in coming] == [
        ("Sat 17 Oct 2026, 09:00", "CEST", "2026-10-17 07:00", False),
        ("Sat 24 Oct 2026, 09:00", "CEST", "2026-10-24 07:00", False),
        ("Sat 31 Oct 2026, 09:00", "CET", "2026-10-31 08:00", True),
    ]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("tags[1]: there is no such tag", "tags: there is no such tag"),
        ("parameters.region: expected a text", "parameter-region: expected a text"),
        ("timeoutMs: expected 1,000 to 9", "timeout: expected 1,000 to 9"),
        ("filters[0].values: expected", "filters: expected"),
        ("time is up", "time is up"),
    ],
)
def test_what_tasks_complain_of_is_said_at_its_field(message: str, shown: str) -> None:
    assert at_its_field(Invalid(message)).message == shown


def test_a_schedule_is_shown_as_it_is_kept() -> None:
    draft = TaskDraft(
        title="t", template="x", frequency="Daily", time_zone="Europe/Berlin", start_on=1_782_889_200_000, end_on=None
    )

    values = values_of(draft)

    assert (values["startOn"], values["endOn"], values["timeout"]) == ("2026-07-01T09:00", "", 300)
