"""The calls by which actions are posted, changed, and recalled to mind."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.route import Call, Parameter, Route
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.api.listing import PAGE, cursor_after, limit_of
from tidings.dialects.kaizala.api.messages import SEND_TO_ALL, says_all
from tidings.dialects.kaizala.wire import action as wire
from tidings.dialects.kaizala.wire.lenient import Flag, Wire, body_of, is_true, read
from tidings.dialects.kaizala.wire.subscriber import failed_of, phones_of
from tidings.store.actions import NEWEST, Place, read_place
from tidings.workspace.amending import Amending, Change
from tidings.workspace.bodies import MEDIA_TYPES
from tidings.workspace.posting import Posting

_TAG = "Actions"
_ACTIONS = "/v1/groups/{groupId}/actions"
_ACTION = f"{_ACTIONS}/{{actionId}}"
# How Power Automate says what it posts.
_KIND = (
    Parameter(name="actionType", meaning="The body's `actionType`, where that has none."),
    Parameter(name="id", meaning="The body's `id`, where that has none."),
    SEND_TO_ALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionApi:
    """Whoever is not in a group is told that there is none."""

    posting: Posting
    amending: Amending

    def routes(self) -> list[Route]:
        return [self._post_route(), *self._change_routes(), *self._reminder_routes()]

    def _post_route(self) -> Route:
        return Route(
            method="POST",
            path=_ACTIONS,
            name="postAction",
            summary="Post an action to a group",
            handler=self._post,
            needs="action.write",
            body=_one_of(wire.NEW_ACTIONS),
            answers=wire.ActionMade,
            parameters=_KIND,
            errors=(Invalid, Forbidden, NotFound, Conflict),
            tag=_TAG,
        )

    def _change_routes(self) -> list[Route]:
        return [
            Route(
                method="PUT",
                path=_ACTION,
                name="changeAction",
                summary="Change the properties of an action, close it, or open it again",
                handler=self._change,
                needs="action.update",
                body=body_of(wire.ChangedAction),
                answers=wire.ActionChanged,
                errors=(Invalid, Forbidden, NotFound, Conflict),
                tag=_TAG,
            ),
            Route(
                method="PUT",
                path=f"{_ACTION}/properties",
                name="changeActionProperties",
                summary="Change the properties of an action",
                handler=self._change_properties,
                needs="action.update",
                body=body_of(wire.ChangedProperties),
                answers=wire.ActionChanged,
                errors=(Invalid, Forbidden, NotFound, Conflict),
                tag=_TAG,
            ),
        ]

    def _reminder_routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path=f"{_ACTION}/reminder",
                name="remindOfAction",
                summary="Remind people of an action",
                handler=self._remind,
                needs="action.write",
                body=body_of(wire.NewReminder),
                answers=wire.Reminded,
                errors=(Invalid, Forbidden, NotFound),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path=f"{_ACTION}/reminder",
                name="listReminders",
                summary="List who was reminded of an action, and when",
                handler=self._list_reminders,
                needs="action.read",
                answers=wire.RemindersTold,
                parameters=PAGE,
                errors=(Invalid, Forbidden, NotFound),
                tag=_TAG,
            ),
        ]

    async def _post(self, call: Call) -> wire.ActionMade:
        envelope = read(wire.Envelope, call.body)
        posted = await self.posting.post(
            bearer(call),
            call.path["groupId"],
            new=wire.read_new(call.body, type_=call.query.get("actionType", ""), package=call.query.get("id", "")),
            subscribers=phones_of(envelope.subscribers),
            is_for_all=_is_for_all(envelope.send_to_all_subscribers) or says_all(call),
        )
        action = posted.action
        return wire.ActionMade(
            reference_id=action.reference,
            action_id=UNSET if action.type in MEDIA_TYPES else action.id,
            failed_result=failed_of(posted.audience.failed),
        )

    async def _change(self, call: Call) -> wire.ActionChanged:
        return await self._changed(call, read(wire.ChangedAction, call.body).meant())

    async def _change_properties(self, call: Call) -> wire.ActionChanged:
        return await self._changed(call, read(wire.ChangedProperties, call.body).meant())

    async def _changed(self, call: Call, change: Change) -> wire.ActionChanged:
        group, action = call.path["groupId"], call.path["actionId"]
        return wire.action_changed(await self.amending.change(bearer(call), group, action=action, change=change))

    async def _remind(self, call: Call) -> wire.Reminded:
        asked = read(wire.NewReminder, call.body)
        await self.amending.remind(
            bearer(call),
            call.path["groupId"],
            action=call.path["actionId"],
            subscribers=phones_of(asked.subscribers),
            to_all=_is_for_all(asked.send_to_all_subscribers),
        )
        return wire.Reminded()

    async def _list_reminders(self, call: Call) -> wire.RemindersTold:
        most = limit_of(call)
        found = await self.amending.reminders(
            bearer(call),
            call.path["groupId"],
            action=call.path["actionId"],
            before=read_place(call.query.get("cursor", ""), start=NEWEST),
            most=most,
        )
        cursor = cursor_after([Place(one.at, one.id).cursor for one in found], most=most)
        return wire.RemindersTold(reminders=[wire.reminder_told(one) for one in found], cursor=cursor)


def _is_for_all(flag: Flag | None) -> bool:
    return is_true(flag or False)


def _one_of(shapes: Sequence[type[Wire]]) -> Any:  # noqa: ANN401 - a type for a decoder, as `body_of` gives
    schemas = [msgspec.json.schema(body_of(shape)) for shape in shapes]
    return Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"anyOf": schemas})]
