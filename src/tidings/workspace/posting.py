"""Posting: an action is kept together with the event that tells of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.actions import Action, ActionType, action_posted
from tidings.store.packages import package_added_once
from tidings.workspace.actions import Subjects
from tidings.workspace.bodies import MEDIA_TYPES, written
from tidings.workspace.created import created
from tidings.workspace.drafting import Drafted, Drafting
from tidings.workspace.properties import written_properties
from tidings.workspace.proposal import NewAction
from tidings.workspace.subscribers import Audience, Subscribers
from tidings.workspace.tree import Tree

# What is told without the id of an action can be heard in its group alone.
_OF_GROUPS = MEDIA_TYPES | {ActionType.ANNOUNCEMENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedAction:
    action: Action
    audience: Audience


class Posting:
    """Any member may post; only admins pick subscribers, of whom some may fail."""

    def __init__(
        self, *, publisher: Publisher, drafting: Drafting, subscribers: Subscribers, tree: Tree, clock: Clock
    ) -> None:
        self._publisher = publisher
        self._drafting = drafting
        self._subscribers = subscribers
        self._tree = tree
        self._subjects = Subjects(tree)
        self._clock = clock

    async def post(
        self, caller: Caller, group: str, *, new: NewAction, subscribers: Sequence[str] = (), is_for_all: bool = False
    ) -> PostedAction:
        """Post an action to a group, or to subscribers of it by phone number, or to all of them too.

        Raises Invalid, naming the field; Forbidden; Conflict for a package of somebody else's; NotFound for a package
        that is not there, or if the caller is not in the group.
        """
        audience = await self._subscribers.audience(caller, group, phones=subscribers, to_all=is_for_all)
        at = self._clock.now()
        drafted = await self._drafting.draft(caller, new, group=group, at=at)
        action = _action(drafted, group=group, author=caller.person.id, audience=audience, at=at)
        type_, data = created(action, drafted.body, creator=caller.person, assigned_to=drafted.assigned_to)
        event = Event(
            type=type_,
            subjects=await self._subjects_of(action),
            data=msgspec.json.encode(data),
            at=at,
            actor=caller.person,
            # Whoever reads the action back knows the event by it.
            wire_id=action.id,
        )
        made = (package_added_once(drafted.made),) if drafted.made else ()
        await self._publisher.publish_one(Draft(event=event, also=(*made, action_posted(action))))
        return PostedAction(action=action, audience=audience)

    async def _subjects_of(self, action: Action) -> tuple[Subject, ...]:
        if action.type in _OF_GROUPS:
            return await self._tree.subjects(action.group_id)
        return await self._subjects.of(action)


def _action(drafted: Drafted, *, group: str, author: str, audience: Audience, at: int) -> Action:
    return Action(
        id=str(uuid.uuid4()),
        reference=str(uuid.uuid4()),
        group_id=group,
        type=drafted.type,
        package=drafted.package.id if drafted.package else "",
        package_version=drafted.package.version if drafted.package else 0,
        author=author,
        audience=audience.kept,
        title=drafted.title,
        body=written(drafted.body),
        properties=written_properties(drafted.properties),
        due_at=drafted.due_at,
        created_at=at,
        changed_at=at,
    )
