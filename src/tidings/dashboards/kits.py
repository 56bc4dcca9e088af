"""Kits: what a dashboard tool needs to read the tables, ready to be opened or pasted."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from tidings.core.errors import Invalid
from tidings.dashboards.grafana import GrafanaSource, grafana_files
from tidings.dashboards.power_bi import odata_expression, postgresql_expression, power_bi_project
from tidings.dashboards.superset import MASKED, superset_import
from tidings.tables.selection import Sheet


class Tool(StrEnum):
    """A dashboard tool."""

    POWERBI = "powerbi"
    EXCEL = "excel"
    GRAFANA = "grafana"
    METABASE = "metabase"
    SUPERSET = "superset"
    TABLEAU = "tableau"


# What reads databases alone.
NEEDS_POSTGRESQL = frozenset({Tool.METABASE, Tool.SUPERSET})
# What reads PostgreSQL better than feeds. Excel needs a driver on each PC for it, of a version that is no longer made.
PREFERS_POSTGRESQL = frozenset(Tool) - {Tool.EXCEL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How the consumer reads: from a PostgreSQL if `database` is set, else over HTTP, where `password` is a token."""

    base_url: str
    user: str
    password: str = field(repr=False)
    host: str = ""
    port: int = 5432
    database: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """Files by name, `archives` those that are no text, and in `steps` what to do with them. They hold the secret."""

    steps: str = field(repr=False)
    files: Mapping[str, str] = field(repr=False)
    archives: Mapping[str, bytes] = field(repr=False, default_factory=dict)


def needs_postgresql(tool: Tool) -> Invalid:
    """What to say when a tool cannot read the tables where they are."""
    return Invalid(
        f"{tool} reads databases alone, so the tables must be in PostgreSQL: run tidings tables copy --to"
        " postgresql://…, set TIDINGS_TABLES to that URL, and connect again"
    )


def kit(tool: Tool, login: Login, *, sheets: Sequence[Sheet]) -> Kit:
    """The kit for those tables. Raises Invalid if the tool cannot read them where they are."""
    if tool in NEEDS_POSTGRESQL and not login.database:
        raise needs_postgresql(tool)
    return _MAKERS[tool](login, sheets)


def _powerbi(login: Login, sheets: Sequence[Sheet]) -> Kit:
    if login.database:
        read = postgresql_expression(_server(login), database=login.database, schema=login.schema)
        details = {"protocol": "postgresql", "address": {"server": _server(login), "database": login.database}}
        steps = f"Open tidings.pbids with Power BI Desktop and sign in under Database with\n{_signs(login)}"
    else:
        read = odata_expression(_odata(login))
        details = {"protocol": "odata", "address": {"url": _odata(login)}}
        steps = f"Open tidings.pbids with Power BI Desktop and sign in under Basic with\n{_signs(login)}"
    content = {"version": "0.1", "connections": [{"details": details, "options": {}, "mode": "Import"}]}
    steps += (
        "Or open project/Tidings.pbip instead: a model of all tables with a starter report, and the same sign-in.\n"
    )
    project = {f"project/{path}": text for path, text in power_bi_project(sheets, read).items()}
    return Kit(steps=steps, files={"tidings.pbids": json.dumps(content, indent=2) + "\n"} | project)


def _excel(login: Login, sheets: Sequence[Sheet]) -> Kit:
    files = "".join(f"  {login.base_url}tables/{sheet.name}.xlsx\n" for sheet in sheets)
    steps = (
        f"In Excel: Data, Get Data, From Other Sources, From OData Feed; paste\n  {_odata(login)}\n"
        f"and sign in under Basic with\n{_signs(login)}"
        f"Or download workbooks, with the same sign-in:\n{files}"
    )
    return Kit(steps=steps, files={"excel.txt": steps})


