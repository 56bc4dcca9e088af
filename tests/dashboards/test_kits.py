"""Connect kits: what each tool is given, checked against what its makers document."""

import io
import json
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest

from tidings.core.errors import Invalid
from tidings.core.row import Shape
from tidings.dashboards.kits import Kit, Login, Tool, kit
from tidings.tables.selection import Column, Sheet

SECRET = "tdk_never'shown&<twice>"
HTTP = Login(base_url="https://tidings.example.com/", user="tidings", password=SECRET)
POSTGRESQL = Login(
    base_url="https://tidings.example.com/",
    user="tidings_reader_finance",
    password=SECRET,
    host="db.example.com",
    port=5433,
    database="tidings",
    schema="dash",
)


def sheet(name: str, *, time: str = "at") -> Sheet:
    shapes = {"id": Shape.TEXT, "at": Shape.INSTANT, "rice": Shape.NUMBER, "paid": Shape.TRUTH}
    columns = {
        column: Column(name=column, shape=shape, is_key=column == "id", comment="") for column, shape in shapes.items()
    }
    return Sheet(name=name, comment="", time=time, columns=columns)


SHEETS = [sheet("orders"), sheet("places", time="none")]

# Grafana's documentation of the JSON model of dashboards, and of provisioning.
PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "gridPos", "datasource", "targets", "fieldConfig", "options"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["timeseries", "table"]},
        "gridPos": {
            "type": "object",
            "required": ["x", "y", "w", "h"],
            "properties": {
                "x": {"type": "integer", "minimum": 0, "maximum": 23},
                "y": {"type": "integer", "minimum": 0},
                "w": {"type": "integer", "minimum": 1, "maximum": 24},
                "h": {"type": "integer", "minimum": 1},
            },
            "additionalProperties": False,
        },
        "datasource": {"type": "object", "required": ["type", "uid"]},
        "targets": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["refId", "datasource"]},
        },
        "fieldConfig": {"type": "object", "required": ["defaults", "overrides"]},
    },
}
DASHBOARD = {
    "type": "object",
    "required": ["id", "uid", "title", "schemaVersion", "version", "time", "panels", "templating", "annotations"],
    "properties": {
        "id": {"type": "null"},
        "uid": {"type": "string", "maxLength": 40},
        "title": {"type": "string", "minLength": 1},
        "tags": {"type": "array", "items": {"type": "string"}},
        "schemaVersion": {"type": "integer", "minimum": 36},
        "timezone": {"enum": ["utc", "browser"]},
        "time": {"type": "object", "required": ["from", "to"]},
        "refresh": {"type": "string"},
        "templating": {"type": "object", "required": ["list"]},
        "annotations": {"type": "object", "required": ["list"]},
        "panels": {"type": "array", "items": PANEL},
    },
}
DATA_SOURCES = {
    "type": "object",
    "required": ["apiVersion", "datasources"],
    "properties": {
        "apiVersion": {"const": 1},
        "datasources": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type", "access"],
                "properties": {"access": {"enum": ["proxy", "direct"]}, "secureJsonData": {"type": "object"}},
            },
        },
    },
}
PROVIDERS = {
    "type": "object",
    "required": ["apiVersion", "providers"],
    "properties": {
        "apiVersion": {"const": 1},
        "providers": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "type", "options"],
                "properties": {"type": {"const": "file"}, "options": {"type": "object", "required": ["path"]}},
            },
        },
    },
}


def grafana(login: Login) -> Mapping[str, Any]:
    return {name: json.loads(text) for name, text in kit(Tool.GRAFANA, login, sheets=SHEETS).files.items()}


@pytest.mark.parametrize("login", [HTTP, POSTGRESQL])
def test_grafana_s_files_are_as_its_documentation_says(login: Login) -> None:
    files = grafana(login)

    jsonschema_rs.validator_for(DATA_SOURCES).validate(files["provisioning/datasources/tidings.yaml"])
    jsonschema_rs.validator_for(PROVIDERS).validate(files["provisioning/dashboards/tidings.yaml"])
    jsonschema_rs.validator_for(DASHBOARD).validate(files["tidings.json"])
    [source] = files["provisioning/datasources/tidings.yaml"]["datasources"]
    for panel in files["tidings.json"]["panels"]:
        assert panel["datasource"] == {"type": source["type"], "uid": source["uid"]}
    assert SECRET not in json.dumps(files["tidings.json"])


