"""Subscribers: people who read and answer what a ConnectGroup sends them, without being in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from tidings.access.phone import normal_phone
from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.store.database import Database
from tidings.store.people import People
from tidings.store.subscribers import CONNECT_GROUP, Subscriber, subscriber_added, subscriber_removed
from tidings.store.subscribers import Subscribers as KeptSubscribers
from tidings.workspace.rights import Rights

# As many as members, of whom Kaizala's published API description says so.
MOST_SUBSCRIBERS_A_CALL = 100
# The subscribers page of Kaizala's documentation.
LARGEST_PAGE = 50
ALL_SUBSCRIBERS = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom something is sent to: nobody but the group, all its subscribers too (`*`), or the people of those ids.

    `failed` says by number, as it was written, who could not be picked, and why.
    """

    people: tuple[str, ...] = ()
    failed: Mapping[str, TidingsError] = field(default_factory=dict)

    @property
    def kept(self) -> str:
        """As messages and actions keep it."""
        return msgspec.json.encode(self.people).decode()


class Subscribers:
    """Admins choose them, and what is sent to them; no event tells of either. Phone numbers are as people write them.

    Everything raises NotFound if the caller is not in the group, Forbidden if they are no admin of it, and Invalid if
    it is no ConnectGroup.
    """

    def __init__(self, database: Database, *, rights: Rights, clock: Clock) -> None:
        self._database = database
        self._kept = KeptSubscribers(database)
        self._people = People(database)
        self._rights = rights
        self._clock = clock

    async def add(self, caller: Caller, group: str, *, phones: Sequence[str]) -> dict[str, TidingsError | None]:
        """Subscribe people; unknown numbers become people. What hindered each number, None for nothing."""
        await self._must_rule(caller, group)
        outcomes, at = _read(phones), self._clock.now()
        people = await self._people.of_phones(_numbers(outcomes), at=at)
        await self._database.write(*(subscriber_added(group, person.id, at=at) for person in people))
        return {phone: _hindrance(outcome) for phone, outcome in outcomes.items()}

    async def remove(self, caller: Caller, group: str, *, phones: Sequence[str]) -> dict[str, TidingsError | None]:
        """Unsubscribe people. What hindered each number, None for nothing."""
        await self._must_rule(caller, group)
        found = await self._found(group, phones)
        people = [outcome for outcome in found.values() if isinstance(outcome, str)]
        await self._database.write(*(subscriber_removed(group, person) for person in people))
        return {phone: _hindrance(outcome) for phone, outcome in found.items()}

    async def list(self, caller: Caller, group: str, *, after: str = "", most: int = LARGEST_PAGE) -> list[Subscriber]:
        """So many subscribers by id, from `after` on, exclusive."""
        await self._must_rule(caller, group)
        return await self._kept.list(group, after=after, most=most)

    async def audience(self, caller: Caller, group: str, *, phones: Sequence[str] = (), to_all: bool) -> Audience:
        """Whom the caller may send something to: whoever is in a group to the group, only admins to subscribers.

        Who is none of its subscribers is told in `failed`; all of them include those who are named.
        """
        if not (phones or to_all):
            await self._rights.role_in(caller, group)
            return Audience()
        await self._must_rule(caller, group)
        found = await self._found(group, phones)
        people = tuple(dict.fromkeys(outcome for outcome in found.values() if isinstance(outcome, str)))
        return Audience(
            people=(ALL_SUBSCRIBERS,) if to_all else people,
            failed={phone: outcome for phone, outcome in found.items() if isinstance(outcome, TidingsError)},
        )

    async def _must_rule(self, caller: Caller, group: str) -> None:
        await self._rights.must_be_admin(caller, group)
        if await self._kept.group_type(group) != CONNECT_GROUP:
            raise Invalid("subscribers: only a ConnectGroup has subscribers; leave them out, or use such a group")

    async def _found(self, group: str, phones: Sequence[str]) -> dict[str, str | TidingsError]:
        """The subscriber of each number."""
        outcomes = _read(phones)
        for phone, outcome in outcomes.items():
            if isinstance(outcome, str):
                outcomes[phone] = await self._kept.by_phone(group, outcome) or _no_subscriber()
        return outcomes


def _read(phones: Sequence[str]) -> dict[str, str | TidingsError]:
    """By number as it was written, the number as it is kept."""
    if len(phones) > MOST_SUBSCRIBERS_A_CALL:
        raise Invalid(
            f"subscribers: expected at most {MOST_SUBSCRIBERS_A_CALL} phone numbers a call; send the others after it"
        )
    outcomes: dict[str, str | TidingsError] = {}
    for phone in phones:
        try:
            outcomes[phone] = normal_phone(phone, field="subscribers")
        except Invalid as error:
            outcomes[phone] = error
    return outcomes


def _numbers(outcomes: Mapping[str, str | TidingsError]) -> Iterable[str]:
    return (outcome for outcome in outcomes.values() if isinstance(outcome, str))


def _hindrance(outcome: str | TidingsError) -> TidingsError | None:
    return outcome if isinstance(outcome, TidingsError) else None


def _no_subscriber() -> NotFound:
    return NotFound("subscribers: nobody of this number subscribes to the group; add them with PUT …/subscribers/add")
