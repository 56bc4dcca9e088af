"""Messages: what members say in a group."""

import uuid

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.groups import message_posted
from tidings.workspace.rights import Rights

# The messages page of Kaizala's documentation; it was 1,000 once.
LONGEST_MESSAGE = 4_000


class Messages:
    """Keeps messages together with the event that tells of each."""

    def __init__(self, *, publisher: Publisher, rights: Rights, clock: Clock) -> None:
        self._publisher = publisher
        self._rights = rights
        self._clock = clock

    async def post(self, caller: Caller, group: str, *, text: str) -> str:
        """Say something in a group; the message's reference id, which is not the event's. Any member may.

        Raises Invalid, and NotFound if the caller is not in the group.
        """
        if not text.strip() or len(text) > LONGEST_MESSAGE:
            raise Invalid(f"message: expected 1 to {LONGEST_MESSAGE} characters, and not only spaces")
        await self._rights.role_in(caller, group)
        reference, at = str(uuid.uuid4()), self._clock.now()
        event = Event(
            type="TextMessageCreated",
            subjects=(Subject("Group", group),),
            data=msgspec.json.encode({"text": text}),
            at=at,
            actor=caller.person,
        )
        kept = message_posted(reference, group=group, author=caller.person.id, text=text, at=at)
        await self._publisher.publish_one(Draft(event=event, also=(kept,)))
        return reference
