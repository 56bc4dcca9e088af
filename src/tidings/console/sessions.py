"""Sessions: where somebody is signed in, and ending that."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Forbidden, Invalid
from tidings.store.sessions import Session

_HERE = "/console/settings/sessions"
_A_PAGE = 50


class SessionPages:
    """Everybody sees and ends their own."""

    def __init__(self, offers: Offers) -> None:
        self._entrance = offers.entrance
        self._clock = offers.clock

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/settings/sessions", does=self._list, needs=Right.BE_ONESELF),
            Place(path="/settings/sessions/others/end", does=self._end_others, needs=Right.BE_ONESELF, method="POST"),
            Place(path="/settings/sessions/{id}/end", does=self._end, needs=Right.BE_ONESELF, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        before = _before(visit.query.get("before", ""))
        listed = await self._entrance.sessions.of(
            _session(visit).person, now=self._clock.now(), before=before, most=_A_PAGE
        )
        older = f"{_HERE}?before={listed[-1].created_at}.{listed[-1].id}" if len(listed) == _A_PAGE else ""
        return visit.page("settings/sessions.html", sessions=listed, older=older, here=_session(visit).id)

    async def _end(self, visit: Visit) -> Response:
        session = _session(visit)
        await self._entrance.end(visit.path["id"], person=session.person)
        if visit.path["id"] == session.id:
            return visit.go("/console/sign-in")
        return visit.go(_HERE, said="That session has ended.")

    async def _end_others(self, visit: Visit) -> Response:
        await self._entrance.end_others(_session(visit))
        return visit.go(_HERE, said="You are signed in here alone.")


def _session(visit: Visit) -> Session:
    if visit.session is None:
        raise Forbidden("nobody is signed in here")
    return visit.session


def _before(text: str) -> tuple[int, str]:
    at, _, identifier = text.partition(".")
    if not text:
        return 2**62, ""
    if not (at.isascii() and at.isdigit() and len(at) < 16):  # noqa: PLR2004 - epoch milliseconds have 13
        raise Invalid("before: begin the list anew")
    return int(at), identifier
