"""Callback: what was read of an action, a response, a member or a group, as the callback that would have told of it.

Only what callbacks tell is in it, so that the rows are the same ones, whichever comes first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tidings.core.pull import Order
from tidings.core.receipt import Receipt
from tidings.dialects.kaizala.pull.answers import Action, Group, Member
from tidings.dialects.kaizala.rows.happening import SAID_AT

_MEDIA = frozenset({"image", "album", "audio", "document", "video"})
# What stands beside the data of a response that is read back.
_BESIDE = ("eventType", "fromUser", "fromUserId", "fromUserName", "fromUserProfilePic", "isBotfromUser")
_TIMES = ("respondedAt", "updatedAt")
_ANSWERED: Mapping[str, str] = {
    "job": "JobResponse",
    "poll": "PollResponse",
    "letsmeet": "LetsMeetResponse",
    "survey": "SurveyResponse",
}


class Who(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Who made it happen; nobody, where only the outcome is seen."""

    from_user: Any = ""
    from_user_id: Any = ""
    from_user_name: Any = ""
    from_user_profile_pic: Any = ""
    is_botfrom_user: Any = False


_NOBODY = Who()


class _Envelope(Who, frozen=True, rename="camel", kw_only=True):
    """As in `dialects.kaizala.callback`."""

    object_id: str
    object_type: str
    event_type: str
    event_id: str
    data: Any
    group_id: str | UnsetType = UNSET
    source_group_id: str | UnsetType = UNSET


def action_told(action: Action, order: Order) -> Receipt | None:
    """The callback of an action that was posted; None for one of which no callback tells."""
    told = _created(action, group=order.group)
    if told is None or not action.name:
        return None
    who = Who(from_user=action.sender, from_user_id=action.sender_id, from_user_name=action.sender_name)
    return _receipt(told[0], told[1], order=order, name=action.name, who=who, said_at=action.at)


def response_told(response: Mapping[str, Raw], order: Order, *, action_type: str = "") -> Receipt:
    """The callback of a response; the action's type counts if the response does not say what event it is."""
    who = Who(**{_snake(name): response[name] for name in _BESIDE[1:] if name in response})
    data = {name: value for name, value in response.items() if name not in _BESIDE and name not in _TIMES}
    type_ = _text(response.get("eventType")) or _ANSWERED.get(action_type.lower(), "ActionResponse")
    said_at = _number(response.get("updatedAt"))
    name = _text(response.get("responseId"))
    return _receipt(type_, data, order=order, name=name, who=who, said_at=said_at)


def member_told(member: Member, order: Order, *, is_member: bool) -> Receipt:
    """The callback of somebody who is in the group now, or is no more."""
    data = {
        "member": member.mobile_number,
        "memberName": member.name,
        "memberProfilePic": member.profile_pic,
        "type": member.role,
        "memberId": member.id,
    }
    type_ = "MemberAdded" if is_member else "MemberRemoved"
    return _receipt(type_, data, order=order, name=f"{order.group}:{member.id}", said_at=order.at)


def group_told(group: Group, order: Order, *, parent: str, is_beneath: bool) -> Receipt:
    """The callback of a group that is beneath another now, or is no more; without a parent it stands alone."""
    data = {
        "group": group.group_id,
        "groupName": group.group_name,
        "groupImageUrl": group.group_image_url,
        "type": "Group",
    }
    type_ = "GroupAdded" if is_beneath else "GroupRemoved"
    name = f"{parent}:{group.group_id}"
    return _receipt(type_, data, order=msgspec.structs.replace(order, group=parent), name=name, said_at=order.at)


def _receipt(
    type_: str,
    data: Mapping[str, Any],
    *,
    order: Order,
    name: str,
    said_at: int | None,
    who: Who = _NOBODY,
) -> Receipt:
    group = order.group or UNSET
    envelope = _Envelope(
        object_id=order.group,
        object_type="Group" if order.group else "",
        event_type=type_,
        event_id=name,
        data=data,
        group_id=group,
        source_group_id=group,
        **msgspec.structs.asdict(who),
    )
    headers = [("content-type", "application/json"), ("tidings-pulled", order.group)]
    if said_at is not None:
        headers.append((SAID_AT, str(said_at)))
    return Receipt(source=order.source, at=order.at, headers=tuple(headers), body=msgspec.json.encode(envelope))


def _created(action: Action, *, group: str) -> tuple[str, dict[str, Any]] | None:
    body, kind = action.action_body, action.action_type.lower()
    if kind in _MEDIA:
        one = {"mediaUrl": body.get("mediaUrl"), "mediaFileName": body.get("mediaFileName")}
        data = {"media": body.get("media", [one]), "actionType": action.action_type, "caption": body.get("caption")}
        return "AttachmentCreated", data
    if kind == "announcement":
        data = {"title": body.get("title"), "text": body.get("message"), "media": body.get("media", [])}
        return "Announcement", data
    head = {"actionId": action.name, "groupId": group}
    if kind == "job":
        return "JobCreated", head | _some(body, "title", "text", "assignedTo", "dueDate")
    asked = head | _asking(action, group=group)
    if kind == "poll":
        options = [{"title": one.get("title", "")} for one in _objects(body.get("choices"))]
        return "PollCreated", asked | _one_question(options) | _some(body, "question", "choices", "expiryDate")
    if kind == "letsmeet":
        told = _some(body, "title", "startingTime", "duration", "place", "agenda", "isSenderOnly")
        return "LetsMeetCreated", asked | _one_question([]) | told
    if kind in {"survey", "custom"} or action.id:
        questions = {"questions": _objects(body.get("questions")), "isAnonymous": body.get("isAnonymous", False)}
        return "SurveyCreated" if kind == "survey" else "ActionCreated", asked | questions
    return None


def _asking(action: Action, *, group: str) -> dict[str, Any]:
    return {
        "actionPackageId": action.action_package_id or action.id,
        "packageId": action.package_id,
        "sourceGroupId": group,
        "responseId": action.name,
        "isUpdateResponse": False,
        "responder": action.sender,
        "responderId": action.sender_id,
        "responderName": action.sender_name,
    }


def _one_question(options: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    # What is asked stands in the action; how many can be seen is what counts.
    return {"questions": [{"title": "", "type": "SingleOption", "options": options}]}


def _some(body: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: body[name] for name in names if body.get(name) is not None}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _text(raw: Raw | None) -> str:
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, str) else ""


def _number(raw: Raw | None) -> int | None:
    value = None if raw is None else msgspec.json.decode(raw)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
