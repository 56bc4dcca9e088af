"""The group that a page is about, as whoever visits sees it."""

from dataclasses import dataclass

from tidings.console.offers import Offers
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import NotFound
from tidings.store.audit import audited_once
from tidings.store.database import Statement
from tidings.store.groups import NO_SUCH_GROUP, Role
from tidings.store.posts import GroupCard, Posts


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """`card.role` is what the visitor is in the group, empty for somebody who only looks at it."""

    card: GroupCard
    may_manage: bool

    @property
    def id(self) -> str:
        return self.card.id

    @property
    def path(self) -> str:
        """Where its pages are."""
        return f"/console/groups/{self.card.id}"

    @property
    def is_member(self) -> bool:
        return self.card.role != ""


class GroupHere:
    """Finds the group of a visit, and records what is done to it with the rights of an operator."""

    def __init__(self, offers: Offers) -> None:
        self._rights = offers.workspace.rights
        self._kept = Posts(offers.database)
        self._clock = offers.clock

    async def of(self, visit: Visit) -> Here:
        """Raises NotFound for a group that is not there, or not for the visitor."""
        group = visit.path["id"]
        await self._rights.role_in(visit.caller, group)
        for card in await self._kept.cards([group], person=visit.person.id):
            return Here(card=card, may_manage=card.role == Role.ADMIN or visit.may(Right.OPERATE))
        raise NotFound(NO_SUCH_GROUP)

    def record(self, visit: Visit, action: str, *, about: str) -> tuple[Statement, ...]:
        """The entry of what an operator does; what members do in their groups is nobody's to look into."""
        if not visit.may(Right.OPERATE):
            return ()
        return (audited_once(actor=visit.person.id, action=action, about=about, at=self._clock.now()),)
