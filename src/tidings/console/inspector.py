"""Inspector: bins that keep whatever is sent to them, and the way to what each caught."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Invalid, TidingsError
from tidings.inbox.inspector import LIFE_MS, MOST_REQUESTS

_A_PAGE = 50
_SEE_OTHER = 303
# As whom the console makes bins; no connector can be called so, because of the space.
_OURS = "the console"
_LIVES = ((HOUR, "An hour"), (DAY, "A day"), (LIFE_MS, "A week"))


class InspectorPages:
    """Lists everybody's bins; what they caught stands on the bins' own pages, for whoever may see secrets."""

    def __init__(self, offers: Offers) -> None:
        self._inspector = offers.inspector
        self._access = offers.access
        self._public_url = offers.public_url

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/inspector", does=self._list, needs=Right.LOOK),
            Place(path="/inspector", does=self._make, needs=Right.OPERATE, method="POST"),
            Place(path="/inspector/{name}", does=self._open, needs=Right.OPERATE),
            Place(path="/inspector/{name}/end", does=self._end, needs=Right.OPERATE, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        return await self._page(visit)

    async def _page(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        listed = await self._inspector.all(after=visit.query.get("cursor", ""), most=_A_PAGE + 1)
        shown = listed[:_A_PAGE]
        return visit.page(
            "inspector/list.html",
            block="rows",
            error=error,
            bins=shown,
            cursor=shown[-1].name if len(listed) > _A_PAGE else "",
            lives=[(str(length), title) for length, title in _LIVES],
            default_life=str(LIFE_MS),
            most=MOST_REQUESTS,
            public_url=self._public_url,
        )

    async def _make(self, visit: Visit) -> Response:
        try:
            life_ms = visit.form.number("life", default=LIFE_MS)
            if life_ms not in {length for length, _ in _LIVES}:
                raise Invalid("life: choose one of the list")
            made = await self._inspector.make(visit.form.text("name") or None, connector=_OURS, life_ms=life_ms)
        except TidingsError as error:
            return await self._page(visit, error=error)
        await self._access.audit(visit.person.id, "bin.created", about=made.name)
        return visit.go("/console/inspector", said=f"{self._public_url}bin/{made.name} catches whatever is sent to it.")

    async def _open(self, visit: Visit) -> Response:
        """To the bin's own page, with a pass for some hours that it keeps in a cookie."""
        found = await self._inspector.get(visit.path["name"])
        return RedirectResponse(
            f"/bin/{quote(found.name)}?inspect&token={quote(self._inspector.pass_to(found))}", _SEE_OTHER
        )

    async def _end(self, visit: Visit) -> Response:
        found = await self._inspector.get(visit.path["name"])
        await self._inspector.end(found)
        await self._access.audit(visit.person.id, "bin.ended", about=found.name)
        return visit.go("/console/inspector", said=f"{found.name} is gone, and what it caught.")
