"""Ledger: what was acknowledged against what arrived, and every way in which the two can disagree."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Seconds between an answer and its record on disk, on a busy machine. Who repeats a delivery that was answered longer
# before an accident cannot blame the accident.
RECORDED_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """An event that the server answered for. `line` and `number` are the publisher's own name of it."""

    event: str
    line: str
    number: int
    sent_at: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A callback, and whether the subscription's endpoint answered it with success.

    `sent_at` is not later than its attempt began: what was under way when its sender died arrives after the accident.
    """

    subscription: str
    webhook_id: str
    event: str
    line: str
    number: int
    succeeded: bool
    sent_at: float
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Accident:
    """What excuses a repetition: a process that was killed, or frozen and thawed, a database that was away."""

    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the ledger says: everything but `repeated` must be empty."""

    lost: Sequence[str]
    unexplained: Sequence[str]
    out_of_order: Sequence[str]
    corrupt: Sequence[str]
    repeated: int = 0

    @property
    def faults(self) -> Sequence[str]:
        return [*self.lost, *self.unexplained, *self.out_of_order, *self.corrupt]


class Ledger:
    """Each acknowledged event is owed to every subscription; to the `ordered` ones line by line, in order."""

    def __init__(self, subscriptions: Collection[str], *, ordered: Collection[str] = ()) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.arrivals: list[Arrival] = []
        self.accidents: list[Accident] = []
        self.complaints: list[str] = []  # of those who looked at a request more closely
        self._subscriptions = subscriptions
        self._ordered = ordered
        self._known: set[str] = set()
        self._awaited: set[tuple[str, str]] = set()
        self._succeeded: set[tuple[str, str]] = set()

    @property
    def missing(self) -> int:
        """How many deliveries of acknowledged events have not arrived yet."""
        return len(self._awaited)

    def acknowledge(self, event: Acknowledged) -> None:
        """Whoever insists may be answered twice; the first answer counts."""
        if event.event not in self._known:
            self._known.add(event.event)
            self.acknowledged.append(event)
            self._awaited |= {(name, event.event) for name in self._subscriptions} - self._succeeded

    def arrive(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)
        if arrival.succeeded:
            self._succeeded.add((arrival.subscription, arrival.event))
            self._awaited.discard((arrival.subscription, arrival.event))

    def findings(self) -> Findings:
        """Compare both sides."""
        repeated, unexplained = self._repetitions()
        return Findings(
            lost=[f"{name}: {event} never arrived" for name, event in sorted(self._awaited)],
            unexplained=unexplained,
            out_of_order=[fault for name in self._ordered for fault in self._disorder(name)],
            corrupt=[*self.complaints, *self._contradictions()],
            repeated=repeated,
        )

    def _repetitions(self) -> tuple[int, list[str]]:
        repeated, unexplained = 0, []
        latest: dict[tuple[str, str], Arrival] = {}
        for arrival in self.arrivals:
            delivery = arrival.subscription, arrival.event
            if delivery in latest:
                repeated += 1
                if not self._is_excused(latest[delivery], arrival):
                    after = f"{arrival.at - latest[delivery].at:.1f} s after its answer"
                    unexplained.append(f"{arrival.subscription}: {arrival.event} came again {after}, unexplained")
            if arrival.succeeded:
                latest[delivery] = arrival
        return repeated, unexplained

    def _is_excused(self, answered: Arrival, again: Arrival) -> bool:
        # What was under way when its sender died may be read after what was sent in its place.
        sent_at = min(answered.sent_at, again.sent_at)
        return any(
            accident.began <= min(again.at, answered.at + RECORDED_WITHIN_S) and accident.ended >= sent_at
            for accident in self.accidents
        )

    def _disorder(self, name: str) -> list[str]:
        """An event that was sent after another one's acknowledgement must not even be tried before that one succeeded.

        What was never acknowledged has no place in the order: its sender does not know when it was kept.
        """
        first_try: dict[str, int] = {}
        first_success: dict[str, int] = {}
        for place, arrival in enumerate(self.arrivals):
            if arrival.subscription == name:
                first_try.setdefault(arrival.event, place)
                if arrival.succeeded:
                    first_success.setdefault(arrival.event, place)
        lines = defaultdict(list)
        for event in self.acknowledged:
            lines[event.line].append(event)
        never = len(self.arrivals)
        faults = []
        for line in lines.values():
            before = sorted(line, key=lambda event: event.at, reverse=True)
            last = (-1, "")
            for event in sorted(line, key=lambda event: event.sent_at):
                while before[-1].at <= event.sent_at:
                    earlier = before.pop().event
                    last = max(last, (first_success.get(earlier, never), earlier))
                if first_try.get(event.event, never) < last[0]:
                    faults.append(f"{name}: {event.event} was sent before {last[1]} had succeeded")
        return faults

    def _contradictions(self) -> list[str]:
        """One name, one event; one delivery, one `webhook-id`."""
        events: dict[tuple[str, int], str] = {}
        deliveries: dict[str, tuple[str, str]] = {}
        webhook_ids: dict[tuple[str, str], str] = {}
        told: Sequence[Acknowledged | Arrival] = [*self.acknowledged, *self.arrivals]
        faults = [
            f"{one.line} {one.number} is two events, one of them {one.event}"
            for one in told
            if events.setdefault((one.line, one.number), one.event) != one.event
        ]
        for arrival in self.arrivals:
            delivery = arrival.subscription, arrival.event
            if deliveries.setdefault(arrival.webhook_id, delivery) != delivery:
                faults.append(f"webhook-id {arrival.webhook_id} is two deliveries, one of them of {arrival.event}")
            if webhook_ids.setdefault(delivery, arrival.webhook_id) != arrival.webhook_id:
                faults.append(f"{arrival.subscription}: {arrival.event} changed its webhook-id")
        return faults
