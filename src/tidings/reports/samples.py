"""Samples: templates to begin with, over tables that every installation has as soon as something was told."""

from dataclasses import dataclass
from typing import Any

from tidings.core.report import Content, ReportChart, ReportParameter, ReportQuery
from tidings.dashboards.charts import DATA

# Of a week, so that a weekly task tells of each day once.
_SINCE = ReportParameter(name="since", kind="instant", default="-7d@d", title="Rows of that time and later")
_HEAD = """<h1>{{ title }}</h1>
<p class="muted">As of {{ at|datetime }}{% if parameters.since %}, since {{ parameters.since|datetime }}{% endif %}</p>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A base template: its title, and what it holds."""

    title: str
    content: Content


def _bars(value: str, *, number: str) -> dict[str, Any]:
    return {
        "data": {"name": DATA},
        "width": 480,
        "height": {"step": 22},
        "mark": "bar",
        "encoding": {
            "y": {"field": value, "type": "nominal", "sort": "-x", "title": None, "axis": {"labelLimit": 200}},
            "x": {"field": number, "type": "quantitative", "title": None, "axis": {"tickMinStep": 1}},
        },
    }


_EVENTS = Sample(
    title="Overview of events",
    content=Content(
        html=_HEAD
        + """<div class="figures">
  <div><strong>{{ data.by_type|sum(attribute="events")|number }}</strong>events</div>
  <div><strong>{{ data.by_type|map(attribute="type")|unique|list|length }}</strong>types</div>
  <div><strong>{{ data.by_type|map(attribute="source")|unique|list|length }}</strong>sources</div>
</div>
{% if data.by_type %}{{ chart("by_type") }}{% endif %}
<h2>By type</h2>
<table>
  <thead><tr><th>Type</th><th>Source</th><th class="number">Events</th><th>Last one</th></tr></thead>
  {% for row in data.by_type %}
  <tr><td>{{ row.type }}</td><td>{{ row.source }}</td><td class="number">{{ row.events|number }}</td>
    <td>{{ row.last_at|datetime }}</td></tr>
  {% else %}
  <tr><td colspan="4">Nothing happened.</td></tr>
  {% endfor %}
</table>
<h2>The newest</h2>
<table>
  <thead><tr><th>Time</th><th>Type</th><th>Source</th></tr></thead>
  {% for row in data.newest %}
  <tr><td>{{ row.at|datetime }}</td><td>{{ row.type }}</td><td>{{ row.source }}</td></tr>
  {% endfor %}
</table>
""",
        queries=(
            ReportQuery(
                name="by_type",
                sql="SELECT type, source, COUNT(*) AS events, MAX(at) AS last_at FROM events WHERE at >= :since"
                " GROUP BY type, source ORDER BY events DESC, type, source",
                most_rows=500,
            ),
            ReportQuery(
                name="newest",
                sql="SELECT at, type, source FROM events WHERE at >= :since ORDER BY at DESC, event_id LIMIT 50",
                most_rows=50,
            ),
        ),
        charts=(ReportChart(name="by_type", query="by_type", spec=_bars("type", number="events")),),
        parameters=(_SINCE,),
    ),
)

_ANSWERS = Sample(
    title="Answers of a survey",
    content=Content(
        html=_HEAD
        + """{% set questions = data.answers|map(attribute="question")|unique|list %}
<p>{{ data.answers.total|number }} different answers to {{ questions|length }} questions
{%- if parameters.survey %} of the survey {{ parameters.survey }}{% endif %}.</p>
{% for question, rows in data.answers|groupby("question") %}
<h2>{{ question or "(no title)" }}</h2>
{% set all = rows|sum(attribute="answers") %}
<table>
  <thead><tr><th>Answer</th><th class="number">Given</th><th class="number">Share</th></tr></thead>
  {% for row in rows|sort(attribute="answers", reverse=true) %}
  <tr><td>{{ row.answer or "(none)" }}</td><td class="number">{{ row.answers|number }}</td>
    <td class="number">{{ (row.answers / all)|percent }}</td></tr>
  {% endfor %}
</table>
{% else %}
<p>Nobody answered.</p>
{% endfor %}
""",
        queries=(
            ReportQuery(
                name="answers",
                sql="SELECT COALESCE(question, '') AS question, COALESCE(answer, '') AS answer, COUNT(*) AS answers"
                " FROM answers WHERE at >= :since AND (:survey = '' OR action_id = :survey)"
                " GROUP BY COALESCE(question, ''), COALESCE(answer, '') ORDER BY 1, 3 DESC, 2",
                most_rows=2_000,
            ),
        ),
        parameters=(_SINCE, ReportParameter(name="survey", default="", title="The survey's id; all if empty")),
    ),
)

_HOW_IT_ENDED = {"domain": ["success", "failure"], "range": ["#2e7d4f", "#b3392f"]}
_RUNS = Sample(
    title="Runs of reports",
    content=Content(
        html=_HEAD
        + """<div class="figures">
{% for status, words in [("success", "succeeded"), ("failure", "failed")] %}
  {% set runs = data.runs|selectattr("status", "equalto", status) %}
  <div><strong>{{ runs|sum(attribute="runs")|number }}</strong>{{ words }}</div>
{% endfor %}
</div>
{% if data.runs %}{{ chart("runs") }}{% endif %}
<table>
  <thead><tr><th>Report</th><th>Ended in</th><th class="number">Runs</th><th>Last one</th></tr></thead>
  {% for row in data.runs %}
  <tr><td>{{ row.title }}</td><td>{{ row.status }}</td><td class="number">{{ row.runs|number }}</td>
    <td>{{ row.last_at|datetime }}</td></tr>
  {% else %}
  <tr><td colspan="4">No run was told of.</td></tr>
  {% endfor %}
</table>
{% if data.failed %}
<h2>What failed</h2>
<table>
  <thead><tr><th>Time</th><th>Report</th><th>Why</th></tr></thead>
  {% for row in data.failed %}
  <tr><td>{{ row.at|datetime }}</td><td>{{ row.title }}</td><td>{{ row.error }}</td></tr>
  {% endfor %}
</table>
{% endif %}
""",
        queries=(
            ReportQuery(
                name="runs",
                sql="SELECT title, status, COUNT(*) AS runs, MAX(at) AS last_at FROM report_runs"
                " WHERE at >= :since AND status IS NOT NULL GROUP BY title, status ORDER BY title, status",
                most_rows=500,
            ),
            ReportQuery(
                name="failed",
                sql="SELECT at, title, error FROM report_runs WHERE at >= :since AND status = 'failure'"
                " ORDER BY at DESC, event_id LIMIT 50",
                most_rows=50,
            ),
        ),
        charts=(
            ReportChart(
                name="runs",
                query="runs",
                spec={
                    **_bars("title", number="runs"),
                    "encoding": {
                        **_bars("title", number="runs")["encoding"],
                        "color": {"field": "status", "type": "nominal", "title": None, "scale": _HOW_IT_ENDED},
                    },
                },
            ),
        ),
        parameters=(_SINCE,),
    ),
)

SAMPLES = (_EVENTS, _ANSWERS, _RUNS)
