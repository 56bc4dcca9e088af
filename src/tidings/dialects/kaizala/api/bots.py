"""The calls about bots."""

from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import bot as wire
from tidings.dialects.kaizala.wire.group import Done
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.bots import Bots

# A guess: an organisation's bots at once.
MOST_LISTED = 100

_PAGE = (
    Parameter(
        name="limit",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BotApi:
    """Whose bot it is not is told that there is none."""

    bots: Bots

    def routes(self) -> list[Route]:
        return [*self._routes_of_all(), *self._routes_of_one()]

    def _routes_of_all(self) -> list[Route]:
        return [
            _route(
                "POST",
                name="createBot",
                summary="Make a bot",
                handler=self._create,
                body=body_of(wire.NewBot),
                answers=wire.BotMade,
                errors=(Invalid, Forbidden),
            ),
            _route(
                "GET",
                name="listBots",
                summary="List the caller's bots",
                handler=self._list,
                answers=wire.BotsTold,
                parameters=_PAGE,
                errors=(Invalid, Forbidden),
            ),
            Route(
                method="POST",
                path="/v1/groups/{groupId}/bot",
                name="addBot",
                summary="Add a bot to a group",
                handler=self._join,
                needs="groupmember.write",
                body=body_of(wire.BotChosen),
                answers=Done,
                errors=(Invalid, Forbidden, NotFound),
                tag="Bots",
            ),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            _route(
                "PUT",
                "/{botId}",
                name="changeBot",
                summary="Change a bot's name or picture",
                handler=self._change,
                body=body_of(wire.BotChanges),
                answers=dict[str, str],
                errors=(Invalid, NotFound),
            ),
            _route(
                "DELETE",
                "/{botId}",
                name="endBot",
                summary="End a bot and its tokens; it leaves its groups",
                handler=self._end,
                answers=dict[str, str],
                errors=(NotFound, Conflict),
            ),
            _route(
                "GET",
                "/accessToken/{botId}",
                name="getBotAccessToken",
                summary="Get an access token that acts as a bot",
                handler=self._give_token,
                answers=wire.BotAccess,
                errors=(NotFound,),
            ),
        ]

    async def _create(self, call: Call) -> wire.BotMade:
        asked = read(wire.NewBot, call.body)
        bot = await self.bots.create(bearer(call), name=asked.name, picture=asked.profile_pic or "")
        return wire.BotMade(bot_user_id=bot.id)

    async def _list(self, call: Call) -> wire.BotsTold:
        most = int(call.query.get("limit", MOST_LISTED))
        found = await self.bots.list(bearer(call), after=call.query.get("cursor", ""), most=most)
        bots = [wire.bot_told(bot) for bot in found]
        return wire.BotsTold(bots=bots, cursor=bots[-1].bot_user_id if len(bots) == most else UNSET)

    async def _change(self, call: Call) -> dict[str, str]:
        asked = read(wire.BotChanges, call.body)
        await self.bots.change(bearer(call), call.path["botId"], name=asked.name, picture=asked.profile_pic)
        return {}

    async def _end(self, call: Call) -> dict[str, str]:
        await self.bots.end(bearer(call), call.path["botId"])
        return {}

    async def _give_token(self, call: Call) -> wire.BotAccess:
        token = await self.bots.give_token(bearer(call), call.path["botId"])
        return wire.BotAccess(access_token=token.text, access_token_expiry=token.expires_at)

    async def _join(self, call: Call) -> Done:
        chosen = read(wire.BotChosen, call.body)
        await self.bots.join(bearer(call), call.path["groupId"], identifier=chosen.bot_user_id)
        return Done()


def _route(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=f"/v1/bot{suffix}", needs="profile.write", tag="Bots", **rest)
