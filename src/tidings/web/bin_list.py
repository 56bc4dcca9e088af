"""Bin list: which requests stand beside a page of a bin, newest first, all of them or those that were searched for."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from tidings.core.errors import Invalid
from tidings.inbox.inspector import Inspector
from tidings.inbox.search import Wish
from tidings.store.bins import NEWEST, Bin, Capture, Glimpse
from tidings.web.bin_keys import number_in
from tidings.web.bin_routes import WISHES, wish_in

_MOST_LISTED = 50
_MOST_FOUND = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BinList:
    """What a page lists. `lost` is why the search could not be understood; `older` and `carried` are queries.

    `carried` leads back to the same list, `older` to what comes after it.
    """

    rows: Sequence[Glimpse]
    asked: Mapping[str, str]
    older: str
    carried: str
    is_live: bool
    is_first: bool
    lost: str = ""

    def values(self) -> dict[str, Any]:
        """By the names that the templates know."""
        return asdict(self) | {"rows": self.rows}


async def listed(inspector: Inspector, bin_: Bin, *, query: Mapping[str, str]) -> BinList:
    asked = {name: query[name] for name in WISHES if query.get(name)}
    before = number_in(query["before"]) if query.get("before") else NEWEST
    rows: Sequence[Glimpse] = ()
    last, lost, wish = 0, "", Wish()
    try:
        wish = wish_in(query)
    except Invalid as error:
        lost = error.message
    if wish:
        found = await inspector.newest(bin_.name, before=before, most=_MOST_FOUND, wish=wish)
        rows = [_glimpse(one) for one in found.captures]
        last = 0 if found.is_whole else found.last
    elif not lost:
        rows = await inspector.glimpses(bin_.name, before=before, most=_MOST_LISTED + 1)
        last = rows[_MOST_LISTED - 1].number if len(rows) > _MOST_LISTED else 0
    return BinList(
        rows=rows[:_MOST_LISTED],
        asked=asked,
        older=urlencode({**asked, "before": last}) if last else "",
        carried=urlencode(asked if before == NEWEST else {**asked, "before": before}),
        is_live=not asked and before == NEWEST,
        is_first=before == NEWEST,
        lost=lost,
    )


def _glimpse(capture: Capture) -> Glimpse:
    request = capture.request
    return Glimpse(
        number=capture.number,
        at=request.at,
        method=request.method,
        path=request.path,
        query=request.query,
        status=capture.status,
        size=len(request.body),
    )
