"""Publisher: matches events and keeps them together with what is owed, many callers in one commit."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

import msgspec

from tidings.core.alongside import alongside
from tidings.core.errors import Conflict, TidingsError, Unavailable
from tidings.core.event import Event
from tidings.core.subscription import Subscription
from tidings.outbox.directory import Directory
from tidings.store.database import Database, Kept, Key, Owed, Publication, Stale, Statement
from tidings.store.order import order_of

# A batch shares one commit; above this the gain is flat (measured: 72,900/s in hundreds, 112,000/s in thousands).
# What is submitted together stays together, so that a batch may be up to twice as large.
LARGEST_BATCH = 500
# What may wait for its commit, in events: half a second at full speed, a guess at what is better refused than queued.
MOST_WAITING = 10_000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event to publish. `keys` make a repetition a duplicate; `also` is true exactly if the event is kept.

    `only` names one subscription that is to have it whatever it wants, and nobody else; 0 is for whoever wants it.
    """

    event: Event
    keys: Sequence[Key] = ()
    also: Sequence[Statement] = ()
    only: int = 0


class HandOver(Protocol):
    """Who sends fresh deliveries straight from memory: the courier of this process, or nobody."""

    @property
    def owner(self) -> int:
        """The number that leases what is handed over; 0 when nothing can be."""
        ...

    def accepts(self, subscription: Subscription, data: bytes) -> bool:
        """Reserve room for one delivery of that data; False sends it through the table."""
        ...

    def take(self, subscription: int, event: Event, *, owner: int) -> None:
        """A delivery that `accepts` reserved is on disk and leased."""
        ...

    def begin(self) -> None:
        """Send what was taken: once for all that shared a commit."""
        ...

    def give_back(self, data: bytes) -> None:
        """A reservation came to nothing; the data is the very one that it was made with."""
        ...

    def notice(self, subscription: int, due: int) -> None:
        """Something is in the table for that subscription."""
        ...

    def doubt(self) -> None:
        """Nobody knows whether a commit that leased something happened."""
        ...


Outcome = Kept | TidingsError
_Waiting = tuple[Sequence[Draft], "asyncio.Future[Sequence[Outcome]]"]


