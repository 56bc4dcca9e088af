"""Where actions are posted: a group of Ada, its admin, and Bob; and what posts and changes them."""

from tests.workspace.house import ADA, House, by
from tidings.core.caller import Caller
from tidings.store.actions import Action, Actions
from tidings.store.groups import Group
from tidings.testing.clock import ManualClock
from tidings.workspace.amending import Amending
from tidings.workspace.drafting import Drafting
from tidings.workspace.media import Media
from tidings.workspace.packages import NewPackage, Packages
from tidings.workspace.posting import Posting
from tidings.workspace.proposal import NewAction, NewJob
from tidings.workspace.questions import Asked

ASKED = (Asked("Shop", "SingleOption", ("North", "South")), Asked("Rice", "Numeric"))


class Board:
    def __init__(self, house: House, *, group: Group, media: Media, clock: ManualClock) -> None:
        self.house = house
        self.group = group
        self.media = media
        self.clock = clock
        self.actions = Actions(house.database)
        self.packages = Packages(house.database, clock=clock)
        self.posting = Posting(
            publisher=house.publisher,
            drafting=Drafting(house.database, media=media, packages=self.packages),
            subscribers=house.subscribers,
            tree=house.tree,
            clock=clock,
        )
        self.amending = Amending(house.database, rights=house.rights, subscribers=house.subscribers, clock=clock)

    async def post(self, new: NewAction, *, caller: Caller | None = None) -> Action:
        """Post to the group, as Ada unless somebody else does; the action as it is kept."""
        posted = await self.posting.post(caller or by(ADA), self.group.id, new=new)
        found = await self.actions.get(posted.action.id)
        assert found == posted.action
        return found

    async def job(self, *, caller: Caller | None = None) -> Action:
        return await self.post(NewJob(title="Doors", assigned_to=[ADA.phone]), caller=caller)

    async def package(self, identifier: str = "com.example.order", *, caller: Caller | None = None) -> None:
        """A package called Order, or its next version."""
        await self.packages.create(caller or by(ADA), NewPackage(id=identifier, name="Order", questions=ASKED))
