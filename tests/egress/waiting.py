"""Waiting for something to become true."""

import asyncio
from collections.abc import Callable

from tidings.core.clock import Clock


async def eventually(is_true: Callable[[], bool], *, within: float = 60.0) -> None:
    async with asyncio.timeout(within):
        while not is_true():
            await Clock().sleep(0.002)