class Publisher:
    """Keeps events. What it answers for is on disk, together with every debt that follows from it."""

    def __init__(
        self, database: Database, directory: Directory, *, hand_over: HandOver, on_owed_elsewhere: Callable[[], None]
    ) -> None:
        self.accepted = 0
        self.duplicates = 0
        self.on_kept: Callable[[Event], None] | None = None
        self._on_owed_elsewhere = on_owed_elsewhere
        self._database = database
        self._directory = directory
        self._hand_over = hand_over
        self._waiting: deque[_Waiting] = deque()
        self._waiting_events = 0
        self._wake = asyncio.Event()
        self._is_closing = False

    async def publish(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Keep events; each one's outcome in order, a refusal as the error that says why. Raises `Unavailable`."""
        outcomes = await self.publish_each(drafts)
        for outcome in outcomes:
            if isinstance(outcome, Unavailable):
                raise outcome
        return outcomes

    async def publish_each(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """As `publish`, but `Unavailable` is an outcome like any other: with many, some may be kept and others not."""
        parts = [drafts[start : start + LARGEST_BATCH] for start in range(0, len(drafts), LARGEST_BATCH)]
        futures = [self.submit(part) for part in parts]
        if futures:
            await asyncio.wait(futures)
        outcomes: list[Outcome] = []
        for part, future in zip(parts, futures, strict=True):
            try:
                outcomes += future.result()
            except Unavailable as error:
                outcomes += [error] * len(part)
        return outcomes

    async def publish_one(self, draft: Draft) -> Kept:
        """Keep one event, or raise why not."""
        [kept] = await self.submit((draft,))
        if isinstance(kept, TidingsError):
            raise kept
        return kept

    def submit(self, drafts: Sequence[Draft]) -> asyncio.Future[Sequence[Outcome]]:
        """Queue events for the next commit, which they share; the outcome of each, in order.

        The future fails with `Unavailable` if that commit cannot be made.
        """
        future: asyncio.Future[Sequence[Outcome]] = asyncio.get_running_loop().create_future()
        if self._is_closing or self._waiting_events >= MOST_WAITING:
            future.set_exception(Unavailable("too many events wait to be written to disk; send the event again"))
            return future
        self._waiting.append((drafts, future))
        self._waiting_events += len(drafts)
        self._wake.set()
        return future

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commit batches while in the context; on leaving, whatever was submitted is finished first."""
        works = [self._keep_batches() for _ in range(self._database.parallel_batches)]
        async with alongside(*works, finish=self._close):
            yield

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
            await self._keep(self._batch())

    def _batch(self) -> Sequence[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and size < LARGEST_BATCH:
            together = self._waiting.popleft()
            batch.append(together)
            size += len(together[0])
        self._waiting_events -= size
        return batch

    async def _keep(self, batch: Sequence[_Waiting]) -> None:
        while True:
            owner = self._hand_over.owner
            publications = [self._match(draft, owner) for drafts, _ in batch for draft in drafts]
            version = self._directory.index.version
            try:
                results = await self._database.keep(publications, version=version, owner=owner)
                break
            except Stale:
                self._give_back(publications)
                error = await self._refreshed()
            except Conflict:
                # We were taken for dead: nothing is leased to this number any more, so go on without handing over.
                self._give_back(publications)
                self._hand_over.doubt()
                error = None
            except Unavailable as reason:
                self._give_back(publications)
                error = reason
                if error.is_fate_unknown:
                    self._hand_over.doubt()
            if error is not None:
                _fail(batch, error)
                return
        self._pass_on(publications, results, owner=owner)
        start = 0
        for drafts, future in batch:
            end = start + len(drafts)
            if not future.done():
                future.set_result(results[start:end])
            start = end

    async def _refreshed(self) -> Unavailable | None:
        try:
            await self._directory.refresh()
        except Unavailable as error:
            return error
        return None

    def _match(self, draft: Draft, owner: int) -> Publication:
        event, index = draft.event, self._directory.index
        if draft.only:
            subscription = index.get(draft.only)
            wanting = [subscription] if subscription else []
        else:
            wanting = index.matches(event)
        owed = [self._owed(subscription, event, owner=owner) for subscription in wanting] if wanting else ()
        return Publication(event=event, owed=owed, keys=draft.keys, also=draft.also)

    def _owed(self, subscription: Subscription, event: Event, *, owner: int) -> Owed:
        order_key = order_of(event, subscription.order_key)
        is_handed_over = (
            owner != 0
            and order_key is None
            and not subscription.rate
            and subscription.is_sending
            and self._hand_over.accepts(subscription, event.data)
        )
        return Owed(subscription.number, order_key, is_handed_over)

    def _give_back(self, publications: Sequence[Publication]) -> None:
        for one in publications:
            for owed in one.owed:
                if owed.is_handed_over:
                    self._hand_over.give_back(one.event.data)

    def _pass_on(self, publications: Sequence[Publication], results: Sequence[Outcome], *, owner: int) -> None:
        elsewhere: dict[int, int] = {}  # when each lane's first is due that is not handed over
        for one, kept in zip(publications, results, strict=True):
            if isinstance(kept, TidingsError) or kept.is_duplicate:
                self.duplicates += isinstance(kept, Kept)
                self._give_back([one])
                continue
            self.accepted += 1
            if not one.owed and self.on_kept is None:
                continue
            event = msgspec.structs.replace(one.event, id=kept.id)
            if self.on_kept is not None:
                self.on_kept(event)
            for owed in one.owed:
                if owed.is_handed_over:
                    self._hand_over.take(owed.subscription, event, owner=owner)
                else:
                    elsewhere[owed.subscription] = min(event.at, elsewhere.get(owed.subscription, event.at))
        sending = [number for number in elsewhere if self._is_sending(number)]
        for number in sending:
            self._hand_over.notice(number, elsewhere[number])
        self._hand_over.begin()
        if sending:
            self._on_owed_elsewhere()

    def _is_sending(self, number: int) -> bool:
        subscription = self._directory.index.get(number)
        return subscription is not None and subscription.is_sending


def _fail(batch: Sequence[_Waiting], error: TidingsError) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
