"""Hub: the parts of the outbox, put together and kept running."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from tidings.core.alongside import alongside
from tidings.core.clock import SECOND, Clock
from tidings.core.delivery import Attempt
from tidings.core.dialect import Dialect
from tidings.core.errors import TidingsError, Unavailable
from tidings.core.event import Event
from tidings.core.schedule import RetrySchedule
from tidings.core.subscription import Subscription
from tidings.egress.client import Client
from tidings.outbox.courier import Courier
from tidings.outbox.directory import Directory
from tidings.outbox.notices import Notices
from tidings.outbox.publisher import Publisher
from tidings.outbox.roster import Roster
from tidings.outbox.tenure import BEAT_EVERY_S, Tenure
from tidings.outbox.upkeep import Upkeep
from tidings.store.database import Database
from tidings.store.lanes import Lanes
from tidings.store.subscriptions import Subscriptions

log = logging.getLogger(__name__)

UPKEEP_EVERY_S = 60.0
# Milliseconds. A clock that is set back by less is waited for.
SET_BY_MS = 1_000


class Nobody:
    """Takes nothing: the hand-over of a process that does not deliver."""

    owner = 0

    def accepts(self, subscription: Subscription, data: bytes) -> bool:
        """Refuse."""
        del subscription, data
        return False

    def take(self, subscription: int, event: Event, *, owner: int) -> None:
        """Is never called, since nothing is accepted."""

    def begin(self) -> None:
        """Have nothing to send."""

    def give_back(self, data: bytes) -> None:
        """Is never called, since nothing is accepted."""

    def notice(self, subscription: int, due: int) -> None:
        """Leave it to the processes that deliver."""

    def doubt(self) -> None:
        """Own nothing, doubt nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """What an installation decides about deliveries."""

    schedule: RetrySchedule
    retention_ms: int
    is_delivering: bool = True


