"""Posts of a group as they are kept: messages in the order of time, and what happened last in which group."""

from collections.abc import Sequence

import msgspec

from tidings.core.errors import NotFound
from tidings.store.actions import NEWEST, Place
from tidings.store.database import Database, Statement, Value
from tidings.store.groups import NO_SUCH_GROUP
from tidings.store.messages import Message


class GroupCard(msgspec.Struct, frozen=True, kw_only=True):
    """A group in a list, as one person sees it: `role` is that person's, empty for none; no instant is 0."""

    id: str
    name: str
    type: str
    short_description: str
    created_at: int
    role: str
    members: int
    message_at: int
    action_at: int

    @property
    def last_at(self) -> int:
        """When something happened in it last."""
        return max(self.message_at, self.action_at)


class GroupTexts(msgspec.Struct, frozen=True, kw_only=True):
    """What a group is called, and what it says of itself."""

    name: str
    welcome_message: str = ""
    short_description: str = ""
    long_description: str = ""


def group_changed(group: str, texts: GroupTexts, *, at: int) -> Statement:
    """Raises NotFound if there is no such group."""
    values: dict[str, Value] = {"id": group, "at": at, **msgspec.structs.asdict(texts)}
    return Statement("group_changed", values, NotFound(NO_SUCH_GROUP))


class Posts:
    """Reads what was posted. Every list takes the same time however much was said."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(self, group: str, *, most: int, before: Place = NEWEST) -> list[Message]:
        """So many messages of a group, newest first."""
        return await self._database.read(
            Message, "messages_newest", group_id=group, at=before.at, id=before.id, most=most
        )

    async def messages_since(self, group: str, *, most: int, after: Place) -> list[Message]:
        """So many messages of a group, oldest first."""
        return await self._database.read(Message, "messages_since", group_id=group, at=after.at, id=after.id, most=most)

    async def cards(self, groups: Sequence[str], *, person: str) -> list[GroupCard]:
        """Those groups as a person finds them in a list, by id."""
        ids = msgspec.json.encode(list(groups)).decode()
        return await self._database.read(GroupCard, "group_cards", ids=ids, person=person)
