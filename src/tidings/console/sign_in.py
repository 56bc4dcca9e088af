"""Sign-in: the first owner by a link, everybody by phone and PIN; and the theme in which pages are shown."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.entrance import Begun
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.session_cookie import SessionCookie
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Invalid, Throttled, Unauthenticated
from tidings.web.refusal import status_of

_HOME = "/console/"


class SignIn:
    """Lets people in and out."""

    def __init__(self, offers: Offers, cookie: SessionCookie) -> None:
        self._entrance = offers.entrance
        self._clock = offers.clock
        self._cookie = cookie

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/sign-in", does=self._show, needs=Right.ENTER),
            Place(path="/sign-in", does=self._sign_in, needs=Right.ENTER, method="POST"),
            Place(path="/sign-out", does=self._sign_out, needs=Right.ENTER, method="POST"),
            Place(path="/first/{token}", does=self._show_first, needs=Right.ENTER),
            Place(path="/first/{token}", does=self._make_owner, needs=Right.ENTER, method="POST"),
            Place(path="/theme", does=self._wear, needs=Right.ENTER, method="POST"),
        ]

    async def _show(self, visit: Visit) -> Response:
        if visit.session is not None:
            return visit.go(_local(visit.query.get("next", "")))
        have_owner = await self._entrance.sessions.have_owner()
        return visit.page(
            "sign_in/sign_in.html", next=_local(visit.query.get("next", "")), phone="", have_owner=have_owner
        )

    async def _sign_in(self, visit: Visit) -> Response:
        form, has_pin = visit.form, "pin" in visit.form
        phone, onward = form.text("phone"), _local(form.text("next"))
        try:
            if not has_pin or "again" in form:
                await self._entrance.send_pin(phone, address=visit.address)
                return visit.page("sign_in/sign_in.html", next=onward, phone=phone, have_owner=True)
            begun = await self._entrance.sign_in(
                phone, pin=form.text("pin"), address=visit.address, agent=_agent(visit)
            )
        except (Unauthenticated, Invalid, Throttled) as error:
            is_wrong_phone = isinstance(error, Invalid) or not has_pin
            response = visit.page(
                "sign_in/sign_in.html",
                error=error,
                status=status_of(type(error)),
                next=onward,
                phone="" if is_wrong_phone else phone,
                have_owner=True,
            )
            if isinstance(error, Throttled):
                response.headers["retry-after"] = str(error.retry_after)
            return response
        return self._let_in(visit.go(onward), begun)

    async def _sign_out(self, visit: Visit) -> Response:
        if visit.session is not None:
            await self._entrance.sign_out(visit.session)
        response = visit.go("/console/sign-in")
        self._cookie.end(response)
        return response

    async def _show_first(self, visit: Visit) -> Response:
        token = visit.path["token"]
        if visit.session is not None:
            return visit.go(_HOME)
        if await self._entrance.makes_owner(token):
            return visit.page("sign_in/first.html", token=token)
        if visit.request.method == "HEAD":
            return Response()
        begun = await self._entrance.follow(token, address=visit.address, agent=_agent(visit))
        return self._let_in(visit.go(_HOME), begun)

    async def _make_owner(self, visit: Visit) -> Response:
        token, form = visit.path["token"], visit.form
        try:
            begun = await self._entrance.become_owner(
                token, phone=form.text("phone"), name=form.text("name"), address=visit.address, agent=_agent(visit)
            )
        except (Invalid, Conflict) as error:
            return visit.page("sign_in/first.html", error=error, token=token)
        return self._let_in(visit.go(_HOME, said="You are an owner of this installation. Welcome."), begun)

    async def _wear(self, visit: Visit) -> Response:
        response = visit.go(_local(visit.form.text("back")))
        visit.pages.wear(response, visit.form.text("theme"))
        return response

    def _let_in(self, response: Response, begun: Begun) -> Response:
        self._cookie.begin(response, begun, now=self._clock.now())
        return response


def _agent(visit: Visit) -> str:
    return visit.request.headers.get("user-agent", "")


def _local(address: str) -> str:
    """A page of the console, and nothing else: whoever signs in must not be led away."""
    is_ours = address.startswith("/console/") and address.isprintable() and "\\" not in address
    return address if is_ours else _HOME