class Hub:
    """The outbox of one process: publishes always, delivers if it is told to."""

    def __init__(
        self,
        database: Database,
        *,
        subscriptions: Subscriptions,
        client: Client,
        clock: Clock,
        dialects: Mapping[str, Dialect],
        settings: HubSettings,
    ) -> None:
        self.directory = Directory(subscriptions)
        self.tenure = Tenure(database, clock)
        self.courier: Courier | None = None
        self._notices = Notices(self.directory, clock)
        if settings.is_delivering:
            self.courier = Courier(
                database=database,
                roster=Roster(self.directory, dialects),
                tenure=self.tenure,
                client=client,
                clock=clock,
                schedule=settings.schedule,
                on_circuit=self._notices.circuit_changed,
                on_failed=self._notices.delivery_failed,
            )
        self.publisher = Publisher(
            database, self.directory, hand_over=self.courier or Nobody(), on_owed_elsewhere=self._ring_owed
        )
        self._upkeep = Upkeep(
            database=database,
            publisher=self.publisher,
            directory=self.directory,
            retention_ms=settings.retention_ms,
        )
        self._database = database
        self._clock = clock
        self._sweep_from, self._is_swept = 0, True
        self._ahead_ms = self._ahead()
        self._rings: set[str] = set()
        self._ringing = asyncio.Event()

    def watch(self, *, kept: Callable[[Event], None], attempted: Callable[[Attempt], None]) -> None:
        """Have each event and each attempt told once it is on disk."""
        self.publisher.on_kept = kept
        if self.courier is not None:
            self.courier.recorder.on_attempted = attempted

    def owed(self, subscription: int) -> None:
        """Something was put into the table for that subscription: see to it, here and elsewhere."""
        if self.courier is not None:
            self.courier.notice(subscription, self._clock.now())
        self._ring_owed()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Publish and deliver while in the context; leaving it, finish what was begun and give back the rest."""
        await self.directory.refresh()
        async with contextlib.AsyncExitStack() as stack:
            if self.courier is not None:
                # Circuits come before the first lane is made; and lanes are made for what is owed, by the sweep.
                self.courier.roster.remember(await Lanes(self._database).open_circuits())
                self.directory.listen(self.courier.change)
                await self.tenure.begin()
                stack.push_async_callback(self._leave)
            await stack.enter_async_context(self.publisher.running())
            await stack.enter_async_context(self._notices.running(self.publisher))
            if self.courier is not None:
                # The last to begin is the first to end: what its last attempts come to is still told.
                await stack.enter_async_context(self.courier.running())
                await self._sweep(self.courier, is_whole=True)
            await stack.enter_async_context(self._background())
            yield

    def _background(self) -> contextlib.AbstractAsyncContextManager[None]:
        works = [self._listen_forever(), self._ring_forever(), self._look_after_forever()]
        if self.courier is not None:
            works.append(self._beat_forever(self.courier))
        return alongside(*works)

    async def _leave(self) -> None:
        with contextlib.suppress(Unavailable):  # then the beat runs out, to the same effect
            await self.tenure.end()

    async def _beat_forever(self, courier: Courier) -> None:
        number = self.tenure.number
        while True:
            await self._clock.sleep(BEAT_EVERY_S)
            await self.tenure.beat()
            if self.tenure.number != number:
                number = self.tenure.number
                courier.forget_leases()
            if self.tenure.is_fresh:
                courier.resume()
            await self._notice_clock(courier)
            courier.roster.forget_idle()
            if self.tenure.dead_were_found or not self._is_swept:
                self.tenure.dead_were_found = False
                await self._sweep(courier, is_whole=True)

    def _ahead(self) -> int:
        """How far the clock is ahead of one that nobody can set."""
        return self._clock.now() - round(self._clock.monotonic() * SECOND)

    async def _notice_clock(self, courier: Courier) -> None:
        """A clock that is set on makes what is due come early; set back, it would make it come late, for hours even."""
        ahead = self._ahead()
        by = self._ahead_ms - ahead
        if by >= SET_BY_MS:
            try:
                await courier.recorder.turn_back(by, now=self._clock.now())
            except Unavailable as error:
                log.warning("hub.turn_back_failed error=%r", error.message)
                return
            courier.roster.turn_back(by)
            self._is_swept = False
        if abs(by) >= SET_BY_MS:
            log.warning("hub.clock_was_set by_ms=%s", -by)
        self._ahead_ms = ahead

    async def _sweep(self, courier: Courier, *, is_whole: bool) -> None:
        after = 0 if is_whole else self._sweep_from
        try:
            after = await courier.sweep(after=after)
            while is_whole and after:
                after = await courier.sweep(after=after)
            self._is_swept |= is_whole
        except Unavailable as error:
            # Nobody may ring for these debts again, so the next beat looks once more.
            self._is_swept = False
            log.warning("hub.sweep_failed error=%r", error.message)
        self._sweep_from = after

    async def _listen_forever(self) -> None:
        while True:
            topic = await self._database.heard()
            try:
                await self.directory.refresh()
            except TidingsError as error:
                log.warning("hub.refresh_failed error=%r", error.message)
                continue
            if self.courier is not None:
                # A ring tells of something now; a poll stands in for a lost one and looks a step further each time.
                await self._sweep(self.courier, is_whole=topic == "owed")

    def _ring_owed(self) -> None:
        self._rings.add("owed")
        self._ringing.set()

    async def _ring_forever(self) -> None:
        while True:
            await self._ringing.wait()
            self._ringing.clear()
            rings, self._rings = self._rings, set()
            for topic in rings:
                with contextlib.suppress(Unavailable):  # a lost ring costs one poll
                    await self._database.ring(topic)

    async def _look_after_forever(self) -> None:
        while True:
            try:
                await self._upkeep.round(now=self._clock.now())
            except TidingsError as error:
                log.warning("hub.upkeep_failed error=%r", error.message)
            await self._clock.sleep(UPKEEP_EVERY_S)
