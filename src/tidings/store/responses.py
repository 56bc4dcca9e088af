"""Responses to actions as they are kept."""

from collections.abc import Iterable

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Actor
from tidings.store.actions import OLDEST, Action, Place
from tidings.store.database import Database, Statement, Value


class GivenResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response to keep. `responder` is a person's id, empty for a program; `connector` is what it was given with.

    `answers` is JSON: one answer a question of the action, null for each that was left open.
    """

    id: str
    action: str
    group_id: str
    responder: str
    connector: str
    answers: str
    at: int


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """A response with what is known of its responder now. `updates` counts how often it was replaced."""

    id: str
    action: str
    responder: str
    phone: str
    name: str
    picture: str
    is_bot: bool = False
    answers: str
    updates: int
    created_at: int
    changed_at: int


def response_given(given: GivenResponse, *, is_only_one: bool) -> Statement:
    """Raises Conflict if only one is allowed and the person has given theirs."""
    sole = given.responder if is_only_one else None
    values = msgspec.structs.asdict(given) | {"sole": sole}
    return Statement("response_given", values, Conflict("you have responded already; send responseId to change that"))


def response_updated(given: GivenResponse) -> Statement:
    """Raises NotFound if the responder has no such response to that action; a program's is its connector's."""
    values = msgspec.structs.asdict(given)
    del values["group_id"]
    missing = NotFound("responseId: you have given no such response to this action; leave it out to give a new one")
    return Statement("response_updated", values, missing)


class Responses:
    """Reads responses. Every list takes the same time however many there are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def only_one(self, action: str, *, responder: str) -> str:
        """The id of the one response that somebody gave where one is allowed; empty if they gave none."""
        rows = await self._database.read(str, "response_sole", action=action, sole=responder)
        return rows[0] if rows else ""

    async def of_action(
        self, action: str, *, most: int, after: Place = OLDEST, responder: str | None = None
    ) -> list[Response]:
        """So many responses to an action, oldest first; one responder's own if one is named."""
        values: dict[str, Value] = {"action": action, "at": after.at, "id": after.id, "most": most}
        if responder is None:
            return await self._database.read(Response, "responses_of_action", **values)
        return await self._database.read(Response, "responses_of_person", responder=responder, **values)

    async def changed(self, group: str, *, most: int, after: Place = OLDEST) -> list[Response]:
        """So many responses in a group in the order in which they were given or updated last."""
        return await self._database.read(
            Response, "responses_changed", group_id=group, at=after.at, id=after.id, most=most
        )

    async def actions(self, identifiers: Iterable[str]) -> dict[str, Action]:
        """The actions of those ids, by id."""
        found = await self._database.read(Action, "actions_of_ids", ids=_json(identifiers))
        return {action.id: action for action in found}

    async def people(self, identifiers: Iterable[str]) -> dict[str, Actor]:
        """The people of those ids, by id."""
        found = await self._database.read(Actor, "people_of_ids", ids=_json(identifiers))
        return {person.id: person for person in found}


def _json(identifiers: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(set(identifiers))).decode()
