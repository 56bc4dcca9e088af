"""Pulling: what sources did not tell by themselves is fetched at intervals, and kept as receipts like all the rest."""

import asyncio
import dataclasses
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from tidings.access.naming import checked_identifier
from tidings.core.clock import DAY, MINUTE, SECOND, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Conflict, Invalid, NotFound, Throttled, TidingsError, Unavailable
from tidings.core.pull import Order, Puller, Step
from tidings.core.receipt import Receipt
from tidings.core.row import Cell, Shape
from tidings.core.secret import Secret
from tidings.egress.url import parse
from tidings.inbox.remote import Send, Session
from tidings.store.audit import audited
from tidings.store.pulls import Hold, Pull, Pulls, Tokens, no_such_pull
from tidings.store.receipts import Receipts, Source, Sources, no_such_source
from tidings.tables.condition import Compared, Literal, Named, Operator
from tidings.tables.selection import Selection

if TYPE_CHECKING:
    from tidings.tables.query import Query

log = logging.getLogger(__name__)

# A guess: what fetches faster should be pushed.
LEAST_INTERVAL_MS = 10 * SECOND
# Pulls that one process fetches at the same time; each is one request at a time.
_AT_ONCE = 4
_LOOK_AGAIN_AFTER_S = 2.0
_TRY_AGAIN_AFTER_S = 5.0
# Longer than the two requests that a step makes at most, one of them for a token.
_HOLD_MS = 2 * MINUTE
# Laying takes milliseconds; what is older than this waits for something.
_LAG_S = 30
_LAG_MS = _LAG_S * SECOND
_LAGS = "what was received before waits to be laid flat; a process with the role `receive` does that"
_FIRST_RETRY_MS, _LONGEST_WAIT_MS = MINUTE, DAY
_MOST_DOUBLINGS = 10
_LONGEST_REASON = 300
_ROWS_AT_ONCE = 1_000


