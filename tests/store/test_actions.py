from itertools import chain

import msgspec
import pytest

from tidings.core.errors import Conflict, Invalid
from tidings.store.actions import (
    NEWEST,
    Action,
    Actions,
    ActionType,
    Place,
    Reminder,
    action_changed,
    action_posted,
    action_responded,
    read_place,
    reminded,
)
from tidings.store.database import Database
from tidings.store.packages import Package, Packages, package_added

CLOSED = Conflict("closed")


def action(number: int, *, at: int = 0, type_: ActionType = ActionType.JOB, package: str = "") -> Action:
    """An action called `a1`, `a2` and so on, posted at that instant or at its number."""
    return Action(
        id=f"a{number}",
        reference=f"r{number}",
        group_id="team",
        type=type_,
        package=package,
        package_version=int(bool(package)),
        author="ada",
        title="Doors",
        body="{}",
        created_at=at or number,
        changed_at=at or number,
    )


def package(identifier: str, *, version: int = 0) -> Package:
    return Package(
        id=identifier, version=version, name="Order", body="{}", author="ada", connector="shop", created_at=1
    )


@pytest.fixture
async def actions(database: Database) -> Actions:
    """Jobs 1, 3, 5 and orders 2, 4 in one group, of which 4 and 5 happened at once."""
    await database.write(
        action_posted(action(1)),
        action_posted(action(2, type_=ActionType.CUSTOM, package="com.example.order")),
        action_posted(action(3)),
        action_posted(action(4, type_=ActionType.CUSTOM, package="com.example.order")),
        action_posted(action(5, at=4)),
        action_posted(msgspec.structs.replace(action(6), group_id="other")),
    )
    return Actions(database)


def ids(found: list[Action]) -> list[str]:
    return [one.id for one in found]


async def test_an_action_is_found_by_its_id_and_by_its_reference(actions: Actions) -> None:
    assert await actions.get("a1") == await actions.referred_to("r1") == action(1)
    assert await actions.get("r1") is await actions.referred_to("a1") is None


async def test_newest_first_a_list_goes_on_where_it_ended(actions: Actions) -> None:
    first = await actions.newest("team", most=2)
    place = read_place(Place(first[-1].created_at, first[-1].id).cursor, start=NEWEST)

    assert ids(first) == ["a5", "a4"]
    assert ids(await actions.newest("team", before=place, most=9)) == ["a3", "a2", "a1"]


async def test_from_an_instant_on_whatever_was_posted_then_comes_too(actions: Actions) -> None:
    assert ids(await actions.since("team", after=Place(3), most=2)) == ["a3", "a4"]
    assert ids(await actions.since("team", after=Place(4, "a4"), most=9)) == ["a5"]


async def test_a_type_or_a_package_is_listed_alone(actions: Actions) -> None:
    assert ids(await actions.newest("team", type_=ActionType.JOB, most=9)) == ["a5", "a3", "a1"]
    assert ids(await actions.newest("team", package="com.example.order", most=9)) == ["a4", "a2"]
    assert ids(await actions.since("team", after=Place(2), type_=ActionType.JOB, most=9)) == ["a3", "a5"]
    assert ids(await actions.since("team", after=Place(3), package="com.example.order", most=9)) == ["a4"]


async def test_a_response_counts_and_moves_its_action_to_the_end_of_the_changes(
    actions: Actions, database: Database
) -> None:
    await database.write(action_responded("a1", at=9, is_first=True, otherwise=CLOSED))
    await database.write(action_responded("a1", at=8, is_first=False, otherwise=CLOSED))

    changed = await actions.changed("team", most=9)
    assert ids(changed) == ["a2", "a3", "a4", "a5", "a1"]
    assert (changed[-1].responses, changed[-1].changed_at) == (1, 9)
    assert ids(await actions.changed("team", after=Place(4, "a4"), most=9)) == ["a5", "a1"]


async def test_a_change_makes_the_next_version_and_is_refused_for_another(actions: Actions, database: Database) -> None:
    closed = msgspec.structs.replace(action(1), is_closed=True, properties='[{"name":"state"}]')

    await database.write(action_changed(closed, at=7))
    with pytest.raises(Conflict, match=r"^version:"):
        await database.write(action_changed(closed, at=8))
    with pytest.raises(Conflict, match="closed"):
        await database.write(action_responded("a1", at=9, is_first=True, otherwise=CLOSED))

    assert await actions.get("a1") == msgspec.structs.replace(closed, version=2, changed_at=7)


async def test_reminders_are_listed_latest_first(actions: Actions, database: Database) -> None:
    kept = [Reminder(id=f"m{at}", action="a1", author="ada", audience='["*"]', at=at) for at in (1, 2, 3)]
    await database.write(*chain.from_iterable(map(reminded, kept)))

    assert await actions.reminders("a1", most=2) == [kept[2], kept[1]]
    assert await actions.reminders("a1", before=Place(2, "m2"), most=2) == [kept[0]]
    assert await actions.reminders("a2", most=2) == []


@pytest.mark.parametrize("cursor", ["x", "1", ".a", "-1.a", "1e3.a", "99999999999999999999.a"])
def test_a_cursor_of_somebody_elses_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match=r"^cursor:"):
        read_place(cursor, start=NEWEST)


async def test_without_a_number_the_next_version_of_a_package_is_made(database: Database) -> None:
    made = [await database.write(package_added(package("com.example.order", version=version))) for version in (0, 7, 0)]

    assert made == [[[(1,)]], [[(7,)]], [[(8,)]]]
    with pytest.raises(Conflict, match="leave the version out"):
        await database.write(package_added(package("com.example.order", version=7)))


async def test_a_package_is_found_by_version_and_else_the_newest_is(database: Database) -> None:
    for identifier in ("com.example.order", "com.example.order", "com.example.visit"):
        await database.write(package_added(package(identifier)))
    packages = Packages(database)

    assert await packages.get("com.example.order", version=1) == package("com.example.order", version=1)
    assert await packages.get("com.example.order") == package("com.example.order", version=2)
    assert await packages.get("com.example.order", version=3) is await packages.get("com.example") is None
    listed = await packages.all(after=("com.example.order", 1), most=9)
    assert [(one.id, one.version) for one in listed] == [("com.example.order", 2), ("com.example.visit", 1)]
