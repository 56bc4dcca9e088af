"""Reactions: what members think of messages and actions."""

import contextlib
import uuid

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.store.database import Database
from tidings.store.messages import Messages
from tidings.store.reactions import Reaction, ReactionCount, ReactionKind, like_taken_back, reacted
from tidings.store.reactions import Reactions as KeptReactions
from tidings.workspace.rights import Rights

# As long as a message may be.
LONGEST_COMMENT = 4_000
# A guess: a page of comments of the largest size stays below a megabyte.
LARGEST_PAGE = 100


class Reactions:
    """Any member may react, and see who did. No event tells of it.

    `group` is the one that a message or action was posted in; `reference` is what it is called there. Everything raises
    NotFound if the caller is not in the group, or nothing in it is called so.
    """

    def __init__(self, database: Database, *, rights: Rights, clock: Clock) -> None:
        self._database = database
        self._kept = KeptReactions(database)
        self._messages = Messages(database)
        self._rights = rights
        self._clock = clock

    async def react(self, caller: Caller, group: str, *, reference: str, kind: ReactionKind, comment: str = "") -> str:
        """React to something; the reaction's id, which for a second like is that of the first. Raises Invalid."""
        if kind is ReactionKind.LIKE:
            comment = ""  # "For 'Like', this should be ignored"
        elif not comment.strip() or len(comment) > LONGEST_COMMENT:
            raise Invalid(f"comment: expected 1 to {LONGEST_COMMENT} characters, and not only spaces")
        await self._must_be_there(caller, group, reference=reference)
        person = caller.person.id or caller.connector
        reaction = Reaction(id=str(uuid.uuid4()), kind=kind, person=person, comment=comment, at=self._clock.now())
        try:
            await self._database.write(*reacted(reaction, group=group, reference=reference))
        except Conflict:
            return await self._kept.like(reference, person=person) or reaction.id
        return reaction.id

    async def take_back(self, caller: Caller, group: str, *, reference: str) -> None:
        """Like something no more; nothing changes if the caller does not like it."""
        await self._must_be_there(caller, group, reference=reference)
        person = caller.person.id or caller.connector
        with contextlib.suppress(NotFound):
            at = self._clock.now()
            await self._database.write(*like_taken_back(person, group=group, reference=reference, at=at))

    async def count(self, caller: Caller, group: str, *, reference: str) -> ReactionCount:
        """How many reactions something has."""
        await self._must_be_there(caller, group, reference=reference)
        return await self._kept.count(reference)

    async def counts(self, caller: Caller, group: str, *, after: int) -> list[ReactionCount]:
        """A page of what was reacted to in a group after that instant, in the order of the newest reactions."""
        await self._rights.role_in(caller, group)
        return await self._kept.counts(group, after=after, most=LARGEST_PAGE)

    async def list(
        self, caller: Caller, group: str, *, reference: str, kind: ReactionKind | None, after: int
    ) -> list[Reaction]:
        """A page of the reactions to something after that instant, of that kind or of any, oldest first."""
        await self._must_be_there(caller, group, reference=reference)
        return await self._kept.list(reference, kind=kind, after=after, most=LARGEST_PAGE)

    async def _must_be_there(self, caller: Caller, group: str, *, reference: str) -> None:
        await self._rights.role_in(caller, group)
        if not await self._messages.is_reference(reference, group=group):
            raise NotFound("nothing in the group has this referenceId; give one that posting to it answered")
