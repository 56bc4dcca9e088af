"""Report connections: databases of others that templates may read. Their URLs are taken here, and never shown."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import SECOND
from tidings.core.errors import Conflict, Invalid, TidingsError, Unavailable
from tidings.core.report import ReportAuthor, ReportRole
from tidings.core.secret import Secret
from tidings.reports.roles import must_be

_HERE = "/console/reports/connections"
_FIELDS = ("name", "url", "most_rows", "longest")
_NAMES = {"mostRows": "most_rows", "longest_ms": "longest", "longestMs": "longest"}


class ReportConnections:
    """For administrators alone: whoever adds a database lets every author read it."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._connections = offers.reports.connections

    def places(self) -> Sequence[Place]:
        here, right = "/reports/connections", Right.BE_ONESELF
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=here, does=self._add, needs=right, method="POST"),
            Place(path=f"{here}/{{name}}/test", does=self._test, needs=right, method="POST"),
            Place(path=f"{here}/{{name}}/remove", does=self._remove, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit, error: TidingsError | None = None) -> Response:
        author = await self._author(visit)
        return visit.page(
            "reports/connections.html", error=error, author=author, connections=await self._connections.list()
        )

    async def _add(self, visit: Visit) -> Response:
        author = await self._author(visit)
        form = visit.form
        try:
            await self._connections.add(
                form.needed("name"),
                Secret(form.needed("url")),
                most_rows=form.number("most_rows", default=1_000_000),
                longest_ms=form.number("longest", default=300) * SECOND,
                author=author,
            )
        except (Invalid, Conflict, Unavailable) as error:
            return await self._list(visit, _at_its_field(error))
        return visit.go(_HERE, said=f"Connected: templates may read {form.text('name')} now.")

    async def _test(self, visit: Visit) -> Response:
        await self._author(visit)
        name = visit.path["name"]
        try:
            kind = await self._connections.test(name)
        except (Invalid, Unavailable) as error:
            return visit.go(_HERE, said=f"{name} does not answer: {error.message}", is_good=False)
        return visit.go(_HERE, said=f"{name} answers; it is {kind}.")

    async def _remove(self, visit: Visit) -> Response:
        author = await self._author(visit)
        await self._connections.remove(visit.path["name"], author=author)
        return visit.go(_HERE, said="The connection is gone; queries that read it fail from now on.")

    async def _author(self, visit: Visit) -> ReportAuthor:
        author = await author_of(visit, self._reports)
        must_be(author, ReportRole.ADMINISTRATOR)
        return author


def _at_its_field(error: TidingsError) -> Invalid:
    """What names no field of ours is about the URL: that is what was tried."""
    place, colon, message = error.message.partition(": ")
    name = _NAMES.get(place, place)
    return Invalid(f"{name}: {message}" if colon and name in _FIELDS else f"url: {error.message}")
