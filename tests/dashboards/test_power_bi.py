"""The project for Power BI: everything that it names is there."""

import json
from typing import Any

import pytest

from tidings.core.row import Shape
from tidings.dashboards.power_bi import odata_expression, postgresql_expression, power_bi_project
from tidings.tables.selection import Column, Sheet


def sheet(name: str, *key: str, **columns: Shape) -> Sheet:
    asked = "Question (SingleOption): Outlet"
    found = {one: Column(name=one, shape=Shape.TEXT, is_key=True, comment="") for one in key} | {
        one: Column(name=one, shape=shape, is_key=False, comment=asked if one == "outlet" else "")
        for one, shape in columns.items()
    }
    return Sheet(name=name, comment='Of "quoted" things.', time="at", columns=found)


AT = {"at": Shape.INSTANT}
SHEETS = [
    sheet("responses_orders", "response_id", outlet=Shape.TEXT, rice=Shape.NUMBER, responder=Shape.TEXT, **AT),
    sheet("responses_orders_options", "response_id", "item", option=Shape.TEXT, **AT),
    sheet("jobs", "action_id", paid=Shape.TRUTH, **AT),
    sheet("job_responses", "response_id", action_id=Shape.TEXT, minutes=Shape.WHOLE, **AT),
    sheet("poll_responses", "response_id", action_id=Shape.TEXT, **AT),
    sheet("messages", "event_id", from_user_name=Shape.TEXT, **AT),
]


@pytest.fixture
def project() -> dict[str, Any]:
    read = odata_expression("https://tidings.example.com/odata/v4/")
    return {path: json.loads(text) for path, text in power_bi_project(SHEETS, read).items()}


def test_the_files_point_to_one_another(project: dict[str, Any]) -> None:
    assert list(project) == [
        "Tidings.pbip",
        "Tidings.SemanticModel/definition.pbism",
        "Tidings.SemanticModel/model.bim",
        "Tidings.Report/definition.pbir",
        "Tidings.Report/report.json",
    ]
    assert project["Tidings.pbip"]["artifacts"] == [{"report": {"path": "Tidings.Report"}}]
    assert project["Tidings.Report/definition.pbir"]["datasetReference"]["byPath"]["path"] == "../Tidings.SemanticModel"


def test_the_model_has_every_table_and_column_with_its_type(project: dict[str, Any]) -> None:
    tables = {table["name"]: table for table in project["Tidings.SemanticModel/model.bim"]["model"]["tables"]}

    assert list(tables) == [one.name for one in SHEETS]
    columns = {column["name"]: column for column in tables["responses_orders"]["columns"]}
    assert {name: column["dataType"] for name, column in columns.items()} == {
        "response_id": "string",
        "outlet": "string",
        "rice": "double",
        "responder": "string",
        "at": "dateTime",
    }
    assert columns["response_id"]["isKey"]
    assert not any(column["isKey"] for column in tables["responses_orders_options"]["columns"])
    assert {one["name"]: one["expression"] for one in tables["responses_orders"]["measures"]} == {
        "Count of responses_orders": "COUNTROWS('responses_orders')",
        "Sum of responses_orders rice": "SUM('responses_orders'[rice])",
        "People of responses_orders": "DISTINCTCOUNT('responses_orders'[responder])",
    }


def test_names_of_measures_are_unique_in_the_model(project: dict[str, Any]) -> None:
    tables = project["Tidings.SemanticModel/model.bim"]["model"]["tables"]
    names = [measure["name"] for table in tables for measure in table["measures"]]

    assert len(names) == len(set(names))


def test_relations_lead_from_many_to_the_key_of_a_table_that_is_there(project: dict[str, Any]) -> None:
    relations = project["Tidings.SemanticModel/model.bim"]["model"]["relationships"]

    assert [(one["fromTable"], one["fromColumn"], one["toTable"], one["toColumn"]) for one in relations] == [
        ("job_responses", "action_id", "jobs", "action_id"),
        ("responses_orders_options", "response_id", "responses_orders", "response_id"),
    ]
    assert len({one["name"] for one in relations}) == len(relations)


def test_the_report_has_pages_whose_visuals_show_what_the_model_has(project: dict[str, Any]) -> None:
    tables = {table["name"]: table for table in project["Tidings.SemanticModel/model.bim"]["model"]["tables"]}
    pages = project["Tidings.Report/report.json"]["sections"]

    assert [page["displayName"] for page in pages] == ["responses_orders", "jobs", "messages"]
    for page in pages:
        for container in page["visualContainers"]:
            visual = json.loads(container["config"])["singleVisual"]
            [source] = visual["prototypeQuery"]["From"]
            table = tables[source["Entity"]]
            for selected in visual["prototypeQuery"]["Select"]:
                kind, known = ("Measure", "measures") if "Measure" in selected else ("Column", "columns")
                assert selected[kind]["Property"] in {one["name"] for one in table[known]}
            names = {selected["Name"] for selected in visual["prototypeQuery"]["Select"]}
            assert {one["queryRef"] for several in visual["projections"].values() for one in several} == names
            assert container["x"] + container["width"] <= page["width"]
            assert container["y"] + container["height"] <= page["height"]


def test_power_query_reads_a_table_by_name_however_it_is_called() -> None:
    over_http = " ".join(odata_expression('https://example.com/"/')('a"b'))
    in_postgresql = " ".join(postgresql_expression("db:5432", database="tidings", schema="dash")("orders"))

    assert 'OData.Feed("https://example.com/""/", null, [Implementation="2.0"])' in over_http
    assert 'Source{[Name="a""b"]}[Data]' in over_http
    assert 'PostgreSQL.Database("db:5432", "tidings")' in in_postgresql
    assert 'Source{[Schema="dash",Item="orders"]}[Data]' in in_postgresql
