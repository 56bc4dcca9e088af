"""What is sent and answered about responses, and how they are read back."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tidings.core.event import NOBODY
from tidings.dialects.kaizala.wire.lenient import Flag, Wire, is_true
from tidings.workspace.reading import Answered, Page
from tidings.workspace.responses import NewResponse as Wanted

Told = Annotated[
    dict[str, Any],
    Meta(
        description="The data of the response's event, and beside it: `eventType`; who gave it as the event names them "
        "(`fromUser`…), empty if it is anonymous; `respondedAt` and `updatedAt`, epoch milliseconds."
    ),
]


class ResponseBody(Wire, frozen=True, kw_only=True):
    """To a job `isCompleted`; to anything else `answers`, one a question, in the order of the questions.

    By type: a text; an option's title, or several; a number; epoch milliseconds; {lt, lg, n}; a mediaResource, or
    several; {cc, pn}. null leaves a question open. `responseLocation` is {latitude, longitude, name}.
    """

    is_completed: Flag | None = None
    response_name: str | None = None
    response_location: dict[str, Any] | None = None
    answers: list[Any] | None = None


class NewResponse(Wire, frozen=True, kw_only=True):
    """A response to an action; with `responseId` it replaces that former one. The action itself says of what type."""

    action_type: str | None = None
    id: str | None = None
    response_id: str | None = None
    action_body: ResponseBody

    def meant(self) -> Wanted:
        body = self.action_body
        return Wanted(
            answers=body.answers or (),
            is_completed=None if body.is_completed is None else is_true(body.is_completed),
            location=body.response_location,
            response_id=self.response_id or "",
        )


class ResponseMade(Wire, frozen=True, kw_only=True):
    """What the response is called, which is also what its event is called."""

    response_id: str


class ResponsesTold(Wire, frozen=True, kw_only=True):
    """Responses in the order of their last changes; `cursor` asks for the rest, absent if there is none yet."""

    responses: list[Told]
    has_more: bool
    cursor: str | UnsetType = UNSET


def response_told(answered: Answered) -> dict[str, Any]:
    form, response = answered.form, answered.response
    actor = NOBODY if form.is_anonymous else response
    told: dict[str, Any] = msgspec.to_builtins(form.told(response))
    return told | {
        "eventType": form.event_type,
        "fromUser": actor.phone,
        "fromUserId": response.responder if actor is response else "",
        "fromUserName": actor.name,
        "fromUserProfilePic": actor.picture,
        "isBotfromUser": actor.is_bot,
        "respondedAt": response.created_at,
        "updatedAt": response.changed_at,
    }


def responses_told(page: Page) -> ResponsesTold:
    return ResponsesTold(
        responses=[response_told(one) for one in page.responses],
        has_more=bool(page.cursor),
        cursor=page.cursor or UNSET,
    )