def _grafana(login: Login, sheets: Sequence[Sheet]) -> Kit:
    source = GrafanaSource(
        base_url=login.base_url,
        server=_server(login) if login.database else "",
        database=login.database,
        schema=login.schema,
        user=login.user,
        password=login.password,
    )
    files = grafana_files(sheets, source)
    plugin = "" if login.database else "Install Grafana's plugin yesoreyeram-infinity-datasource.\n"
    steps = (
        f"{plugin}Copy provisioning/ into Grafana's provisioning folder, tidings.json to /var/lib/grafana/dashboards/,"
        " and restart Grafana.\nOr import tidings.json by hand, after adding the data source.\n"
    )
    return Kit(steps=steps, files=files)


def _metabase(login: Login, sheets: Sequence[Sheet]) -> Kit:
    del sheets
    steps = f"In Metabase: Admin, Databases, Add a database, PostgreSQL; paste\n  {_uri(login, 'postgresql')}\n"
    return Kit(steps=f"{steps}and choose the schema {login.schema}.\n", files={"metabase.txt": steps})


def _superset(login: Login, sheets: Sequence[Sheet]) -> Kit:
    steps = (
        "In Superset: Datasets, Import, tidings.zip; as password of the database give\n"
        f"  {login.password}\n"
        "Or without datasets: Settings, Database Connections, + Database, Other; as SQLAlchemy URI paste\n"
        f"  {_uri(login, 'postgresql+psycopg2')}\nThe tables are in the schema {login.schema}.\n"
    )
    uri = _uri(replace(login, password=MASKED), "postgresql+psycopg2")
    archive = superset_import(sheets, uri=uri, schema=login.schema)
    return Kit(steps=steps, files={"superset.txt": steps}, archives={"tidings.zip": archive})


def _tableau(login: Login, sheets: Sequence[Sheet]) -> Kit:
    if not login.database:
        steps = (
            f"In Tableau: Connect, To a Server, OData; paste\n  {_odata(login)}TABLE\nfor one of"
            f" {', '.join(sheet.name for sheet in sheets)},\nand sign in with user name and password:\n{_signs(login)}"
            "Tableau makes an extract of it.\n"
        )
        return Kit(steps=steps, files={"tableau.txt": steps})
    files = {f"{sheet.name}.tds": _tds(login, sheet.name) for sheet in sheets}
    return Kit(steps=f"Open a .tds file with Tableau Desktop and sign in with\n{_signs(login)}", files=files)


def _tds(login: Login, table: str) -> str:
    place = f"[{login.schema}].[{table}]"
    server = f"server={quoteattr(login.host)} port={quoteattr(str(login.port))} username={quoteattr(login.user)}"
    return f"""<?xml version='1.0' encoding='utf-8' ?>
<datasource formatted-name={quoteattr(f"tidings.{table}")} inline='true' version='18.1'>
  <connection class='federated'>
    <named-connections>
      <named-connection caption={quoteattr(login.host)} name='postgres.tidings'>
        <connection authentication='username-password' class='postgres' dbname={quoteattr(login.database)} {server} />
      </named-connection>
    </named-connections>
    <relation connection='postgres.tidings' name={quoteattr(table)} table={quoteattr(place)} type='table' />
  </connection>
</datasource>
"""


def _signs(login: Login) -> str:
    return f"  user      {login.user}\n  password  {login.password}\n"


def _odata(login: Login) -> str:
    return f"{login.base_url}odata/v4/"


def _server(login: Login) -> str:
    return f"{login.host}:{login.port}"


def _uri(login: Login, scheme: str) -> str:
    user, password = quote(login.user, safe=""), quote(login.password, safe="")
    return f"{scheme}://{user}:{password}@{_server(login)}/{quote(login.database, safe='')}"


_MAKERS: Mapping[Tool, Callable[[Login, Sequence[Sheet]], Kit]] = {
    Tool.POWERBI: _powerbi,
    Tool.EXCEL: _excel,
    Tool.GRAFANA: _grafana,
    Tool.METABASE: _metabase,
    Tool.SUPERSET: _superset,
    Tool.TABLEAU: _tableau,
}
