"""The call by which people and programs say something in a group."""

from dataclasses import dataclass

from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.wire import message as wire
from tidings.dialects.kaizala.wire.lenient import body_of, is_true, read
from tidings.dialects.kaizala.wire.subscriber import failed_of, phones_of
from tidings.workspace.messages import Messages

SEND_TO_ALL = Parameter(
    name="sendToAll",
    meaning="`Yes` is the body's `sendToAllSubscribers`, as Power Automate has it.",
    schema={"type": "string", "pattern": "^([Yy]es|YES|[Nn]o|NO|[Tt]rue|TRUE|[Ff]alse|FALSE)$"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageApi:
    """Whoever is not in a group is told that there is none."""

    messages: Messages

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/groups/{groupId}/messages",
                name="postMessage",
                is_busy=True,
                summary="Post a text message to a group",
                handler=self._post,
                needs="textmessage.write",
                body=body_of(wire.NewMessage),
                answers=wire.MessageMade,
                parameters=(SEND_TO_ALL,),
                errors=(Invalid, Forbidden, NotFound),
                tag="Messages",
            )
        ]

    async def _post(self, call: Call) -> wire.MessageMade:
        asked = read(wire.NewMessage, call.body)
        posted = await self.messages.post(
            bearer(call),
            call.path["groupId"],
            text=asked.message,
            subscribers=phones_of(asked.subscribers),
            to_all=is_true(asked.send_to_all_subscribers or False) or says_all(call),
            reply_to=asked.reply_to_reference_id or "",
        )
        return wire.MessageMade(reference_id=posted.reference, failed_result=failed_of(posted.audience.failed))


def says_all(call: Call) -> bool:
    """Whether the query asks to send to all subscribers."""
    return call.query.get(SEND_TO_ALL.name, "").lower() in {"yes", "true"}
