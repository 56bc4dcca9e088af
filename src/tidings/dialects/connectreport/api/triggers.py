"""The calls about triggers: running their tasks, and the events that do so."""

from dataclasses import dataclass

from msgspec import UNSET

from tidings.access.scope import REPORTS_PUBLISH
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Route
from tidings.dialects.connectreport.api.calls import LIST, MOST_PER_PAGE, author_of
from tidings.dialects.connectreport.wire import trigger as wire
from tidings.reports.opening import Reports
from tidings.store.report_triggers import Trigger

_PATH = "/admin/api/v1/triggers"
_TAG = "Triggers"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerApi:
    """ConnectReport's own call is `run-trigger`; the others are ours."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/admin/api/v1/report-tasks/run-trigger",
                name="runTrigger",
                summary="Run all tasks of a trigger",
                handler=self._run,
                needs=REPORTS_PUBLISH,
                body=wire.TriggerRun,
                answers=wire.TriggerRan,
                errors=(Invalid, Forbidden, NotFound),
                tag=_TAG,
            ),
            *self._routes_of_events(),
        ]

    def _routes_of_events(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listTriggers",
                summary="List triggers by name, and which events fire them",
                handler=self._list,
                needs=REPORTS_PUBLISH,
                answers=wire.ToldTriggers,
                parameters=LIST,
                tag=_TAG,
            ),
            Route(
                method="POST",
                path=_PATH,
                name="createTrigger",
                summary="Have events fire a trigger, which tasks name already or will name",
                handler=self._hear,
                needs=REPORTS_PUBLISH,
                body=wire.NewTrigger,
                answers=wire.ToldTrigger,
                errors=(Invalid, Forbidden, Conflict),
                tag=_TAG,
            ),
            Route(
                method="DELETE",
                path=f"{_PATH}/{{name}}",
                name="deleteTrigger",
                summary="Let no event fire a trigger any more; its tasks keep it, and it can be run",
                handler=self._unhear,
                needs=REPORTS_PUBLISH,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
                tag=_TAG,
            ),
        ]

    async def _run(self, call: Call) -> wire.TriggerRan:
        asked: wire.TriggerRun = call.body
        reports = await self.reports.runs.fire(asked.name, actor=author_of(call).id)
        queued = [wire.ReportQueued(id=one.id, report_task_id=one.task) for one in reports]
        return wire.TriggerRan(name=asked.name, reports=queued)

    async def _list(self, call: Call) -> wire.ToldTriggers:
        most = int(call.query.get("limit", MOST_PER_PAGE))
        found = await self.reports.triggers.list(after=call.query.get("cursor", ""), most=most)
        told = [wire.told_trigger(one) for one in found]
        return wire.ToldTriggers(triggers=told, cursor=found[-1].name if len(found) == most else UNSET)

    async def _hear(self, call: Call) -> wire.ToldTrigger:
        asked: wire.NewTrigger = call.body
        hearing = await self.reports.triggers.hear(
            asked.name,
            kind=asked.object_type,
            subject=asked.object_id,
            types=asked.event_types,
            author=author_of(call),
        )
        _, tasks = await self.reports.tasks.list(trigger=hearing.name, most=1)
        return wire.told_trigger(Trigger(name=hearing.name, tasks=tasks, hears=hearing))

    async def _unhear(self, call: Call) -> dict[str, str]:
        await self.reports.triggers.unhear(call.path["name"], author=author_of(call))
        return {}
