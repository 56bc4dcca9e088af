"""Groups, messages and rights over a real store and a real publisher; nothing is delivered."""

import uuid

from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.core.event import NOBODY, Actor, Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.outbox.directory import Directory
from tidings.outbox.hub import Nobody
from tidings.outbox.publisher import Publisher
from tidings.store.database import Database
from tidings.store.groups import Group
from tidings.store.history import History
from tidings.store.people import People, person_created
from tidings.store.subscriptions import Subscriptions
from tidings.testing.clock import ManualClock
from tidings.workspace.bots import Bots
from tidings.workspace.groups import Groups, NewGroup
from tidings.workspace.messages import Messages
from tidings.workspace.reactions import Reactions
from tidings.workspace.rights import Rights
from tidings.workspace.sub_groups import SubGroups
from tidings.workspace.subscribers import Subscribers
from tidings.workspace.tree import Tree

ADA = Actor(id="ada", phone="+910000000001", name="Ada", picture="https://example.com/ada.jpg")
BOB = Actor(id="bob", phone="+910000000002", name="Bob")
CYD = Actor(id="cyd", phone="+910000000003", name="Cyd")


def by(person: Actor = NOBODY, *, kind: TokenKind = TokenKind.USER, group: str = "", scopes: str = "publish") -> Caller:
    """A caller with a token of that kind, by the connector `shop`."""
    return Caller(connector="shop", kind=kind, person=person, group=group, scopes=frozenset(scopes.split()))


TENANT = by(kind=TokenKind.TENANT)


class House:
    """What the tests of the workspace stand on; Ada, Bob and Cyd are people already."""

    def __init__(self, database: Database, *, clock: ManualClock) -> None:
        self.database = database
        self.subscriptions = Subscriptions(database, Vault([new_key()]))
        self.directory = Directory(self.subscriptions)
        self.publisher = Publisher(database, self.directory, hand_over=Nobody(), on_owed_elsewhere=lambda: None)
        self.rights = Rights(
            database, subscriptions=self.subscriptions, clock=clock, group_types={"MemberAdded", "TextMessageCreated"}
        )
        self.tree = Tree(database)
        self.groups = Groups(
            database,
            publisher=self.publisher,
            directory=self.directory,
            rights=self.rights,
            tree=self.tree,
            clock=clock,
        )
        self.sub_groups = SubGroups(
            database,
            publisher=self.publisher,
            directory=self.directory,
            rights=self.rights,
            tree=self.tree,
            clock=clock,
        )
        self.subscribers = Subscribers(database, rights=self.rights, clock=clock)
        self.messages = Messages(
            database,
            publisher=self.publisher,
            rights=self.rights,
            subscribers=self.subscribers,
            tree=self.tree,
            clock=clock,
        )
        self.bots = Bots(database, groups=self.groups, directory=self.directory, clock=clock)
        self.reactions = Reactions(database, rights=self.rights, clock=clock)
        self.people = People(database)
        self._history = History(database)
        self._clock = clock

    async def settle_in(self) -> None:
        await self.database.write(*(person_created(person, at=1) for person in (ADA, BOB, CYD)))

    async def team(self, *members: Actor) -> Group:
        """A group of those members whose admin is Ada."""
        return await self.groups.create(by(ADA), NewGroup(name="Team", members=[one.phone for one in members]))

    async def city(self, *subscribers: Actor) -> Group:
        """A ConnectGroup with those subscribers whose admin is Ada."""
        new = NewGroup(name="City", type="ConnectGroup", admins=[ADA.phone])
        group = await self.groups.create(TENANT, new)
        await self.subscribers.add(TENANT, group.id, phones=[one.phone for one in subscribers])
        return group

    async def events(self) -> list[Event]:
        """What has happened, oldest first."""
        events, _ = await self._history.events(limit=100)
        return events[::-1]

    async def subscribe(
        self, subject: Subject, *, owner: str = "", connector: str = "shop", within: str = ""
    ) -> Subscription:
        """A webhook on that subject."""
        now = self._clock.now()
        return await self.subscriptions.add(
            Subscription(
                id=str(uuid.uuid4()),
                subject=subject,
                types=compile_types(["*"]),
                url="https://example.com/",
                format="standard",
                connector=connector,
                owner=owner,
                within=within,
                created_at=now,
                expires_at=now + DAY,
            )
        )

    async def is_withheld(self, subscription: Subscription) -> bool:
        """Whether deliveries to that webhook are held."""
        found = await self.subscriptions.get(subscription.id)
        assert found is not None
        return found.withheld
