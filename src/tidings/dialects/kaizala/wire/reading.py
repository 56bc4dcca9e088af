"""How actions are read back."""

from typing import Any

from msgspec import UNSET, UnsetType

from tidings.core.clock import SECOND
from tidings.dialects.kaizala.wire.action_body import body_told
from tidings.dialects.kaizala.wire.lenient import Wire
from tidings.dialects.kaizala.wire.response import response_told
from tidings.store.actions import ActionType
from tidings.workspace.actions import package_id, versioned_package_id
from tidings.workspace.bodies import JobBody
from tidings.workspace.instant import iso
from tidings.workspace.reading import Page, Seen


class _Action(Wire, frozen=True, kw_only=True):
    """What is told of every action: `sender` is a phone number; `status` is Active, Expired or Closed.

    When it was posted stands in `creationTime`, epoch seconds, and in `sentAt`; when it, or a response to it, changed
    last in `createdAt` and `changedAt`, epoch milliseconds. `id` (without version) and `packageId` are there of custom
    actions; `actionPackageId` is the package that its events name. A change of the action may name `version`.
    """

    reference_id: str
    action_id: str
    action_type: str
    id: str | UnsetType = UNSET
    package_id: str | UnsetType = UNSET
    action_package_id: str
    sender: str
    sender_id: str
    sender_name: str
    creation_time: int
    sent_at: str
    created_at: int
    changed_at: int
    status: str
    response_count: int
    version: int


class ActionTold(_Action, frozen=True, kw_only=True):
    """An action of a list. With details, its body has the oldest `responses`, and `hasMoreResponses`."""

    action_body: dict[str, Any]


class ActionsTold(Wire, frozen=True, kw_only=True):
    """Part of a group's actions; `cursor` asks for the rest, absent if there is none."""

    actions: list[ActionTold]
    has_more: bool
    cursor: str | UnsetType = UNSET


class ActionAlone(_Action, frozen=True, kw_only=True):
    """One action; `actionDetails` has what its body has, `status` and counts, and perhaps `responses`, oldest first.

    `cursor` asks for more of them, absent if there are none.
    """

    action_details: dict[str, Any]
    has_more: bool
    cursor: str | UnsetType = UNSET


def actions_told(page: Page) -> ActionsTold:
    return ActionsTold(
        actions=[_told(one) for one in page.actions],
        has_more=bool(page.cursor),
        cursor=page.cursor or UNSET,
    )


def action_alone(seen: Seen) -> ActionAlone:
    head = _head(seen)
    details = body_told(seen) | {"status": head["status"], "responseCount": head["response_count"]}
    if isinstance(seen.body, JobBody):
        details["assigneeCount"] = len(seen.body.assigned_to)
    if seen.responses is not None:
        details["responses"] = [response_told(one) for one in seen.responses]
    return ActionAlone(**head, action_details=details, has_more=bool(seen.cursor), cursor=seen.cursor or UNSET)


def _told(seen: Seen) -> ActionTold:
    body = body_told(seen)
    if seen.responses is not None:
        body["responses"] = [response_told(one) for one in seen.responses]
        body["hasMoreResponses"] = bool(seen.cursor)
    return ActionTold(**_head(seen), action_body=body)


def _head(seen: Seen) -> dict[str, Any]:
    action = seen.action
    is_custom = action.type is ActionType.CUSTOM
    return {
        "reference_id": action.reference,
        "action_id": action.id,
        "action_type": action.type.value,
        "id": package_id(action) if is_custom else UNSET,
        "package_id": versioned_package_id(action) if is_custom else UNSET,
        "action_package_id": package_id(action),
        "sender": seen.author.phone,
        "sender_id": seen.author.id,
        "sender_name": seen.author.name,
        "creation_time": action.created_at // SECOND,
        "sent_at": iso(action.created_at),
        "created_at": action.created_at,
        "changed_at": action.changed_at,
        "status": seen.status.value,
        "response_count": action.responses,
        "version": action.version,
    }
