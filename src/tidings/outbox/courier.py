"""Courier: takes what is due, lane by lane, sends it, and learns from what comes back."""

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec

from tidings.core.alongside import alongside
from tidings.core.circuit import Circuit
from tidings.core.clock import Clock
from tidings.core.delivery import Debt, State
from tidings.core.errors import Conflict, Unavailable
from tidings.core.event import Event
from tidings.core.histogram import Histogram
from tidings.core.schedule import RetrySchedule
from tidings.core.subscription import State as SubscriptionState
from tidings.core.subscription import Subscription
from tidings.egress.answer import OK, Answer, Outcome
from tidings.egress.client import Client
from tidings.outbox.agenda import Agenda
from tidings.outbox.lane import Lane, Standing
from tidings.outbox.recorder import Recorder
from tidings.outbox.roster import MOST_HELD, Roster
from tidings.outbox.sending import Sending, Turn
from tidings.outbox.tenure import Tenure
from tidings.outbox.turns import Turns
from tidings.outbox.verdict import verdict
from tidings.store.database import Claim, Database, Settlement, Wanted

log = logging.getLogger(__name__)

# Lanes asked, and debts taken or given back, in one transaction: it stays some ten milliseconds long.
MOST_LANES_A_CLAIM = 100
MOST_DEBTS_A_CLAIM = 1_000
LANES_A_SWEEP = 500
# How often to look whether memory has room again: at 5,000 a look that is no limit.
LOOK_AGAIN_S = 0.05
# Milliseconds. While the store does not answer, it is asked again at that pace.
ASK_AGAIN_MS = 1_000
# How long what is in flight may take once we were told to stop; the rest goes back into the table. Three of the ten
# seconds of a stop are left to write that down on a busy machine.
GRACE_S = 7.0
# Milliseconds after its time-out at which a probe that did not report is taken for lost.
PROBE_GRACE_MS = 1_000
# See `core.subscription` for why.
_FAILED, _TIMED_OUT = State.FAILED, Outcome.TIMED_OUT


