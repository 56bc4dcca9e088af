"""The calls about data connections, which are for administrators."""

from dataclasses import dataclass

from tidings.access.scope import ADMIN
from tidings.core.errors import Conflict, Forbidden, Invalid, Unavailable
from tidings.core.route import Call, Route
from tidings.core.secret import Secret
from tidings.dialects.connectreport.api.calls import author_of
from tidings.dialects.connectreport.wire import administration as wire
from tidings.dialects.connectreport.wire.shape import duration_in
from tidings.reports.opening import Reports

_CONNECTIONS = "/admin/api/v1/connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionApi:
    """Which other databases templates may read."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_CONNECTIONS,
                name="listConnections",
                summary="List the data connections by name",
                handler=self._list,
                needs=ADMIN,
                answers=wire.ToldConnections,
                tag="Data connections",
            ),
            Route(
                method="POST",
                path=_CONNECTIONS,
                name="createConnection",
                summary="Let templates read another database; it is connected to, to see that it can be",
                handler=self._add,
                needs=ADMIN,
                body=wire.NewConnection,
                answers=wire.ToldConnection,
                errors=(Invalid, Forbidden, Conflict, Unavailable),
                tag="Data connections",
            ),
            Route(
                method="DELETE",
                path=f"{_CONNECTIONS}/{{name}}",
                name="deleteConnection",
                summary="Forget a data connection",
                handler=self._remove,
                needs=ADMIN,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
                tag="Data connections",
            ),
        ]

    async def _list(self, _: Call) -> wire.ToldConnections:
        found = await self.reports.connections.list()
        return wire.ToldConnections(connections=[wire.told_connection(one) for one in found])

    async def _add(self, call: Call) -> wire.ToldConnection:
        author, asked = author_of(call), _new(call)
        made = await self.reports.connections.add(
            asked.name,
            Secret(asked.url),
            most_rows=asked.most_rows,
            longest_ms=duration_in(asked.longest, place="longest"),
            author=author,
        )
        return wire.told_connection(made)

    async def _remove(self, call: Call) -> dict[str, str]:
        await self.reports.connections.remove(call.path["name"], author=author_of(call))
        return {}


def _new(call: Call) -> wire.NewConnection:
    asked: wire.NewConnection = call.body
    return asked
