"""Erasing: people are erased behind a page, as that may take longer than a page may."""

import asyncio
import logging
from collections.abc import Mapping

from tidings.access.access import Access
from tidings.core.errors import TidingsError

log = logging.getLogger(__name__)

# Seconds. Without many events it takes one; whoever waited this long is told that it goes on.
_PATIENCE_S = 4.0


class Erasing:
    """Erasures under way. One that is broken off leaves the person to be erased again, without any rights."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._tasks: dict[str, asyncio.Task[Mapping[str, int]]] = {}

    def is_under_way(self, person: str) -> bool:
        return person in self._tasks

    async def erase(self, person: str, *, phone: str, actor: str) -> bool:
        """Whether the person is erased already; otherwise it goes on by itself."""
        task = self._tasks.get(person)
        if task is None:
            task = self._tasks[person] = asyncio.create_task(self._access.erase(phone, actor=actor))
            task.add_done_callback(lambda done: self._end(person, done))
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE_S)
        if done:
            task.result()
        return bool(done)

    def close(self) -> None:
        """Break off what is under way."""
        for task in self._tasks.values():
            task.cancel()

    def _end(self, person: str, task: asyncio.Task[Mapping[str, int]]) -> None:
        del self._tasks[person]
        if not task.cancelled() and (error := task.exception()) is not None:
            why = error.message if isinstance(error, TidingsError) else type(error).__name__
            log.warning("person.not_erased person=%s error=%r", person, why)
