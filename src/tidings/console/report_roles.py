"""Report roles: what people without a role in this installation may do with reports."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.access.phone import normal_phone
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, TidingsError
from tidings.core.event import Actor
from tidings.core.report import ReportRole
from tidings.store.people import People

_HERE = "/console/reports/roles"
_A_PAGE = 50
ROLES = (
    (ReportRole.VIEWER, "Viewer: sees and exports what was published"),
    (ReportRole.AUTHOR, "Author: makes templates and tasks; what they schedule waits for approval"),
    (ReportRole.PUBLISHER, "Publisher: schedules, publishes and approves"),
    (ReportRole.ADMINISTRATOR, "Administrator: connections and everybody’s content, too"),
    (ReportRole.NONE, "None: takes away what was given"),
)


class ReportRoles:
    """Owners give them."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._people = People(offers.database)

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/reports/roles", does=self._list, needs=Right.RULE),
            Place(path="/reports/roles", does=self._give, needs=Right.RULE, method="POST"),
        ]

    async def _list(self, visit: Visit, error: TidingsError | None = None) -> Response:
        given = await self._reports.roles.given(after=visit.query.get("after", ""), most=_A_PAGE)
        return visit.page(
            "reports_runs/roles.html",
            error=error,
            author=await author_of(visit, self._reports),
            given=given,
            after=given[-1][0].id if len(given) == _A_PAGE else "",
            roles=ROLES,
        )

    async def _give(self, visit: Visit) -> Response:
        try:
            person, role = await self._whom(visit), _role(visit)
        except Invalid as error:
            return await self._list(visit, error)
        await self._reports.roles.give(person.id, role, actor=visit.person.id)
        name = person.name or person.phone
        return visit.go(_HERE, said=f"{name} is {role} of reports now." if role else f"{name} has no role of reports.")

    async def _whom(self, visit: Visit) -> Actor:
        number = normal_phone(visit.form.needed("phone"), field="phone")
        person = await self._people.by_phone(number)
        if person is None:
            raise Invalid("phone: nobody is known by that number; invite them under People and roles first")
        return person


def _role(visit: Visit) -> ReportRole:
    try:
        return ReportRole(visit.form.text("role", "?"))
    except ValueError:
        raise Invalid("role: choose one of those in the list") from None
