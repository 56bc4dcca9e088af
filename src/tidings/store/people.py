"""People: who can sign in and be a member, by phone number; and how one of them is erased."""

import re
import uuid
from collections.abc import Iterable

import msgspec

from tidings.core.errors import Conflict
from tidings.core.event import Actor
from tidings.store.database import Database, Statement, Value

# People of one look by a part of their name: some eight milliseconds (measured on SQLite).
LOOK = 20_000
_ESCAPED = re.compile(r"[\\%_]")
_NO_DIGIT = re.compile(r"[^0-9]")
_LETTER = re.compile(r"[^\W\d_]")


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A person as owners see them; `role` is what they may do in the console, empty for none.

    `signed_in_at` is of the first time, `seen_at` of the last, exact to some minutes; None for never.
    """

    id: str
    phone: str
    name: str
    picture: str
    role: str
    created_at: int
    signed_in_at: int | None
    seen_at: int | None

    @property
    def place(self) -> tuple[int, str]:
        """Where a list, the newest first, stands with this person."""
        return self.created_at, self.id


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    created_at: int
    id: str


_TOP = (2**62, "")
_BOTTOM = _Place(created_at=0, id="")


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """A kept event that names a person; both texts are JSON."""

    id: int
    actor: str | None
    data: str


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody answered to an action, a JSON list."""

    id: str
    responder: str
    answers: str


def person_created(person: Actor, *, at: int) -> Statement:
    """Raises Conflict if the number is somebody else's already."""
    values: dict[str, Value] = {
        "id": person.id,
        "phone": person.phone,
        "name": person.name,
        "picture": person.picture,
        "is_bot": int(person.is_bot),
        "at": at,
    }
    taken = Conflict(f"{person.phone} belongs to a person of another name already; erase that person first")
    return Statement("person_created", values, taken)


def signed_in(person: str, *, at: int) -> Statement:
    return Statement("person_signed_in", {"id": person, "at": at})


def stripped_of_access(person: Actor, *, at: int) -> tuple[Statement, ...]:
    """What takes away whatever a person may do, and every group."""
    return (
        Statement("tokens_of_person_revoked", {"person": person.id, "at": at}),
        Statement("tokens_of_bots_revoked", {"creator": person.id, "at": at}),
        Statement("codes_of_person_ended", {"person": person.id}),
        Statement("pins_of_phone_ended", {"phone": person.phone}),
        Statement("memberships_erased", {"person": person.id}),
        Statement("subscriber_erased", {"person": person.id}),
        Statement("sessions_erased", {"person": person.id}),
        Statement("links_erased", {"person": person.id}),
        Statement("role_erased", {"person": person.id}),
    )


def person_erased(person: str, *, at: int) -> Statement:
    return Statement("person_erased", {"id": person, "at": at})


def event_rewritten(event: Naming) -> Statement:
    return Statement("event_rewritten", {"id": event.id, "actor": event.actor, "data": event.data})


def answers_rewritten(response: str, answers: str) -> Statement:
    return Statement("answers_rewritten", {"id": response, "answers": answers})


class People:
    """Reads people and what names them, and makes people of numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, identifier: str) -> Actor | None:
        """A person by id, unless erased."""
        rows = await self._database.read(Actor, "person", id=identifier)
        return rows[0] if rows else None

    async def profile(self, identifier: str) -> Profile | None:
        """A person who is no bot, unless erased."""
        rows = await self._database.read(Profile, "person_profile", id=identifier)
        return rows[0] if rows else None

    async def with_role(self, *, after: str = "", most: int) -> list[Profile]:
        """So many people who may do something in the console, by id, from `after` on, exclusive."""
        return await self._database.read(Profile, "people_with_role", after=after, most=most)

    async def newest(self, *, before: tuple[int, str] = _TOP, most: int) -> list[Profile]:
        """So many people, the newest first; go on with the last one's `place`."""
        return await self._database.read(Profile, "people_newest", most=most, before=before[0], before_id=before[1])

    async def found(
        self, part: str, *, before: tuple[int, str] = _TOP, most: int
    ) -> tuple[list[Profile], tuple[int, str] | None]:
        """People with that in name or number, the newest first, and where to look on; None when all were looked at.

        One call looks at `LOOK` people at most, so it may find nobody and yet not be at the end.
        """
        values: dict[str, Value] = {"before": before[0], "before_id": before[1]}
        steps = await self._database.read(_Place, "people_step", step=LOOK - 1, **values)
        until = steps[0] if steps else _BOTTOM
        name, digits = _ESCAPED.sub(r"\\\g<0>", part), _NO_DIGIT.sub("", part)
        found = await self._database.read(
            Profile,
            "people_found",
            **values,
            until=until.created_at,
            until_id=until.id,
            name=f"%{name}%",
            # Without a digit it is no number; the empty text is like none.
            phone=f"%{digits}%" if digits and not _LETTER.search(part) else "",
            most=most,
        )
        if len(found) == most:
            return found, found[-1].place
        return found, (until.created_at, until.id) if steps else None

    async def by_phone(self, phone: str) -> Actor | None:
        """A person by phone number, spelled as `normal_phone` does."""
        rows = await self._database.read(Actor, "person_by_phone", phone=phone)
        return rows[0] if rows else None

    async def of_phones(self, phones: Iterable[str], *, at: int) -> list[Actor]:
        """The people of those numbers, in order; who is unknown becomes a person without a name."""
        people = []
        for phone in phones:
            person = await self.by_phone(phone)
            if person is None:
                await self._database.write(
                    Statement("person_named", {"id": str(uuid.uuid4()), "phone": phone, "at": at})
                )
                person = await self.by_phone(phone)
            if person is not None:
                people.append(person)
        return people

    async def unsign_messages(self, person: str, *, most: int) -> int:
        """Take a person's name off so many messages; how many there were, less than `most` at the end."""
        return len((await self._database.write(Statement("messages_unsigned", {"person": person, "most": most})))[0])

    async def answers(self, *, after: str, most: int) -> list[Given]:
        """So many responses by id, from `after` on, exclusive, whoever gave them."""
        return await self._database.read(Given, "answers_given", after=after, most=most)

    async def event_step(self, *, after: int, most: int) -> int:
        """The last of the next so many kept events after that one; 0 if there is none."""
        return (await self._database.read(int, "event_step", after=after, most=most))[0]

    async def events_naming(self, person: Actor, *, after: int, until: int) -> list[Naming]:
        """The events of a step (see `event_step`) in which a person's number or id may stand."""
        # A number may be written in groups of digits: the last four stand together.
        phone, identifier = f"%{person.phone[-4:]}%", f"%{person.id}%"
        return await self._database.read(
            Naming, "events_naming", after=after, until=until, phone=phone, person=identifier
        )
