"""Connecting: dashboard tools get a login of their own, named and revocable, and the kit that uses it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tidings.access.access import Access
from tidings.access.scope import TABLES_READ
from tidings.core.errors import Invalid
from tidings.dashboards.kits import NEEDS_POSTGRESQL, PREFERS_POSTGRESQL, Kit, Login, Tool, kit, needs_postgresql
from tidings.tables.selection import Sheet

if TYPE_CHECKING:
    from tidings.tables.query import Query
    from tidings.tables.reader_role import ReaderRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be connected: one table or all, for whom, and whether over HTTP where the tool knows better."""

    tool: Tool
    table: str = ""
    name: str = ""
    is_over_http: bool = False

    @property
    def consumer(self) -> str:
        return self.name or self.tool.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A kit and whose it is: a connector's id over HTTP, else a role of PostgreSQL."""

    kit: Kit = field(repr=False)
    connector: str = ""
    role: str = ""


class Connecting:
    """Connects tools to the tables; `base_url` is how the outside reaches us."""

    def __init__(self, access: Access, open_query: Callable[[], "Query"], *, base_url: str) -> None:
        self._access = access
        self._open_query = open_query
        self._base_url = base_url

    async def connect(self, wanted: Wanted, *, actor: str) -> Connected:
        """Make a login and the kit. Raises NotFound for the table, Invalid, Forbidden and Unavailable."""
        query = await asyncio.to_thread(self._open_query)
        sheets = await asyncio.to_thread(_sheets, query, wanted.table)
        has_postgresql = query.engine.dialect.name == "postgresql"
        if wanted.tool in NEEDS_POSTGRESQL and (wanted.is_over_http or not has_postgresql):
            raise needs_postgresql(wanted.tool)
        if has_postgresql and wanted.tool in PREFERS_POSTGRESQL and not wanted.is_over_http:
            role = await asyncio.to_thread(_reader_role, query, wanted.consumer)
            await self._access.audit(actor, "role.created", about=role.user)
            return Connected(kit=kit(wanted.tool, _by_role(role, self._base_url), sheets=sheets), role=role.user)
        label = f"{wanted.consumer} ({wanted.tool.value})" if wanted.name else wanted.tool.value
        connector = await self._access.create_connector(label, actor=actor, scopes=(TABLES_READ,))
        key = await self._access.create_key(connector.id, actor=actor, scopes=(TABLES_READ,))
        login = Login(base_url=self._base_url, user="tidings", password=key)
        return Connected(kit=kit(wanted.tool, login, sheets=sheets), connector=connector.id)


def _sheets(query: "Query", table: str) -> list[Sheet]:
    sheets = [query.sheet(table)] if table else list(query.sheets().values())
    if not sheets:
        raise Invalid("there are no tables yet; they are made when the first callback has been received")
    return sheets


def _reader_role(query: "Query", name: str) -> "ReaderRole":
    from tidings.tables.reader_role import make_reader_role  # noqa: PLC0415 - SQLAlchemy is for whoever has tables

    return make_reader_role(query.engine, name)


def _by_role(role: "ReaderRole", base_url: str) -> Login:
    return Login(
        base_url=base_url,
        user=role.user,
        password=role.password,
        host=role.host,
        port=role.port,
        database=role.database,
        schema=role.schema,
    )
