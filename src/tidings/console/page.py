"""Page: HTML out of a template, with what every page of the console has around it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from tidings.console.assets import Assets
from tidings.console.navigation import Entry, entries_for
from tidings.console.rights import Right, Role, may
from tidings.console.wording import FILTERS, Moments
from tidings.core.clock import Clock
from tidings.core.errors import TidingsError

# Nothing but our own files, and nothing written into the page: no inline script, no inline style, no eval.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "vary": "hx-request, cookie",
}
_SAID, _THEME = "tidings_said", "tidings_theme"
# Seconds. Long enough for the page that follows to come.
_SAID_FOR_S = 60
_FIELD = re.compile(r"([A-Za-z][\w.\[\]-]{0,40}): (.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence that the next page tells once."""

    text: str
    is_good: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong; `field` is the name of the field that it is about, empty for none."""

    message: str
    field: str = ""

    @staticmethod
    def of(error: TidingsError | None) -> "Trouble | None":
        """Our errors begin with the field that they are about, and a colon."""
        if error is None:
            return None
        found = _FIELD.fullmatch(error.message)
        name, message = found.groups() if found else ("", error.message)
        return Trouble(field=name, message=message[:1].upper() + message[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is to be shown: a template, or one block of it."""

    template: str
    block: str = ""
    status: int = 200
    trouble: Trouble | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """For whom: what the frame of a page depends on."""

    role: Role
    csrf: str
    path: str
    cookies: Mapping[str, str]


@cache
def _environment() -> Environment:
    """One for the process: templates are compiled once, however many installations it has."""
    environment = Environment(
        loader=PackageLoader("tidings.console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {**FILTERS, "moment": _moment}
    return environment


@pass_context
def _moment(context: Context, at: int | None) -> Markup:
    moments: Moments = context["moments"]
    return moments.moment(at)


class Pages:
    """Makes answers out of templates. `is_secure` keeps cookies to HTTPS; `has` tells which places there are."""

    def __init__(self, assets: Assets, *, clock: Clock, is_secure: bool, has: Callable[[str], bool]) -> None:
        self._is_secure = is_secure
        self._has = has
        self._environment = _environment()
        self._shared = {"moments": Moments(clock), "static": assets.address, "Right": Right, "Role": Role}

    def answer(self, page: Page, who: Who) -> Response:
        said = _said(who.cookies) if not page.block else None
        text = self._text(page, who, said=said)
        response = HTMLResponse(text, page.status, headers=HEADERS)
        if said is not None:
            response.delete_cookie(_SAID, path="/", secure=self._is_secure, httponly=True, samesite="lax")
        return response

    def block(self, template: str, block: str, **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
        """One block of a template, for whoever may look."""
        page = Page(template=template, block=block, values={**values, "visit": None})
        return self._text(page, Who(role=Role.READER, csrf="", path="", cookies={}), said=None)

    def has(self, path: str) -> bool:
        """Whether there is a place of that path, below `/console`."""
        return self._has(path)

    def _text(self, page: Page, who: Who, *, said: Said | None) -> str:
        template = self._environment.get_template(page.template)
        values: dict[str, Any] = {
            **self._shared,
            "role": who.role,
            "csrf": who.csrf,
            "path": who.path,
            "may": lambda right: may(who.role, Right(right)),
            "has": self._has,
            "navigation": self._navigation(who),
            "theme": theme_of(who.cookies),
            "said": said,
            "trouble": page.trouble,
            **page.values,
        }
        # Not imported by the templates: a block that is rendered alone would not see it.
        icons, components = (self._environment.get_template(name) for name in ("icons.html", "components.html"))
        values["icons"] = icons.make_module()
        values["ui"] = components.make_module(values)
        context = template.new_context(values)
        return "".join(template.blocks[page.block](context) if page.block else template.root_render_func(context))

    def say(self, response: Response, said: Said) -> None:
        """Have the next page tell this once."""
        value = quote(("+" if said.is_good else "-") + said.text[:500])
        self._set(response, _SAID, value=value, max_age=_SAID_FOR_S)

    def wear(self, response: Response, theme: str) -> None:
        """Show pages in that theme from now on: `light`, `dark`, or whatever the machine shows."""
        if theme in {"light", "dark"}:
            self._set(response, _THEME, value=theme, max_age=400 * 86_400)
        else:
            response.delete_cookie(_THEME, path="/", secure=self._is_secure, httponly=True, samesite="lax")

    def _set(self, response: Response, name: str, *, value: str, max_age: int) -> None:
        response.set_cookie(
            name, value, max_age=max_age, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def _navigation(self, who: Who) -> Sequence[Entry]:
        return entries_for(who.path, may=lambda right: may(who.role, right), has=self._has)


def theme_of(cookies: Mapping[str, str]) -> str:
    theme = cookies.get(_THEME, "")
    return theme if theme in {"light", "dark"} else ""


def _said(cookies: Mapping[str, str]) -> Said | None:
    value = unquote(cookies.get(_SAID, ""))
    return Said(text=value[1:], is_good=value.startswith("+")) if value[:1] in {"+", "-"} and value[1:] else None