def test_grafana_s_panels_do_not_overlap() -> None:
    places = [panel["gridPos"] for panel in grafana(POSTGRESQL)["tidings.json"]["panels"]]

    cells = [(x, y) for one in places for x in range(one["x"], one["x"] + one["w"]) for y in (one["y"],)]
    assert len(cells) == len(set(cells))


def test_grafana_counts_by_time_in_postgresql_and_reads_files_over_http() -> None:
    sql = [panel["targets"][0]["rawSql"] for panel in grafana(POSTGRESQL)["tidings.json"]["panels"]]
    urls = [panel["targets"][0]["url"] for panel in grafana(HTTP)["tidings.json"]["panels"]]

    assert [panel["type"] for panel in grafana(POSTGRESQL)["tidings.json"]["panels"]] == [
        "timeseries",
        "table",
        "table",
    ]
    assert sql[0] == (
        'SELECT $__timeGroupAlias("at", $__interval), count(*) AS "orders" FROM "dash"."orders"'
        ' WHERE $__timeFilter("at") GROUP BY 1 ORDER BY 1'
    )
    assert urls == [
        "https://tidings.example.com/tables/orders.csv?since=${__from}&until=${__to}",
        "https://tidings.example.com/tables/places.csv",
    ]


def test_power_bi_gets_one_source_without_credentials_in_the_file() -> None:
    over_http = json.loads(kit(Tool.POWERBI, HTTP, sheets=SHEETS).files["tidings.pbids"])
    in_postgresql = json.loads(kit(Tool.POWERBI, POSTGRESQL, sheets=SHEETS).files["tidings.pbids"])

    assert over_http == {
        "version": "0.1",
        "connections": [
            {
                "details": {"protocol": "odata", "address": {"url": "https://tidings.example.com/odata/v4/"}},
                "options": {},
                "mode": "Import",
            }
        ],
    }
    assert in_postgresql["connections"][0]["details"] == {
        "protocol": "postgresql",
        "address": {"server": "db.example.com:5433", "database": "tidings"},
    }


def test_tableau_gets_a_file_for_each_table_in_postgresql_and_an_address_otherwise() -> None:
    files = kit(Tool.TABLEAU, POSTGRESQL, sheets=SHEETS).files

    assert list(files) == ["orders.tds", "places.tds"]
    root = ET.fromstring(files["orders.tds"])  # noqa: S314 - our own
    connection = root.find("connection/named-connections/named-connection/connection")
    relation = root.find("connection/relation")
    assert connection is not None
    assert relation is not None
    assert (connection.get("server"), connection.get("port"), connection.get("dbname")) == (
        "db.example.com",
        "5433",
        "tidings",
    )
    assert (connection.get("class"), connection.get("username")) == ("postgres", "tidings_reader_finance")
    assert relation.get("table") == "[dash].[orders]"
    assert SECRET not in files["orders.tds"]
    assert "https://tidings.example.com/odata/v4/TABLE" in kit(Tool.TABLEAU, HTTP, sheets=SHEETS).steps


@pytest.mark.parametrize(("tool", "scheme"), [(Tool.METABASE, "postgresql"), (Tool.SUPERSET, "postgresql+psycopg2")])
def test_what_reads_databases_alone_gets_a_connection_string_or_is_told_how_to_get_one(tool: Tool, scheme: str) -> None:
    steps = kit(tool, POSTGRESQL, sheets=SHEETS).steps

    assert f"{scheme}://tidings_reader_finance:tdk_never%27shown%26%3Ctwice%3E@db.example.com:5433/tidings" in steps
    with pytest.raises(Invalid, match="tidings tables copy --to"):
        kit(tool, HTTP, sheets=SHEETS)


