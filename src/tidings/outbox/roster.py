"""Roster: the lanes of this process, and how much they hold in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tidings.core.circuit import Circuit
from tidings.core.delivery import Debt
from tidings.core.dialect import Dialect
from tidings.core.subscription import Subscription
from tidings.outbox.callback import Caller
from tidings.outbox.directory import Directory
from tidings.outbox.lane import Lane

# What is leased to this process and waits in memory, in deliveries and in bytes of their events. What finds no place
# goes through the table, which costs 5 to 12 microseconds more each (measured). A stop has to write it all back.
MOST_HELD = 60_000
MOST_HELD_BYTES = 16 << 20


class Roster:
    """Makes a lane when something is owed to its subscription, and forgets it when nothing is."""

    def __init__(self, directory: Directory, dialects: Mapping[str, Dialect]) -> None:
        self.held = 0
        self._held_bytes = 0
        self._sharing: dict[int, int] = {}  # how many deliveries hold those bytes, by what is their identity meanwhile
        self._directory = directory
        self._dialects = dialects
        self._lanes: dict[int, Lane] = {}
        self._circuits: dict[int, Circuit] = {}

    def __iter__(self) -> Iterator[Lane]:
        return iter(self._lanes.values())

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be taken into memory."""
        return self.held >= MOST_HELD or self._held_bytes >= MOST_HELD_BYTES

    @property
    def is_roomy(self) -> bool:
        """Whether so much is free that whoever answers may have all that comes; others find an eighth beside it."""
        return 8 * self.held < 3 * MOST_HELD and 8 * self._held_bytes < 3 * MOST_HELD_BYTES

    @property
    def is_half_full(self) -> bool:
        """Whether what more is taken should be for those who get through it, and what is too much given back."""
        return 2 * self.held >= MOST_HELD or 2 * self._held_bytes >= MOST_HELD_BYTES

    def hold(self, data: bytes) -> None:
        """Count one more delivery of that data; an event that is owed to many is in memory once."""
        self.held += 1
        sharing = self._sharing.get(id(data), 0)
        self._sharing[id(data)] = sharing + 1
        if not sharing:
            self._held_bytes += len(data)

    def let_go(self, data: bytes) -> None:
        """Count one less of that very data."""
        self.held -= 1
        sharing = self._sharing[id(data)] - 1
        if sharing:
            self._sharing[id(data)] = sharing
        else:
            del self._sharing[id(data)]
            self._held_bytes -= len(data)

    def drop(self, debt: Debt) -> None:
        """Count a debt as no longer held."""
        self.let_go(debt.event.data)

    def find(self, number: int) -> Lane | None:
        """The lane of a subscription if there is one already."""
        return self._lanes.get(number)

    def lane_of(self, number: int) -> Lane | None:
        """The lane of a subscription, made if need be; None if the subscription has ended."""
        lane = self._lanes.get(number)
        if lane is None:
            subscription = self._directory.index.get(number)
            return None if subscription is None else self.lane(subscription)
        return lane

    def lane(self, subscription: Subscription) -> Lane:
        """The lane of a subscription that has not ended."""
        lane = self._lanes.get(subscription.number)
        if lane is None:
            circuit = self._circuits.pop(subscription.number, None) or Circuit()
            lane = Lane(subscription, Caller(subscription, self._dialects), circuit=circuit)
            self._lanes[subscription.number] = lane
        return lane

    def change(self, lane: Lane, subscription: Subscription) -> None:
        """The subscription is another one now."""
        lane.subscription, lane.caller = subscription, Caller(subscription, self._dialects)

    def close(self, number: int) -> Lane | None:
        """Take a lane out whose subscription has ended."""
        return self._lanes.pop(number, None)

    def remember(self, circuits: Mapping[int, Circuit]) -> None:
        """Circuits that were open when the process before us stopped."""
        self._circuits.update(circuits)

    def turn_back(self, by: int) -> None:
        """The clock was set back by so many milliseconds, and the table with it, which is to be swept next."""
        for lane in self:
            lane.ask_at = None
            if lane.circuit.is_open:
                lane.circuit = replace(lane.circuit, probe_at=lane.circuit.probe_at - by)

    def forget_idle(self) -> None:
        """Let go of lanes with nothing to do and nothing to remember."""
        idle = [number for number, lane in self._lanes.items() if lane.is_idle and not lane.circuit.failures]
        for number in idle:
            del self._lanes[number]

    def circuits(self) -> Mapping[str, int]:
        """How many circuits stand how, of the lanes that there are."""
        counts: dict[str, int] = {}
        for lane in self:
            counts[lane.circuit.state] = counts.get(lane.circuit.state, 0) + 1
        return counts