class Courier:
    """Sends deliveries. Slots per lane and turns between lanes keep one endpoint from delaying another."""

    def __init__(
        self,
        *,
        database: Database,
        roster: Roster,
        tenure: Tenure,
        client: Client,
        clock: Clock,
        schedule: RetrySchedule,
        on_circuit: Callable[[Subscription, Circuit], None],
        on_failed: Callable[[Settlement], None],
    ) -> None:
        self.recorder = Recorder(database, clock, on_settled=self._settled)
        self.roster = roster
        self.sending = Sending(client, clock, on_over=self._over)
        self.carriers = self.sending.carriers
        self.delivered = 0
        self.refused = 0
        self.attempt_ms = Histogram()
        self.arrival_ms = Histogram()
        self._database = database
        self._tenure = tenure
        self._clock = clock
        self._schedule = schedule
        self._on_circuit = on_circuit
        self._on_failed = on_failed
        self._turns = Turns()
        self._agenda = Agenda(clock)
        self._resumed = asyncio.Event()
        self._is_closing = False
        self._grace_ends = math.inf

    # What the publisher asks

    @property
    def owner(self) -> int:
        """The number that leases what is handed over; 0 when nothing can be."""
        return 0 if self._is_closing or not self._tenure.is_fresh else self._tenure.number

    def accepts(self, subscription: Subscription, data: bytes) -> bool:
        """Reserve room for one delivery of that data, if its lane keeps up."""
        lane = self.roster.lane(subscription)
        if lane.circuit.is_open:
            return False
        if not (lane.is_proven and self.roster.is_roomy):
            is_full = self.roster.is_full if lane.is_proven else self.roster.is_half_full
            if is_full or lane.is_full:
                return False
        self.roster.hold(data)
        return True

    def give_back(self, data: bytes) -> None:
        """A reservation came to nothing."""
        self.roster.let_go(data)

    def take(self, subscription: int, event: Event, *, owner: int) -> None:
        """Take a delivery that `accepts` reserved, now that it is on disk and leased; `begin` sends it."""
        debt = Debt(event=event, subscription=subscription, due=event.at)
        lane = self.roster.lane_of(subscription)
        if lane is None:  # it has ended since, and what it is owed can be cancelled once nobody has it
            self.roster.drop(debt)
            self.sending.spawn(self._give_back_debts([debt]))
            return
        lane.queue.append((debt, owner))
        # Between match and commit it may have been changed, or its circuit may have opened.
        if lane.circuit.is_open or lane.subscription.is_held_alone or not lane.subscription.is_sending:
            self._release(lane)
        self._turns.offer(lane)

    def begin(self) -> None:
        """Send what was taken."""
        self._pump()

    def doubt(self) -> None:
        """A commit's fate is unknown, so debts may be ours unknown to us: take a new number, and let this one die."""
        self._tenure.doubt()

    def notice(self, subscription: int, due: int) -> None:
        """Something is in the table for that subscription, due then."""
        lane = self.roster.lane_of(subscription)
        if lane is not None and lane.subscription.is_sending:
            self._agenda.ask(lane, due)

    # Life

    @property
    def in_flight(self) -> int:
        """Requests under way."""
        return self.sending.under_way

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while in the context; on leaving, finish or give back whatever is under way."""
        async with self.recorder.running():
            try:
                async with alongside(self._claim_forever()):
                    yield
            finally:
                self._is_closing = True
                await self._stop()

    async def sweep(self, *, after: int = 0) -> int:
        """Look for debts that nobody has taken, through a step of lanes; where to go on, 0 at the end."""
        found = await self._database.backlog(after=after, most=LANES_A_SWEEP)
        for subscription, due in found:
            self.notice(subscription, due)
        return found[-1][0] if len(found) == LANES_A_SWEEP else 0

    def forget_leases(self) -> None:
        """Drop what waits under a lease that is not ours any more: the table has it back."""
        for lane in self.roster:
            for debt, _ in lane.queue:
                self.roster.drop(debt)
            lane.queue.clear()
            self._agenda.recall(lane)

    def resume(self) -> None:
        """Go on, in case there was a pause in which nothing could be sent: lanes that wait still have their turn."""
        self._resumed.set()
        self._pump()

    def change(self, changed: Sequence[Subscription]) -> None:
        """Take note of subscriptions that are new, different or ended."""
        for subscription in changed:
            lane = self.roster.find(subscription.number)
            if subscription.state is SubscriptionState.ENDED:
                self.roster.close(subscription.number)
            if lane is None:
                self.notice(subscription.number, self._clock.now())
                continue
            before = lane.subscription
            self.roster.change(lane, subscription)
            if _is_void(before, subscription):
                self._release(lane)
            if subscription.is_sending and (not before.is_sending or before.url != subscription.url):
                # A webhook that is made active again, or got another URL, starts with a clean slate.
                self._set_circuit(lane, Circuit())
                self._agenda.ask(lane, self._clock.now())

    def begin_grace(self) -> None:
        """We were told to stop: from now on, not only from the end of our context, the time of grace runs."""
        self._grace_ends = min(self._grace_ends, self._clock.monotonic() + GRACE_S)

    async def _stop(self) -> None:
        self.begin_grace()
        await self.sending.stop(within_s=self._grace_ends - self._clock.monotonic())
        with contextlib.suppress(Unavailable):  # then the lease runs out, to the same effect
            await self._let_go([debt for lane in self.roster for debt, _ in lane.queue])

    # Taking from the table

    async def _claim_forever(self) -> None:
        while True:
            await self._agenda.due()
            if self.roster.is_full or not self._tenure.is_fresh:
                self._resumed.clear()
                await self._clock.wait(self._resumed, LOOK_AGAIN_S)
                continue
            lanes = self._agenda.take(most=MOST_LANES_A_CLAIM)
            if lanes:
                await self._claim(lanes)

    async def _claim(self, lanes: Sequence[Lane]) -> None:
        owner, now = self._tenure.number, self._clock.now()
        asked = {lane.subscription.number: lane.subscription for lane in lanes}
        probed = {lane.subscription.number for lane in lanes if lane.circuit.is_open}
        share = max(1, min(MOST_DEBTS_A_CLAIM, MOST_HELD - self.roster.held) // len(lanes))
        try:
            claim = await self._database.claim([_wanted(lane, share) for lane in lanes], owner=owner, now=now)
        except (Unavailable, Conflict) as error:
            log.warning("courier.claim_failed error=%r", error.message)
            if isinstance(error, Conflict) or error.is_fate_unknown:  # we were taken for dead, or have what we know not
                self._tenure.doubt()
            claim = Claim(debts=[], again={lane.subscription.number: now + ASK_AGAIN_MS for lane in lanes})
        by_number = {lane.subscription.number: lane for lane in lanes}
        for debt in claim.debts:
            self.roster.hold(debt.event.data)
            by_number[debt.subscription].queue.append((debt, owner))
        for number, lane in by_number.items():
            lane.is_asking = False
            # What was noticed while we asked may not be in the answer.
            self._agenda.recall(lane)
            if number in claim.again:
                self._agenda.ask(lane, claim.again[number])
            # Between question and answer it may have been changed, or its circuit may have opened.
            if _is_void(asked[number], lane.subscription) or (lane.circuit.is_open and number not in probed):
                self._release(lane)
            self._turns.offer(lane)
        self._pump()

    def _release(self, lane: Lane, *, keep: int = 0) -> None:
        """Let go of what waits in the lane's queue, but for its first."""
        debts = [lane.queue.pop()[0] for _ in range(len(lane.queue) - keep)]
        if not debts:
            return
        for debt in debts:
            self.roster.drop(debt)
        self.sending.spawn(self._give_back_debts(debts))

    async def _give_back_debts(self, debts: Sequence[Debt]) -> None:
        try:
            await self._let_go(debts)
        except Unavailable as error:
            log.warning("courier.release_failed count=%s error=%r", len(debts), error.message)
            # They are held under a number that lives on: give it up, so that the table takes them back.
            self._tenure.doubt()
        self.notice(debts[0].subscription, self._clock.now())

    async def _let_go(self, debts: Sequence[Debt]) -> None:
        for start in range(0, len(debts), MOST_DEBTS_A_CLAIM):
            some = [(debt.subscription, debt.event.id) for debt in debts[start : start + MOST_DEBTS_A_CLAIM]]
            await self._database.release(some, owner=self._tenure.number)

    # Sending

    def _pump(self) -> None:
        if self.owner:
            while (taken := self._turns.take()) is not None:
                self.sending.send(self._turn(*taken))

    def _turn(self, lane: Lane, standing: Standing) -> Turn:
        """The lane's next delivery."""
        debt, owner = lane.queue.popleft()
        self.roster.drop(debt)
        lane.in_flight += 1
        self._turns.offer(lane)
        at, is_probe = self._clock.now(), lane.circuit.is_open
        if is_probe:
            lane.circuit = lane.circuit.probing(lost_at=at + lane.subscription.timeout_ms + PROBE_GRACE_MS)
        return Turn(lane, debt, owner, standing, at, is_probe)

    def _over(self, turn: Turn, answer: Answer) -> None:
        """Learn from an attempt, and go on with what is next."""
        lane = turn.lane
        lane.in_flight -= 1
        self._learn(turn, answer)
        if self.roster.is_half_full and lane.overflow:
            self._release(lane, keep=lane.most_queued)
        self._turns.give_back(turn.standing)
        self._turns.offer(lane)
        if lane.ask_at is not None and lane.room:
            self._agenda.recall(lane)
        self._pump()

    def _learn(self, turn: Turn, answer: Answer) -> None:
        lane, debt, ended_at = turn.lane, turn.debt, self._clock.now()
        subscription = lane.subscription
        succeeded = answer.outcome is OK
        took_ms = answer.timings.total_ms
        self.attempt_ms.observe(took_ms)
        if succeeded:
            self.delivered += 1
            self.arrival_ms.observe(ended_at - debt.event.at)
        else:
            self.refused += 1
        lane.learn(succeeded=succeeded, timed_out=answer.outcome is _TIMED_OUT, took_ms=took_ms)
        settlement, circuit = verdict(
            debt,
            answer,
            began_at=turn.began_at,
            ended_at=ended_at,
            is_probe=turn.is_probe,
            circuit=lane.circuit,
            schedule=subscription.schedule or self._schedule,
        )
        lane.unsettled += 1
        self.recorder.add(settlement, owner=turn.owner, is_awaited=subscription.order_key is not None)
        if circuit is not lane.circuit:
            self._set_circuit(lane, circuit)

    def _set_circuit(self, lane: Lane, circuit: Circuit) -> None:
        before, lane.circuit = lane.circuit, circuit
        if circuit.openings != before.openings:
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
        lane = self.roster.find(attempt.subscription)
        if lane is not None:
            lane.unsettled -= 1
            if not result.is_final:
                self._agenda.ask(lane, result.due)
            elif lane.subscription.order_key is not None:
                # Those that stood behind it may go now.
                self._agenda.ask(lane, self._clock.now())
        if result.state is _FAILED:
            self._on_failed(settlement)


def _is_void(before: Subscription, now: Subscription) -> bool:
    """Whether what was taken for the subscription as it was must not be sent for it as it is."""
    return not now.is_sending or now.is_held_alone != before.is_held_alone


def _wanted(lane: Lane, most: int) -> Wanted:
    subscription = lane.subscription
    return Wanted(
        subscription=subscription.number,
        most=min(lane.room, most),
        is_ordered=subscription.order_key is not None,
        rate=subscription.rate,
    )
