"""Directory: the subscriptions in memory, kept true to the store."""

import asyncio
from collections.abc import Callable, Sequence

from tidings.core.matching import Index
from tidings.core.subscription import Subscription
from tidings.store.subscriptions import Subscriptions

Listener = Callable[[Sequence[Subscription]], None]


class Directory:
    """Reads what changed since the version it has; whoever listens is told of each change, after it is in the index."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self.index = Index()
        self._subscriptions = subscriptions
        self._listeners: list[Listener] = []
        self._reading = asyncio.Lock()

    def listen(self, listener: Listener) -> None:
        """Have changed subscriptions told to that function, ended ones included."""
        self._listeners.append(listener)

    async def refresh(self) -> None:
        """Bring the index up to the store's version."""
        async with self._reading:
            version, changed = await self._subscriptions.changes(self.index.version)
            self.index.take(version, changed)
        if changed:
            for listener in self._listeners:
                listener(changed)
