"""The calls about reactions."""

from dataclasses import dataclass
from typing import Any

from tidings.core.errors import Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import reaction as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.store.reactions import ReactionKind
from tidings.workspace.reactions import LARGEST_PAGE, Reactions

_SOURCE = Parameter(name="sourceGroupId", meaning="The group that it was posted in, that of the path if absent.")
_CURSOR = Parameter(
    name="cursor",
    meaning=f"The cursor of an earlier answer, in ticks; at most {LARGEST_PAGE} are listed at once.",
    schema={"type": "string", "pattern": "^[0-9]*$"},
)
_KIND = Parameter(
    name="reactionType", meaning=f"Only reactions of a kind: {' or '.join(ReactionKind)}; of any if absent."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionApi:
    """`sourceGroupId` and the group of the path differ when something of a sub-group is reacted to."""

    reactions: Reactions

    def routes(self) -> list[Route]:
        return [*self._routes_of_all(), *self._routes_of_one()]

    def _routes_of_all(self) -> list[Route]:
        return [
            _route(
                "POST",
                name="react",
                summary="Like a message or an action, or comment on it",
                handler=self._react,
                needs="reaction.write",
                body=body_of(wire.NewReaction),
                answers=wire.ReactionMade,
            ),
            _route(
                "GET",
                "/summary",
                name="summariseReactions",
                summary="Count the reactions to whatever was reacted to in a group",
                handler=self._summary,
                needs="reaction.read",
                answers=wire.Summary,
                parameters=(_SOURCE, _CURSOR),
            ),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            _route(
                "GET",
                "/{referenceId}/summary",
                name="countReactions",
                summary="Count the reactions to one message or action",
                handler=self._count,
                needs="reaction.read",
                answers=wire.Summary,
                parameters=(_SOURCE,),
            ),
            _route(
                "GET",
                "/{referenceId}",
                name="listReactions",
                summary="List the reactions to one message or action",
                handler=self._list,
                needs="reaction.read",
                answers=wire.Details,
                parameters=(_SOURCE, _KIND, _CURSOR),
            ),
        ]

    async def _react(self, call: Call) -> wire.ReactionMade:
        asked = read(wire.NewReaction, call.body)
        reaction = await self.reactions.react(
            bearer(call),
            asked.source_group_id or call.path["groupId"],
            reference=asked.reference_id,
            kind=asked.reaction_type,
            comment=asked.comment or "",
        )
        return wire.ReactionMade(reaction_id=reaction)

    async def _summary(self, call: Call) -> wire.Summary:
        after = wire.instant_of(call.query.get("cursor", ""))
        return wire.summary_of(await self.reactions.counts(bearer(call), _source(call), after=after), after=after)

    async def _count(self, call: Call) -> wire.Summary:
        count = await self.reactions.count(bearer(call), _source(call), reference=call.path["referenceId"])
        return wire.Summary(summary=[wire.count_told(count)])

    async def _list(self, call: Call) -> wire.Details:
        after = wire.instant_of(call.query.get("cursor", ""))
        reactions = await self.reactions.list(
            bearer(call),
            _source(call),
            reference=call.path["referenceId"],
            kind=wire.reaction_kind(call.query.get("reactionType", "")),
            after=after,
        )
        return wire.details_of(reactions, after=after)


def _source(call: Call) -> str:
    return call.query.get("sourceGroupId") or call.path["groupId"]


def _route(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    path = f"/v1/groups/{{groupId}}/reaction{suffix}"
    return Route(method=method, path=path, errors=(Invalid, NotFound), tag="Reactions", **rest)
