"""Rights: what a caller may hear, manage and publish (DESIGN, "who may")."""

from collections.abc import Collection

from tidings.access.scope import ADMIN
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import ANY, Actor, Event, Subject
from tidings.core.subscription import Subscription
from tidings.store.connectors import Connectors
from tidings.store.database import Database
from tidings.store.groups import NO_SUCH_GROUP, Groups, Role
from tidings.store.subscriptions import Subscriptions

_NO_WEBHOOK = "there is no such webhook; list those of an object with GET /v1/webhook"
_NO_APPLICATION = "there is no such application; choose an id that nobody has named yet"
# What happens to webhooks is ours to tell.
_OUR_OWN = frozenset({"Webhook", "System"})
_IN_GROUPS = frozenset({"Action", "ActionPackage"})


class Rights:
    """Says no by raising: NotFound for what the caller must not even know to exist, Forbidden for the rest.

    `group_types` are the event types that only happen in groups.
    """

    def __init__(
        self, database: Database, *, subscriptions: Subscriptions, clock: Clock, group_types: Collection[str]
    ) -> None:
        self._groups = Groups(database)
        self._connectors = Connectors(database)
        self._subscriptions = subscriptions
        self._clock = clock
        self._group_types = frozenset(group_types)

    async def role_in(self, caller: Caller, group: str) -> Role:
        """What the caller is in a group. Raises NotFound if it is not there, or they are not in it."""
        role = await self._groups.role(group, caller.person.id)
        if role is None:
            raise NotFound(NO_SUCH_GROUP)
        if rules_all(caller) or (caller.kind is TokenKind.GROUP and caller.group == group):
            return Role.ADMIN
        # A group token is an admin of its group and nothing anywhere else, whoever made it.
        if not role or caller.kind is TokenKind.GROUP:
            raise NotFound(NO_SUCH_GROUP)
        return Role(role)

    async def must_be_admin(self, caller: Caller, group: str) -> None:
        """Raise NotFound if the caller is not in the group, Forbidden if they are no admin of it."""
        if await self.role_in(caller, group) is not Role.ADMIN:
            raise Forbidden("only an admin of the group may do this; ask one to make you admin")

    async def may_hear(self, caller: Caller, subject: Subject) -> None:
        """Raise unless the caller may subscribe to that subject. An application's id that is new becomes theirs."""
        if subject.kind == "Application" and subject.id != ANY:
            await self._name_application(caller, subject.id)
        else:
            await self.may_list(caller, subject)

    async def may_list(self, caller: Caller, subject: Subject) -> None:
        """Raise unless the caller may see the webhooks on that subject; changes nothing."""
        if subject.kind == "Group" and subject.id != ANY:
            await self.must_be_admin(caller, subject.id)
        elif rules_all(caller):
            return
        elif subject.kind == "Application" and subject.id != ANY:
            if await self._connectors.of_application(subject.id) != caller.connector:
                raise NotFound(_NO_APPLICATION)
        elif subject.kind == "Webhook" and subject.id != ANY:
            await self.may_manage(caller, await self._webhook(subject.id))
        else:
            raise Forbidden(f"{subject.kind} {subject.id}: only a tenant token may hear this")

    async def may_manage(self, caller: Caller, subscription: Subscription) -> None:
        """Raise NotFound unless the webhook is the caller's, or on what is theirs: a group of which they are admin."""
        while subscription.subject.kind == "Webhook" and subscription.subject.id != ANY:
            subscription = await self._webhook(subscription.subject.id)
        if not await self._manages(caller, subscription):
            raise NotFound(_NO_WEBHOOK)

    async def may_publish(self, caller: Caller, event: Event) -> None:
        """Raise unless the caller may say that this happened. An application's id that is new becomes theirs."""
        groups = [subject.id for subject in event.subjects if subject.kind == "Group"]
        for subject in event.subjects:
            _must_be_publishable(subject)
            if subject.kind == "Group":
                await self.must_be_admin(caller, subject.id)
            elif subject.kind == "Application":
                await self._name_application(caller, subject.id)
            elif not (rules_all(caller) or (groups and subject.kind in _IN_GROUPS)):
                raise Forbidden(f"{subject.kind} {subject.id}: only a tenant token may publish this, or name its group")
        if rules_all(caller):
            return
        if event.type in self._group_types and not groups:
            raise Forbidden(f"{event.type} happens in a group; name a Group among the subjects")
        if not _is_own(event.actor, caller.person):
            raise Forbidden("fromUser: only a tenant token may publish what somebody else did")

    async def _manages(self, caller: Caller, subscription: Subscription) -> bool:
        if rules_all(caller):
            return True
        subject = subscription.subject
        if subject.kind == "Group" and subject.id != ANY:
            return await self._is_admin(caller, subject.id)
        if subscription.connector != caller.connector:
            return False
        return subject.kind == "Application" or (subscription.owner == caller.person.id != "")

    async def _is_admin(self, caller: Caller, group: str) -> bool:
        try:
            return await self.role_in(caller, group) is Role.ADMIN
        except NotFound:
            return False

    async def _webhook(self, identifier: str) -> Subscription:
        subscription = await self._subscriptions.get(identifier)
        if subscription is None:
            raise NotFound(_NO_WEBHOOK)
        return subscription

    async def _name_application(self, caller: Caller, application: str) -> None:
        owner = await self._connectors.of_application(application)
        if owner is None:
            now = self._clock.now()
            owner = await self._connectors.name_application(application, connector=caller.connector, at=now)
        if owner != caller.connector and not rules_all(caller):
            raise NotFound(_NO_APPLICATION)


def rules_all(caller: Caller) -> bool:
    """Whether the caller may do everywhere what whoever is in charge there may do."""
    return caller.is_tenant or ADMIN in caller.scopes


def _must_be_publishable(subject: Subject) -> None:
    if subject.id == ANY:
        raise Invalid("subjects: an event is about one thing, not about '*'; name its objectId")
    if subject.kind in _OUR_OWN:
        raise Forbidden(f"{subject.kind}: only Tidings itself says what happens to webhooks; choose another objectType")


def _is_own(actor: Actor, person: Actor) -> bool:
    return (
        actor.phone in ("", person.phone)
        and actor.id in ("", person.id)
        and actor.name in ("", person.name)
        and actor.picture in ("", person.picture)
    )
