"""Deadlines: how long requests may take, watched for all of them by one timer."""

import asyncio

# Seconds. How much later than asked for a request may be ended. A timer for each request cost eight microseconds, as
# much as writing the request down (measured).
_LOOK_EVERY_S = 0.02


class Deadline:
    """Ends its task by cancelling it. `has_passed` tells whoever catches the cancellation whose it was."""

    __slots__ = ("_cancelled_before", "_task", "ends_at", "limit_ms", "passed")

    def __init__(self, task: "asyncio.Task[object]", *, limit_ms: int, ends_at: float) -> None:
        self._task = task
        self._cancelled_before = task.cancelling()
        self.limit_ms = limit_ms
        self.ends_at = ends_at
        self.passed = False

    def expire(self) -> None:
        self.passed = True
        self._task.cancel()

    def explains_cancellation(self) -> bool:
        """Whether the cancellation that was caught is this deadline's alone; to be asked once."""
        return self.passed and self._task.uncancel() <= self._cancelled_before


class Deadlines:
    """Those of requests under way. Of equal limits the first to begin is the first to end, so none is searched for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._by_limit: dict[int, dict[Deadline, None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, limit_ms: int) -> Deadline:
        """Give the running task so many milliseconds, until `end`."""
        task = asyncio.current_task(self._loop)
        assert task is not None  # noqa: S101 - coroutines are run by tasks
        deadline = Deadline(task, limit_ms=limit_ms, ends_at=self._loop.time() + limit_ms / 1_000)
        alike = self._by_limit.get(limit_ms)
        if alike is None:
            alike = self._by_limit[limit_ms] = {}
        alike[deadline] = None
        if self._timer is None:
            self._timer = self._loop.call_later(_LOOK_EVERY_S, self._look)
        return deadline

    def end(self, deadline: Deadline) -> None:
        """The request is over, in time or not."""
        if not deadline.passed:
            del self._by_limit[deadline.limit_ms][deadline]

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        for limit_ms, alike in list(self._by_limit.items()):
            for deadline in list(alike):
                if deadline.ends_at > now:
                    break
                del alike[deadline]
                deadline.expire()
            if not alike:
                del self._by_limit[limit_ms]
        self._timer = self._loop.call_later(_LOOK_EVERY_S, self._look) if self._by_limit else None
