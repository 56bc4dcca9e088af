import pytest

from tidings.core.errors import NotFound
from tidings.core.event import Actor
from tidings.store.bots import Bot, Bots, bot_added, bot_ended, bot_renamed
from tidings.store.database import Database
from tidings.store.people import People, person_created

CLERK = Bot(id="clerk", name="Clerk", is_bot=True, creator_id="ada", creator_phone="+910000000001", creator_name="Ada")
STRAY = Bot(id="stray", name="Stray", is_bot=True)


@pytest.fixture
async def bots(database: Database) -> Bots:
    """A bot of Ada's, and one of a program's."""
    ada = Actor(id="ada", phone="+910000000001", name="Ada")
    await database.write(person_created(ada, at=1), *bot_added(CLERK, at=2), *bot_added(STRAY, at=2))
    return Bots(database)


async def test_bots_are_listed_with_their_makers_page_by_page(bots: Bots) -> None:
    assert await bots.list(creator=None, after="", most=1) == [CLERK]
    assert await bots.list(creator=None, after="clerk", most=9) == [STRAY]
    assert await bots.list(creator="ada", after="", most=9) == [CLERK]
    assert await bots.get("stray") == STRAY


@pytest.mark.usefixtures("bots")
async def test_a_bot_is_a_person_without_a_number(database: Database) -> None:
    assert await People(database).get("clerk") == Actor(id="clerk", name="Clerk", is_bot=True)


async def test_only_bots_are_renamed(bots: Bots, database: Database) -> None:
    await database.write(
        bot_renamed("clerk", name="Porter", picture="p"), bot_renamed("ada", name="Somebody", picture="")
    )

    renamed, ada = await bots.get("clerk"), await People(database).get("ada")
    assert renamed is not None
    assert ada is not None
    assert (renamed.name, renamed.picture, ada.name) == ("Porter", "p", "Ada")


async def test_a_bot_ends_once_and_remains_a_person(bots: Bots, database: Database) -> None:
    await database.write(*bot_ended("clerk", at=3))
    with pytest.raises(NotFound):
        await database.write(*bot_ended("clerk", at=4))

    assert await bots.get("clerk") is None
    assert await bots.list(creator=None, after="", most=9) == [STRAY]
    assert await People(database).get("clerk") is not None
