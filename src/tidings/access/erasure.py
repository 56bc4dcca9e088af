"""Erasure: blanks a person everywhere, in steps that leave room for everybody else's work."""

import re
from collections.abc import Collection
from typing import Any

import msgspec

from tidings.access.pins import asked_by
from tidings.core.clock import Clock
from tidings.core.event import Actor
from tidings.store.audit import audited
from tidings.store.connectors import ACCESS_CHANGED
from tidings.store.database import Database
from tidings.store.people import (
    Naming,
    People,
    answers_rewritten,
    event_rewritten,
    person_erased,
    stripped_of_access,
)
from tidings.store.subscriptions import withholding
from tidings.store.tokens import unthrottled

# A step takes some ten milliseconds of the one writer; a guess at what nobody notices.
_STEP = 1_000
# Whoever was signed in anywhere is refused after a second (see `Callers`); only then is nothing new written about them.
_UNTIL_REFUSED_S = 1.0
# How events name a person: by number and id, with name and picture beside them as they were then.
_PART = re.compile(r"(Id|Name|ProfilePic)$")
_PLAIN = frozenset({"id", "name", "phone", "mobileNumber", "picture", "profilePic"})


class Erasure:
    """Leaves a person's id, so that what refers to it stays explainable, and nothing else.

    Number and name go wherever they stand by themselves: in fields about the person, and as the person's own answer to
    a question. What somebody wrote around them stays as it was written.

    The row goes last: whoever was interrupted finds the person by number and begins again.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._people = People(database)
        self._clock = clock

    async def erase(self, person: Actor, *, actor: str) -> None:
        """Take away what the person may do, then blank messages, answers, kept events and the row itself."""
        now = self._clock.now()
        await self._database.write(
            *stripped_of_access(person, at=now),
            unthrottled(asked_by(person.phone)),
            withholding(owner=person.id),
            ACCESS_CHANGED,
        )
        await self._database.ring("subscriptions")
        await self._clock.sleep(_UNTIL_REFUSED_S)
        while await self._people.unsign_messages(person.id, most=_STEP) == _STEP:
            pass
        await self._blank_answers(person)
        await self._blank_events(person)
        await self._database.write(
            person_erased(person.id, at=now),
            audited(actor=actor, action="person.erased", about=person.id, at=now),
        )

    async def _blank_answers(self, person: Actor) -> None:
        after, step = "", _STEP
        while step == _STEP:
            given = await self._people.answers(after=after, most=_STEP)
            blanked = [
                answers_rewritten(one.id, left)
                for one in given
                if one.responder == person.id and (left := answers_without(person, one.answers)) != one.answers
            ]
            await self._database.write(*blanked)
            after, step = given[-1].id if given else after, len(given)

    async def _blank_events(self, person: Actor) -> None:
        after = 0
        while until := await self._people.event_step(after=after, most=_STEP):
            naming = await self._people.events_naming(person, after=after, until=until)
            blanked = [left for event in naming if (left := without(person, event)) != event]
            await self._database.write(*map(event_rewritten, blanked))
            after = until


def without(person: Actor, event: Naming) -> Naming:
    """The event without number, name and picture of a person; the id stays. One that has none of it is left alone."""
    actor = event.actor and msgspec.json.decode(event.actor, type=Actor)
    data = msgspec.json.decode(event.data)
    is_own = isinstance(actor, Actor) and (actor.id == person.id or actor.phone == person.phone)
    left = _without(person, data, gone={person.phone, person.name} if is_own else {person.phone})
    if not is_own and left == data:
        return event
    if is_own:
        actor = Actor(id=person.id, is_bot=person.is_bot)
    return Naming(
        id=event.id,
        actor=msgspec.json.encode(actor).decode() if actor else None,
        data=event.data if left == data else msgspec.json.encode(left).decode(),
    )


def answers_without(person: Actor, answers: str) -> str:
    """What the person answered, a JSON list, without number and name."""
    sent = msgspec.json.decode(answers)
    left = _without(person, sent, gone={person.phone, person.name})
    return answers if left == sent else msgspec.json.encode(left).decode()


def _without(person: Actor, value: Any, *, gone: Collection[str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_without(person, item, gone=gone) for item in value]
    if isinstance(value, dict):
        if f"{value.get('cc')}{value.get('pn')}" == person.phone:
            return value | {"pn": ""}
        about = {_about(key) for key, item in value.items() if item in (person.id, person.phone)}
        return {
            key: ""
            if _about(key) in about and isinstance(item, str) and item != person.id
            else _without(person, item, gone=gone)
            for key, item in value.items()
        }
    return "" if isinstance(value, str) and value in gone else value


def _about(key: str) -> str:
    """What `member`, `memberId`, `memberName`, `memberProfilePic` have in common; empty for `id`, `name` and so on."""
    return "" if key in _PLAIN else _PART.sub("", key)
