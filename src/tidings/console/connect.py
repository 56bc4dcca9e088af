"""Connect: a dashboard tool gets a login of its own, what it needs to use it, and words that say how."""

import asyncio
import base64
import io
import zipfile
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.sheet_rows import SheetRows
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.dashboards.connecting import Wanted
from tidings.dashboards.kits import NEEDS_POSTGRESQL, Kit, Tool
from tidings.store.connectors import Connectors

if TYPE_CHECKING:
    from tidings.tables.query import Query

_A_PAGE = 50
_TITLES = {
    Tool.POWERBI: "Power BI",
    Tool.EXCEL: "Excel",
    Tool.GRAFANA: "Grafana",
    Tool.METABASE: "Metabase",
    Tool.SUPERSET: "Superset",
    Tool.TABLEAU: "Tableau",
}
# Characters of a file that the page shows; all of it is in the archive.
_SHOWN = 4_000
# Files that are worth showing one by one.
_MOST_SHOWN = 6


class Connect:
    """Makes logins for tools, and ends them. A login outlives whoever made it, so only owners do."""

    def __init__(self, offers: Offers) -> None:
        self._connecting = offers.connecting
        self._access = offers.access
        self._connectors = Connectors(offers.database)
        self._rows = SheetRows(offers.open_query, clock=offers.clock)
        self._open_query = offers.open_query

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/connect", does=self._show, needs=Right.LOOK),
            Place(path="/connect", does=self._connect, needs=Right.RULE, method="POST"),
            Place(path="/connect/{id}/revoke", does=self._revoke, needs=Right.RULE, method="POST"),
            Place(path="/connect/roles/{name}/drop", does=self._drop, needs=Right.RULE, method="POST"),
        ]

    async def _show(self, visit: Visit) -> Response:
        return await self._page(visit)

    async def _page(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        listed = await self._connectors.reading(after=visit.query.get("cursor", ""), most=_A_PAGE + 1)
        shown = listed[:_A_PAGE]
        sheets = await self._rows.sheets()
        has_postgresql, roles = await asyncio.to_thread(_roles, self._open_query)
        return visit.page(
            "connect/connect.html",
            block="consumers",
            error=error,
            tools=[(tool, title, tool in NEEDS_POSTGRESQL and not has_postgresql) for tool, title in _TITLES.items()],
            tables=[("", "All tables"), *((name, name) for name in sheets)],
            table=visit.query.get("table", ""),
            has_postgresql=has_postgresql,
            consumers=shown,
            roles=roles,
            cursor=shown[-1].id if len(listed) > _A_PAGE else "",
        )

    async def _connect(self, visit: Visit) -> Response:
        try:
            tool = visit.form.needed("tool")
            if tool not in set(Tool):
                raise Invalid("tool: choose one of the list")
            wanted = Wanted(
                tool=Tool(tool),
                table=visit.form.text("table"),
                name=visit.form.text("name")[:100],
                is_over_http=visit.form.is_on("http"),
            )
            made = await self._connecting.connect(wanted, actor=visit.person.id)
        except TidingsError as error:
            return await self._page(visit, error=error)
        # Not a page of its own: the login is told this once.
        return visit.page(
            "connect/made.html",
            status=201,
            title=_TITLES[wanted.tool],
            steps=made.kit.steps,
            files=[(name, text[:_SHOWN], len(text) > _SHOWN) for name, text in made.kit.files.items()][:_MOST_SHOWN],
            count=len(made.kit.files) + len(made.kit.archives),
            archive=base64.b64encode(_packed(made.kit)).decode(),
            archive_name=f"tidings-{wanted.tool}.zip",
            login=made.role or made.connector,
        )

    async def _revoke(self, visit: Visit) -> Response:
        identifier = visit.path["id"]
        # This page ends what it makes; other connectors do more than read, and are ended among themselves.
        if not await self._connectors.is_reading(identifier):
            raise NotFound("no tool reads the tables by that login, or it has ended already")
        await self._access.revoke_connector(identifier, actor=visit.person.id)
        return visit.go("/console/connect", said="That login is good for nothing any more.")

    async def _drop(self, visit: Visit) -> Response:
        name = visit.path["name"]
        await asyncio.to_thread(_drop_role, self._open_query, name)
        await self._access.audit(visit.person.id, "role.dropped", about=name)
        return visit.go("/console/connect", said=f"{name} cannot sign in any more.")


def _packed(kit: Kit) -> bytes:
    """All files of a kit, and what to do with them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", kit.steps)
        for name, text in kit.files.items():
            archive.writestr(name, text)
        for name, content in kit.archives.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _roles(open_query: "Callable[[], Query]") -> tuple[bool, Sequence[str]]:
    """Whether the tables are in PostgreSQL, and which roles read them there."""
    from tidings.tables.reader_role import reader_roles  # noqa: PLC0415 - SQLAlchemy is for whoever has tables

    engine = open_query().engine
    return engine.dialect.name == "postgresql", reader_roles(engine)


def _drop_role(open_query: "Callable[[], Query]", name: str) -> None:
    from tidings.tables.reader_role import drop_reader_role  # noqa: PLC0415 - as above

    drop_reader_role(open_query().engine, name)
