"""Bin rendering: the templates of a bin's pages, and what they do to what came from outside.

Jinja2 escapes whatever comes from outside, and the page's policy runs nothing but its own script.
"""

import base64
import hashlib
import re
from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape
from msgspec import UNSET
from starlette.responses import HTMLResponse, Response

from tidings.dashboards.moment import moment_text
from tidings.store.bins import Glimpse
from tidings.web.bin_shapes import cell_text
from tidings.web.bin_view import showable

_THOUSAND = 1_000
# A text and, of a name, its colon; a word; a number. A text that was cut off goes on to the end, and nothing is looked
# at twice: what was caught may be written to keep us busy.
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\\n]++|\\.)*+"?)(?P<colon>\s*+:)?|(?P<word>\b(?:true|false|null)\b)|(?P<number>-?\d[\d.eE+-]*)'
)


def page(template: str, *, status: int = 200, **values: Any) -> Response:  # noqa: ANN401 - what a template shows
    standing = {"style": _STYLE, "script": _SCRIPT, "trouble": "", "missing": ""}
    text = _PAGES.get_template(template).render(**{**standing, **values})
    # Lone surrogates, of bytes that are no UTF-8, have no bytes either.
    return HTMLResponse(text.encode("utf-8", "replace"), status, headers={"content-security-policy": _POLICY})


def _bytes(size: int) -> str:
    return f"{size} B" if size < _THOUSAND else f"{size / _THOUSAND:.1f} kB"


def _brief(at: int) -> str:
    """An instant of these days, to the second."""
    return moment_text(at)[5:19].replace("T", " ")


def _minute(at: int) -> str:
    return f"{moment_text(at)[:16].replace('T', ' ')} UTC"


def _target(glimpse: Glimpse, name: str) -> str:
    """Where a request went, from the bin's own address on."""
    target = glimpse.path + (glimpse.query and f"?{glimpse.query}")
    return showable(target.removeprefix(f"/bin/{name}") or "/")


def _showable(value: object) -> str:
    return showable(str(value))


def _sentence(text: str) -> str:
    text = showable(text)
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _json(value: object) -> list[str]:
    """A value as JSON; none for what is not there."""
    return [] if value is UNSET else [msgspec.json.encode(value).decode()]


def _coloured(text: str) -> Markup:
    """JSON with its names, texts, numbers and words told apart. Also where its end was cut off."""
    pieces, end = list[str](), 0
    for match in _TOKEN.finditer(text):
        kind = "name" if match["colon"] else str(match.lastgroup)
        token = match["text"] or match[0]
        pieces += [escape(text[end : match.start()]), f'<span class="{kind}-of">', escape(token), "</span>"]
        end = match.start() + len(token)
    return Markup("").join([Markup(piece) for piece in [*pieces, escape(text[end:])]])  # noqa: S704 - escaped above


def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("tidings.web"), autoescape=True, trim_blocks=True)
    environment.filters |= {
        "brief": _brief,
        "bytes": _bytes,
        "coloured": _coloured,
        "json": _json,
        "minute": _minute,
        "moment": moment_text,
        "sentence": _sentence,
        "showable": _showable,
        "target": _target,
    }
    environment.globals |= {"cell": cell_text}
    return environment


def _own(name: str) -> tuple[str, str]:
    """A file of ours, and how a policy names it."""
    text = (files("tidings.web") / "templates" / name).read_text("utf-8")
    return text, f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_PAGES = _environment()
_STYLE, _STYLE_HASH = _own("bin.css")
_SCRIPT, _SCRIPT_HASH = _own("bin.js")
_POLICY = (
    f"default-src 'none'; style-src {_STYLE_HASH}; script-src {_SCRIPT_HASH}; connect-src 'self'; img-src data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
