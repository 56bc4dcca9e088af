"""Walking the backlog: one behaviour, two engines."""

from tests.store.factories import NOW, claimed, event, kept, publication
from tidings.store.database import Database


async def test_the_backlog_names_each_lane_with_free_debts_and_its_earliest_due(database: Database, owner: int) -> None:
    await kept(
        database,
        publication(2, 5, of=event(at=NOW + 50)),
        publication(5, 9, of=event(at=NOW - 10)),
        publication(7, handed_over=True),
        owner=owner,
    )

    assert await database.backlog(after=0, most=10) == [(2, NOW + 50), (5, NOW - 10), (9, NOW - 10)]


async def test_the_backlog_is_walked_in_steps(database: Database) -> None:
    await kept(database, publication(*range(1, 26)))
    found: list[int] = []

    while step := await database.backlog(after=found[-1] if found else 0, most=10):
        found += [subscription for subscription, _ in step]

    assert found == list(range(1, 26))


async def test_claimed_debts_are_no_backlog(database: Database, owner: int) -> None:
    await kept(database, publication(1), publication(2))
    await claimed(database, 1, owner=owner)

    assert [subscription for subscription, _ in await database.backlog(after=0, most=10)] == [2]