# Superset's schemas of what it imports; it takes nothing that they do not name.
SUPERSET_DATABASE = {
    "required": ["database_name", "sqlalchemy_uri", "allow_csv_upload", "extra", "uuid", "version"],
    "properties": {
        "database_name": {"type": "string"},
        "sqlalchemy_uri": {"type": "string"},
        "cache_timeout": {"type": "null"},
        "extra": {"type": "object"},
        "uuid": {"format": "uuid"},
        "version": {"const": "1.0.0"},
    }
    | {f"allow_{word}": {"type": "boolean"} for word in ("run_async", "ctas", "cvas", "csv_upload")}
    | {"expose_in_sqllab": {"type": "boolean"}},
    "additionalProperties": False,
}
TEXT_OR_NOTHING = {"type": ["string", "null"]}
SUPERSET_COLUMN = {
    "required": ["column_name"],
    "properties": {
        "column_name": {"type": "string"},
        "type": {"type": "string", "maxLength": 32},
        **dict.fromkeys(("verbose_name", "expression", "description", "python_date_format"), TEXT_OR_NOTHING),
        **{name: {"type": "boolean"} for name in ("is_dttm", "is_active", "groupby", "filterable")},
    },
    "additionalProperties": False,
}
SUPERSET_METRIC = {
    "required": ["metric_name", "expression"],
    "properties": {
        "metric_name": {"type": "string"},
        "expression": {"type": "string"},
        "extra": {"type": ["object", "null"]},
        **dict.fromkeys(("verbose_name", "metric_type", "description", "d3format", "warning_text"), TEXT_OR_NOTHING),
    },
    "additionalProperties": False,
}
SUPERSET_DATASET = {
    "required": ["table_name", "uuid", "version", "database_uuid"],
    "properties": {
        "table_name": {"type": "string"},
        "offset": {"type": "integer"},
        "filter_select_enabled": {"type": "boolean"},
        "uuid": {"format": "uuid"},
        "database_uuid": {"format": "uuid"},
        "version": {"const": "1.0.0"},
        "columns": {"type": "array", "items": SUPERSET_COLUMN},
        "metrics": {"type": "array", "items": SUPERSET_METRIC},
        **dict.fromkeys(
            ("main_dttm_col", "description", "default_endpoint", "schema", "sql", "fetch_values_predicate"),
            TEXT_OR_NOTHING,
        ),
        **{name: {"type": ["object", "null"]} for name in ("params", "template_params", "extra")},
        "cache_timeout": {"type": ["integer", "null"]},
    },
    "additionalProperties": False,
}


def test_superset_imports_a_dataset_for_each_table_and_asks_for_the_password() -> None:
    made = kit(Tool.SUPERSET, POSTGRESQL, sheets=SHEETS)
    with zipfile.ZipFile(io.BytesIO(made.archives["tidings.zip"])) as archive:
        files = {path.removeprefix("tidings/"): json.loads(archive.read(path)) for path in archive.namelist()}

    assert list(files) == [
        "metadata.yaml",
        "databases/tidings.yaml",
        "datasets/tidings/orders.yaml",
        "datasets/tidings/places.yaml",
    ]
    assert files["metadata.yaml"] == {"version": "1.0.0", "type": "SqlaTable"}
    database, orders = files["databases/tidings.yaml"], files["datasets/tidings/orders.yaml"]
    jsonschema_rs.validator_for(SUPERSET_DATABASE, validate_formats=True).validate(database)
    for name in ("orders", "places"):
        dataset = files[f"datasets/tidings/{name}.yaml"]
        jsonschema_rs.validator_for(SUPERSET_DATASET, validate_formats=True).validate(dataset)
        assert dataset["database_uuid"] == database["uuid"]
    uri = "postgresql+psycopg2://tidings_reader_finance:XXXXXXXXXX@db.example.com:5433/tidings"
    assert database["sqlalchemy_uri"] == uri
    assert (orders["schema"], orders["main_dttm_col"]) == ("dash", "at")
    assert [one["metric_name"] for one in orders["metrics"]] == ["count", "sum_rice"]
    assert files["datasets/tidings/places.yaml"]["main_dttm_col"] is None
    assert SECRET not in json.dumps(files)
    assert SECRET in made.steps
    assert made.archives == kit(Tool.SUPERSET, POSTGRESQL, sheets=SHEETS).archives


def test_excel_reads_over_http_wherever_the_tables_are() -> None:
    steps = kit(Tool.EXCEL, HTTP, sheets=SHEETS).steps

    assert "https://tidings.example.com/odata/v4/" in steps
    assert "https://tidings.example.com/tables/orders.xlsx" in steps
    assert SECRET in steps


@pytest.mark.parametrize("tool", Tool)
def test_a_kit_does_not_show_its_secret_when_it_is_logged(tool: Tool) -> None:
    made: Kit = kit(tool, POSTGRESQL, sheets=SHEETS)

    assert SECRET not in repr(made)
    assert SECRET not in repr(POSTGRESQL)
