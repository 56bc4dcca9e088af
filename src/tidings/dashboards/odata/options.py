"""Options: what a request asks of an entity set, by the system query options of OData."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidings.core.errors import Invalid
from tidings.dashboards.odata import continuation
from tidings.dashboards.odata.filter import parse_filter
from tidings.tables.condition import Condition
from tidings.tables.selection import Cells, Order, Sheet, ranked

_KNOWN = ("$select", "$filter", "$orderby", "$top", "$skip", "$count", "$skiptoken", "$format")
_MOST_DIGITS = 15
_LONGEST_NAME = 60
_TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked, understood. `top` is None for all; `selected` is what `$select` says, for the context."""

    columns: tuple[str, ...]
    is_selected: bool
    condition: Condition | None
    order: tuple[Order, ...]
    top: int | None
    skip: int
    is_counted: bool
    after: Cells | None


def system_options(pairs: Iterable[tuple[str, str]], *, known: Iterable[str] = _KNOWN) -> dict[str, str]:
    """Those options by name; others that OData has are refused, and whatever else stands in a query is left alone."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not name.startswith(("$", "@")):
            continue
        if name not in known:
            raise Invalid(f"{name[:_LONGEST_NAME]}: is not possible here; there are {', '.join(known)}")
        if name in found:
            raise Invalid(f"{name}: stands there twice; write it once")
        found[name] = value.strip()
    if found.get("$format", "json").partition(";")[0] not in {"json", "application/json"}:
        raise Invalid("$format: is always json; leave it out")
    return found


def read_options(options: Mapping[str, str], sheet: Sheet) -> Options:
    """Understand them. Raises Invalid, naming the option."""
    order = _order(options.get("$orderby", ""), sheet)
    ranks = ranked(order, key=(column.name for column in sheet.key))
    token = options.get("$skiptoken")
    columns, is_selected = read_select(options, sheet)
    return Options(
        columns=columns,
        is_selected=is_selected,
        condition=parse_filter(options["$filter"], columns=sheet.columns) if "$filter" in options else None,
        order=order,
        top=_number(options, "$top"),
        skip=_number(options, "$skip") or 0,
        is_counted=_truth(options.get("$count", "false")),
        after=None if token is None else continuation.read(token, columns=[sheet.columns[one.column] for one in ranks]),
    )


def read_select(options: Mapping[str, str], sheet: Sheet) -> tuple[tuple[str, ...], bool]:
    """The columns, and whether they were chosen."""
    names = dict.fromkeys(name.strip() for name in options.get("$select", "*").split(","))
    if "*" in names:
        return tuple(sheet.columns), False
    for name in names:
        _check_column(name, sheet, place="$select")
    return tuple(names), True


def _order(text: str, sheet: Sheet) -> tuple[Order, ...]:
    if not text:
        return ()
    found = []
    for part in text.split(","):
        name, *way = part.split()[: _TWO + 1] or [""]
        _check_column(name, sheet, place="$orderby")
        if way not in ([], ["asc"], ["desc"]):
            raise Invalid(f"$orderby: after {name} stands asc or desc, or nothing")
        found.append(Order(column=name, is_descending=way == ["desc"]))
    return tuple(found)


def _check_column(name: str, sheet: Sheet, *, place: str) -> None:
    if name not in sheet.columns:
        raise Invalid(f"{place}: {sheet.name} has no column {name[:_LONGEST_NAME]!r}; $metadata lists them")


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        raise Invalid(f"{name}: write a whole number of at most {_MOST_DIGITS} digits")
    return int(text)


def _truth(text: str) -> bool:
    if text not in {"true", "false"}:
        raise Invalid("$count: write true or false")
    return text == "true"
