"""The call that responds to an action."""

from dataclasses import dataclass

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import response as wire
from tidings.dialects.kaizala.wire.lenient import body_of, read
from tidings.workspace.responses import Responses


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseApi:
    """What an action asks is the action's own; a type that is sent along is not looked at."""

    responses: Responses

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/groups/{groupId}/actions/{actionId}/responses",
                name="respond",
                is_busy=True,
                summary="Respond to an action, or replace a response",
                handler=self._respond,
                needs="action.write",
                body=body_of(wire.NewResponse),
                answers=wire.ResponseMade,
                errors=(Invalid, Forbidden, NotFound, Conflict),
                tag="Actions",
            )
        ]

    async def _respond(self, call: Call) -> wire.ResponseMade:
        asked = read(wire.NewResponse, call.body)
        response = await self.responses.respond(
            bearer(call), call.path["groupId"], action=call.path["actionId"], new=asked.meant()
        )
        return wire.ResponseMade(response_id=response)
