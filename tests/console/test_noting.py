"""Noting: what events can be found by is written down behind their backs, some seconds later."""

import asyncio

import pytest

from tests.console.house import ConsoleHouse
from tests.console.shop import happen
from tidings.core.clock import SECOND
from tidings.store.finding import Finding, Wish
from tidings.store.traits import Traits


async def test_events_can_be_found_at_once_and_are_noted_when_they_are_some_seconds_old(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.traits.STRETCH", 2)
    traits, finding = Traits(house.parts.database), Finding(house.parts.database)
    # Two turns, and one that waits for another to be a stretch with.
    happened = [await happen(house, wire_id=f"o-{number}") for number in range(13)]

    fresh = await finding.events(Wish(name="o-3"), most=5)
    assert await traits.noted_until() == 0
    async with asyncio.timeout(60):
        while await traits.noted_until() < happened[-2]:
            await house.clock.advance(SECOND)
    noted = await finding.events(Wish(name="o-3"), most=5)

    assert await traits.noted_until() == happened[-2]
    assert [one.id for one in fresh.events] == [one.id for one in noted.events] == [happened[3]]
