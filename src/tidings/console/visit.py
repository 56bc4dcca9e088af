"""Visit: somebody asks for a place of the console; who it is, what they may do, and how they are answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from tidings.access.scope import ALL, BY_NAME_ALONE
from tidings.console.form import Form
from tidings.console.page import Page, Pages, Said, Trouble, Who
from tidings.console.rights import Right, Role, may
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Forbidden, TidingsError
from tidings.core.event import Actor
from tidings.store.sessions import Session

# As what the console calls the workspace; no connector can be called so, because of the space.
CONNECTOR = "the console"
# Of a browser, which is going to look, or to change something.
SAFE = frozenset({"GET", "HEAD"})
_SCOPES = frozenset(ALL) - BY_NAME_ALONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """`address` is where the request came from. A place that needs more than `enter` has a session."""

    request: Request
    pages: Pages
    session: Session | None
    csrf: str
    form: Form
    address: str

    @property
    def path(self) -> Mapping[str, str]:
        """The parameters of the place's path."""
        return self.request.path_params

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def role(self) -> Role:
        return Role.STRANGER if self.session is None else Role(self.session.role)

    @property
    def person(self) -> Actor:
        """Who is signed in."""
        if self.session is None:
            raise Forbidden("nobody is signed in here")
        one = self.session
        return Actor(id=one.person, phone=one.phone, name=one.name, picture=one.picture)

    @property
    def caller(self) -> Caller:
        """Who asks, for the rules of the workspace.

        Whoever may look at everything does so as the tenant, and whoever may operate changes everything so; all others
        are the members that they are in their own groups.
        """
        right = Right.LOOK if self.request.method in SAFE else Right.OPERATE
        kind = TokenKind.TENANT if self.may(right) else TokenKind.USER
        return Caller(connector=CONNECTOR, kind=kind, person=self.person, scopes=_SCOPES)

    @property
    def member(self) -> Caller:
        """Who asks, as nothing but the member that they are in their own groups."""
        return Caller(connector=CONNECTOR, kind=TokenKind.USER, person=self.person, scopes=_SCOPES)

    @property
    def is_fragment(self) -> bool:
        """Whether a part of a page is asked for, by htmx."""
        return "hx-request" in self.request.headers and "hx-boosted" not in self.request.headers

    def may(self, right: Right) -> bool:
        return may(self.role, right)

    def must(self, right: Right) -> None:
        """Raise Forbidden unless the person has that right."""
        if not self.may(right):
            raise Forbidden("your role does not allow this; ask an owner")

    def page(
        self,
        template: str,
        *,
        block: str = "",
        status: int = 0,
        error: TidingsError | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template shows
    ) -> Response:
        """Show a page; if htmx asks, its `block` alone. `error` is shown beside the field that it names.

        Without a status it is 200, with an error 422.
        """
        shown = Page(
            template=template,
            block=block if self.is_fragment else "",
            status=status or (HTTPStatus.OK if error is None else HTTPStatus.UNPROCESSABLE_ENTITY),
            trouble=Trouble.of(error),
            values={**values, "form": values.get("form", self.form), "visit": self},
        )
        return self.pages.answer(shown, self._who())

    def fragment(self, template: str, *, block: str, **values: Any) -> Response:  # noqa: ANN401 - see `page`
        """Show one block of a template."""
        shown = Page(template=template, block=block, values={**values, "form": self.form, "visit": self})
        return self.pages.answer(shown, self._who())

    def data(self, content: bytes, kind: str) -> Response:
        """Give a file that a page shows, as no browser may run it."""
        headers = {"content-security-policy": "default-src 'none'; sandbox"}
        return Response(content, media_type=kind, headers=headers)

    def go(self, path: str, *, said: str = "", is_good: bool = True) -> Response:
        """Send the browser on to a page of ours, which says so once."""
        response: Response
        if self.is_fragment:
            response = Response(headers={"hx-redirect": path})
        else:
            # 303: the browser goes on with GET, and loading again does not send the form again.
            response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        if said:
            self.pages.say(response, Said(text=said, is_good=is_good))
        return response

    def _who(self) -> Who:
        return Who(role=self.role, csrf=self.csrf, path=self.request.url.path, cookies=self.request.cookies)
