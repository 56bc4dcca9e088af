"""Grafana: its provisioning files, and a dashboard with panels for the tables."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tidings.core.row import Shape
from tidings.tables.selection import Sheet

_UID = "tidings"
_POSTGRESQL, _INFINITY = "grafana-postgresql-datasource", "yesoreyeram-infinity-datasource"
# Grafana 11 writes this version, and later ones read it.
_SCHEMA_VERSION = 39
_WIDE, _HIGH = 12, 8
_ROWS = 100
_INFINITY_TYPES = {Shape.NUMBER: "number", Shape.WHOLE: "number", Shape.INSTANT: "timestamp", Shape.TRUTH: "boolean"}
_FOLDER = "/var/lib/grafana/dashboards"

Panel = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrafanaSource:
    """What Grafana reads from: PostgreSQL if `database` is set, else our files over HTTP."""

    base_url: str
    user: str
    password: str
    server: str = ""
    database: str = ""
    schema: str = ""


def grafana_files(sheets: Sequence[Sheet], source: GrafanaSource) -> Mapping[str, str]:
    """Files by their path. JSON is YAML, too."""
    provider = {
        "name": "Tidings",
        "type": "file",
        "allowUiUpdates": True,
        "options": {"path": _FOLDER},
    }
    return {
        "provisioning/datasources/tidings.yaml": _written({"apiVersion": 1, "datasources": [_data_source(source)]}),
        "provisioning/dashboards/tidings.yaml": _written({"apiVersion": 1, "providers": [provider]}),
        "tidings.json": _written(_dashboard(sheets, source)),
    }


def _written(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _data_source(source: GrafanaSource) -> dict[str, Any]:
    if source.database:
        return {
            "name": "Tidings",
            "uid": _UID,
            "type": _POSTGRESQL,
            "access": "proxy",
            "url": source.server,
            "user": source.user,
            "jsonData": {"database": source.database, "sslmode": "prefer", "postgresVersion": 1500},
            "secureJsonData": {"password": source.password},
        }
    return {
        "name": "Tidings",
        "uid": _UID,
        "type": _INFINITY,
        "access": "proxy",
        "basicAuth": True,
        "basicAuthUser": source.user,
        "jsonData": {"auth_method": "basicAuth", "allowedHosts": [source.base_url.rstrip("/")]},
        "secureJsonData": {"basicAuthPassword": source.password},
    }


def _dashboard(sheets: Sequence[Sheet], source: GrafanaSource) -> dict[str, Any]:
    panels: list[Panel] = []
    for sheet in sheets:
        # Over HTTP there is nobody to count rows by time.
        if source.database and sheet.time in sheet.columns:
            panels.append(_panel("timeseries", f"{sheet.name} over time", target=_counts(sheet, source)))
        panels.append(_panel("table", sheet.name, target=_newest(sheet, source)))
    for number, panel in enumerate(panels):
        place = {"x": number % 2 * _WIDE, "y": number // 2 * _HIGH, "w": _WIDE, "h": _HIGH}
        panel |= {"id": number + 1, "gridPos": place, "datasource": _reference(source)}
        for target in panel["targets"]:
            target["datasource"] = _reference(source)
    return {
        "id": None,
        "uid": _UID,
        "title": "Tidings",
        "tags": ["tidings"],
        "schemaVersion": _SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "timezone": "utc",
        "time": {"from": "now-30d", "to": "now"},
        "refresh": "1m",
        "templating": {"list": []},
        "annotations": {"list": []},
        "panels": panels,
    }


def _reference(source: GrafanaSource) -> dict[str, str]:
    return {"type": _POSTGRESQL if source.database else _INFINITY, "uid": _UID}


def _panel(kind: str, title: str, *, target: dict[str, Any]) -> Panel:
    options = {"drawStyle": "bars", "fillOpacity": 60} if kind == "timeseries" else {}
    return {
        "type": kind,
        "title": title,
        "targets": [{"refId": "A"} | target],
        "fieldConfig": {"defaults": {"custom": options}, "overrides": []},
        "options": {},
    }


def _counts(sheet: Sheet, source: GrafanaSource) -> dict[str, Any]:
    sql = (
        f'SELECT $__timeGroupAlias("{sheet.time}", $__interval), count(*) AS "{sheet.name}"'  # noqa: S608 - plain names of ours
        f' FROM "{source.schema}"."{sheet.name}" WHERE $__timeFilter("{sheet.time}") GROUP BY 1 ORDER BY 1'
    )
    return {"rawQuery": True, "editorMode": "code", "format": "time_series", "rawSql": sql}


def _newest(sheet: Sheet, source: GrafanaSource) -> dict[str, Any]:
    if not source.database:
        return _file(sheet, source)
    names = ", ".join(f'"{name}"' for name in sheet.columns)
    sql = f'SELECT {names} FROM "{source.schema}"."{sheet.name}"'  # noqa: S608 - plain names of ours
    if sheet.time in sheet.columns:
        sql += f' WHERE $__timeFilter("{sheet.time}") ORDER BY "{sheet.time}" DESC'
    return {"rawQuery": True, "editorMode": "code", "format": "table", "rawSql": f"{sql} LIMIT {_ROWS}"}


def _file(sheet: Sheet, source: GrafanaSource) -> dict[str, Any]:
    """A CSV file of ours; Grafana puts the times of its picker in, in epoch milliseconds."""
    times = "?since=${__from}&until=${__to}" if sheet.time in sheet.columns else ""
    return {
        "type": "csv",
        "source": "url",
        "parser": "backend",
        "format": "table",
        "url": f"{source.base_url}tables/{sheet.name}.csv{times}",
        "url_options": {"method": "GET"},
        "columns": [
            {"selector": one.name, "text": one.name, "type": _INFINITY_TYPES.get(one.shape, "string")}
            for one in sheet.columns.values()
        ],
    }
