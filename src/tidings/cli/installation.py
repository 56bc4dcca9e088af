"""The installation that a command works on: the one that the settings name, whether or not it serves meanwhile."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.app.settings import Settings, load

T = TypeVar("T")

# Who did it, in the audit.
COMMAND_LINE = "command-line"


def settings_of_here() -> Settings:
    """The variables, else `tidings.toml` in the present folder. Raises Invalid."""
    return load(os.environ)


def with_parts(work: Callable[[Parts], Awaitable[T]]) -> T:
    """Open the installation for as long as the work takes."""

    async def run() -> T:
        async with opened(settings_of_here()) as parts:
            return await work(parts)

    return asyncio.run(run())
