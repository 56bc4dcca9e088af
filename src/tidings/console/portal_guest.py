"""Guest of the portal: somebody with a link, what it lets them do, and how they are answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tidings.console.form import Form
from tidings.console.page import Page, Pages, Trouble, Who
from tidings.console.rights import Role
from tidings.core.errors import Forbidden, TidingsError
from tidings.store.portal_links import Grant, PortalLink

# Not `authorization`, which pages of any origin may send: a browser lets only pages of ours send this one.
HEADER = "tidings-portal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """`link` is None before the token has come: then there is nothing but the frame."""

    request: Request
    pages: Pages
    form: Form
    origins: Sequence[str]
    link: PortalLink | None = None

    session: None = None

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.path_params

    @property
    def is_on(self) -> PortalLink:
        """The link. Raises Forbidden without one."""
        if self.link is None:
            raise Forbidden("this link has run out, or was ended; ask whoever gave it to you for a new one")
        return self.link

    def may(self, grant: Grant | str) -> bool:
        return self.link is not None and grant in self.link.grants

    def must(self, grant: Grant) -> None:
        """Raise Forbidden unless the link allows that."""
        if not self.may(grant):
            raise Forbidden("this link does not allow that; ask whoever gave it to you")

    def shows(
        self,
        template: str,
        *,
        block: str = "shown",
        status: int = HTTPStatus.OK,
        error: TidingsError | None = None,
        **values: Any,  # noqa: ANN401 - whatever the template shows
    ) -> Response:
        """A part of the portal; an empty `block` is the frame. Never a cookie, and framed by nobody but `origins`."""
        shown = Page(
            template=template,
            block=block,
            status=status,
            trouble=Trouble.of(error),
            values={"visit": self, "form": self.form, "may": self.may, "link": self.link, **values},
        )
        who = Who(role=Role.STRANGER, csrf="", path=self.request.url.path, cookies={})
        response = self.pages.answer(shown, who)
        ancestors = " ".join(self.origins) or "'none'"
        policy = response.headers["content-security-policy"]
        response.headers["content-security-policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {ancestors}"
        )
        response.headers["vary"] = f"hx-request, {HEADER}"
        # A window of whoever opened it is not ours to cut off, and within a frame it means nothing.
        del response.headers["cross-origin-opener-policy"]
        return response
