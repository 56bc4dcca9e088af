"""Recorder: writes down what attempts came to, many in one commit."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile

import msgspec

from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.delivery import Attempt, State
from tidings.core.errors import Unavailable
from tidings.core.identifier import outside
from tidings.store.database import Database, LaneChange, Settlement
from tidings.store.lanes import Lanes

log = logging.getLogger(__name__)

LARGEST_BATCH = 1_000
# Seconds. Successes are told together, failures one by one.
TELL_EVERY_S = 1.0
# While the store cannot write, what was sent stays in memory and is tried again at that pace.
TRY_AGAIN_S = 1.0
_DELIVERED = State.DELIVERED  # see `core.subscription` for why


class Recorder:
    """Keeps settlements in memory until they are on disk; nobody is told of one before it is."""

    def __init__(self, database: Database, clock: Clock, *, on_settled: Callable[[Settlement], None]) -> None:
        self._database = database
        self._clock = clock
        self._on_settled = on_settled
        self._waiting: list[tuple[Settlement, int]] = []
        self._circuits: dict[int, str] = {}
        self._is_awaited = False
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._writing = asyncio.Lock()
        self._delivered = 0
        self._told_at = -math.inf
        self.on_attempted: Callable[[Attempt], None] = lambda _: None

    @property
    def waiting(self) -> int:
        """How many settlements are not on disk yet."""
        return len(self._waiting)

    def add(self, settlement: Settlement, *, owner: int, is_awaited: bool = False) -> None:
        """Record this, made under that owner's lease; at once if what stands behind it in an order waits for that."""
        self._waiting.append((settlement, owner))
        self._is_awaited = self._is_awaited or is_awaited
        self._wake.set()

    def circuit_changed(self, subscription: int, circuit: str) -> None:
        """Record a lane's circuit (JSON) with the next batch."""
        self._circuits[subscription] = circuit
        self._wake.set()

    async def turn_back(self, by: int, *, now: int) -> None:
        """The clock was set back by so many milliseconds: what is to be tried again is due as much earlier.

        On disk or not: what is just being written may or may not be seen there, so it is waited for.
        """
        async with self._writing:
            await Lanes(self._database).turn_back(by, now=now)
            self._waiting = [
                (_earlier(one, by=by) if one.result.due > now else one, owner) for one, owner in self._waiting
            ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Commit while in the context; on leaving, what is there is written if the store lets us."""
        async with alongside(self._run(), finish=self._close):
            yield

    def _close(self) -> None:
        self._closing.set()
        self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or self._circuits:
                async with self._writing:
                    is_written = await self._settle_batch()
                if not is_written:
                    if self._closing.is_set():
                        # Their leases run out, and they are sent again: at least once.
                        log.error("recorder.lost_settlements count=%s", len(self._waiting))
                        return
                    await self._clock.wait(self._closing, TRY_AGAIN_S)
            if self._closing.is_set():
                return

    async def _settle_batch(self) -> bool:
        owner = self._waiting[0][1] if self._waiting else 0
        alike = takewhile(lambda entry: entry[1] == owner, islice(self._waiting, LARGEST_BATCH))
        batch, circuits = [settlement for settlement, _ in alike], dict(self._circuits)
        try:
            await self._settle(batch, _changes(batch, circuits), owner=owner)
        except Unavailable as error:
            log.warning("recorder.waits count=%s error=%r", len(self._waiting), error.message)
            return False
        del self._waiting[: len(batch)]
        for subscription, circuit in circuits.items():
            if self._circuits.get(subscription) == circuit:
                del self._circuits[subscription]
        for settlement in batch:
            self.on_attempted(settlement.attempt)
            if settlement.result.state is _DELIVERED:
                self._delivered += 1
            else:
                _tell(settlement)
            self._on_settled(settlement)
        self._tell_of_successes()
        return True

    async def _settle(self, batch: Sequence[Settlement], lanes: Sequence[LaneChange], *, owner: int) -> None:
        """Write a batch; if one of it cannot be written, the others are, and that one without what was answered."""
        try:
            is_awaited, self._is_awaited = self._is_awaited, False
            await self._database.settle(batch, lanes, owner=owner, is_awaited=is_awaited)
        except Unavailable:
            raise
        except Exception:  # the worker's loop: what one endpoint said must not stop the record of the others
            if len(batch) <= 1 and not lanes:
                log.exception("recorder.unkeepable")
                await self._database.settle([_plain(one) for one in batch], (), owner=owner)
                return
            half = len(batch) // 2
            await self._settle(batch[:half], (), owner=owner)
            await self._settle(batch[half:], (), owner=owner)
            await self._database.settle((), lanes, owner=owner)

    def _tell_of_successes(self) -> None:
        now = self._clock.monotonic()
        if self._delivered and now - self._told_at >= TELL_EVERY_S:
            log.info("deliveries.delivered count=%s", self._delivered)
            self._delivered, self._told_at = 0, now


def _earlier(settlement: Settlement, *, by: int) -> Settlement:
    result = msgspec.structs.replace(settlement.result, due=settlement.result.due - by)
    attempt = msgspec.structs.replace(settlement.attempt, next_at=result.due)
    return msgspec.structs.replace(settlement, attempt=attempt, result=result)


def _plain(settlement: Settlement) -> Settlement:
    error = "what came cannot be kept; see the server's log"
    attempt = msgspec.structs.replace(settlement.attempt, error=error, address="", headers=(), answer=b"")
    return msgspec.structs.replace(settlement, attempt=attempt)


def _tell(settlement: Settlement) -> None:
    attempt, result = settlement.attempt, settlement.result
    log.info(
        "delivery.attempted delivery=%s outcome=%s status=%s state=%s tries=%s ms=%.0f next=%s probe=%s",
        outside(attempt.event, attempt.subscription),
        attempt.outcome,
        attempt.status,
        result.state,
        result.tries,
        attempt.timings[-1],
        result.due,
        attempt.is_probe,
    )


@dataclass(slots=True)
class _Tally:
    """What a batch comes to for a lane."""

    delivered: int = 0
    failed: int = 0
    succeeded_at: int = 0
    refused_at: int = 0


def _changes(settlements: Sequence[Settlement], circuits: dict[int, str]) -> list[LaneChange]:
    tallies: dict[int, _Tally] = {number: _Tally() for number in circuits}
    for settlement in settlements:
        attempt = settlement.attempt
        tally = tallies.get(attempt.subscription)
        if tally is None:
            tally = tallies[attempt.subscription] = _Tally()
        if attempt.state is _DELIVERED:
            tally.delivered += 1
            tally.succeeded_at = max(tally.succeeded_at, attempt.at)
        else:
            tally.failed += attempt.state is State.FAILED
            tally.refused_at = max(tally.refused_at, attempt.at)
    return [
        LaneChange(
            subscription=number,
            delivered=tally.delivered,
            failed=tally.failed,
            succeeded_at=tally.succeeded_at,
            refused_at=tally.refused_at,
            circuit=circuits.get(number, ""),
        )
        for number, tally in tallies.items()
    ]
