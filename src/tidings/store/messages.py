"""Messages as they are kept."""

import msgspec

from tidings.store.database import Database, Statement


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something said in a group. `author` is a person's id, empty for a program; `reply_to` what it answers, or empty.

    `audience` is JSON: `[]` for whoever is in the group, `["*"]` for all its subscribers too, else the ids of some.
    """

    id: str
    group_id: str
    author: str
    text: str
    reply_to: str = ""
    audience: str = "[]"
    at: int


def message_posted(message: Message) -> Statement:
    return Statement("message_posted", msgspec.structs.asdict(message))


class Messages:
    """Reads messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Message | None:
        rows = await self._database.read(Message, "message", id=identifier)
        return rows[0] if rows else None

    async def is_reference(self, reference: str, *, group: str) -> bool:
        """Whether a message or an action of that group is called so."""
        return bool(await self._database.read(int, "reference_in_group", reference=reference, group_id=group))
