"""The service root of OData: what stands at each address beneath it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from tidings.core.errors import Invalid, NotFound
from tidings.core.row import Shape
from tidings.dashboards.moment import moment_text
from tidings.dashboards.odata import continuation
from tidings.dashboards.odata.filter import parse_filter
from tidings.dashboards.odata.literals import is_literal, read_literal
from tidings.dashboards.odata.metadata import metadata
from tidings.dashboards.odata.options import read_options, read_select, system_options
from tidings.dashboards.odata.symbols import Kind, Symbols
from tidings.tables.condition import Both, Compared, Condition, Named, Operator
from tidings.tables.selection import Cells, Part, Selection, Sheet

if TYPE_CHECKING:
    from tidings.tables.query import Query

# Rows of a page, unless fewer are preferred; a page of long texts has fewer.
PAGE = 5_000
JSON = "application/json;odata.metadata=minimal;charset=utf-8"
_BARE = "application/json;odata.metadata=none;charset=utf-8"
_RESOURCE = re.compile(r"(\w+)(\(.*\))?(/\$count)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A GET: what stands behind the service's root, the query in its order, and the root's own address, ending in /.

    `is_bare` asks for no more than the data.
    """

    root: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    page: int = PAGE
    is_bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to send."""

    body: bytes
    content_type: str = JSON


class Service:
    """Answers questions. It blocks: call it in a thread."""

    def __init__(self, open_query: Callable[[], "Query"]) -> None:
        self._open_query = open_query

    def answer(self, question: Question) -> Answer:
        """Raises Invalid for what is not understood, NotFound, and Unavailable."""
        query = self._open_query()
        if not question.path:
            return self._document(query, question)
        if question.path == "$metadata":
            return Answer(body=metadata(query.sheets().values()), content_type="application/xml")
        found = _RESOURCE.fullmatch(question.path)
        if found is None:
            raise NotFound("there is nothing at this path; the service document lists what there is")
        name, key, counts = found.groups()
        sheet = query.sheet(name)
        if counts and key is None:
            return _count(query, question, sheet=sheet)
        if counts:
            raise NotFound("one entity cannot be counted; count the entity set")
        return _page(query, question, sheet=sheet) if key is None else _entity(query, question, sheet=sheet, key=key)

    def _document(self, query: "Query", question: Question) -> Answer:
        system_options(question.query, known=("$format",))
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in query.sheets()]
        return _told(question, {"value": sets}, context="")


def _count(query: "Query", question: Question, *, sheet: Sheet) -> Answer:
    options = system_options(question.query, known=("$filter",))
    condition = parse_filter(options["$filter"], columns=sheet.columns) if "$filter" in options else None
    return Answer(body=str(query.count(sheet.name, condition)).encode(), content_type="text/plain;charset=utf-8")


def _page(query: "Query", question: Question, *, sheet: Sheet) -> Answer:
    options = read_options(system_options(question.query), sheet)
    told: dict[str, Any] = {}
    if options.is_counted:
        told["@odata.count"] = query.count(sheet.name, options.condition)
    most = question.page if options.top is None else min(question.page, options.top)
    part = Part(rows=[], after=None)
    if most:
        part = query.part(
            Selection(
                table=sheet.name,
                columns=options.columns,
                condition=options.condition,
                order=options.order,
                most=most,
                skip=options.skip,
                after=options.after,
            )
        )
    told["value"] = _objects(part.rows, sheet=sheet, columns=options.columns)
    left = None if options.top is None else options.top - len(part.rows)
    if part.after is not None and left != 0:
        told["@odata.nextLink"] = _next(question, sheet=sheet, position=part.after, left=left)
    return _told(question, told, context=_context(sheet, options.columns if options.is_selected else ()))


def _entity(query: "Query", question: Question, *, sheet: Sheet, key: str) -> Answer:
    options = system_options(question.query, known=("$select", "$format"))
    columns, is_selected = read_select(options, sheet)
    part = query.part(Selection(table=sheet.name, columns=columns, condition=_keyed(key, sheet), most=1))
    if not part.rows:
        raise NotFound(f"{sheet.name} has no row of this key")
    [entity] = _objects(part.rows, sheet=sheet, columns=columns)
    return _told(question, entity, context=f"{_context(sheet, columns if is_selected else ())}/$entity")


def _keyed(text: str, sheet: Sheet) -> Condition:
    """The condition that a key is, like `('a')` or `(id='a',line=1)`."""
    symbols = Symbols(text, place="the key")
    shapes = {column.name: column.shape for column in sheet.key}
    symbols.expect("(")
    parts: dict[str, Condition] = {}
    while not parts or symbols.takes(","):
        name = next(iter(shapes))
        if len(shapes) > 1 or not is_literal(symbols):
            at, name = symbols.next.at, symbols.take().text
            if name not in shapes or name in parts:
                raise symbols.wrong(f"expected each of {', '.join(shapes)} once", at=at)
            symbols.expect("=")
        if not is_literal(symbols):
            raise symbols.wrong("expected a value")
        at = symbols.next.at
        value = read_literal(symbols)
        if value.shape is not shapes[name] or value.value is None:
            raise symbols.wrong(f"{name} is {shapes[name]}, not {value.shape}", at=at)
        parts[name] = Compared(Named(name, value.shape), Operator.EQ, value)
    symbols.expect(")")
    if symbols.next.kind is not Kind.END or len(parts) < len(shapes):
        raise Invalid(f"the key: write {', '.join(shapes)} in brackets, and nothing else")
    return Both(tuple(parts.values()))


def _objects(rows: Sequence[Cells], *, sheet: Sheet, columns: Sequence[str]) -> list[dict[str, Any]]:
    instants = [name for name in columns if sheet.columns[name].shape is Shape.INSTANT]
    objects: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in rows]
    for one in objects:
        for name in instants:
            if one[name] is not None:
                one[name] = moment_text(one[name])
    return objects


def _next(question: Question, *, sheet: Sheet, position: Cells, left: int | None) -> str:
    gone = {"$skip", "$top", "$count", "$skiptoken"}
    kept = [(name, value) for name, value in question.query if name not in gone]
    kept += [("$top", str(left))] if left is not None else []
    kept += [("$skiptoken", continuation.written(position))]
    return f"{question.root}{sheet.name}?{urlencode(kept, quote_via=quote, safe='$')}"


def _context(sheet: Sheet, selected: Sequence[str]) -> str:
    return f"#{sheet.name}({','.join(selected)})" if selected else f"#{sheet.name}"


def _told(question: Question, told: dict[str, Any], *, context: str) -> Answer:
    if question.is_bare:
        return Answer(body=msgspec.json.encode(told), content_type=_BARE)
    return Answer(body=msgspec.json.encode({"@odata.context": f"{question.root}$metadata{context}"} | told))
