"""Power BI: a project of a model with all tables, their relations and measures, and a starter report.

A project is a folder of text files (PBIP: a tabular model as TMSL, a report as JSON); its makers document both.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tidings.core.row import Shape
from tidings.dashboards.boards import QUESTION, person_column
from tidings.tables.selection import Column, Sheet

_TYPES = {
    Shape.TEXT: "string",
    Shape.NUMBER: "double",
    Shape.WHOLE: "int64",
    Shape.TRUTH: "boolean",
    Shape.INSTANT: "dateTime",
}
# What points to what, where the names alone do not tell.
_RELATED = (
    ("job_responses", "action_id", "jobs"),
    ("job_assignees", "action_id", "jobs"),
    ("poll_responses", "action_id", "polls"),
    ("poll_choices", "action_id", "polls"),
    ("meet_responses", "action_id", "meets"),
)
_CHILDREN = ("_options", "_files")
# Power BI 2023 and later; models of that level are read by all that know projects.
_LEVEL = 1550
_MODEL, _REPORT = "Tidings.SemanticModel", "Tidings.Report"
_PAGE_WIDE, _PAGE_HIGH = 1280, 720
_REPORTED = ("responses_", "messages", "jobs")
_MOST_CHARTS = 4

Json = dict[str, Any]
# The expression in Power Query that reads a table, by its name.
Expression = Callable[[str], Sequence[str]]


def power_bi_project(sheets: Sequence[Sheet], read: Expression) -> Mapping[str, str]:
    """The project's files by path; it holds no secret."""
    content: dict[str, Json] = {
        "Tidings.pbip": {
            "version": "1.0",
            "artifacts": [{"report": {"path": _REPORT}}],
            "settings": {"enableAutoRecovery": True},
        },
        f"{_MODEL}/definition.pbism": {"version": "1.0", "settings": {}},
        f"{_MODEL}/model.bim": _model(sheets, read),
        f"{_REPORT}/definition.pbir": {
            "version": "1.0",
            "datasetReference": {"byPath": {"path": f"../{_MODEL}"}, "byConnection": None},
        },
        f"{_REPORT}/report.json": _report(sheets),
    }
    return {path: json.dumps(one, indent=2, ensure_ascii=False) + "\n" for path, one in content.items()}


def odata_expression(url: str) -> Expression:
    def expression(table: str) -> Sequence[str]:
        source = f"    Source = OData.Feed({_quoted(url)}, null, [Implementation=" + '"2.0"]),'
        return ("let", source, f"    Rows = Source{{[Name={_quoted(table)}]}}[Data]", "in", "    Rows")

    return expression


def postgresql_expression(server: str, *, database: str, schema: str) -> Expression:
    def expression(table: str) -> Sequence[str]:
        source = f"    Source = PostgreSQL.Database({_quoted(server)}, {_quoted(database)}),"
        rows = f"    Rows = Source{{[Schema={_quoted(schema)},Item={_quoted(table)}]}}[Data]"
        return ("let", source, rows, "in", "    Rows")

    return expression


def _quoted(text: str) -> str:
    """A text in Power Query and in DAX."""
    return '"' + text.replace('"', '""') + '"'


def _model(sheets: Sequence[Sheet], read: Expression) -> Json:
    return {
        "name": "Tidings",
        "compatibilityLevel": _LEVEL,
        "model": {
            "culture": "en-US",
            "defaultPowerBIDataSourceVersion": "powerBI_V3",
            "sourceQueryCulture": "en-US",
            "dataAccessOptions": {"legacyRedirects": True, "returnErrorValuesAsNull": True},
            "tables": [_table(sheet, read) for sheet in sheets],
            "relationships": list(_relations(sheets)),
        },
    }


def _table(sheet: Sheet, read: Expression) -> Json:
    return {
        "name": sheet.name,
        "description": sheet.comment,
        "columns": [_column(one, is_only_key=len(sheet.key) == 1) for one in sheet.columns.values()],
        "measures": [{"name": name, "expression": expression} for name, expression in _measures(sheet)],
        "partitions": [
            {
                "name": sheet.name,
                "mode": "import",
                "source": {"type": "m", "expression": list(read(sheet.name))},
            }
        ],
    }


