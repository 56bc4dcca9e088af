"""Bots as they are kept: people without a phone number, made by somebody."""

from tidings.core.errors import NotFound
from tidings.core.event import Actor
from tidings.store.database import Database, Statement, Value

NO_SUCH_BOT = "there is no such bot; list yours with GET /v1/bot"


class Bot(Actor, frozen=True, kw_only=True):
    """A bot, and who made it: a person, or a program, of which nothing is known here."""

    creator_id: str = ""
    creator_phone: str = ""
    creator_name: str = ""
    creator_picture: str = ""


def bot_added(bot: Bot, *, at: int) -> tuple[Statement, ...]:
    person: dict[str, Value] = {"id": bot.id, "name": bot.name, "picture": bot.picture, "at": at}
    return (
        Statement("bot_person_added", person),
        Statement("bot_added", {"id": bot.id, "creator": bot.creator_id, "at": at}),
    )


def bot_renamed(identifier: str, *, name: str, picture: str) -> Statement:
    return Statement("bot_renamed", {"id": identifier, "name": name, "picture": picture})


def bot_ended(identifier: str, *, at: int) -> tuple[Statement, ...]:
    """What ends a bot and its tokens. Raises NotFound if it has ended before."""
    return (
        Statement("bot_ended", {"id": identifier, "at": at}, NotFound(NO_SUCH_BOT)),
        Statement("tokens_of_person_revoked", {"person": identifier, "at": at}),
    )


class Bots:
    """Reads bots that have not ended."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Bot | None:
        rows = await self._database.read(Bot, "bot", id=identifier)
        return rows[0] if rows else None

    async def list(self, *, creator: str | None, after: str, most: int) -> list[Bot]:
        """So many by id, from `after` on, exclusive: those of a person, or with None all."""
        if creator is None:
            return await self._database.read(Bot, "bots", after=after, most=most)
        return await self._database.read(Bot, "bots_of_creator", creator=creator, after=after, most=most)
