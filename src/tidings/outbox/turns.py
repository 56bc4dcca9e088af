"""Turns: which lane sends next, and how many places there are for whom, so that whoever hangs does not delay others."""

from collections import deque

from tidings.egress.client import CONNECTIONS
from tidings.outbox.lane import Lane, Standing

# Requests under way at once: as many as the client has connections, for waiting for one counts against the deadline.
MOST_IN_FLIGHT = CONNECTIONS
# Of these, so many to endpoints that have not proven that they answer: however many hang, the others have the rest. And
# from so many on each of them gets one alone.
MOST_UNPROVEN = MOST_IN_FLIGHT * 3 // 4
MANY_UNPROVEN = MOST_IN_FLIGHT // 10
# Of these in turn, so many to endpoints that did not answer the last time: those that are new do not wait for them.
MOST_SILENT = MOST_IN_FLIGHT // 2
# A lane gets one more as long as it has less than such a part of the places that are free. So a few lanes get what they
# can use (at most 64), 200 get four or five each, and however many take what they can, some places stay free for those
# who have none: the endpoints of all that are busy may stop to answer at the same time.
SHARE = 8


class Turns:
    """Lanes that wait to send, in turn, and the places that they have, by the standing in which they got them."""

    def __init__(self) -> None:
        self._waiting = tuple(deque[Lane]() for _ in Standing)
        self._busy = self._unproven = self._silent = 0
        self._latest = 0

    def offer(self, lane: Lane) -> None:
        """Let the lane have a turn if it can send and does not wait for one already."""
        if not lane.is_ready and lane.can_send:
            lane.is_ready = True
            self._waiting[lane.standing].append(lane)

    def take(self) -> tuple[Lane, Standing] | None:
        """A place for the lane whose turn it is: by turns between those of each standing, as long as there are places.

        A lane that may not have more is passed over; it is to be offered again when a request of its own is over.
        """
        if self._busy >= MOST_IN_FLIGHT:
            return None
        for standing in _ROUND[self._latest]:
            waiting = self._waiting[standing]
            while waiting and (not standing or self._may_be_unproven(standing)):
                lane = waiting.popleft()
                lane.is_ready = False
                if lane.can_send and (not lane.in_flight or self._may_have_more(lane, standing)):
                    self._latest = standing
                    self._lend(standing, 1)
                    return lane, standing
        return None

    def give_back(self, standing: Standing) -> None:
        """A place that was taken in that standing is free again."""
        self._lend(standing, -1)

    def _lend(self, standing: Standing, more: int) -> None:
        self._busy += more
        if standing:
            self._unproven += more
            self._silent += more * (standing is Standing.SILENT)

    def _may_be_unproven(self, standing: Standing) -> bool:
        """Whether there is a place for one that has not proven that it answers."""
        return self._unproven < MOST_UNPROVEN and (standing is Standing.NEW or self._silent < MOST_SILENT)

    def _may_have_more(self, lane: Lane, standing: Standing) -> bool:
        if standing and self._unproven >= MANY_UNPROVEN:
            return False
        return lane.in_flight * SHARE < MOST_IN_FLIGHT - self._busy


# Whoever had the latest turn comes last.
_ROUND = tuple(
    tuple(Standing((latest + step) % len(Standing)) for step in range(1, 1 + len(Standing))) for latest in Standing
)
