"""Duties: what falls due with time, besides deliveries."""

import msgspec

from tidings.core.errors import Conflict
from tidings.store.database import Database, Statement


class Holding(msgspec.Struct, frozen=True):
    """A subscription and how many of its events are held that will soon be too old."""

    number: int
    held: int


class Duties:
    """Finds subscriptions by what their time asks for; each list is at most `most` long and is asked for again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expiring(self, *, before: int, most: int) -> list[int]:
        """Numbers of subscriptions whose validity ends before that instant, not announced yet."""
        return await self._database.read(int, "subscriptions_expiring", before=before, most=most)

    async def overdue(self, *, now: int, drained: int, most: int) -> list[int]:
        """Numbers of subscriptions whose validity is over, and owed nothing or over since `drained`."""
        return await self._database.read(int, "subscriptions_overdue", now=now, drained=drained, most=most)

    async def leaving(self, *, most: int) -> list[int]:
        """Numbers of subscriptions that have ended and are still owed something."""
        return await self._database.read(int, "subscriptions_leaving", most=most)

    async def holding(self, *, before: int, most: int) -> list[Holding]:
        """Subscriptions that hold events with identifiers below that one."""
        unopened = self._database.unopened.told
        return await self._database.read(Holding, "subscriptions_holding", before=before, unopened=unopened, most=most)


def expiry_announced(number: int) -> Statement:
    """Remember the announcement; Conflict if somebody else made it."""
    return Statement("subscription_expiry_announced", {"number": number}, otherwise=Conflict("announced already"))
