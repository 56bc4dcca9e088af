"""Passing on: rows that were laid are sent to sinks, as deliveries like others.

A receipt that becomes understood is owed to the sinks of its source in the same transaction. It is read once more
here, and the event that tells its rows is kept in the transaction that takes the debt away: no crash loses a row.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tidings.access.naming import checked_identifier
from tidings.core.clock import DAY, MINUTE, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Conflict, Invalid, NotFound, TidingsError
from tidings.core.event import Event, Subject
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret
from tidings.core.subscription import Subscription
from tidings.dashboards.carrying import Carrying, ListAddress, sealed_text
from tidings.dashboards.parcel import Item, Parcel, items_of, parcels_of
from tidings.outbox.publisher import Draft
from tidings.outbox.subscribing import Subscribing
from tidings.outbox.terms import LONGEST_TIMEOUT_MS, Terms
from tidings.store.audit import audited
from tidings.store.receipts import Receipts, Sources, no_such_source
from tidings.store.sinks import Sink, Sinks, name_taken, no_such_sink, passing
from tidings.store.subscriptions import ending

if TYPE_CHECKING:
    from tidings.tables.tables import Tables

log = logging.getLogger(__name__)

EVENT_TYPE = "rows.laid"
SINK = "Sink"
# Receipts that one step reads for a sink. A guess: at most a megabyte each.
_BATCH = 100
# What a process took that died is taken up by another after that.
_PATIENCE_MS = MINUTE
# Other processes lay rows, too; ours wakes us at once.
_LOOK_AGAIN_AFTER_S = 1.0
_TRY_AGAIN_AFTER_S = 2.0
# A sink is ended by its owner, not by the calendar.
_VALID_FOR_MS = 100 * 365 * DAY
# Deliveries a second into a list, of a hundred rows at most: more than SharePoint lets an application write.
_LIST_RATE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """Sends rows on; makes and ends the sinks that get them."""

    sinks: Sinks
    sources: Sources
    receipts: Receipts
    readers: Mapping[str, Reader]
    open_tables: "Callable[[], Tables]"
    subscribing: Subscribing
    carrying: Carrying
    clock: Clock
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(
        self,
        name: str,
        *,
        to: str | ListAddress,
        actor: str,
        table: str = "",
        source: str = "",
        token: str | None = None,
    ) -> tuple[Sink, SigningSecret]:
        """Send the rows of a table, or all that come from a source, to that URL or list from now on.

        Raises Invalid, Conflict, NotFound, and what `Subscribing.create` raises.
        """
        checked_identifier(name, field="name")
        if not (table or source):
            raise Invalid("name a table, or a source whose tables are meant")
        if source and await self.sources.get(source) is None:
            raise no_such_source()
        if table:
            await asyncio.to_thread(self._must_hold_rows, table)
        if await self.sinks.get(name, also_ended=True):
            raise name_taken(name)
        if isinstance(to, ListAddress):
            await self._must_fit(to, table=table, token=token)
        now = self.clock.now()
        webhook, secret = await self.subscribing.create(
            _subject(name), _terms(to, token=token, now=now), connector="", owner=""
        )
        sink = Sink(name=name, table=table, source=source, webhook=webhook.number)
        entry = audited(actor=actor, action="sink.created", about=name, at=now)
        await self.sinks.add(sink, settings=_settings(to), at=now, also=(entry,))
        return sink, secret

    async def end(self, name: str, *, actor: str) -> None:
        """Send nothing more there, whatever still waits. Raises NotFound."""
        sink, now = await self._existing(name), self.clock.now()
        also = [audited(actor=actor, action="sink.ended", about=name, at=now)]
        if await self.webhook(sink):
            also.append(ending(sink.webhook, at=now))
        await self.sinks.end(name, at=now, also=also)
        await self.subscribing.history.cancel(sink.webhook, at=now)

    async def resume(self, name: str, *, actor: str) -> None:
        """Send again to a sink whose webhook was disabled, what was held and what failed first. Raises NotFound."""
        webhook = await self.webhook(await self._existing(name))
        if webhook is None:
            raise NotFound("the webhook of this sink has ended; end the sink, and make a new one")
        await self.subscribing.change(webhook, Terms(), active=True, actor=actor)

    async def webhook(self, sink: Sink) -> Subscription | None:
        """By which a sink's rows are delivered; None if somebody ended it."""
        await self.subscribing.directory.refresh()
        return self.subscribing.directory.index.get(sink.webhook)

    def wake(self) -> None:
        """There are rows to send."""
        self._news.set()

    async def run(self) -> None:
        """Send what is laid, until cancelled. What a failing database leaves undone is taken up again."""
        while True:
            try:
                if not await self.step():
                    await self.clock.wait(self._news, _LOOK_AGAIN_AFTER_S)
                    self._news.clear()
            except TidingsError as error:
                log.warning("sinks.unavailable error=%r", error.message)
                await self.clock.sleep(_TRY_AGAIN_AFTER_S)
            except Exception:  # a worker's loop: a mistake of ours with one sink must not end the others
                log.exception("sinks.failed")
                await self.clock.sleep(_TRY_AGAIN_AFTER_S)

    async def step(self) -> int:
        """Send what is due next; how many receipts' rows that were. Raises Unavailable."""
        waiting = await self.sinks.waiting(before=self.clock.now() - _PATIENCE_MS)
        return sum([await self._pass_to(sink) for sink in waiting])

    async def _pass_to(self, sink: Sink) -> int:
        claimed = await self.sinks.claim(sink.name, most=_BATCH, now=self.clock.now(), patience_ms=_PATIENCE_MS)
        receipts = await self.receipts.these(claimed)
        readers = {name: await self._reader(name) for name in {receipt.source for receipt in receipts}}
        parcels = await asyncio.to_thread(self._parcels, sink, receipts, readers=readers)
        told = {receipt for parcel in parcels for receipt in parcel.receipts}
        if silent := [receipt for receipt in claimed if receipt not in told]:
            await self.sinks.passed(sink.name, silent)
        outcomes = await self.subscribing.publisher.publish([self._draft(sink, parcel) for parcel in parcels])
        for error in outcomes:
            if isinstance(error, TidingsError) and not isinstance(error, Conflict):
                raise error
        return len(claimed)

    def _draft(self, sink: Sink, parcel: Parcel) -> Draft:
        event = Event(type=EVENT_TYPE, subjects=(_subject(sink.name),), data=parcel.data, at=self.clock.now())
        also = (passing(sink.name, parcel.receipts),) if parcel.receipts else ()
        return Draft(event=event, also=also, only=sink.webhook)

    def _parcels(
        self, sink: Sink, receipts: Sequence[Receipt], *, readers: Mapping[str, Reader | None]
    ) -> list[Parcel]:
        from tidings.tables.query import telling  # noqa: PLC0415 - whoever has no sinks pays no memory for its library

        with telling():
            tables = self.open_tables()
            told: dict[int, Sequence[Item]] = {}
            for receipt in receipts:
                try:
                    reader = readers[receipt.source]
                    changes = reader.read(receipt).changes if reader else ()
                    told[receipt.id] = list(items_of(changes, tables=tables, wish=sink.table))
                except Invalid as error:
                    # It was understood once: since then its reader has changed.
                    log.warning("rows.not_sent sink=%s receipt=%d why=%r", sink.name, receipt.id, error.message)
        return list(parcels_of(told, sink=sink.name))

    async def _reader(self, source: str) -> Reader | None:
        found = await self.sources.get(source, also_ended=True)
        return self.readers.get(found.dialect) if found else None

    async def _existing(self, name: str) -> Sink:
        sink = await self.sinks.get(name)
        if sink is None:
            raise no_such_sink()
        return sink

    async def _must_fit(self, to: ListAddress, *, table: str, token: str | None) -> None:
        if not table:
            raise Invalid("name the table: a list holds the rows of one")
        if token:
            raise Invalid("token: a list takes none; leave it out")
        await self.carrying.check(to)

    def _must_hold_rows(self, table: str) -> None:
        known = self.open_tables().known().get(table)
        if known is None:
            raise Invalid("there is no such table; `tidings tables list` shows those that there are")
        if known.is_view:
            raise Invalid("this one only shows rows of others; name a table that rows are laid into")


def _terms(to: str | ListAddress, *, token: str | None, now: int) -> Terms:
    terms = Terms(types=(EVENT_TYPE,), format="standard", expires_at=now + _VALID_FOR_MS)
    if isinstance(to, ListAddress):
        return replace(terms, url=to.url, timeout_ms=LONGEST_TIMEOUT_MS, rate=_LIST_RATE)
    return replace(terms, url=to, token=token)


def _settings(to: str | ListAddress) -> Secret:
    return sealed_text(to) if isinstance(to, ListAddress) else Secret("")


def _subject(name: str) -> Subject:
    return Subject(SINK, name)
