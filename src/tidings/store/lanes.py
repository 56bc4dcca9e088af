"""Lanes: how subscriptions fare, as the store remembers it."""

import msgspec

from tidings.core.circuit import Circuit
from tidings.store.database import Database, Statement
from tidings.store.order import NEVER


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of finished deliveries, and the instants of the last success and the last refusal (0: never)."""

    delivered: int = 0
    failed: int = 0
    succeeded_at: int = 0
    refused_at: int = 0
    circuit: Circuit = Circuit()


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    subscription: int
    circuit: str
    delivered: int = 0
    failed: int = 0
    succeeded_at: int = 0
    refused_at: int = 0


class Lanes:
    """Reads what the recorder wrote."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_circuits(self) -> dict[int, Circuit]:
        """The circuits that were not closed when they were last recorded, by subscription."""
        rows = await self._database.read(_Row, "lanes_open")
        return {row.subscription: _circuit(row.circuit) for row in rows}

    async def turn_back(self, by: int, *, now: int) -> None:
        """The clock was set back by so many milliseconds: what is due later than now is due as much earlier."""
        await self._database.write(
            Statement("debts_turned_back", {"by": by, "now": now, "never": NEVER}),
            Statement("paces_turned_back", {"by": by, "now": now}),
        )

    async def health(self, subscription: int) -> Health:
        """How a subscription fares."""
        rows = await self._database.read(_Row, "lane_health", subscription=subscription)
        if not rows:
            return Health()
        row = rows[0]
        return Health(
            delivered=row.delivered,
            failed=row.failed,
            succeeded_at=row.succeeded_at,
            refused_at=row.refused_at,
            circuit=_circuit(row.circuit),
        )


def _circuit(text: str) -> Circuit:
    return msgspec.json.decode(text, type=Circuit) if text else Circuit()
