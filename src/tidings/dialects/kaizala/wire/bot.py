"""What is sent and answered about bots; most of it in the capitals of Kaizala's .NET library."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from tidings.dialects.kaizala.wire.lenient import Wire
from tidings.store.bots import Bot
from tidings.workspace.data import NOBODY_ID


class NewBot(Wire, frozen=True, kw_only=True, rename="pascal"):
    """A bot to be made; the picture is an address."""

    name: str
    profile_pic: str | None = None


class BotChanges(Wire, frozen=True, kw_only=True, rename="pascal"):
    """What of a bot is to be otherwise."""

    name: str | None = None
    profile_pic: str | None = None


class BotChosen(Wire, frozen=True, kw_only=True, rename="pascal"):
    """The bot that is to be in a group."""

    bot_user_id: str


class BotMade(Wire, frozen=True, kw_only=True, rename="pascal"):
    """What the bot is called from now on."""

    bot_user_id: str


class BotTold(Wire, frozen=True, kw_only=True, rename="pascal"):
    """A bot and who made it (`Creator` is a phone number); an installation is one tenant, whose id says nothing."""

    bot_user_id: str
    name: str
    profile_pic: str
    tenant_id: str = NOBODY_ID
    creator_id: str
    creator: str
    creator_name: str
    creator_profile_pic: str
    status: Literal["Active"] = "Active"


class BotsTold(Wire, frozen=True, kw_only=True, rename="pascal"):
    """The caller's bots, of a tenant's token all; `cursor` asks for the rest, absent if there is none."""

    bots: list[BotTold]
    cursor: str | UnsetType = msgspec.field(name="cursor", default=UNSET)


class BotAccess(Wire, frozen=True, kw_only=True):
    """An access token that acts as the bot, and until when (epoch milliseconds)."""

    access_token: str
    access_token_expiry: int
    scope: str = "token.write"


def bot_told(bot: Bot) -> BotTold:
    return BotTold(
        bot_user_id=bot.id,
        name=bot.name,
        profile_pic=bot.picture,
        creator_id=bot.creator_id,
        creator=bot.creator_phone,
        creator_name=bot.creator_name,
        creator_profile_pic=bot.creator_picture,
    )
