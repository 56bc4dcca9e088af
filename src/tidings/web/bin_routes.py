"""Bin routes: the API of the inspector."""

import asyncio
import ipaddress
from collections.abc import Mapping, Sequence
from functools import partial

from tidings.access.scope import ADMIN
from tidings.core.clock import Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, Throttled, Unauthenticated
from tidings.core.reply import Replies
from tidings.core.route import Call, Parameter, Route
from tidings.core.secret import Secret
from tidings.core.verdict import Scheme, Verdict, judge
from tidings.inbox.inspector import Inspector
from tidings.inbox.promotion import Preview, preview, receipt_of
from tidings.inbox.search import Wish, parse_place
from tidings.store.bins import Bin, Capture
from tidings.web.bin_keys import SCOPE, BinKeys, number_in
from tidings.web.bin_promotion import BinPromotion
from tidings.web.bin_shapes import (
    BinMade,
    BinOrder,
    BinShown,
    BinsShown,
    Claim,
    Done,
    PreviewOrder,
    PreviewShown,
    Promoted,
    Promotion,
    RequestsDifference,
    Shown,
    ShownRequests,
    VerdictShown,
    bin_shown,
    preview_shown,
    requests_difference,
    shown,
    verdict_shown,
)
from tidings.web.cursor import LIST_PARAMETERS, limit_of
from tidings.web.login import caller_of
from tidings.web.throttle import Throttle

LONGEST_WAIT_S = 30
# At 1 MiB each, what one answer may have to hold.
MOST_SHOWN = 20
# A minute, by whoever is not logged in, from one address: a guess at more than any person needs.
OPEN_BINS_A_MINUTE = 5
TAG = "Request inspector"
_REQUESTS = "/v1/bins/{name}/requests"
_WHOSE = (NotFound, Unauthenticated, Forbidden)
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 2**53}
_LONGEST_WISH = 200
WISHES = {
    "method": "Only requests of that method",
    "path": "Only requests with that text in path or query, in any case",
    "header": "Only requests with that text in a header, written `name: value`, in any case",
    "text": "Only requests with that text in the body; the case of letters from A to Z does not count",
    "json": "Only requests with that value there in their JSON, written `data.customer.id=42`; or with any, without =",
}
_LIST = (
    Parameter(
        name="after",
        meaning="The number of the last request that you have seen; the `next` of the answer before",
        schema={**_NUMBER, "default": 0},
    ),
    Parameter(
        name="wait",
        meaning="Seconds to wait for a request if there is none yet",
        schema={"type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_S, "default": 0},
    ),
    Parameter(
        name="limit",
        meaning="How many at most",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_SHOWN, "default": MOST_SHOWN},
    ),
    *(
        Parameter(name=name, meaning=meaning, schema={"type": "string", "maxLength": _LONGEST_WISH})
        for name, meaning in WISHES.items()
    ),
)
_PAIR = (
    Parameter(name="before", meaning="The number of the one request", is_required=True, schema=_NUMBER),
    Parameter(name="after", meaning="The number of the other", is_required=True, schema=_NUMBER),
)


