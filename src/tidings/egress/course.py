"""How far a request has come: for its timings, for the sentence that says where it ended, and for its deadline."""

import asyncio
from collections.abc import Callable

from tidings.egress.answer import Answer
from tidings.egress.connection import Connection
from tidings.egress.deadline import Limited
from tidings.egress.request import Request


class Course(Limited, eq=False, kw_only=True):
    """A request on its way: `task` sees to it, or, while there is none, its connection alone, and `tell` is told."""

    request: Request
    started: float
    tell: Callable[[Answer], None] = lambda _: None
    task: "asyncio.Task[object] | None" = None
    cancelled_before: int = 0
    connection: Connection | None = None
    reused: bool = False
    asked_at: float = 0.0
    name_ms: float = -1.0
    connect_ms: float = -1.0
    tls_ms: float = -1.0
    doing: str = "looking up the name"

    def explains_cancellation(self) -> bool:
        """Whether the cancellation that its task caught is the deadline's alone; to be asked once."""
        return not self.is_watched and self.task is not None and self.task.uncancel() <= self.cancelled_before
