"""Admission: which action a caller means, and what of it they may see and do."""

from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller
from tidings.core.errors import NotFound
from tidings.store.actions import Action, Actions, SeenAction
from tidings.store.database import Database
from tidings.store.groups import Role
from tidings.store.subscribers import Subscribers
from tidings.workspace.rights import Rights
from tidings.workspace.subscribers import ALL_SUBSCRIBERS

_audience = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An action that the caller may see. `role` is None for a subscriber, whom it was sent to.

    `is_beneath` says whether its group is beneath another.
    """

    action: Action
    role: Role | None
    is_beneath: int


class Admission:
    """Lets in whoever is in the group, and those of its subscribers whom the action was sent to."""

    def __init__(self, database: Database, *, rights: Rights) -> None:
        self._actions = Actions(database)
        self._subscribers = Subscribers(database)
        self._rights = rights

    async def to(self, caller: Caller, group: str, *, action: str) -> Admitted:
        """Raises NotFound for a group or an action that is not there, or not for the caller."""
        found = await self._actions.seen(action, person=caller.person.id)
        if found is None or found.group_id != group:
            await self._rights.role_in(caller, group)
            raise NotFound("there is no such action in the group; list them with GET /v1/groups/{id}/actions")
        role = await self._role(caller, found)
        return Admitted(action=found, role=role, is_beneath=found.is_beneath)

    async def _role(self, caller: Caller, action: SeenAction) -> Role | None:
        try:
            return await self._rights.role_from(caller, action.group_id, role=action.role)
        except NotFound:
            if await self._is_sent_to(caller.person.id, action):
                return None
            raise

    async def _is_sent_to(self, person: str, action: Action) -> bool:
        audience = _audience.decode(action.audience)
        is_meant = ALL_SUBSCRIBERS in audience or person in audience
        return is_meant and await self._subscribers.has(action.group_id, person)
