"""What the calls have in common: who asks, for which page, and with what filters."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.json_text import read_typed
from tidings.core.report import ReportAuthor, ReportFormat, ReportRole, Value, checked_format, is_at_least
from tidings.core.route import Call, Parameter
from tidings.dialects.connectreport.wire.shape import ToldFilter
from tidings.reports.roles import role_of_scopes
from tidings.reports.tags import Tags

T = TypeVar("T")

# ConnectReport's own number.
_PER_PAGE = 20
MOST_PER_PAGE = 100
# Further back, a filter is quicker for everybody (a guess).
_LAST_PAGE = 10_000
# A column's, as the databases have it; nobody saves so often.
_LAST_VERSION = 2**31 - 1
# Bytes of JSON in a URL, of which servers take some ten thousand.
_LONGEST_JSON = 4_000

PAGE = (
    Parameter(
        name="pageNum",
        meaning="Which page, from 1 on.",
        schema={"type": "integer", "minimum": 1, "maximum": _LAST_PAGE, "default": 1},
    ),
    Parameter(
        name="perPage",
        meaning="How many to a page.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": _PER_PAGE},
    ),
)
LIST = (
    Parameter(
        name="limit",
        meaning="How many at most.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": MOST_PER_PAGE},
    ),
    Parameter(
        name="cursor",
        meaning="Where to go on: the `cursor` of the answer before; absent there, the list has ended.",
        schema={"type": "string", "maxLength": 255},
    ),
)
FORMAT = Parameter(
    name="format",
    meaning="What to render it as.",
    schema={"type": "string", "enum": list(ReportFormat), "default": "pdf"},
)
RENDER = (
    FORMAT,
    Parameter(
        name="parameters",
        meaning="Values of the template's parameters: a JSON object.",
    ),
    Parameter(
        name="filters",
        meaning='Which rows: JSON like `[{"field": "region", "values": ["North"]}]`.',
    ),
)
VERSION = Parameter(
    name="version",
    meaning="As it was in that version; the newest, if it is absent.",
    schema={"type": "integer", "minimum": 1, "maximum": _LAST_VERSION},
)
META = Parameter(
    name="meta",
    meaning="A JSON object: only what has all of these properties, with these values, in its `meta`.",
)

_object = msgspec.json.Decoder(dict[str, Any])
_values = msgspec.json.Decoder(dict[str, Value])
_filters = msgspec.json.Decoder(list[ToldFilter])


def author_of(call: Call) -> ReportAuthor:
    """Who asks, with the role that the token's scopes give."""
    if call.caller is None:
        raise Unauthenticated("no token; send one as X-API-KEY")
    caller = call.caller
    return ReportAuthor(id=caller.actor, role=role_of_scopes(caller.scopes), name=caller.person.name)


def is_author(call: Call) -> bool:
    """Whether the caller sees what was not published, too."""
    return is_at_least(author_of(call).role, ReportRole.AUTHOR)


def page_of(call: Call) -> tuple[int, int]:
    """Number and size of the page that is asked for. The door has checked the bounds."""
    return int(call.query.get("pageNum", 1)), int(call.query.get("perPage", _PER_PAGE))


def version_of(call: Call) -> int | None:
    """Which version is asked for; None for the newest. The door has checked the bounds."""
    return int(call.query["version"]) if "version" in call.query else None


def format_of(call: Call) -> ReportFormat:
    return checked_format(call.query.get("format", ReportFormat.PDF))


def meta_of(call: Call) -> Mapping[str, Any]:
    return _json(call, "meta", decoder=_object) or {}


def parameters_of(call: Call) -> Mapping[str, Value]:
    return _json(call, "parameters", decoder=_values) or {}


def filters_of(call: Call) -> list[ToldFilter]:
    return _json(call, "filters", decoder=_filters) or []


async def titles_of(tags: Tags, identifiers: Iterable[str]) -> dict[str, str]:
    """What those tags are called, as far as they still are there."""
    return {tag.id: tag.title for tag in await tags.named(tuple(dict.fromkeys(identifiers)))}


def _json(call: Call, name: str, *, decoder: msgspec.json.Decoder[T]) -> T | None:
    text = call.query.get(name)
    if not text:
        return None
    try:
        return read_typed(text.encode("utf-8", "surrogatepass"), decoder, limit=_LONGEST_JSON)
    except Invalid as error:
        raise Invalid(f"{name}: {error.message}") from error
