"""Report shelf: the reports that were published, for whoever may see them, with their files."""

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_runs import FORMATS, is_published
from tidings.console.report_templates import number_in
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import NotFound
from tidings.core.report import ReportRole
from tidings.reports.roles import must_be

_A_PAGE = 20


class ReportShelf:
    """For viewers, and all above them."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/reports/published", does=self._list, needs=Right.BE_ONESELF),
            Place(path="/reports/published/{id}", does=self._show, needs=Right.BE_ONESELF),
        ]

    async def _list(self, visit: Visit) -> Response:
        author = await author_of(visit, self._reports)
        if not author.role:
            # The navigation leads here whoever is signed in, so it is no error to come.
            return visit.page("reports_runs/no_role.html")
        tag, skip = visit.query.get("tag", ""), number_in(visit, "skip")
        found, total = await self._reports.history.list(is_published=True, tag=tag, skip=skip, most=_A_PAGE)
        files = await asyncio.gather(*(self._reports.history.files(one) for one in found))
        return visit.page(
            "reports_runs/shelf.html",
            block="rows",
            author=author,
            found=list(zip(found, files, strict=True)),
            total=total,
            tag=tag,
            tags=[(one.id, one.title) for one in await self._reports.tags.list()],
            skip=skip,
            step=_A_PAGE,
        )

    async def _show(self, visit: Visit) -> Response:
        author = await author_of(visit, self._reports)
        must_be(author, ReportRole.VIEWER)
        report = await self._reports.history.get(visit.path["id"])
        if not is_published(report):
            raise NotFound("there is no such report, or it was not published; go back to the list")
        return visit.page(
            "reports_runs/paper.html",
            author=author,
            report=report,
            files=await self._reports.history.files(report),
            formats=FORMATS,
        )
