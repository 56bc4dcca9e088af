"""Sending: what is under way, by kept connections or by tasks; all of it ends, or is broken off at a stop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

import msgspec

from tidings.core.clock import Clock
from tidings.core.delivery import Debt
from tidings.core.subscription import Subscription
from tidings.egress.answer import Answer, Outcome
from tidings.egress.client import Client
from tidings.egress.course import Course
from tidings.egress.request import Request
from tidings.outbox.lane import Lane, Standing

log = logging.getLogger(__name__)

Carry = Callable[[Subscription, Request], Awaitable[Answer]]

_MISTAKE = "delivery.unsendable event=%s webhook=%s"
_UNSENDABLE = Answer(outcome=Outcome.BROKEN, error="the callback could not be written; see the server's log")


class Turn(msgspec.Struct, frozen=True, eq=False):
    """A delivery that is to be sent now: for which lane, under whose lease, and on which place."""

    lane: Lane
    debt: Debt
    owner: int
    standing: Standing
    began_at: int
    is_probe: bool


class Sending:
    """Sends callbacks. `on_over` is called with what came of each, always later and never at once.

    `carriers` take callbacks about a kind of subject where they belong, if that takes more than one request.
    """

    def __init__(self, client: Client, clock: Clock, *, on_over: Callable[[Turn, Answer], None]) -> None:
        self.carriers: dict[str, Carry] = {}
        self._client = client
        self._clock = clock
        self._on_over = on_over
        self._begun: dict[Turn, Course] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self._ended = asyncio.Event()

    @property
    def under_way(self) -> int:
        """How much is under way, other work included."""
        return len(self._begun) + len(self._tasks)

    def send(self, turn: Turn) -> None:
        """By a connection that is kept, which takes no task; else by a task, whatever it takes."""
        request = course = None
        try:
            request = turn.lane.caller.request(turn.debt.event, at=turn.began_at)
            if turn.lane.subscription.subject.kind not in self.carriers:
                course = self._client.begin(request, partial(self._over, turn))
        except Exception:  # the worker's loop: a mistake of ours must not lose the delivery, nor stop the others
            log.exception(_MISTAKE, turn.debt.event.id, turn.lane.subscription.id)
        if course is None:
            self.spawn(self._send(turn, request))
        else:
            self._begun[turn] = course

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do other work meanwhile."""
        # Not a TaskGroup: its bookkeeping costs as much as the task. `stop` waits for all of them.
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    async def stop(self, *, within_s: float) -> None:
        """Wait for what is under way for so many seconds, and break off the rest, of which nobody is told."""
        self._is_stopping = True
        if self.under_way:
            await self._clock.wait(self._ended, max(0.0, within_s))
        for course in self._begun.values():
            self._client.abandon(course)
        self._begun.clear()
        for task in self._tasks:
            task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _send(self, turn: Turn, request: Request | None) -> None:
        answer = _UNSENDABLE
        if request is not None:
            subscription = turn.lane.subscription
            carry = self.carriers.get(subscription.subject.kind)
            try:
                answer = await (carry(subscription, request) if carry else self._client.send(request))
            except Exception:  # as above
                log.exception(_MISTAKE, turn.debt.event.id, subscription.id)
        self._on_over(turn, answer)

    def _over(self, turn: Turn, answer: Answer) -> None:
        del self._begun[turn]
        self._on_over(turn, answer)
        self._note_end()

    def _forget(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._note_end()

    def _note_end(self) -> None:
        if self._is_stopping and not self.under_way:
            self._ended.set()
