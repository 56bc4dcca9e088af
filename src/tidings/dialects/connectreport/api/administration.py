"""The calls for administrators: running triggers, and the data connections."""

from dataclasses import dataclass

from tidings.access.scope import ADMIN, REPORTS_PUBLISH
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from tidings.core.route import Call, Route
from tidings.core.secret import Secret
from tidings.dialects.connectreport.api.calls import author_of
from tidings.dialects.connectreport.wire import administration as wire
from tidings.dialects.connectreport.wire.shape import duration_in
from tidings.reports.opening import Reports

_CONNECTIONS = "/admin/api/v1/connections"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrationApi:
    """ConnectReport's own call is `run-trigger`; the others are ours."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/admin/api/v1/report-tasks/run-trigger",
                name="runTrigger",
                summary="Run all tasks of a trigger",
                handler=self._run_trigger,
                needs=REPORTS_PUBLISH,
                body=wire.TriggerRun,
                answers=wire.TriggerRan,
                errors=(Invalid, Forbidden, NotFound),
                tag="Report tasks",
            ),
            *self._routes_of_connections(),
        ]

    def _routes_of_connections(self) -> list[Route]:
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

    async def _run_trigger(self, call: Call) -> wire.TriggerRan:
        asked = _asked(call)
        reports = await self.reports.runs.fire(asked.name, actor=author_of(call).id)
        queued = [wire.ReportQueued(id=one.id, report_task_id=one.task) for one in reports]
        return wire.TriggerRan(name=asked.name, reports=queued)

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


def _asked(call: Call) -> wire.TriggerRun:
    asked: wire.TriggerRun = call.body
    return asked


def _new(call: Call) -> wire.NewConnection:
    asked: wire.NewConnection = call.body
    return asked
