"""Alongside: work that goes on while something else is in progress."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any


@contextlib.asynccontextmanager
async def alongside(*works: Coroutine[Any, Any, None], finish: Callable[[], None] | None = None) -> AsyncIterator[None]:
    """Do those works while in the context. On leaving they are cancelled, or with `finish` told to come to their end.

    Whatever fails, the context or a work, ends the others and is raised as it is, not wrapped into a group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            try:
                yield
            finally:
                if finish is not None:
                    finish()
                else:
                    for task in tasks:
                        task.cancel()
    except BaseExceptionGroup as group_of_errors:
        # Several at once are consequences of the first.
        raise group_of_errors.exceptions[0] from None
