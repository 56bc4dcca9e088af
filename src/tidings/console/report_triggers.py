"""Report triggers: named sets of tasks, run by hand, by a program, or by an event that comes in."""

import json
import shlex
from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.console.webhook_form import types_of
from tidings.console.wording import plural
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.report import ReportAuthor, ReportRole
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES
from tidings.reports.roles import must_be

_HERE = "/console/reports/triggers"
_A_PAGE = 50
_TASKS = 50


class ReportTriggers:
    """Whoever sees tasks sees them; publishers run them, and say what fires them."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._public_url = offers.public_url

    def places(self) -> Sequence[Place]:
        here, right = "/reports/triggers", Right.BE_ONESELF
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=f"{here}/one", does=self._show, needs=right),
            Place(path=f"{here}/run", does=self._run, needs=right, method="POST"),
            Place(path=f"{here}/hear", does=self._hear, needs=right, method="POST"),
            Place(path=f"{here}/unhear", does=self._unhear, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        found = await self._reports.triggers.list(after=visit.query.get("after", ""), most=_A_PAGE)
        return visit.page(
            "reports_runs/triggers.html",
            author=author,
            triggers=found,
            after=found[-1].name if len(found) == _A_PAGE else "",
        )

    async def _show(self, visit: Visit) -> Response:
        return await self._page(visit, visit.query.get("name", ""))

    async def _page(self, visit: Visit, name: str, *, error: TidingsError | None = None) -> Response:
        author = await looking(visit, self._reports)
        hears = await self._reports.triggers.hearing(name)
        tasks, total = await self._reports.tasks.list(trigger=name, skip=0, most=_TASKS) if name else ((), 0)
        if hears is None and not tasks and error is None:
            raise NotFound("there is no trigger of that name; give it to a task, and it is there")
        return visit.page(
            "reports_runs/trigger.html",
            error=error,
            author=author,
            name=name,
            hears=hears,
            tasks=tasks,
            total=total,
            kinds=[(one, one) for one in OBJECT_TYPES],
            call=_call(self._public_url, name),
        )

    async def _run(self, visit: Visit) -> Response:
        author = await self._publisher(visit)
        made = await self._reports.runs.fire(visit.form.needed("name"), actor=author.id)
        if not made:
            return _back(
                visit, visit.form.text("name"), said="None of its tasks is enabled and approved.", is_good=False
            )
        return visit.go("/console/reports/runs", said=f"{plural(len(made), 'run')} queued.")

    async def _hear(self, visit: Visit) -> Response:
        author = await self._publisher(visit)
        name = visit.form.needed("name")
        try:
            await self._reports.triggers.hear(
                name,
                kind=visit.form.needed("kind"),
                subject=visit.form.needed("subject"),
                types=tuple(types_of(visit.form)),
                author=author,
            )
        except Invalid as error:
            return await self._page(visit, name, error=error)
        return _back(visit, name, said="Such an event fires the trigger from now on.")

    async def _unhear(self, visit: Visit) -> Response:
        author = await self._publisher(visit)
        name = visit.form.needed("name")
        await self._reports.triggers.unhear(name, author=author)
        return _back(visit, name, said="No event fires the trigger any more.")

    async def _publisher(self, visit: Visit) -> ReportAuthor:
        author = await author_of(visit, self._reports)
        must_be(author, ReportRole.PUBLISHER)
        return author


def _call(public_url: str, name: str) -> str:
    """How a program runs a trigger, as ConnectReport documents it."""
    body = shlex.quote(json.dumps({"name": name}, ensure_ascii=False))
    return (
        f"curl {public_url}admin/api/v1/report-tasks/run-trigger \\\n"
        f"  -H 'content-type: application/json' -H 'Authorization: ACCESS_TOKEN' \\\n"
        f"  --data-raw {body}"
    )


def _back(visit: Visit, name: str, *, said: str, is_good: bool = True) -> Response:
    return visit.go(f"{_HERE}/one?{urlencode({'name': name})}", said=said, is_good=is_good)
