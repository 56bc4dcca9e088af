"""Receiving: callbacks of sources are checked, kept, and answered for; understanding them comes after."""

import asyncio
import contextlib
import ipaddress
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from tidings.core.alongside import alongside
from tidings.core.clock import SECOND, Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Forbidden, Invalid, TidingsError, Unauthenticated, Unavailable
from tidings.core.receipt import Receipt
from tidings.store.receipts import Receipts, Source, Sources, no_such_source

log = logging.getLogger(__name__)

# Receipts that share a commit, as the publisher has it.
_LARGEST_BATCH = 500
# What may wait for its commit: half a second at full speed, and no more memory than that whatever the bodies' size.
_MOST_WAITING = 5_000
_MOST_WAITING_BYTES = 32 << 20
# A source that was made or ended by another process is known after that.
_KNOWN_FOR_MS = SECOND
MOST_REFUSED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A request that was not let in: when, for which source, from where, and why; nothing of what it held."""

    at: int
    source: str
    peer: str
    size: int
    why: str


class Receiving:
    """Keeps what sources send. What it answers for is on disk; `on_kept` is called after each commit."""

    def __init__(self, receipts: Receipts, sources: Sources, *, readers: Mapping[str, Reader], clock: Clock) -> None:
        self.on_kept: Callable[[], None] = lambda: None
        self.received = 0
        self.forged: Counter[str] = Counter()
        self.refused: deque[Refused] = deque(maxlen=MOST_REFUSED)
        self._receipts = receipts
        self._sources = sources
        self._readers = readers
        self._clock = clock
        self._known: dict[str, tuple[int, Source]] = {}
        self._waiting: deque[tuple[Receipt, asyncio.Future[None]]] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._is_closing = False

    async def source(self, name: str) -> Source:
        """A source that takes something. Raises NotFound."""
        known = self._known_source(name)
        if known is not None:
            return known
        source = await self._sources.get(name)
        if source is None:
            self._known.pop(name, None)
            raise no_such_source()
        self._known[name] = (self._clock.now(), source)
        return source

    async def receive(self, receipt: Receipt) -> None:
        """Keep a receipt: it is on disk when this returns.

        Raises NotFound, Forbidden and Unauthenticated for who may not send it, Unavailable if it cannot be kept now.
        """
        source = await self.source(receipt.source)
        try:
            self._check(source, receipt)
        except (Unauthenticated, Forbidden) as error:
            self._refuse(receipt, error)
            raise
        await self._submit(receipt)

    def begin(self, receipt: Receipt) -> "asyncio.Future[None] | None":
        """As `receive`, if all that decides about it is in memory and lets it in; None sends it the long way."""
        source = self._known_source(receipt.source)
        if source is None:
            return None
        try:
            self._check(source, receipt)
        except TidingsError:
            return None
        return self._submit(receipt)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commit batches while in the context; on leaving, whatever was taken is finished first."""
        async with alongside(self._keep_batches(), finish=self._close):
            yield

    def _known_source(self, name: str) -> Source | None:
        known = self._known.get(name)
        return known[1] if known is not None and self._clock.now() - known[0] < _KNOWN_FOR_MS else None

    def _check(self, source: Source, receipt: Receipt) -> None:
        _must_be_of(source, receipt.peer)
        self._readers[source.dialect].check(receipt, secret=source.secret, now=receipt.at)

    def _refuse(self, receipt: Receipt, error: TidingsError) -> None:
        self.forged[receipt.source] += 1
        self.refused.append(
            Refused(at=receipt.at, source=receipt.source, peer=receipt.peer, size=len(receipt.body), why=error.message)
        )
        log.warning("receipt.refused source=%s peer=%s why=%r", receipt.source, receipt.peer, error.message)

    def _submit(self, receipt: Receipt) -> "asyncio.Future[None]":
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        is_full = len(self._waiting) >= _MOST_WAITING or self._waiting_bytes > _MOST_WAITING_BYTES
        if is_full or self._is_closing:
            future.set_exception(Unavailable("too much waits to be written to disk; send it again"))
            return future
        self._waiting.append((receipt, future))
        self._waiting_bytes += len(receipt.body)
        self._wake.set()
        return future

    def _close(self) -> None:
        self._is_closing = True
        self._wake.set()

    async def _keep_batches(self) -> None:
        while True:
            await self._wake.wait()
            if not self._waiting:
                if self._is_closing:
                    return
                self._wake.clear()
                continue
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), _LARGEST_BATCH))]
            self._waiting_bytes -= sum(len(receipt.body) for receipt, _ in batch)
            error = await self._kept([receipt for receipt, _ in batch])
            for _, future in batch:
                if not future.done():
                    future.set_exception(error) if error else future.set_result(None)

    async def _kept(self, batch: list[Receipt]) -> Unavailable | None:
        try:
            await self._receipts.keep(batch)
        except Unavailable as error:
            return error
        self.received += len(batch)
        self.on_kept()
        return None


def checked_addresses(text: str) -> str:
    """Blocks of addresses, separated by commas. Raises Invalid."""
    try:
        blocks = [str(ipaddress.ip_network(part.strip())) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise Invalid(f"addresses: write blocks like 192.0.2.0/24,2001:db8::/32: {error}") from error
    return ",".join(blocks)


def _must_be_of(source: Source, peer: str) -> None:
    if source.addresses:
        address = ipaddress.ip_address(peer)
        if not any(address in ipaddress.ip_network(block) for block in source.addresses.split(",")):
            raise Forbidden(f"this source takes nothing from {peer}; its owner can allow that address")
