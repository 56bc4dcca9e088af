"""Rights: what a caller may hear, manage and publish (the page on who may what: docs/glossary.md)."""

from collections.abc import Collection

from tidings.access.access import Access
from tidings.access.scope import ADMIN
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, Invalid, NotFound, TidingsError
from tidings.core.event import ANY, NOBODY, Actor, Event, Subject
from tidings.core.subscription import Subscription
from tidings.store.connectors import Connectors
from tidings.store.database import Database
from tidings.store.groups import Groups, Role
from tidings.store.subscriptions import Subscriptions

# What a publisher was allowed once, until rights change: 10,000 pairs of a caller and a subject take 5 MB.
_MOST_REMEMBERED = 10_000
NO_GROUP = "there is no such group, or you are not in it; list yours with GET /v1/groups"

_Ground = tuple[bool, str, str, str, Subject]


class Rights:
    """Says no by raising: NotFound for what the caller must not even know to exist, Forbidden for the rest.

    `group_types` are the event types that only happen in groups.
    """

    def __init__(
        self,
        database: Database,
        *,
        access: Access,
        subscriptions: Subscriptions,
        clock: Clock,
        group_types: Collection[str],
    ) -> None:
        self._groups = Groups(database)
        self._connectors = Connectors(database)
        self._subscriptions = subscriptions
        self._access = access
        self._clock = clock
        self._group_types = frozenset(group_types)
        self._allowed: set[_Ground] = set()
        self._generation = access.generation

    # Groups

    async def role_in(self, caller: Caller, group: str) -> str:
        """What the caller is in a group, empty for nothing. Raises NotFound if there is no such group for them."""
        role = await self._groups.role(group, caller.person.id)
        if role is None:
            raise NotFound(NO_GROUP)
        if rules_all(caller) or (caller.kind is TokenKind.GROUP and caller.group == group):
            return Role.ADMIN
        # A group token is an admin of its group and nothing anywhere else, whoever made it.
        if not role or caller.kind is TokenKind.GROUP:
            raise NotFound(NO_GROUP)
        return role

    async def must_be_admin(self, caller: Caller, group: str) -> None:
        """Raise NotFound if the caller is not in the group, Forbidden if they are no admin of it."""
        if await self.role_in(caller, group) != Role.ADMIN:
            raise Forbidden("only an admin of the group may do this; ask one to make you admin")

    # Subscriptions

    async def may_hear(self, caller: Caller, subject: Subject) -> None:
        """Raise unless the caller may subscribe to that subject, be it `*`. Names an application's id, if it is new."""
        match subject:
            case Subject("Webhook", identifier) if identifier != ANY:
                await self._must_manage(caller, identifier)
            case Subject("Application", identifier) if identifier != ANY:
                await self._must_own(caller, identifier)
            case Subject("Group", identifier) if identifier != ANY:
                await self.must_be_admin(caller, identifier)
            case Subject(kind, identifier):
                _must_rule_all(caller, f"{kind} {identifier}: only a tenant token may subscribe to this")

    async def may_manage(self, caller: Caller, subscription: Subscription) -> None:
        """Raise NotFound unless the webhook is the caller's, or of a group that the caller is admin of."""
        if not await self.manages(caller, subscription):
            raise NotFound("there is no such webhook, or it is not yours; list yours with GET /v1/webhook")

    async def manages(self, caller: Caller, subscription: Subscription) -> bool:
        """Whether `may_manage` would let the caller pass."""
        if rules_all(caller):
            return True
        subject = subscription.subject
        if subject.kind == "Group":
            return await _passes(self.must_be_admin(caller, subject.id))
        if subject.kind == "Application":
            return subscription.connector == caller.connector
        return subscription.connector == caller.connector and subscription.owner == owner_of(caller) != ""

    # Publishing

    def publishes(self, caller: Caller, event: Event) -> bool:
        """Whether `may_publish` is known, from memory, to let the event pass; False says nothing."""
        if self._generation != self._access.generation:
            self._generation = self._access.generation
            self._allowed.clear()
        return all(_ground(caller, subject) in self._allowed for subject in event.subjects) and self._is_own(caller, event)
'''
'''
