"""Messages: what members say in a group."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.event import Actor, Event, Subject
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Database
from tidings.store.messages import Message, message_posted
from tidings.store.messages import Messages as KeptMessages
from tidings.workspace.data import TextMessage
from tidings.workspace.rights import Rights
from tidings.workspace.subscribers import Audience, Subscribers
from tidings.workspace.tree import Tree

# The messages page of Kaizala's documentation; it was 1,000 once.
LONGEST_MESSAGE = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a message is called, which is not what its event is called, and whom it was sent to."""

    reference: str
    audience: Audience


class Messages:
    """Keeps messages together with the event that tells of each, whoever they are for."""

    def __init__(
        self,
        database: Database,
        *,
        publisher: Publisher,
        rights: Rights,
        subscribers: Subscribers,
        tree: Tree,
        clock: Clock,
    ) -> None:
        self._kept = KeptMessages(database)
        self._publisher = publisher
        self._rights = rights
        self._subscribers = subscribers
        self._tree = tree
        self._clock = clock

    async def post(
        self,
        caller: Caller,
        group: str,
        *,
        text: str,
        subscribers: Sequence[str] = (),
        to_all: bool = False,
        reply_to: str = "",
    ) -> Posted:
        """Say something in a group. Any member may; only admins to its subscribers, picked by number or all of them.

        `reply_to` is the reference of the message or action of that group that it answers. Raises Invalid, Forbidden,
        and NotFound if the caller is not in the group.
        """
        if not text.strip() or len(text) > LONGEST_MESSAGE:
            raise Invalid(f"message: expected 1 to {LONGEST_MESSAGE} characters, and not only spaces")
        standing = await self._rights.standing_in(caller, group)
        audience = Audience()
        if subscribers or to_all:
            audience = await self._subscribers.audience(caller, group, phones=subscribers, to_all=to_all)
        if reply_to and not await self._kept.is_reference(reply_to, group=group):
            raise Invalid("replyToReferenceId: nothing in the group has it; give the referenceId of what is answered")
        message = Message(
            id=str(uuid.uuid4()),
            group_id=group,
            author=caller.person.id,
            text=text,
            reply_to=reply_to,
            audience=audience.kept,
            at=self._clock.now(),
        )
        subjects = await self._tree.subjects(group, is_beneath=standing.is_beneath)
        event = _event(message, by=caller.person, subjects=subjects)
        await self._publisher.publish_one(Draft(event=event, also=(message_posted(message),)))
        return Posted(reference=message.id, audience=audience)


def _event(message: Message, *, by: Actor, subjects: tuple[Subject, ...]) -> Event:
    return Event(
        type="TextMessageCreated",
        subjects=subjects,
        data=msgspec.json.encode(TextMessage(text=message.text)),
        at=message.at,
        actor=by,
    )
