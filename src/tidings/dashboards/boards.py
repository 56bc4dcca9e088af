"""Boards: the dashboards out of the box, and which charts each of them shows."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tidings.core.row import Shape
from tidings.tables.counts import By, Measure
from tidings.tables.selection import Column, Sheet

# As readers comment the columns of questions.
QUESTION = re.compile(r"Question \((?P<type>\w+)\): (?P<title>.*)", re.DOTALL)
_CHOSEN = frozenset({"SingleOption", "Choice"})
_FILES = frozenset({"AttachmentList", "Image", "Attachment", "Document", "Audio"})
_FORM = "responses_"
_CHILDREN = ("_options", "_files")
# Who a row is about, the first that a table has.
_PEOPLE = ("responder", "assignee", "member", "from_user")
_GROUP = "group_id"


class Kind(StrEnum):
    """How a chart looks."""

    FIGURE = "figure"
    TIMELINE = "timeline"
    BARS = "bars"
    HISTOGRAM = "histogram"
    DATES = "dates"
    PLACES = "places"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart, over one table. `question` is whose answers it shows, if it is of a question."""

    name: str
    title: str
    kind: Kind
    table: str
    measure: Measure
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A dashboard; no two have a table in common."""

    name: str
    title: str
    charts: tuple[Chart, ...]

    def tables(self) -> dict[str, tuple[Chart, ...]]:
        """The charts by table."""
        names = dict.fromkeys(chart.table for chart in self.charts)
        return {name: tuple(chart for chart in self.charts if chart.table == name) for name in names}


def group_column(sheet: Sheet) -> str:
    """The column that tells in which group it was; empty if there is none."""
    return _GROUP if _GROUP in sheet.columns else ""


def person_column(sheet: Sheet) -> str:
    """The column that tells whose row it is; empty if there is none."""
    return next((name for name in _PEOPLE if name in sheet.columns), "")


def boards_of(sheets: Mapping[str, Sheet]) -> dict[str, Board]:
    """The dashboards that those tables make, by name."""
    found = {}
    for name, title, parts in _FIXED:
        charts = [chart for part in parts for chart in part(sheets)]
        if charts:
            found[name] = Board(name=name, title=title, charts=tuple(charts))
    for name, sheet in sheets.items():
        if name.startswith(_FORM) and not name.endswith(_CHILDREN) and sheet.time in sheet.columns:
            found[name] = Board(name=name, title=sheet.comment or name, charts=tuple(_form(sheet, sheets)))
    return dict(sorted(found.items()))


def _form(sheet: Sheet, sheets: Mapping[str, Sheet]) -> Iterator[Chart]:
    yield from _arrivals(sheet, "Responses")
    if "responder_name" in sheet.columns:
        yield _bars(sheet, "responder_name", title="Who responded")
    spots: dict[str, list[Column]] = {}
    for column in sheet.columns.values():
        asked = QUESTION.fullmatch(column.comment)
        if asked is None:
            continue
        if asked["type"] == "Location":
            spots.setdefault(column.comment, []).append(column)
            if [one.shape for one in spots[column.comment]] == [Shape.NUMBER, Shape.NUMBER]:
                yield _place(sheet, spots.pop(column.comment), title=asked["title"])
            continue
        if asked["type"] not in _FILES:
            yield _question(sheet, column, type_=asked["type"], title=asked["title"], sheets=sheets)


def _question(sheet: Sheet, column: Column, *, type_: str, title: str, sheets: Mapping[str, Sheet]) -> Chart:
    """The chart that fits the question's type."""
    measure = Measure(name=column.name, by=By.VALUE, column=column.name)
    kind = Kind.BARS if type_ in _CHOSEN or column.shape is Shape.TRUTH else Kind.TEXTS
    if column.shape in {Shape.NUMBER, Shape.WHOLE}:
        kind, measure = Kind.HISTOGRAM, Measure(name=column.name, by=By.NUMBER, column=column.name)
    elif column.shape is Shape.INSTANT:
        kind, measure = Kind.DATES, Measure(name=column.name, by=By.DAY, column=column.name)
    elif type_ == "MultiOption":
        kind, child = Kind.BARS, f"{sheet.name}_options"
        if child in sheets:
            measure = Measure(name=column.name, by=By.VALUE, column="option", child=child, question=title)
    return Chart(name=column.name, title=title, kind=kind, table=sheet.name, measure=measure, question=title)


