"""Rights: what a caller may hear, manage and publish (DESIGN, "who may")."""

import re
from collections.abc import Collection, Sequence

from tidings.access.scope import ADMIN
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import Clock
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import ANY, Actor, Event, Subject
from tidings.core.subscription import Subscription
from tidings.store.actions import Actions
from tidings.store.connectors import Connectors
from tidings.store.database import Database
from tidings.store.groups import NO_SUCH_GROUP, Groups, Role, Standing
from tidings.store.packages import Packages
from tidings.store.subscriptions import Subscriptions
from tidings.workspace.tree import Tree

_NO_WEBHOOK = "there is no such webhook; list those of an object with GET /v1/webhook"
_NO_ACTION = "there is no such action, or it is neither yours nor in a group of which you are an admin"
_NO_PACKAGE = (
    "there is no such action package, or not in this version; make it with POST /v1/actionPackages, and leave the "
    "version out to hear of all"
)
_NO_APPLICATION = "there is no such application; choose an id that nobody has named yet"
# The versions by which packages are heard: the first goes by the id alone. As many as fit any index.
_NUMBER = re.compile(r"(?!1$)[1-9][0-9]{0,8}", re.ASCII)
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
        self._tree = Tree(database)
        self._connectors = Connectors(database)
        self._actions = Actions(database)
        self._packages = Packages(database)
        self._subscriptions = subscriptions
        self._clock = clock
        self._group_types = frozenset(group_types)

    async def role_in(self, caller: Caller, group: str) -> Role:
        """What the caller is in a group. Raises NotFound if it is not there, or they are not in it."""
        return Role((await self.standing_in(caller, group)).role)

    async def standing_in(self, caller: Caller, group: str) -> Standing:
        """What the caller is in a group, and whether that is beneath another. Raises NotFound as `role_in` does."""
        found = await self._groups.standing(group, caller.person.id)
        if found is None:
            raise NotFound(NO_SUCH_GROUP)
        return Standing(await self.role_from(caller, group, role=found.role), found.is_beneath)

    async def role_from(self, caller: Caller, group: str, *, role: str) -> Role:
        """What the caller is in a group that is there, of which their person is `role`. Raises NotFound for nothing."""
        if rules_all(caller):
            return Role.ADMIN
        if caller.kind is TokenKind.GROUP:
            # It is an admin of its group and of all beneath it, and nothing anywhere else, whoever made it.
            role = Role.ADMIN if await self._tree.is_within(group, caller.group) else ""
        if not role:
            raise NotFound(NO_SUCH_GROUP)
        return Role(role)

    async def must_be_admin(self, caller: Caller, group: str) -> None:
        """Raise NotFound if the caller is not in the group, Forbidden if they are no admin of it."""
        await self._standing_of_admin(caller, group)

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
        elif subject.kind == "Action" and subject.id != ANY:
            await self._must_be_theirs(caller, subject.id)
        elif subject.kind == "ActionPackage" and subject.id != ANY:
            await self._must_be_a_package(caller, subject.id)
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

    async def may_publish(self, caller: Caller, event: Event) -> tuple[Subject, ...]:
        """What the event is about: what it names, and of what happens in groups also the groups above those.

        Raise unless the caller may say that this happened. An application's id that is new becomes theirs.
        """
        groups = [subject.id for subject in event.subjects if subject.kind == "Group"]
        about: dict[Subject, None] = {}
        for subject in event.subjects:
            _must_be_publishable(subject)
            about[subject] = None
            if subject.kind == "Group":
                standing = await self._standing_of_admin(caller, subject.id)
                if standing.is_beneath and event.type in self._group_types:
                    about |= dict.fromkeys(await self._tree.subjects(subject.id))
            elif subject.kind == "Application":
                await self._name_application(caller, subject.id)
            elif not (rules_all(caller) or (groups and subject.kind in _IN_GROUPS)):
                raise Forbidden(
                    f"{subject.kind} {subject.id}: only a tenant token may publish this, or name its group; "
                    "what is your program's own has the objectType Application"
                )
        if not rules_all(caller):
            if event.type in self._group_types and not groups:
                raise Forbidden(f"{event.type} happens in a group; name a Group among the subjects")
            if not _is_own(event.actor, caller.person):
                raise Forbidden("fromUser: only a tenant token may publish what somebody else did")
        return tuple(about)

    async def shown(self, caller: Caller, webhooks: Sequence[Subscription]) -> list[Subscription]:
        """Those of some webhooks, all on one subject, that the caller may manage."""
        is_in_charge = bool(webhooks) and await self._is_in_charge(caller, webhooks[0].subject)
        return [one for one in webhooks if is_in_charge or _is_whose(caller, one)]

    async def _standing_of_admin(self, caller: Caller, group: str) -> Standing:
        standing = await self.standing_in(caller, group)
        if standing.role != Role.ADMIN:
            raise Forbidden("only an admin of the group may do this; ask one to make you admin")
        return standing

    async def _must_be_theirs(self, caller: Caller, identifier: str) -> None:
        action = await self._actions.get(identifier)
        if action is None:
            raise NotFound(_NO_ACTION)
        if rules_all(caller):
            return
        try:
            role = await self.role_in(caller, action.group_id)
        except NotFound as error:
            raise NotFound(_NO_ACTION) from error
        if role is not Role.ADMIN and caller.person.id != action.author:
            raise NotFound(_NO_ACTION)

    async def _must_be_a_package(self, caller: Caller, identifier: str) -> None:
        name, _, number = identifier.rpartition(".")
        found = await self._packages.get(identifier)
        if found is None and _NUMBER.fullmatch(number):
            found = await self._packages.get(name, version=int(number))
        if found is None:
            raise NotFound(_NO_PACKAGE)
        if not (rules_all(caller) or caller.kind is TokenKind.GROUP or caller.person.id):
            raise Forbidden("this token speaks for no person whose groups could be heard; use a user's or tenant token")

    async def _manages(self, caller: Caller, subscription: Subscription) -> bool:
        return await self._is_in_charge(caller, subscription.subject) or _is_whose(caller, subscription)

    async def _is_in_charge(self, caller: Caller, subject: Subject) -> bool:
        """Whether all webhooks on a subject are the caller's to manage, whoever made them."""
        if rules_all(caller):
            return True
        group = subject.id if subject.kind == "Group" else ""
        if subject.kind == "Action":
            action = await self._actions.get(subject.id)
            group = action.group_id if action else ""
        return group not in {"", ANY} and await self._is_admin(caller, group)

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


def _is_whose(caller: Caller, webhook: Subscription) -> bool:
    """Whether a webhook is the caller's own. One on a group is the group's, whoever made it."""
    kind = webhook.subject.kind
    if webhook.connector != caller.connector or (kind == "Group" and webhook.subject.id != ANY):
        return False
    if caller.kind is TokenKind.GROUP and kind == "ActionPackage":
        return webhook.within == caller.group
    return kind == "Application" or (webhook.owner == caller.person.id != "")


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
