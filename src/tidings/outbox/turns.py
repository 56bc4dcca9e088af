"""Turns: which lane sends next, and how many places those may take that have not proven that they answer."""

from collections import deque

from tidings.egress.client import CONNECTIONS
from tidings.outbox.lane import Lane

# Requests under way at once: as many as the client has connections, for waiting for one counts against the deadline.
MOST_IN_FLIGHT = CONNECTIONS
# Of these, so many to endpoints that have not proven that they answer: however many hang, the others have the rest. And
# from so many on each of them gets one alone.
MOST_UNPROVEN = MOST_IN_FLIGHT * 3 // 4
MANY_UNPROVEN = MOST_IN_FLIGHT // 10


class Turns:
    """Lanes that wait to send, in turn. `unproven` counts requests under way that were lent to unproven lanes."""

    def __init__(self) -> None:
        self.unproven = 0
        self._proven: deque[Lane] = deque()
        self._others: deque[Lane] = deque()
        self._is_turn_of_others = False

    def offer(self, lane: Lane) -> None:
        """Let the lane have a turn if it can send and does not wait for one already."""
        if lane.is_ready or not lane.can_send:
            return
        if not lane.is_proven and lane.in_flight and self.unproven >= MANY_UNPROVEN:
            return
        lane.is_ready = True
        (self._proven if lane.is_proven else self._others).append(lane)

    def take(self) -> tuple[Lane, bool] | None:
        """The lane whose turn it is, and whether it counts as unproven: by turns, as long as there are places."""
        self._is_turn_of_others = not self._is_turn_of_others
        may_others = bool(self._others) and self.unproven < MOST_UNPROVEN
        is_unproven = may_others and (self._is_turn_of_others or not self._proven)
        lanes = self._others if is_unproven else self._proven
        if not lanes:
            return None
        lane = lanes.popleft()
        lane.is_ready = False
        return lane, is_unproven
