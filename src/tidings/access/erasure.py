"""Erasure: blanks a person everywhere, in steps that leave room for everybody else's work."""

from collections.abc import Callable, Mapping
from functools import partial

from tidings.access.blanking import answers_without, text_without, without
from tidings.access.pins import asked_by
from tidings.core.clock import Clock
from tidings.core.event import Actor
from tidings.store.audit import audited
from tidings.store.connectors import ACCESS_CHANGED
from tidings.store.database import Database
from tidings.store.mentions import TEXTS, Mentions
from tidings.store.people import (
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
# What is told of, by the table in which it was.
_TOLD = {
    "message": "texts of messages",
    "reaction": "comments",
    "action": "actions",
    "response": "answers of others",
    "grouping": "groups",
    "attempt": "answers of endpoints",
    "capture": "requests in bins",
    "receipt": "received requests",
}


class Erasure:
    """Leaves a person's id, so that what refers to it stays explainable, and nothing else.

    Number, name and picture go from every field about the person, and from the person's own answers. The number goes
    from all texts, too. A name in a text stays: it cannot be told from a word.

    The row goes last: whoever was interrupted finds the person by number and begins again.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._people = People(database)
        self._mentions = Mentions(database)
        self._clock = clock

    async def erase(self, person: Actor, *, actor: str, progress: Callable[[int], None]) -> Mapping[str, int]:
        """Take away what the person may do, blank what names them, and the row last; how much of what was changed.

        `progress` is told of rows that were looked at.
        """
        now = self._clock.now()
        await self._database.write(
            *stripped_of_access(person, at=now),
            unthrottled(asked_by(person.phone)),
            withholding(owner=person.id),
            ACCESS_CHANGED,
        )
        await self._database.ring("subscriptions")
        await self._clock.sleep(_UNTIL_REFUSED_S)
        changed = {
            "messages": await self._unsign_messages(person, progress=progress),
            "answers": await self._blank_answers(person, progress=progress),
            "events": await self._blank_events(person, progress=progress),
        }
        for texts in TEXTS:
            blank = partial(text_without, person)
            number = await self._mentions.blank(person, texts, blank=blank, progress=progress)
            changed[_TOLD[texts.table]] = number
        await self._database.write(
            person_erased(person.id, at=now),
            audited(actor=actor, action="person.erased", about=person.id, at=now),
        )
        return changed

    async def _unsign_messages(self, person: Actor, *, progress: Callable[[int], None]) -> int:
        unsigned, step = 0, _STEP
        while step == _STEP:
            step = await self._people.unsign_messages(person.id, most=_STEP)
            unsigned += step
            progress(step)
        return unsigned

    async def _blank_answers(self, person: Actor, *, progress: Callable[[int], None]) -> int:
        changed, after, step = 0, "", _STEP
        while step == _STEP:
            given = await self._people.answers(after=after, most=_STEP)
            blanked = [
                answers_rewritten(one.id, left)
                for one in given
                if one.responder == person.id and (left := answers_without(person, one.answers)) != one.answers
            ]
            await self._database.write(*blanked)
            after, step = given[-1].id if given else after, len(given)
            changed += len(blanked)
            progress(step)
        return changed

    async def _blank_events(self, person: Actor, *, progress: Callable[[int], None]) -> int:
        changed, after = 0, 0
        while until := await self._people.event_step(after=after, most=_STEP):
            naming = await self._people.events_naming(person, after=after, until=until)
            blanked = [left for event in naming if (left := without(person, event)) != event]
            await self._database.write(*map(event_rewritten, blanked))
            after = until
            changed += len(blanked)
            progress(len(naming))
        return changed