def _column(column: Column, *, is_only_key: bool) -> Json:
    return {
        "name": column.name,
        "dataType": _TYPES[column.shape],
        "sourceColumn": column.name,
        "summarizeBy": "sum" if column.shape is Shape.NUMBER else "none",
        "description": column.comment,
        "isKey": column.is_key and is_only_key,
    }


def _measures(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield _count_of(sheet), f"COUNTROWS('{sheet.name}')"
    for column in sheet.columns.values():
        # Names of measures are unique in the whole model.
        if column.shape is Shape.NUMBER and not column.name.endswith(("latitude", "longitude")):
            yield f"Sum of {sheet.name} {column.name}", f"SUM('{sheet.name}'[{column.name}])"
    if person := person_column(sheet):
        yield f"People of {sheet.name}", f"DISTINCTCOUNT('{sheet.name}'[{person}])"


def _count_of(sheet: Sheet) -> str:
    return f"Count of {sheet.name}"


def _relations(sheets: Sequence[Sheet]) -> Iterator[Json]:
    named = {sheet.name: sheet for sheet in sheets}
    pairs = [(child, column, parent) for child, column, parent in _RELATED]
    for name in named:
        pairs += [(name, "response_id", name.removesuffix(end)) for end in _CHILDREN if name.endswith(end)]
    for child, column, parent in pairs:
        ends = named.get(child), named.get(parent)
        if all(one is not None and column in one.columns for one in ends):
            yield {
                "name": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{child} {column} {parent}")),
                "fromTable": child,
                "fromColumn": column,
                "toTable": parent,
                "toColumn": column,
            }


def _report(sheets: Sequence[Sheet]) -> Json:
    pages = [one for one in sheets if one.name.startswith(_REPORTED) and not one.name.endswith(_CHILDREN)]
    return {
        "config": json.dumps({"version": "5.43", "activeSectionIndex": 0}),
        "layoutOptimization": 0,
        "sections": [_page(sheet, number) for number, sheet in enumerate(pages)],
    }


def _page(sheet: Sheet, number: int) -> Json:
    visuals = [_visual("card", sheet, place=(0, 0, 300, 160))]
    if sheet.time in sheet.columns:
        visuals.append(_visual("lineChart", sheet, column=sheet.time, place=(320, 0, 960, 160)))
    for at, column in enumerate(list(_charted(sheet))[:_MOST_CHARTS]):
        place = (at % 2 * 640, 180 + at // 2 * 270, 620, 250)
        visuals.append(_visual("clusteredBarChart", sheet, column=column, place=place))
    return {
        "name": f"page{number}",
        "displayName": sheet.name,
        "displayOption": 1,
        "width": _PAGE_WIDE,
        "height": _PAGE_HIGH,
        "config": "{}",
        "filters": "[]",
        "visualContainers": visuals,
    }


def _charted(sheet: Sheet) -> Iterator[str]:
    """Columns worth a bar chart: chosen options, and whoever it was."""
    for column in sheet.columns.values():
        asked = QUESTION.fullmatch(column.comment)
        if (asked and asked["type"] == "SingleOption") or column.name in {"responder_name", "from_user_name"}:
            yield column.name


def _visual(kind: str, sheet: Sheet, *, place: tuple[int, int, int, int], column: str = "") -> Json:
    x, y, width, height = place
    source, count = {"SourceRef": {"Source": "t"}}, f"{sheet.name}.{_count_of(sheet)}"
    selected: list[Json] = [{"Measure": {"Expression": source, "Property": _count_of(sheet)}, "Name": count}]
    projections: Json = {"Y" if column else "Values": [{"queryRef": count}]}
    if column:
        name = f"{sheet.name}.{column}"
        selected.insert(0, {"Column": {"Expression": source, "Property": column}, "Name": name})
        projections["Category"] = [{"queryRef": name, "active": True}]
    position = {"x": x, "y": y, "z": 0, "width": width, "height": height}
    config = {
        "name": uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {sheet.name} {column}").hex[:20],
        "layouts": [{"id": 0, "position": position}],
        "singleVisual": {
            "visualType": kind,
            "projections": projections,
            "prototypeQuery": {
                "Version": 2,
                "From": [{"Name": "t", "Entity": sheet.name, "Type": 0}],
                "Select": selected,
            },
        },
    }
    return position | {"config": json.dumps(config), "filters": "[]"}