class BinRoutes:
    """The inspector's API. `promotion` is there only where sources are received from."""

    def __init__(
        self,
        inspector: Inspector,
        *,
        keys: BinKeys,
        readers: Mapping[str, Reader],
        promotion: BinPromotion | None,
        clock: Clock,
        is_open: bool,
    ) -> None:
        self._inspector = inspector
        self._keys = keys
        self._readers = readers
        self._promotion = promotion
        self._is_open = is_open
        self._open_throttle = Throttle(clock, per_connector=OPEN_BINS_A_MINUTE)

    def routes(self) -> Sequence[Route]:
        of_bins = partial(Route, tag=TAG)
        return [
            of_bins(
                method="POST",
                path="/v1/bins",
                name="makeBin",
                summary="Make a bin, or prolong your own one of that name with a new view token",
                handler=self._make,
                needs=None if self._is_open else SCOPE,
                body=BinOrder,
                answers=BinMade,
                errors=(Conflict, Throttled, *((Unauthenticated, Forbidden) if self._is_open else ())),
            ),
            of_bins(
                method="GET",
                path="/v1/bins",
                name="listBins",
                summary="List the bins of your connector",
                handler=self._list,
                needs=SCOPE,
                answers=BinsShown,
                parameters=LIST_PARAMETERS,
            ),
            *self._routes_of_one(),
            *self._routes_of_all_requests(),
            *self._routes_of_one_request(),
        ]

    def _routes_of_one(self) -> Sequence[Route]:
        of_bin = partial(Route, path="/v1/bins/{name}", needs=None, errors=_WHOSE, tag=TAG)
        return [
            of_bin(
                method="GET", name="getBin", summary="What a bin keeps and answers", handler=self._get, answers=BinShown
            ),
            of_bin(
                method="PUT",
                name="setReplies",
                summary="Decide what a bin answers; validation handshakes are answered all the same",
                handler=self._set_replies,
                body=Replies,
                answers=BinShown,
            ),
            of_bin(
                method="DELETE",
                name="endBin",
                summary="End a bin, and forget what it caught",
                handler=self._end,
                answers=Done,
            ),
            *([self._promoting(self._promotion)] if self._promotion is not None else []),
        ]

    def _promoting(self, promotion: BinPromotion) -> Route:
        return Route(
            method="POST",
            path="/v1/bins/{name}/promote",
            name="promoteBin",
            summary="Make a source of a bin, and have it receive what the bin has caught, with all its checks",
            handler=partial(self._promote, promotion=promotion),
            needs=ADMIN,
            body=Promotion,
            answers=Promoted,
            errors=(Conflict,),
            tag=TAG,
        )

    def _routes_of_all_requests(self) -> Sequence[Route]:
        of_bin = partial(Route, path=_REQUESTS, needs=None, errors=_WHOSE, tag=TAG)
        return [
            of_bin(
                method="GET",
                name="listBinRequests",
                summary="What a bin caught, for its view token or the connector that made it",
                handler=self._caught,
                answers=ShownRequests,
                parameters=_LIST,
            ),
            of_bin(
                method="DELETE",
                name="emptyBin",
                summary="Forget what a bin caught",
                handler=self._empty,
                answers=Done,
            ),
        ]

    def _routes_of_one_request(self) -> Sequence[Route]:
        of_bin = partial(Route, needs=None, errors=_WHOSE, tag=TAG)
        return [
            of_bin(
                method="GET",
                path=f"{_REQUESTS}/{{number}}",
                name="getBinRequest",
                summary="One request that a bin caught",
                handler=self._one,
                answers=Shown,
            ),
            of_bin(
                method="GET",
                path="/v1/bins/{name}/difference",
                name="compareBinRequests",
                summary="What differs between two requests",
                handler=self._compare,
                answers=RequestsDifference,
                parameters=_PAIR,
            ),
            of_bin(
                method="POST",
                path=f"{_REQUESTS}/{{number}}/verdict",
                name="judgeBinRequest",
                summary="Whether a request's signature is right, and why not",
                handler=self._judge,
                body=Claim,
                answers=VerdictShown,
            ),
            of_bin(
                method="POST",
                path=f"{_REQUESTS}/{{number}}/preview",
                name="previewBinRequest",
                summary="The rows that a dialect would lay of a request",
                handler=self._preview,
                body=PreviewOrder,
                answers=PreviewShown,
            ),
        ]

    async def _make(self, call: Call) -> BinMade:
        order: BinOrder = call.body
        caller = call.caller or await self._keys.known(call.headers)
        if caller is None:
            address = _neighbourhood(call.address)
            try:
                self._open_throttle.admit(address)
            except Throttled as error:
                said = f"too many bins were made from your address; wait for {error.retry_after} seconds, or log in"
                raise Throttled(said, retry_after=error.retry_after) from error
            made = await self._inspector.make(order.name, address=address)
        else:
            made = await self._inspector.make(order.name, connector=caller.connector)
        return BinMade(
            name=made.name, url=self._keys.url_of(made.name), view_token=made.view_token, expires_at=made.expires_at
        )

    async def _list(self, call: Call) -> BinsShown:
        limit = limit_of(call)
        found = await self._inspector.of(caller_of(call).connector, after=call.query.get("cursor", ""), most=limit + 1)
        told = BinsShown(bins=[self._shown(one) for one in found[:limit]])
        if len(found) > limit:
            told.cursor = found[limit - 1].name
        return told

    async def _get(self, call: Call) -> BinShown:
        return self._shown(await self._bin(call))

    async def _set_replies(self, call: Call) -> BinShown:
        await self._inspector.answer_with(await self._bin(call), call.body)
        return self._shown(await self._bin(call))

    async def _end(self, call: Call) -> Done:
        await self._inspector.end(await self._bin(call))
        return Done()

    async def _empty(self, call: Call) -> Done:
        await self._inspector.empty(await self._bin(call))
        return Done()

    async def _caught(self, call: Call) -> ShownRequests:
        found = await self._inspector.caught(
            (await self._bin(call)).name,
            after=int(call.query.get("after", "0")),
            most=int(call.query.get("limit", MOST_SHOWN)),
            wait_s=int(call.query.get("wait", "0")),
            wish=wish_in(call.query),
        )
        return ShownRequests(requests=[shown(one) for one in found.captures], next=found.last)

    async def _one(self, call: Call) -> Shown:
        _, capture = await self._capture(call)
        return shown(capture)

    async def _compare(self, call: Call) -> RequestsDifference:
        found = await self._bin(call)
        before, after = [await self._inspector.one(found.name, int(call.query[name])) for name in ("before", "after")]
        return await asyncio.to_thread(requests_difference, before, after)

    async def _judge(self, call: Call) -> VerdictShown:
        _, capture = await self._capture(call)
        claim: Claim = call.body
        return verdict_shown(
            await judged(capture, scheme=claim.scheme, secret=Secret(claim.secret), readers=self._readers)
        )

    async def _preview(self, call: Call) -> PreviewShown:
        found, capture = await self._capture(call)
        order: PreviewOrder = call.body
        return preview_shown(
            await previewed(capture, dialect=order.dialect, source=order.source or found.name, readers=self._readers)
        )

    async def _promote(self, call: Call, *, promotion: BinPromotion) -> Promoted:
        # Who may hear everything may see every bin.
        found = await self._inspector.get(call.path["name"])
        return await promotion.promote(found, call.body, actor=caller_of(call).connector)

    async def _bin(self, call: Call) -> Bin:
        return await self._keys.opened(call.path["name"], call.headers)

    async def _capture(self, call: Call) -> tuple[Bin, Capture]:
        found = await self._bin(call)
        return found, await self._inspector.one(found.name, number_in(call.path["number"]))

    def _shown(self, bin_: Bin) -> BinShown:
        return bin_shown(bin_, url=self._keys.url_of(bin_.name))