class Pulling:
    """Fetches every pull when its time has come; of all processes one at a time is at a pull.

    `on_kept` is called when something was fetched. `pulled` counts receipts, `failed` what went wrong.
    """

    def __init__(
        self,
        pulls: Pulls,
        receipts: Receipts,
        *,
        sources: Sources,
        readers: Mapping[str, Reader],
        pullers: Mapping[str, Puller],
        send: Send,
        open_query: "Callable[[], Query]",
        clock: Clock,
    ) -> None:
        self.on_kept: Callable[[], None] = lambda: None
        self.pulled = 0
        self.failed = 0
        self.pulls = pulls
        self._receipts = receipts
        self._sources = sources
        self._readers = readers
        self._pullers = pullers
        self._send = send
        self._open_query = open_query
        self._clock = clock

    def can(self, dialect: str) -> bool:
        """Whether what speaks so can be asked, not only heard."""
        return dialect in self._pullers

    async def create(
        self,
        name: str,
        *,
        source: str,
        remote: str,
        application: str,
        secret: str,
        refresh_token: str,
        group: str,
        every_ms: int,
        actor: str,
    ) -> Pull:
        """Fetch a group of a remote from now on. Raises Invalid, Conflict, and NotFound if there is no such source."""
        self._puller(await self._source(source))
        if every_ms < LEAST_INTERVAL_MS:
            raise Invalid(f"every: an interval of {LEAST_INTERVAL_MS // SECOND}s or more; what is quicker is pushed")
        pull = Pull(
            name=checked_identifier(name, field="name"),
            source=source,
            remote=remote if remote.endswith("/") else f"{remote}/",
            application=application,
            secret=Secret(secret),
            tokens=Tokens(refresh=Secret(refresh_token)),
            group=checked_identifier(group, field="group"),
            every_ms=every_ms,
            next_at=self._clock.now(),
        )
        parse(pull.remote)
        entry = audited(actor=actor, action="pull.created", about=pull.name, at=pull.next_at)
        await self.pulls.add(pull, also=(entry,))
        return pull

    async def end(self, name: str, *, actor: str) -> None:
        """Fetch it no more, and forget its secrets; what was fetched stays. Raises NotFound."""
        at = self._clock.now()
        await self.pulls.end(name, at=at, also=(audited(actor=actor, action="pull.ended", about=name, at=at),))

    async def run(self) -> None:
        """Fetch what is due, so many at once, until cancelled."""
        under_way: set[str] = set()
        async with asyncio.TaskGroup() as group:
            while True:
                # One look for all: who polls by fours leaves nobody a connection when the store does not answer.
                for name in await self._due(_AT_ONCE - len(under_way)):
                    if name not in under_way:
                        under_way.add(name)
                        group.create_task(self._work(name)).add_done_callback(partial(_forget, under_way, name))
                await self._clock.sleep(_LOOK_AGAIN_AFTER_S)

    async def _due(self, most: int) -> Sequence[str]:
        try:
            return await self.pulls.due(now=self._clock.now(), most=most) if most else []
        except Unavailable as error:
            log.warning("pull.unavailable error=%r", error.message)
            return []

    async def _work(self, name: str) -> None:
        try:
            hold = _new_hold(name)
            pull = await self._claim(hold, is_due=True)
            if pull is not None:
                await self._fetch(pull, hold)
        except Unavailable as error:
            log.warning("pull.unavailable error=%r", error.message)
        except Exception:
            # A fault in a pull must not end the server.
            log.exception("pull.failed")

    async def step(self) -> bool:
        """Fetch one pull that is due; False if there is none. Raises Unavailable if our own store is."""
        for name in await self.pulls.due(now=self._clock.now(), most=_AT_ONCE):
            hold = _new_hold(name)
            pull = await self._claim(hold, is_due=True)
            if pull is not None:
                await self._fetch(pull, hold)
                return True
        return False

    async def run_now(self, name: str) -> Pull:
        """Fetch a pull, due or not, and tell how it stands. Raises NotFound, and Conflict if somebody is at it."""
        hold = _new_hold(name)
        pull = await self._claim(hold, is_due=False)
        if pull is None:
            if await self.pulls.get(name) is None:
                raise no_such_pull()
            raise Conflict("another process is fetching it just now; look again in a minute")
        await self._fetch(pull, hold)
        after = await self.pulls.get(name)
        if after is None:
            raise no_such_pull()
        return after

    async def _claim(self, hold: Hold, *, is_due: bool) -> Pull | None:
        now = self._clock.now()
        return await self.pulls.claim(hold, now=now, until=now + _HOLD_MS, is_due=is_due)

    async def _fetch(self, pull: Pull, hold: Hold) -> None:
        began, number = self._clock.now(), 0
        try:
            async for step in self._steps(pull, hold, at=began):
                fresh = await self._fresh(pull.source, step.receipts)
                if fresh:
                    await self._receipts.keep(fresh)
                    self.on_kept()
                number += len(fresh)
                await self.pulls.advance(hold, cursor=step.cursor, more=len(fresh), until=self._clock.now() + _HOLD_MS)
        except Conflict as error:
            log.warning("pull.lost pull=%s why=%r", pull.name, error.message)
            return
        except TidingsError as error:
            await self._failed(pull, hold, error=error)
            return
        finally:
            self.pulled += number
        now = self._clock.now()
        await self.pulls.succeeded(hold, at=now, next_at=now + pull.every_ms)
        log.info("pull.done pull=%s receipts=%d ms=%d", pull.name, number, now - began)

    async def _steps(self, pull: Pull, hold: Hold, *, at: int) -> AsyncIterator[Step]:
        puller = self._puller(await self._source(pull.source))
        if await self.pulls.lags(before=at - _LAG_MS):
            # What is new is told by what stands in the tables; the remote keeps it until then.
            raise Unavailable(_LAGS, retry_after=_LAG_S)
        order = Order(source=pull.source, group=pull.group, cursor=pull.cursor, at=at, known=self._known)
        session = Session(pull=pull, hold=hold, puller=puller, pulls=self.pulls, send=self._send, clock=self._clock)
        async for step in puller.pull(session, order):
            yield step

    async def _failed(self, pull: Pull, hold: Hold, *, error: TidingsError) -> None:
        self.failed += 1
        wait = min(pull.every_ms, _FIRST_RETRY_MS << min(pull.failures, _MOST_DOUBLINGS))
        if isinstance(error, Throttled | Unavailable):
            wait = min(max(wait, error.retry_after * SECOND), _LONGEST_WAIT_MS)
        log.warning("pull.failed pull=%s next_ms=%d error=%r", pull.name, wait, error.message)
        next_at = self._clock.now() + wait
        await self.pulls.failed(hold, error=error.message[:_LONGEST_REASON], next_at=next_at)

    async def _fresh(self, source: str, receipts: Sequence[Receipt]) -> Sequence[Receipt]:
        """Those that say what no receipt of the source has said: steps overlap, and some are repeated."""
        if not receipts:
            return []
        reader = self._readers[(await self._source(source)).dialect]
        onces = await asyncio.to_thread(_onces, receipts, reader)
        known = await self.pulls.said_before(source, set(onces))
        fresh = {once or str(place): receipt for place, (once, receipt) in enumerate(zip(onces, receipts, strict=True))}
        return [receipt for once, receipt in fresh.items() if once not in known]

    async def _known(self, table: str, /, *, column: str, value: str) -> Sequence[Mapping[str, Cell]]:
        return await asyncio.to_thread(self._rows, table, column=column, value=value)

    def _rows(self, table: str, *, column: str, value: str) -> Sequence[Mapping[str, Cell]]:
        query = self._open_query()
        try:
            columns = tuple(query.sheet(table).columns)
        except NotFound:
            return []
        has_value = Compared(Named(column, Shape.TEXT), Operator.EQ, Literal(value, Shape.TEXT))
        found: list[Mapping[str, Cell]] = []
        selection = Selection(table=table, columns=columns, condition=has_value, most=_ROWS_AT_ONCE)
        while True:
            part = query.part(selection)
            found += [dict(zip(columns, row, strict=True)) for row in part.rows]
            if part.after is None:
                return found
            selection = dataclasses.replace(selection, after=part.after)

    async def _source(self, name: str) -> Source:
        source = await self._sources.get(name)
        if source is None:
            raise no_such_source()
        return source

    def _puller(self, source: Source) -> Puller:
        puller = self._pullers.get(source.dialect)
        if puller is None:
            raise Invalid(f"source: {source.dialect} cannot be pulled, only {', '.join(sorted(self._pullers))} can")
        return puller


def _forget(under_way: set[str], name: str, _: object) -> None:
    under_way.discard(name)


def _new_hold(name: str) -> Hold:
    # Two workers of one process are two holders.
    return Hold(name=name, holder=uuid.uuid4().hex)


def _onces(receipts: Sequence[Receipt], reader: Reader) -> list[str]:
    """What each says once for all; empty for one that cannot be understood, which is for the operator to see."""
    found = []
    for receipt in receipts:
        try:
            found.append(reader.read(receipt).once)
        except Invalid:
            found.append("")
    return found