def _place(sheet: Sheet, columns: list[Column], *, title: str) -> Chart:
    latitude, longitude = columns
    measure = Measure(name=latitude.name, by=By.CELL, column=latitude.name, other=longitude.name)
    return Chart(name=latitude.name, title=title, kind=Kind.PLACES, table=sheet.name, measure=measure, question=title)


def _arrivals(sheet: Sheet, what: str, *, name: str = "") -> Iterator[Chart]:
    measure = Measure(name="tidings_time", by=By.HOUR, column=sheet.time)
    # No column has a name with a dash.
    prefix = f"{name}-" if name else ""
    yield Chart(name=f"{prefix}in-all", title=what, kind=Kind.FIGURE, table=sheet.name, measure=measure)
    yield Chart(
        name=f"{prefix}over-time", title=f"{what} over time", kind=Kind.TIMELINE, table=sheet.name, measure=measure
    )


def _bars(sheet: Sheet, column: str, *, title: str) -> Chart:
    measure = Measure(name=column, by=By.VALUE, column=column)
    return Chart(name=column, title=title, kind=Kind.BARS, table=sheet.name, measure=measure)


@dataclass(frozen=True, slots=True)
class _Part:
    """What a dashboard shows of a table whose columns are always the same."""

    table: str
    what: str
    bars: tuple[tuple[str, str], ...] = ()
    dates: tuple[tuple[str, str], ...] = ()
    name: str = ""

    def __call__(self, sheets: Mapping[str, Sheet]) -> Iterator[Chart]:
        sheet = sheets.get(self.table)
        if sheet is None or sheet.time not in sheet.columns:
            return
        yield from _arrivals(sheet, self.what, name=self.name)
        for column, title in self.bars:
            if column in sheet.columns:
                yield _bars(sheet, column, title=title)
        for column, title in self.dates:
            if column in sheet.columns:
                measure = Measure(name=column, by=By.DAY, column=column)
                yield Chart(name=column, title=title, kind=Kind.DATES, table=sheet.name, measure=measure)


_BY_GROUP = ("group_id", "By group")
_FIXED = (
    ("events", "Everything that happened", (_Part("events", "Events", bars=(("type", "By type"), _BY_GROUP)),)),
    (
        "messages",
        "Messages",
        (_Part("messages", "Messages", bars=(("from_user_name", "Who wrote"), _BY_GROUP)),),
    ),
    (
        "jobs",
        "Jobs",
        (
            _Part(
                "jobs", "Jobs", bars=(("from_user_name", "Who gave them"),), dates=(("due_at", "When they are due"),)
            ),
            _Part(
                "job_responses",
                "Answers to jobs",
                bars=(("is_completed", "Completed"), ("assignee_name", "Who answered")),
                name="responses",
            ),
        ),
    ),
    (
        "polls",
        "Polls",
        (
            _Part("polls", "Polls", bars=(("question", "What was asked"),)),
            _Part(
                "poll_responses",
                "Votes",
                bars=(("choice", "What was chosen"), ("responder_name", "Who voted")),
                name="responses",
            ),
        ),
    ),
    (
        "members",
        "Members",
        (
            _Part(
                "member_changes",
                "Arrivals and departures",
                bars=(("is_member", "Who came (true) and who left (false)"), ("role", "By role"), _BY_GROUP),
            ),
        ),
    ),
    (
        "report_runs",
        "Runs of reports",
        (
            _Part(
                "report_runs",
                "Runs",
                bars=(("status", "How they ended"), ("trigger", "When they told"), ("title", "By report")),
            ),
        ),
    ),
)
