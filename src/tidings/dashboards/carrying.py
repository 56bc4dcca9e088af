"""Carrying: what is owed to a sink gets there, as a callback, or as items of the SharePoint list that it names."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Invalid, NotFound, TidingsError, Undeliverable
from tidings.core.row import Shape
from tidings.core.secret import Secret
from tidings.core.subscription import Subscription
from tidings.dashboards.graph import Graph, Login, Reply, Send
from tidings.dashboards.parcel import Told, told_by
from tidings.dashboards.sharepoint import SharePointList
from tidings.egress.answer import Answer, Outcome, Timings
from tidings.egress.request import Request
from tidings.store.sinks import Sinks

if TYPE_CHECKING:
    from tidings.tables.tables import Tables

AUTHORITY, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com"
_LOOK_MS = 30 * SECOND
# What the history of an attempt keeps of an answer, as of every callback's.
_ANSWER_KEPT = 4_096


class ListAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Which list of SharePoint, and as what it is entered; `authority` and `graph` differ in national clouds."""

    tenant: str
    client: str
    secret: Secret
    site: str
    list: str
    authority: str = AUTHORITY
    graph: str = GRAPH

    @property
    def path(self) -> str:
        # A site may be told by its ids, with commas, or by its address, with colons and slashes.
        return f"/sites/{quote(self.site, safe=',:/')}/lists/{quote(self.list, safe='')}"

    @property
    def url(self) -> str:
        return f"{self.graph.rstrip('/')}/v1.0{self.path}"


class Carrying:
    """Carries what is owed to sinks. The lists that were written to are remembered, and the tokens for them."""

    def __init__(self, sinks: Sinks, *, send: Send, open_tables: "Callable[[], Tables]", clock: Clock) -> None:
        self._sinks = sinks
        self._send = send
        self._open_tables = open_tables
        self._clock = clock
        self._lists: dict[int, SharePointList | None] = {}

    async def check(self, address: ListAddress) -> None:
        """Whether the list can be entered. Raises Invalid, and Undeliverable with what Graph said."""
        for field in ("tenant", "client", "site", "list"):
            if not getattr(address, field):
                raise Invalid(f"{field}: a list of SharePoint has one; the docs of sinks tell where to find it")
        for url in (address.authority, address.graph):
            if urlsplit(url).scheme not in {"https", "http"}:
                raise Invalid(f"{url!r} is no URL; write https://…")
        reply = await self._list(address).look(until=self._clock.monotonic() + _LOOK_MS / SECOND)
        if not reply.is_good:
            raise Undeliverable(f"the list cannot be read: {reply.error}; check tenant, client, secret, site and list")

    async def carry(self, subscription: Subscription, request: Request) -> Answer:
        """Bring a sink what it is owed: `request` is the callback."""
        try:
            place = await self._place(subscription)
        except TidingsError as error:
            return Answer(outcome=Outcome.BROKEN, error=error.message)
        if place is None:
            return await self._send(request)
        began = self._clock.monotonic()
        try:
            told = told_by(request.body)
            shapes = await asyncio.to_thread(self._shapes, told)
        except (TidingsError, msgspec.DecodeError) as error:
            return Answer(outcome=Outcome.BROKEN, error=f"the rows could not be read again: {error}")
        failed = await place.keep(told, shapes=shapes, until=began + request.timeout_ms / SECOND)
        return _answer(failed, took_ms=(self._clock.monotonic() - began) * SECOND)

    async def _place(self, subscription: Subscription) -> SharePointList | None:
        """The list of a sink; None if it is a webhook. What a sink is never changes."""
        number = subscription.number
        if number not in self._lists:
            settings = await self._sinks.settings(subscription.subject.id)
            if settings is None:
                raise NotFound("the sink has ended")
            self._lists[number] = self._list(address_in(settings)) if settings else None
        return self._lists[number]

    def _list(self, address: ListAddress) -> SharePointList:
        login = Login(
            tenant=address.tenant,
            client=address.client,
            secret=address.secret,
            authority=address.authority.rstrip("/"),
            graph=address.graph.rstrip("/"),
        )
        graph = Graph(login, send=self._send, clock=self._clock)
        return SharePointList(address.path, graph=graph, clock=self._clock)

    def _shapes(self, told: Told) -> Mapping[str, Shape]:
        """What the columns of the table hold. It blocks."""
        from tidings.tables.query import telling  # noqa: PLC0415 - whoever has no lists pays no memory for its library

        needed = {name for row in told.rows for name in (*row.key, *row.values)}
        with telling():
            tables = self._open_tables()
            shapes = _known_shapes(tables, told)
            if not needed <= shapes.keys():
                # Another process has widened it since.
                tables.refresh()
                shapes = _known_shapes(tables, told)
        return shapes


def _known_shapes(tables: "Tables", told: Told) -> Mapping[str, Shape]:
    known = tables.known()
    names = {row.table for row in told.rows} | {gone.table for gone in told.gone}
    return {name: shape for table in names & known.keys() for name, shape in known[table].shapes.items()}


def sealed_text(address: ListAddress) -> Secret:
    """The address as it is to be sealed."""
    return Secret(msgspec.json.encode(address, enc_hook=lambda secret: secret.reveal()).decode())


def address_in(settings: Secret) -> ListAddress:
    """What `sealed_text` made."""
    return msgspec.json.decode(settings.reveal(), type=ListAddress, dec_hook=lambda _, text: Secret(text))


def _answer(failed: Sequence[Reply], *, took_ms: float) -> Answer:
    timings = Timings(total_ms=took_ms)
    if not failed:
        return Answer(outcome=Outcome.OK, status=200, timings=timings)
    worst = next((reply for reply in failed if not reply.is_passing), failed[0])
    return Answer(
        outcome=Outcome.REFUSED if worst.status else Outcome.BROKEN,
        status=worst.status or None,
        body=worst.body[:_ANSWER_KEPT],
        error=f"{len(failed)} of what was told did not get into the list, the first for: {worst.error}",
        timings=timings,
        retry_after_ms=max(reply.retry_after_ms for reply in failed),
    )
