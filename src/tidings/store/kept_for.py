"""Kept for: how long what is forgotten in time is kept: as long as the server lets it be, or shorter as owners choose.

Nothing remembers it: whoever forgets asks the store before each step. So a choice holds for every process at once, and
one that keeps more stops what is being forgotten. Failure policy: what cannot be asked for forgets nothing.
"""

from enum import StrEnum

import msgspec

from tidings.core.clock import DAY
from tidings.core.delivery import GIVE_UP_AFTER_MS
from tidings.core.errors import Invalid
from tidings.store.database import Database, Statement

# Counting goes no further: whoever forgets as much wants to know just that.
MOST_COUNTED = 100_000


class Forgotten(StrEnum):
    """What is forgotten in time."""

    EVENTS = "events"  # finished ones, with their attempts
    RECEIPTS = "receipts"
    REPORTS = "reports"  # with their files


# What must be kept, in days: a delivery may be retried for two, and nobody means to lose what came today.
LEAST_DAYS = {Forgotten.EVENTS: GIVE_UP_AFTER_MS // DAY + 1, Forgotten.RECEIPTS: 1, Forgotten.REPORTS: 1}


class Going(msgspec.Struct, frozen=True, kw_only=True):
    """What is older than an instant, counted up to 100,000; `owed` are deliveries that would be given up."""

    count: int
    owed: int = 0


class KeptFor:
    """Of one sort of things. `most_ms` is what the server lets be kept, and holds unless less was chosen."""

    def __init__(self, database: Database, what: Forgotten, *, most_ms: int) -> None:
        self._database = database
        self._name = f"kept.{what}"
        self.what = what
        self.most_ms = most_ms

    async def ms(self) -> int:
        """For how long they are kept."""
        days = await self.chosen_days()
        return self.most_ms if days is None else min(days * DAY, self.most_ms)

    async def chosen_days(self) -> int | None:
        """The days that were chosen; None if nothing was."""
        found = await self._database.read(str, "setting_value", name=self._name)
        return int(found[0]) if found else None

    async def choose(self, days: int | None, *, also: Statement) -> None:
        """Keep them for so many days, or as long as the server lets them be. Raises Invalid."""
        if days is None:
            await self._database.write(Statement("setting_forgotten", {"name": self._name}), also)
            return
        self.must_be_possible(days)
        await self._database.write(Statement("setting_kept", {"name": self._name, "value": str(days)}), also)

    def must_be_possible(self, days: int) -> None:
        """Raise Invalid for fewer days than must be, or more than may be."""
        least, most = LEAST_DAYS[self.what], self.most_ms // DAY
        if not least <= days <= most:
            raise Invalid(f"days: write a whole number from {least} to {most}; the server lets no more be kept")

    async def going(self, *, before: int) -> Going:
        """How much of it is older than that instant."""
        [found] = await self._database.read(Going, f"{self.what}_going", before=before, most=MOST_COUNTED)
        return found
