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

    def accepts(self, subscription: Subscription, size: int) -> bool:
        """Reserve room for one delivery of that many bytes; False sends it through the table."""
        ...

    def take(self, subscription: int, event: Event, *, owner: int) -> None:
        """A delivery that `accepts` reserved is on disk and leased."""
        ...

    def begin(self) -> None:
        """Send what was taken: once for all that shared a commit."""
        ...

    def give_back(self, size: int) -> None:
        """A reservation came to nothing."""
        ...

    def notice(self, subscription: int, due: int) -> None:
        """Something is in the table for that subscription."""
        ...

    def doubt(self) -> None:
        """Nobody knows whether a commit that leased something happened."""
        ...


_Waiting = tuple[Draft, "asyncio.Future[Kept | TidingsError]"]


class _Matched(msgspec.Struct, frozen=True):
    publication: Publication
    wanting: Sequence[Subscription]


class Publisher:
    """Keeps events. What it answers for is on disk, together with every debt that follows from it."""

    def __init__(
        self, database: Database, directory: Directory, *, hand_over: HandOver, on_owed_elsewhere: Callable[[], None]
    ) -> None:
        self.accepted = 0
        self.duplicates = 0
        self.on_kept: Callable[[Event], None] = lambda _: None
        self._on_owed_elsewhere = on_owed_elsewhere
        self._database = database
        self._directory = directory
        self._hand_over = hand_over
        self._waiting: deque[_Waiting] = deque()
        self._wake = asyncio.Event()
        self._is_closing = False

    async def publish(self, drafts: Sequence[Draft]) -> list[Kept | TidingsError]:
        """Keep events; each one's outcome in order, a refusal as the error that says why. Raises `Unavailable`."""
        futures = [self.submit(draft) for draft in drafts]
        if futures:
            await asyncio.wait(futures)
        errors = [future.exception() for future in futures]  # each one looked at, else asyncio calls it forgotten
        for error in filter(None, errors):
            raise error
        return [future.result() for future in futures]

    async def publish_one(self, draft: Draft) -> Kept:
        """Keep one event, or raise why not."""
        kept = await self.submit(draft)
        if isinstance(kept, TidingsError):
            raise kept
        return kept

    def submit(self, draft: Draft) -> asyncio.Future[Kept | TidingsError]:
        """Queue one event for the next commit. The future fails with `Unavailable` if that cannot be made."""
        future: asyncio.Future[Kept | TidingsError] = asyncio.get_running_loop().create_future()
        if self._is_closing or len(self._waiting) >= MOST_WAITING:
            future.set_exception(Unavailable("too many events wait to be written to disk; send the event again"))
            return future
        self._waiting.append((draft, future))
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
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), LARGEST_BATCH))]
            await self._keep(batch)

    async def _keep(self, batch: Sequence[_Waiting]) -> None:
        while True:
            owner = self._hand_over.owner
            matched = [self._match(draft, owner) for draft, _ in batch]
            version = self._directory.index.version
            try:
                results = await self._database.keep([one.publication for one in matched], version=version, owner=owner)
                break
            except Stale:
                self._give_back(matched)
                error = await self._refreshed()
            except Conflict:
                # We were taken for dead: nothing is leased to this number any more, so go on without handing over.
                self._give_back(matched)
                self._hand_over.doubt()
                error = None
            except Unavailable as reason:
                self._give_back(matched)
                error = reason
                if error.is_fate_unknown:
                    self._hand_over.doubt()
            if error is not None:
                _fail(batch, error)
                return
        self._pass_on(matched, results, owner=owner)
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _refreshed(self) -> Unavailable | None:
        try:
            await self._directory.refresh()
        except Unavailable as error:
            return error
        return None

    def _match(self, draft: Draft, owner: int) -> _Matched:
        wanting = self._wanting(draft)
        owed = [self._owed(subscription, draft.event, owner=owner) for subscription in wanting]
        publication = Publication(event=draft.event, owed=owed, keys=draft.keys, also=draft.also)
        return _Matched(publication, wanting)

    def _wanting(self, draft: Draft) -> list[Subscription]:
        if draft.only:
            subscription = self._directory.index.get(draft.only)
            return [subscription] if subscription else []
        return self._directory.index.matches(draft.event)

    def _owed(self, subscription: Subscription, event: Event, *, owner: int) -> Owed:
        order_key = order_of(event, subscription.order_key)
        is_handed_over = (
            owner != 0
            and order_key is None
            and not subscription.rate
            and subscription.is_sending
            and self._hand_over.accepts(subscription, len(event.data))
        )
        return Owed(subscription.number, order_key, is_handed_over)

    def _give_back(self, matched: Sequence[_Matched]) -> None:
        for one in matched:
            for owed in one.publication.owed:
                if owed.is_handed_over:
                    self._hand_over.give_back(len(one.publication.event.data))

    def _pass_on(self, matched: Sequence[_Matched], results: Sequence[Kept | TidingsError], *, owner: int) -> None:
        is_owed_elsewhere = False
        for one, kept in zip(matched, results, strict=True):
            if isinstance(kept, TidingsError) or kept.is_duplicate:
                self.duplicates += isinstance(kept, Kept)
                self._give_back([one])
                continue
            self.accepted += 1
            event = msgspec.structs.replace(one.publication.event, id=kept.id)
            self.on_kept(event)
            for owed, subscription in zip(one.publication.owed, one.wanting, strict=True):
                if owed.is_handed_over:
                    self._hand_over.take(owed.subscription, event, owner=owner)
                elif subscription.is_sending:
                    self._hand_over.notice(owed.subscription, event.at)
                    is_owed_elsewhere = True
        self._hand_over.begin()
        if is_owed_elsewhere:
            self._on_owed_elsewhere()


def _fail(batch: Sequence[_Waiting], error: TidingsError) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
