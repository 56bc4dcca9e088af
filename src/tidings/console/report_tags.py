"""Report tags: what tasks are sorted by."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking, making, may_make
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Invalid, TidingsError

_HERE = "/console/reports/tags"


class ReportTags:
    """Makes, renames and removes tags."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._tags = offers.reports.tags

    def places(self) -> Sequence[Place]:
        here, right = "/reports/tags", Right.BE_ONESELF
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=here, does=self._create, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/rename", does=self._rename, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/remove", does=self._remove, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit, error: TidingsError | None = None) -> Response:
        author = await looking(visit, self._reports)
        return visit.page(
            "reports/tags.html", error=error, author=author, may_make=may_make(author), tags=await self._tags.list()
        )

    async def _create(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        try:
            made = await self._tags.create(visit.form.needed("title"), author=author)
        except (Invalid, Conflict) as error:
            return await self._list(visit, _at_title(error))
        return visit.go(_HERE, said=f"There is a tag {made.title} now.")

    async def _rename(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        await self._tags.rename(visit.path["id"], visit.form.needed("renamed"), author=author)
        return visit.go(_HERE, said="The tag is renamed.")

    async def _remove(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        await self._tags.remove(visit.path["id"], author=author)
        return visit.go(_HERE, said="The tag is gone.")


def _at_title(error: TidingsError) -> Invalid:
    return Invalid(error.message if error.message.startswith("title: ") else f"title: {error.message}")
