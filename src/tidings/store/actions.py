"""Actions as they are kept, and who was reminded of them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tidings.core.errors import Conflict, Invalid, TidingsError
from tidings.core.event import Actor
from tidings.store.cursor import read_cursor
from tidings.store.database import Database, Statement, Value


class ActionType(StrEnum):
    """What members can post beside messages."""

    IMAGE = "Image"  # one picture
    ALBUM = "Album"  # several
    AUDIO = "Audio"  # sound
    DOCUMENT = "Document"  # a file to read
    VIDEO = "Video"  # moving pictures
    ANNOUNCEMENT = "Announcement"  # a text with a title, perhaps with files
    JOB = "Job"  # something that those who it is assigned to do or do not
    POLL = "Poll"  # one question with choices
    LETS_MEET = "LetsMeet"  # an invitation
    SURVEY = "Survey"  # questions of its own
    CUSTOM = "Custom"  # the questions of a package


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was posted in a group. Instants are epoch milliseconds.

    `package` is the unversioned id of a custom action's package. `author` is a person's id, empty for a program.
    `audience` is JSON: `[]` for whoever is in the group, `["*"]` for all subscribers too, else ids of subscribers.
    `body` is JSON of the type's struct in `workspace.bodies`, `properties` of `workspace.properties.Property`s.
    `changed_at` never goes back; responses and reminders raise it, too. `responses` counts people's, not updates of
    them. `reminded_at` is when its group was reminded of it last.
    """

    id: str
    reference: str
    group_id: str
    type: ActionType
    package: str = ""
    package_version: int = 0
    author: str
    audience: str = "[]"
    title: str
    body: str
    properties: str = "[]"
    is_closed: bool = False
    due_at: int | None = None
    version: int = 1
    created_at: int
    changed_at: int
    responses: int = 0
    reminded_at: int | None = None


class SeenAction(Action, frozen=True, kw_only=True):
    """An action, what a person is in its group, empty for nothing, and whether that group is beneath another."""

    role: str
    is_beneath: int


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody reminded others of an action; `author` and `audience` are as an action's."""

    id: str
    action: str
    author: str
    audience: str
    at: int


class Place(NamedTuple):
    """Where a list in the order of time goes on: past what happened at `at` and is called `id`."""

    at: int
    id: str = ""

    @property
    def cursor(self) -> str:
        return f"{self.at}.{self.id}"


# Audiences of which whoever is in the group is a part.
_FOR_THE_GROUP = frozenset({"[]", '["*"]'})
# After everything, for lists that go back in time.
NEWEST = Place(2**62)
# What a list of changes for the first time asks for.
OLDEST = Place(-1)


def read_place(cursor: str, *, start: Place) -> Place:
    """The place that a cursor was made of; `start` if there is none yet. Raises Invalid if no list of ours made it."""
    if not cursor:
        return start
    at, dot, identifier = cursor.partition(".")
    if not (at and dot):
        raise Invalid("cursor: give the cursor of the answer before, or none to begin anew")
    return Place(read_cursor(at, start=0), identifier)


def action_posted(action: Action) -> Statement:
    return Statement("action_posted", _values(action))


def action_changed(action: Action, *, at: int) -> Statement:
    """What may change of an action, if it still has the version that this one has; that grows by one.

    Raises Conflict if it has another.
    """
    changed = ("id", "title", "body", "properties", "is_closed", "due_at", "version")
    values = _values(action)
    return Statement("action_changed", {name: values[name] for name in changed} | {"at": at}, another_version())


def action_responded(action: str, *, at: int, is_first: bool, otherwise: TidingsError) -> Statement:
    """Goes with every response: counts it and tells those who pull changes. Raises `otherwise` if it was closed."""
    return Statement("action_responded", {"id": action, "at": at, "more": int(is_first)}, otherwise)


def reminded(reminder: Reminder) -> tuple[Statement, ...]:
    """What keeps a reminder; the action shows it if it was for the group, not for some subscribers alone."""
    kept = Statement("reminded", msgspec.structs.asdict(reminder))
    if reminder.audience not in _FOR_THE_GROUP:
        return (kept,)
    return kept, Statement("action_reminded", {"id": reminder.action, "at": reminder.at})


def another_version() -> Conflict:
    return Conflict("version: the action has changed meanwhile; read it again, or send -1 to change it whatever it is")


def _values(action: Action) -> dict[str, Value]:
    values = msgspec.structs.asdict(action)
    return values | {"type": action.type.value, "is_closed": int(action.is_closed)}


class Actions:
    """Reads actions. Every list takes the same time however long the group's is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Action | None:
        rows = await self._database.read(Action, "action", id=identifier)
        return rows[0] if rows else None

    async def seen(self, identifier: str, *, person: str) -> SeenAction | None:
        """An action, and what a person is in its group."""
        rows = await self._database.read(SeenAction, "action_seen", id=identifier, person=person)
        return rows[0] if rows else None

    async def referred_to(self, reference: str) -> Action | None:
        """The action that answers call so."""
        rows = await self._database.read(Action, "action_referred_to", reference=reference)
        return rows[0] if rows else None

    async def newest(
        self, group: str, *, most: int, before: Place = NEWEST, type_: ActionType | None = None, package: str = ""
    ) -> list[Action]:
        """So many actions of a group, newest first, of a type or of a package (its unversioned id) if one is named."""
        return await self._listed("actions_newest", group, place=before, most=most, type_=type_, package=package)

    async def since(
        self, group: str, *, most: int, after: Place, type_: ActionType | None = None, package: str = ""
    ) -> list[Action]:
        """So many actions of a group, oldest first. `Place(t)` is before everything that was posted at t."""
        return await self._listed("actions_since", group, place=after, most=most, type_=type_, package=package)

    async def changed(self, group: str, *, most: int, after: Place = OLDEST) -> list[Action]:
        """So many actions in the order in which they, or the responses to them, changed last."""
        return await self._database.read(Action, "actions_changed", group_id=group, at=after.at, id=after.id, most=most)

    async def assignee(self, group: str, phone: str) -> str | None:
        """The id of the member of a group who has that number, spelled as `normal_phone` does."""
        found = await self._database.read(str, "assignee", group_id=group, phone=phone)
        return found[0] if found else None

    async def reminders(self, action: str, *, most: int, before: Place = NEWEST) -> list[Reminder]:
        """So many reminders of an action, latest first."""
        return await self._database.read(Reminder, "reminders", action=action, at=before.at, id=before.id, most=most)

    async def silent(self, action: Action, *, among: Iterable[str] | None, most: int, after: str = "") -> list[Actor]:
        """So many members of its group, by id, who have not responded to an action; of all of them, or of some."""
        return await self._database.read(
            Actor,
            "members_silent",
            group_id=action.group_id,
            action=action.id,
            is_of_all=int(among is None),
            ids=msgspec.json.encode(list(among or ())).decode(),
            after=after,
            most=most,
        )

    async def awaiting(self, person: str, *, since: int, now: int, most: int) -> list[Action]:
        """So many open actions that a person was reminded of and has not responded to, the latest reminder first."""
        return await self._database.read(Action, "actions_awaiting", person=person, since=since, now=now, most=most)

    async def _listed(
        self, name: str, group: str, /, *, place: Place, most: int, type_: ActionType | None, package: str
    ) -> list[Action]:
        values: dict[str, Value] = {"group_id": group, "at": place.at, "id": place.id, "most": most}
        if package:
            return await self._database.read(Action, f"{name}_of_package", package=package, **values)
        if type_:
            return await self._database.read(Action, f"{name}_of_type", type=type_.value, **values)
        return await self._database.read(Action, name, **values)
