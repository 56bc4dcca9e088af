"""Courier: takes what is due, lane by lane, sends it, and learns from what comes back."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import msgspec

from tidings.core.circuit import Circuit
from tidings.core.clock import Clock
from tidings.core.delivery import Attempt, Debt, State, after
from tidings.core.dialect import Dialect
from tidings.core.errors import Unavailable
from tidings.core.event import Event
from tidings.core.histogram import Histogram
from tidings.core.schedule import RetrySchedule
from tidings.core.subscription import State as SubscriptionState
from tidings.core.subscription import Subscription
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.outbox.agenda import Agenda
from tidings.outbox.callback import Caller
from tidings.outbox.directory import Directory
from tidings.outbox.lane import MOST_QUEUED, Lane
from tidings.outbox.recorder import Recorder
from tidings.outbox.tenure import Tenure
from tidings.store.database import Claim, Database, Settlement, Wanted

log = logging.getLogger(__name__)

# What is leased to this process and waits in memory, in deliveries and in bytes of their events.
MOST_HELD = 5_000
MOST_HELD_BYTES = 16 << 20
# Requests under way at once; 4,000 cost 47 MB (measured), and what is settled must stay bounded while a disk is full.
MOST_IN_FLIGHT = 2_000
# Lanes asked in one transaction: a claim stays a few milliseconds long.
MOST_LANES_A_CLAIM = 100
# How often to look whether memory has room again: at 5,000 a look that is no limit.
LOOK_AGAIN_S = 0.05
# How long what is in flight may take once we were told to stop; the rest goes back into the table.
GRACE_S = 8.0


class Courier:
    """Sends deliveries. Slots per lane and turns between lanes keep one endpoint from delaying another."""

    def __init__(  # noqa: PLR0913 - it stands between all parts of the outbox
        self,
        *,
        database: Database,
        directory: Directory,
        tenure: Tenure,
        client: Client,
        clock: Clock,
        dialects: Mapping[str, Dialect],
        schedule: RetrySchedule,
        on_circuit: Callable[[Subscription, Circuit], None],
        on_failed: Callable[[Settlement], None],
    ) -> None:
        self.recorder = Recorder(database, clock, self._settled)
        self.delivered = 0
        self.refused = 0
        self.attempt_ms = Histogram()
        self.arrival_ms = Histogram()
        self._database = database
        self._directory = directory
        self._tenure = tenure
        self._client = client
        self._clock = clock
        self._dialects = dialects
        self._schedule = schedule
        self._on_circuit = on_circuit
        self._on_failed = on_failed
        self._lanes: dict[int, Lane] = {}
        self._ready: deque[Lane] = deque()
        self._agenda = Agenda(clock)
        self._circuits: dict[int, Circuit] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held = 0
        self._held_bytes = 0
        self._is_closing = False
        directory.listen(self._subscriptions_changed)

    # -- what the publisher asks ------------------------------------------------------------------------------------

    @property
    def owner(self) -> int:
        """The number that leases what is handed over; 0 when nothing can be."""
        return 0 if self._is_closing or not self._tenure.is_fresh else self._tenure.number

    def accepts(self, subscription: Subscription, size: int) -> bool:
        """Reserve room for one delivery of that many bytes, if its lane keeps up."""
        lane = self._lane(subscription)
        if self._is_full or lane.circuit.is_open or len(lane.queue) >= MOST_QUEUED:
            return False
        self._held += 1
        self._held_bytes += size
        return True

    def give_back(self, subscription: int, size: int) -> None:
        """A reservation came to nothing."""
        del subscription
        self._held -= 1
        self._held_bytes -= size

    def take(self, subscription: int, event: Event, *, owner: int) -> None:
        """Send a delivery that `accepts` reserved, now that it is on disk and leased."""
        lane = self._lanes.get(subscription) or self._lane_of(subscription)
        if lane is None:
            self.give_back(subscription, len(event.data))
            return
        lane.queue.append((Debt(event=event, subscription=subscription, due=event.at), owner))
        self._offer(lane)
        self._pump()

    def doubt(self) -> None:
        """A commit's fate is unknown: some debts may be ours without our knowing. Our number is given up for a new one."""
        self._tenure.doubt()

    def notice(self, subscription: int, due: int) -> None:
        """Something is in the table for that subscription, due then."""
        lane = self._lanes.get(subscription) or self._lane_of(subscription)
        if lane is not None and lane.subscription.is_sending:
            self._agenda.ask(lane, due)

    # -- life -------------------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return len(self._tasks)

    @property
    def held(self) -> int:
        """Deliveries that wait in memory."""
        return self._held

    def circuits(self) -> Mapping[str, int]:
        """How many lanes' circuits stand how, of those that this process knows."""
        counts: dict[str, int] = {}
        for lane in self._lanes.values():
            counts[lane.circuit.state] = counts.get(lane.circuit.state, 0) + 1
        return counts

    def remember(self, circuits: Mapping[int, Circuit]) -> None:
        """Take over circuits that were open when the process before us stopped."""
        self._circuits.update(circuits)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while in the context; on leaving, finish or give back whatever is under way."""
        async with self.recorder.running(), asyncio.TaskGroup() as group:
            claiming = group.create_task(self._claim_forever())
            try:
                yield
            finally:
                self._is_closing = True
                claiming.cancel()
                await self._stop()

    async def sweep(self, *, after: int = 0, most: int | None = None) -> int:
        """Look through the table for lanes with debts that nobody has taken; where to go on, 0 at the end."""
        step = 500
        while True:
            found = await self._database.backlog(after=after, most=step)
            for subscription, due in found:
                self.notice(subscription, due)
            after = found[-1][0] if len(found) == step else 0
            if after == 0 or most is not None:
                return after

    def forget_leases(self) -> None:
        """Drop what waits under a lease that is not ours any more: the table has it back."""
        for lane in self._lanes.values():
            lost = [entry for entry in lane.queue if entry[1] != self._tenure.number]
            for entry in lost:
                lane.queue.remove(entry)
                self._drop(entry[0])

    def pump(self) -> None:
        """Go on after a pause in which nothing could be sent."""
        for lane in self._lanes.values():
            self._offer(lane)
        self._pump()

    async def _stop(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=GRACE_S)
        for task in self._tasks:
            task.cancel()
        given_back = [(debt.subscription, debt.event.id) for lane in self._lanes.values() for debt, _ in lane.queue]
        for lane in self._lanes.values():
            lane.queue.clear()
        with contextlib.suppress(Unavailable):  # then the lease runs out, to the same effect
            await self._database.release(given_back, owner=self._tenure.number)

    # -- lanes ------------------------------------------------------------------------------------------------------

    @property
    def _is_full(self) -> bool:
        return self._held >= MOST_HELD or self._held_bytes >= MOST_HELD_BYTES

    def _lane_of(self, number: int) -> Lane | None:
        subscription = self._directory.index.get(number)
        return subscription and self._lane(subscription)

    def _lane(self, subscription: Subscription) -> Lane:
        lane = self._lanes.get(subscription.number)
        if lane is None:
            circuit = self._circuits.pop(subscription.number, None) or Circuit()
            lane = Lane(subscription, Caller(subscription, self._dialects), circuit)
            self._lanes[subscription.number] = lane
        return lane

    def _subscriptions_changed(self, changed: Sequence[Subscription]) -> None:
        for subscription in changed:
            if subscription.state is SubscriptionState.ENDED:
                lane = self._lanes.pop(subscription.number, None)
                if lane is not None:
                    lane.subscription = subscription
                    self._release(lane)
                continue
            lane = self._lanes.get(subscription.number)
            if lane is None:
                if subscription.is_sending:
                    self.notice(subscription.number, self._clock.now())
                continue
            was = lane.subscription
            lane.subscription, lane.caller = subscription, Caller(subscription, self._dialects)
            if not subscription.is_sending:
                self._release(lane)
            elif not was.is_sending or was.url != subscription.url:
                # A webhook that is made active again, or got another URL, starts with a clean slate.
                self._set_circuit(lane, Circuit())
                self._agenda.ask(lane, self._clock.now())

    def forget_idle_lanes(self) -> None:
        """Let go of lanes with nothing to do and nothing to remember."""
        idle = [number for number, lane in self._lanes.items() if lane.is_idle and not lane.circuit.failures]
        for number in idle:
            del self._lanes[number]

    # -- taking from the table --------------------------------------------------------------------------------------

    async def _claim_forever(self) -> None:
        while True:
            await self._agenda.due()
            if self._is_full or not self._tenure.is_fresh:
                await self._clock.sleep(LOOK_AGAIN_S)
                continue
            lanes = self._agenda.take(most=MOST_LANES_A_CLAIM)
            if not lanes:
                continue
            owner = self._tenure.number
            try:
                claim = await self._database.claim(
                    [_wanted(lane) for lane in lanes], owner=owner, now=self._clock.now()
                )
            except Unavailable as error:
                log.warning("courier.claim_failed error=%r", error.message)
                claim = Claim(debts=[], again={lane.subscription.number: self._clock.now() + 1_000 for lane in lanes})
            self._claimed(lanes, claim, owner)

    def _claimed(self, lanes: Sequence[Lane], claim: Claim, owner: int) -> None:
        for debt in claim.debts:
            self._held += 1
            self._held_bytes += len(debt.event.data)
            lane = self._lanes.get(debt.subscription)
            if lane is not None:
                lane.queue.append((debt, owner))
        for lane in lanes:
            lane.is_asking = False
            again = claim.again.get(lane.subscription.number)
            if again is not None:
                self._agenda.ask(lane, again)
            if not lane.subscription.is_sending:
                self._release(lane)
            self._offer(lane)
        self._pump()

    def _release(self, lane: Lane) -> None:
        debts = [debt for debt, _ in lane.queue]
        lane.queue.clear()
        for debt in debts:
            self._drop(debt)
        if debts:
            self._spawn(self._give_back([(debt.subscription, debt.event.id) for debt in debts], lane))

    async def _give_back(self, debts: list[tuple[int, int]], lane: Lane) -> None:
        try:
            await self._database.release(debts, owner=self._tenure.number)
        except Unavailable as error:
            log.warning("courier.release_failed count=%s error=%r", len(debts), error.message)
            # Held under a lease that goes on living: give the number up, so that the table takes them back.
            self._tenure.doubt()
        if lane.subscription.is_sending:
            self._agenda.ask(lane, self._clock.now())

    def _drop(self, debt: Debt) -> None:
        self._held -= 1
        self._held_bytes -= len(debt.event.data)

    # -- sending ----------------------------------------------------------------------------------------------------

    def _offer(self, lane: Lane) -> None:
        if not lane.is_ready and lane.can_send:
            lane.is_ready = True
            self._ready.append(lane)

    def _pump(self) -> None:
        while self._ready and len(self._tasks) < MOST_IN_FLIGHT and self._tenure.is_fresh and not self._is_closing:
            lane = self._ready.popleft()
            lane.is_ready = False
            if not lane.can_send:
                continue
            debt, owner = lane.queue.popleft()
            self._drop(debt)
            lane.in_flight += 1
            self._spawn(self._deliver(lane, debt, owner))
            self._offer(lane)

    def _spawn(self, work: "asyncio.coroutines.Coroutine[object, object, None]") -> None:
        # Not a TaskGroup: its bookkeeping costs as much as the task. `_stop` waits for all of them.
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, lane: Lane, debt: Debt, owner: int) -> None:
        at = self._clock.now()
        is_probe = lane.circuit.is_open
        if is_probe:
            lane.circuit = lane.circuit.probing(lost_at=at + lane.subscription.timeout_ms + 1_000)
        try:
            answer = await self._client.send(lane.caller.request(debt.event, at=at))
        except Exception:  # the worker's loop: a mistake of ours must not lose the delivery, nor stop the others
            log.exception("delivery.unsendable event=%s subscription=%s", debt.event.id, lane.subscription.id)
            answer = Answer(outcome=Outcome.BROKEN, error="the callback could not be written; see the server's log")
        finally:
            lane.in_flight -= 1
        self._learn(lane, debt, answer, owner=owner, at=at, is_probe=is_probe)

    def _learn(self, lane: Lane, debt: Debt, answer: Answer, *, owner: int, at: int, is_probe: bool) -> None:  # noqa: PLR0913
        now = self._clock.now()
        succeeded = answer.outcome is Outcome.OK
        subscription = lane.subscription
        lane.learn(
            succeeded=succeeded,
            timed_out=answer.outcome is Outcome.TIMED_OUT,
            took_ms=answer.timings.total_ms,
        )
        schedule = subscription.schedule or self._schedule
        circuit = lane.circuit.after(
            succeeded=succeeded, now=now, is_probe=is_probe, first_wait_ms=schedule.waits_ms[0]
        )
        result = after(
            debt,
            succeeded=succeeded,
            gone=answer.outcome is Outcome.GONE,
            is_probe=is_probe,
            at=now,
            schedule=schedule,
            jitter=random.random(),  # noqa: S311 - spreads load, hides nothing
            retry_after_ms=answer.retry_after_ms,
            probe_wait_ms=max(0, circuit.probe_at - now),
        )
        attempt = Attempt(
            event=debt.event.id,
            subscription=debt.subscription,
            at=at,
            outcome=answer.outcome,
            state=result.state,
            status=answer.status or 0,
            error=answer.error,
            address=answer.address,
            headers=answer.headers,
            answer=answer.body,
            timings=answer.timings,
            is_probe=is_probe,
            next_at=result.due,
        )
        self._count(debt, answer, now)
        self.recorder.add(Settlement(attempt=attempt, result=result, first_at=debt.first_at or at), owner=owner)
        self._set_circuit(lane, circuit)
        self._offer(lane)
        self._agenda.recall(lane)
        self._pump()

    def _count(self, debt: Debt, answer: Answer, now: int) -> None:
        self.attempt_ms.observe(answer.timings.total_ms)
        if answer.outcome is Outcome.OK:
            self.delivered += 1
            self.arrival_ms.observe(now - debt.event.at)
        else:
            self.refused += 1

    def _set_circuit(self, lane: Lane, circuit: Circuit) -> None:
        before, lane.circuit = lane.circuit, circuit
        if circuit.state != before.state or circuit.openings != before.openings:
            self.recorder.circuit_changed(lane.subscription.number, msgspec.json.encode(circuit).decode())
        if circuit.is_open and not before.is_open:
            self._release(lane)
        if circuit.is_open != before.is_open:
            self._on_circuit(lane.subscription, circuit)
        if circuit.is_open:
            self._agenda.ask(lane, circuit.probe_at)
        elif before.is_open:
            self._agenda.ask(lane, self._clock.now())

    def _settled(self, settlement: Settlement) -> None:
        attempt, result = settlement.attempt, settlement.result
        lane = self._lanes.get(attempt.subscription)
        if lane is not None:
            if not result.is_final:
                self._agenda.ask(lane, result.due)
            elif lane.subscription.order_key is not None:
                # Those that stood behind it may go now.
                self._agenda.ask(lane, self._clock.now())
        if result.state is State.FAILED:
            self._on_failed(settlement)
        if result.state is not State.DELIVERED:
            log.info(
                "delivery.attempted event=%s subscription=%s outcome=%s status=%s tries=%s state=%s ms=%.0f probe=%s",
                attempt.event,
                attempt.subscription,
                attempt.outcome,
                attempt.status,
                result.tries,
                result.state,
                attempt.timings[-1] if attempt.timings else -1,
                attempt.is_probe,
            )


def _wanted(lane: Lane) -> Wanted:
    subscription = lane.subscription
    return Wanted(
        subscription=subscription.number,
        most=lane.room,
        is_ordered=subscription.order_key is not None,
        rate=subscription.rate,
    )
