"""Amending: what becomes of an action after it was posted; no event tells of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Forbidden, NotFound
from tidings.core.event import Actor
from tidings.store.actions import (
    NEWEST,
    Action,
    Actions,
    Place,
    Reminder,
    action_changed,
    another_version,
    reminded,
)
from tidings.store.database import Database, Statement
from tidings.store.groups import Role
from tidings.workspace.form import form_of
from tidings.workspace.properties import SentProperty, changed_properties, read_properties, written_properties
from tidings.workspace.rights import Rights
from tidings.workspace.subscribers import Subscribers

# A change of whatever version is there (Kaizala API reference 1.6).
ANY_VERSION = -1
# A guess: whoever lost so often in a row is one of very many, and had better come back later.
_MOST_TRIES = 8
_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change to an action that still has that version; `field` is what callers call the properties."""

    version: int = ANY_VERSION
    properties: Sequence[SentProperty] = ()
    field: str = "updateProperties"
    is_closed: bool | None = None


class Amending:
    """The author and the admins of the group change an action. Everything raises NotFound and Forbidden."""

    def __init__(self, database: Database, *, rights: Rights, subscribers: Subscribers, clock: Clock) -> None:
        self._database = database
        self._kept = Actions(database)
        self._rights = rights
        self._subscribers = subscribers
        self._clock = clock

    async def change(
        self, caller: Caller, group: str, *, action: str, change: Change, also: Sequence[Statement] = ()
    ) -> Action:
        """Change, close or open an action; the action with its new version. Raises Invalid and Conflict."""
        for _ in range(_MOST_TRIES):
            former = await self._own(caller, group, action=action)
            if change.version not in (ANY_VERSION, former.version):
                raise another_version()
            changed = _changed(former, change)
            at = max(self._clock.now(), former.changed_at)
            try:
                await self._database.write(action_changed(changed, at=at), *also)
            except Conflict:
                continue
            return msgspec.structs.replace(changed, version=former.version + 1, changed_at=at)
        raise Conflict("others are changing the action at this very moment; send the change again")

    async def remind(
        self,
        caller: Caller,
        group: str,
        *,
        action: str,
        subscribers: Sequence[str] = (),
        to_all: bool = False,
        also: Sequence[Statement] = (),
    ) -> None:
        """Keep that somebody reminded the group of an action, or subscribers of it. Raises Invalid."""
        found = await self._own(caller, group, action=action)
        audience = await self._subscribers.audience(caller, group, phones=subscribers, to_all=to_all)
        reminder = Reminder(
            id=str(uuid.uuid4()),
            action=found.id,
            author=caller.person.id,
            audience=audience.kept,
            at=self._clock.now(),
        )
        await self._database.write(*reminded(reminder), *also)

    async def silent(
        self, caller: Caller, group: str, *, action: str, most: int = _PAGE, after: str = ""
    ) -> list[Actor]:
        """So many people, by id, whom a reminder is for: who is asked and has not responded. Raises Invalid."""
        form = form_of(await self._own(caller, group, action=action))
        among = form.assignees if form.is_job else None
        return await self._kept.silent(form.action, among=among, most=most, after=after)

    async def reminders(
        self, caller: Caller, group: str, *, action: str, before: Place = NEWEST, most: int = _PAGE
    ) -> list[Reminder]:
        """So many reminders of an action, latest first."""
        found = await self._own(caller, group, action=action)
        return await self._kept.reminders(found.id, before=before, most=most)

    async def _own(self, caller: Caller, group: str, *, action: str) -> Action:
        """An action of the group that the caller may change."""
        role = await self._rights.role_in(caller, group)
        found = await self._kept.get(action)
        if found is None or found.group_id != group:
            raise NotFound("there is no such action in the group; list them with GET /v1/groups/{id}/actions")
        if role is not Role.ADMIN and not (found.author == caller.person.id != ""):
            raise Forbidden("only its author and the admins of the group may do this; ask one of them")
        return found


def _changed(action: Action, change: Change) -> Action:
    properties = changed_properties(read_properties(action.properties), change.properties, field=change.field)
    return msgspec.structs.replace(
        action,
        properties=written_properties(properties),
        is_closed=action.is_closed if change.is_closed is None else change.is_closed,
    )
