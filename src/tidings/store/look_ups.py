"""Look-ups: from the names that callers use to those inside, and back."""

from tidings.store.database import Database


def name_key(name: str) -> str:
    """The publication key that makes a caller's own name of an event unique."""
    return f"id:{name}"


class LookUps:
    """Finds one thing by the name of another."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def event_called(self, name: str, connector: str) -> int | None:
        """The event that a connector published under that name of its own."""
        found = await self._database.read(int, "event_called", connector=connector, key=name_key(name))
        return found[0] if found else None

    async def event_keyed(self, key: str) -> int | None:
        """The event that we ourselves published under that key, as long as keys are kept."""
        found = await self._database.read(int, "event_called", connector="", key=key)
        return found[0] if found else None

    async def webhook_numbered(self, number: int) -> str | None:
        """The id outside of a subscription, ended or not."""
        found = await self._database.read(str, "webhook_numbered", number=number)
        return found[0] if found else None
