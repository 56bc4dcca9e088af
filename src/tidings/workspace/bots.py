"""Bots: programs that take part as people do, under a name and a picture of their own."""

import uuid
from dataclasses import dataclass

from tidings.access.naming import checked_name
from tidings.access.scope import ADMIN
from tidings.access.token import Purpose, issue
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import Actor
from tidings.outbox.directory import Directory
from tidings.store.audit import audited
from tidings.store.bots import NO_SUCH_BOT, Bot, bot_added, bot_ended, bot_renamed
from tidings.store.bots import Bots as KeptBots
from tidings.store.connectors import ACCESS_CHANGED
from tidings.store.database import Database, Statement
from tidings.store.subscriptions import withholding
from tidings.store.tokens import token_added
from tidings.workspace.groups import Groups
from tidings.workspace.rights import rules_all

# What addresses are kept to in practice; a picture itself belongs to the media.
_LONGEST_PICTURE = 2_048
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BotToken:
    """An access token that acts as a bot until `expires_at`."""

    text: str
    expires_at: int

    def __repr__(self) -> str:
        return "BotToken(***)"


class Bots:
    """A bot belongs to the person who made it; a tenant token rules them all. Who may not know of one gets NotFound."""

    def __init__(self, database: Database, *, groups: Groups, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._kept = KeptBots(database)
        self._groups = groups
        self._directory = directory
        self._clock = clock

    async def create(self, caller: Caller, *, name: str, picture: str = "") -> Bot:
        """Make a bot. Raises Invalid, and Forbidden for a token that speaks for no person."""
        self._must_own(caller)
        bot = Bot(
            id=str(uuid.uuid4()),
            name=checked_name(name),
            picture=_checked_picture(picture),
            is_bot=True,
            creator_id=caller.person.id,
            creator_phone=caller.person.phone,
            creator_name=caller.person.name,
            creator_picture=caller.person.picture,
        )
        await self._write(*bot_added(bot, at=self._clock.now()), caller=caller, action="bot.created", bot=bot)
        return bot

    async def list(self, caller: Caller, *, after: str = "", most: int = _PAGE) -> list[Bot]:
        """So many of the caller's bots by id, of a tenant token's all, from `after` on, exclusive."""
        self._must_own(caller)
        creator = None if rules_all(caller) else caller.person.id
        return await self._kept.list(creator=creator, after=after, most=most)

    async def change(
        self, caller: Caller, identifier: str, *, name: str | None = None, picture: str | None = None
    ) -> None:
        """Give a bot another name or picture. Raises Invalid and NotFound."""
        bot = await self._own(caller, identifier)
        renamed = bot_renamed(
            bot.id,
            name=bot.name if name is None else checked_name(name),
            picture=bot.picture if picture is None else _checked_picture(picture),
        )
        # Whoever remembers the bot by its tokens remembers the former name.
        await self._write(renamed, ACCESS_CHANGED, caller=caller, action="bot.changed", bot=bot)

    async def end(self, caller: Caller, identifier: str) -> None:
        """Have a bot leave its groups, with a MemberRemoved in each, and end it and its tokens.

        Raises NotFound, and Conflict where it is the last admin; what came before that has happened, and it may be
        repeated.
        """
        bot = await self._own(caller, identifier)
        myself = _acting_as(bot, caller)
        while groups := await self._groups.list_for(myself):
            for group in groups:
                await self._groups.remove_member(myself, group.id, person=bot.id)
        ended = bot_ended(bot.id, at=self._clock.now())
        await self._write(*ended, withholding(owner=bot.id), ACCESS_CHANGED, caller=caller, action="bot.ended", bot=bot)
        await self._directory.refresh()

    async def give_token(self, caller: Caller, identifier: str) -> BotToken:
        """An access token that acts as the bot, with the caller's scopes and connector. Raises NotFound."""
        bot = await self._own(caller, identifier)
        issued = issue(Purpose.ACCESS, _acting_as(bot, caller), now=self._clock.now())
        await self._write(token_added(issued.kept), caller=caller, action="bot.token_created", bot=bot)
        return BotToken(text=issued.text, expires_at=issued.kept.expires_at or 0)

    async def join(self, caller: Caller, group: str, *, identifier: str) -> None:
        """Add a bot to a group as a member, anybody's; a MemberAdded tells, unless it is there. Admins only.

        Raises NotFound and Forbidden.
        """
        bot = await self._kept.get(identifier)
        if bot is None:
            raise NotFound(NO_SUCH_BOT)
        await self._groups.admit(caller, group, people=(_person(bot),))

    def _must_own(self, caller: Caller) -> None:
        if caller.kind is TokenKind.GROUP or not (caller.person.id or rules_all(caller)):
            raise Forbidden("this token speaks for no person who could have bots; use a user's token")

    async def _own(self, caller: Caller, identifier: str) -> Bot:
        bot = await self._kept.get(identifier)
        if bot is None or not (rules_all(caller) or _is_creator(caller, bot)):
            raise NotFound(NO_SUCH_BOT)
        return bot

    async def _write(self, *statements: Statement, caller: Caller, action: str, bot: Bot) -> None:
        entry = audited(actor=caller.actor, action=action, about=bot.id, at=self._clock.now())
        await self._database.write(*statements, entry)


def _is_creator(caller: Caller, bot: Bot) -> bool:
    return caller.kind is not TokenKind.GROUP and bot.creator_id == caller.person.id != ""


def _person(bot: Bot) -> Actor:
    return Actor(id=bot.id, name=bot.name, picture=bot.picture, is_bot=True)


def _acting_as(bot: Bot, caller: Caller) -> Caller:
    # What rules everything is a program's own and does not pass on.
    scopes = caller.scopes - {ADMIN}
    return Caller(connector=caller.connector, kind=TokenKind.USER, person=_person(bot), scopes=scopes)


def _checked_picture(picture: str) -> str:
    if len(picture) > _LONGEST_PICTURE:
        raise Invalid(f"profilePic: expected the address of a picture, at most {_LONGEST_PICTURE} characters")
    return picture
