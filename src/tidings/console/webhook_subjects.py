"""Subjects of webhooks, as people choose them: by kind, and by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tidings.console.offers import Offers
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.caller import Caller
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import ANY, Subject
from tidings.dialects.kaizala.catalogue import HEARD_AT, Kind
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES
from tidings.outbox.notices import OPERATIONAL_TYPES
from tidings.store.actions import Actions
from tidings.store.connectors import Connectors
from tidings.store.event_types import EventTypes
from tidings.store.groups import Role
from tidings.store.webhooks import Webhooks
from tidings.workspace.rights import rules_all

MOST_CHOICES = 30
# More registered types than anybody ticks; the others are written, or meant by a wildcard.
_MOST_TYPES = 100
_OPERATIONAL = ("Webhook", "System")
_MEANINGS = {
    Kind.GROUP: "Everything that happens in a group",
    Kind.ACTION: "One survey, job, poll or custom action, and the answers to it",
    Kind.ACTION_PACKAGE: "All actions that were made of a package",
    "Application": "Events that a program of yours publishes",
    "System": "How all webhooks of this installation fare, and which tables changed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something that a webhook can be about, or under which there is more to choose (`group`)."""

    subject: Subject
    name: str
    note: str = ""
    group: str = ""


class WebhookSubjects:
    """Knows what can be heard, and what it is called."""

    def __init__(self, offers: Offers) -> None:
        self._workspace = offers.workspace
        self._clock = offers.clock
        self._samples = offers.samples
        self._actions = Actions(offers.database)
        self._connectors = Connectors(offers.database)
        self._types = EventTypes(offers.database)
        self._webhooks = Webhooks(offers.database)

    def kinds(self, visit: Visit) -> Sequence[tuple[str, str]]:
        """Kinds that somebody may choose among, each with what it means; whoever has no role has groups' alone."""
        return [(kind, text) for kind, text in _MEANINGS.items() if kind in HEARD_AT or visit.may(Right.OPERATE)]

    async def choices(self, visit: Visit, kind: str, *, part: str = "", group: str = "") -> Sequence[Choice]:
        """Some of that kind, by a part of their name."""
        if kind == Kind.ACTION_PACKAGE:
            return await self._packages(part)
        if kind == "Application":
            found = await self._webhooks.applications(part=part, most=MOST_CHOICES)
            return [
                Choice(subject=Subject(kind, one.id), name=one.id, note=f"published by {one.connector}")
                for one in found
            ]
        if kind == Kind.ACTION and group:
            await self._workspace.rights.must_be_admin(acting(visit), group)
            actions = await self._actions.newest(group, most=MOST_CHOICES)
            named = [one for one in actions if part.lower() in one.title.lower()]
            return [Choice(subject=Subject(kind, one.id), name=one.title or one.id, note=one.type) for one in named]
        return await self._groups(visit, kind, part=part)

    async def _groups(self, visit: Visit, kind: str, *, part: str) -> Sequence[Choice]:
        caller = acting(visit)
        if rules_all(caller):
            found = await self._workspace.groups.find(caller, part=part, most=MOST_CHOICES)
        else:
            found = await self._workspace.groups.list_for(caller, most=MOST_CHOICES)
            found = [one for one in found if one.role == Role.ADMIN and part.lower() in one.name.lower()]
        return [
            Choice(subject=Subject(kind, one.id), name=one.name, group=one.id if kind == Kind.ACTION else "")
            for one in found
        ]

    async def _packages(self, part: str) -> Sequence[Choice]:
        newest = {one.id: one for one in await self._workspace.packages.list(most=10 * MOST_CHOICES)}
        found = [one for one in newest.values() if part.lower() in f"{one.name} {one.id}".lower()]
        return [
            Choice(subject=Subject(Kind.ACTION_PACKAGE, one.id), name=one.name, note=one.id)
            for one in found[:MOST_CHOICES]
        ]

    async def types(self, kind: str) -> Sequence[str]:
        """Types that occur at that kind of subject, as far as they are known."""
        if kind in HEARD_AT:
            return HEARD_AT[kind]
        if kind in _OPERATIONAL:
            return tuple(OPERATIONAL_TYPES)
        registered = [one.name for one in await self._types.page(after="", most=_MOST_TYPES)]
        sampled = [one.type for one in self._samples.values() if any(about.kind == kind for about in one.subjects)]
        return list(dict.fromkeys([*registered, *sampled]))

    async def names(self, subjects: Sequence[Subject]) -> dict[Subject, str]:
        """How subjects are called, all of them: by their id where they have no name."""
        named = await self._webhooks.names(subjects)
        return {one: named.get(one) or _unnamed(one) for one in subjects}

    async def must_hear(self, visit: Visit, subject: Subject, *, connector: str = "") -> None:
        """Raise unless somebody may make a webhook on it.

        An application that nobody has named becomes that connector's: if it became the console's, no program could
        publish about it any more.
        """
        if subject.kind not in OBJECT_TYPES:
            raise NotFound("there is nothing of that kind to hear; choose what the webhook is about")
        if subject.kind not in HEARD_AT and not visit.may(Right.OPERATE):
            raise Forbidden("only operators and owners may hear this; ask one to make the webhook")
        if subject.kind == "Application" and await self.is_new_application(subject):
            if not await self._connectors.get(connector):
                raise Invalid("connector: choose the program that publishes about this application")
            await self._connectors.name_application(subject.id, connector=connector, at=self._clock.now())
        await self._workspace.rights.may_hear(acting(visit), subject)

    async def is_new_application(self, subject: Subject) -> bool:
        """Whether that is the id of an application of which nobody has spoken yet."""
        is_one = subject.kind == "Application" and subject.id not in {"", ANY}
        return is_one and await self._connectors.of_application(subject.id) is None

    async def connectors(self) -> Sequence[tuple[str, str]]:
        """Programs to choose among: ids and names."""
        found = await self._connectors.list()
        return [(one.id, one.name or one.id) for one in found if one.revoked_at is None]


def options(words: Iterable[str]) -> list[tuple[str, str]]:
    """What can be chosen in a form, called as it is."""
    return [(word, word) for word in words]


def acting(visit: Visit) -> Caller:
    """Who changes something, for the rules of the workspace, be it asked for by a GET or a POST."""
    return visit.caller if visit.may(Right.OPERATE) else visit.member


def _unnamed(subject: Subject) -> str:
    if subject.id == ANY:
        return f"every {subject.kind}"
    return "this installation" if subject.kind == "System" else subject.id