def wish_in(query: Mapping[str, str]) -> Wish:
    """What somebody searches for. Raises Invalid for what is no place in JSON."""
    told = {name: query.get(name, "")[:_LONGEST_WISH] for name in WISHES}
    place = told.pop("json")
    return Wish(**told, json=parse_place(place, place="json") if place else None)


async def judged(capture: Capture, *, scheme: Scheme, secret: Secret, readers: Mapping[str, Reader]) -> Verdict:
    """What the scheme's reader says of a request as it came, and why."""
    receipt = receipt_of(capture, source="")
    try:
        readers[scheme].check(receipt, secret=secret, now=receipt.at)
        refusal = ""
    except Unauthenticated as error:
        refusal = error.message
    return await asyncio.to_thread(judge, receipt, scheme=scheme, secret=secret, refusal=refusal)


async def previewed(capture: Capture, *, dialect: str, source: str, readers: Mapping[str, Reader]) -> Preview:
    """The rows that a dialect would lay. Raises Invalid."""
    if dialect not in readers:
        raise Invalid(f"dialect: expected one of {', '.join(sorted(readers))}")
    return await asyncio.to_thread(preview, capture, reader=readers[dialect], source=source)


def _neighbourhood(address: str) -> str:
    """An address, or the /64 that it is in: so much of IPv6 everybody has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address  # noqa: PLR2004
