"""Groups: the list of one's groups, new ones, and the areas that make up one group's pages."""

import uuid
from collections.abc import Sequence
from itertools import chain

from starlette.responses import Response

from tidings.console.group_answering import GroupAnswering
from tidings.console.group_feed import GroupFeed
from tidings.console.group_here import GroupHere
from tidings.console.group_people import GroupPeople
from tidings.console.group_posting import GroupPosting
from tidings.console.group_talk import GroupTalk
from tidings.console.group_wording import at_fields, phones_in
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Invalid
from tidings.store.cursor import read_cursor
from tidings.workspace.groups import NewGroup
from tidings.workspace.rights import rules_all

# Of a list. Who is in more groups than this finds the others on the next page.
_A_PAGE = 100


class Groups:
    """Whoever is signed in sees their own groups; whoever may look at everything can look at all of them."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._groups = offers.workspace.groups
        self._posts = offers.workspace.posts
        self._reading = offers.workspace.reading
        self._here = GroupHere(offers)
        self._feeds = GroupFeed(offers, pages)
        self._areas = (
            self._feeds,
            GroupTalk(offers),
            GroupPosting(offers),
            GroupAnswering(offers, pages),
            GroupPeople(offers),
        )

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/groups", does=self._list, needs=Right.BE_ONESELF),
            Place(path="/groups/new", does=self._new, needs=Right.BE_ONESELF),
            Place(path="/groups", does=self._create, needs=Right.BE_ONESELF, method="POST"),
            *chain.from_iterable(area.places() for area in self._areas),
        ]

    def close(self) -> None:
        """End what goes on for as long as somebody looks."""
        self._feeds.close()

    async def _list(self, visit: Visit) -> Response:
        sees_all = rules_all(visit.caller)
        is_all = sees_all and visit.query.get("of") == "all"
        part, cursor = visit.query.get("name", "").strip(), visit.query.get("cursor", "")
        if part and is_all:
            skip = read_cursor(cursor, start=0)
            found = await self._posts.called(visit.caller, part=part, skip=skip, most=_A_PAGE)
            cursor = str(skip + _A_PAGE) if len(found) == _A_PAGE else ""
        else:
            listed = self._posts.groups if is_all else self._posts.own_groups
            found = await listed(visit.caller, after=cursor, most=_A_PAGE)
            cursor = found[-1].id if len(found) == _A_PAGE else ""
            found = [one for one in found if part.casefold() in one.name.casefold()]
        found.sort(key=lambda one: (one.last_at or one.created_at, one.id), reverse=True)
        return visit.page(
            "groups/list.html",
            groups=found,
            awaiting=await self._reading.awaiting(visit.person.id),
            cursor=cursor,
            is_all=is_all,
            sees_all=sees_all,
            part=part,
        )

    async def _new(self, visit: Visit) -> Response:
        return visit.page("groups/new_group.html")

    async def _create(self, visit: Visit) -> Response:
        identifier = str(uuid.uuid4())
        new = NewGroup(
            id=identifier,
            name=visit.form.text("name"),
            short_description=visit.form.text("short_description"),
            welcome_message=visit.form.text("welcome_message"),
            members=phones_in(visit.form.text("members")),
        )
        try:
            record = self._here.record(visit, "group.created", about=identifier)
            made = await self._groups.create(visit.caller, new, also=record)
        except Invalid as error:
            return visit.page("groups/new_group.html", error=at_fields(error))
        return visit.go(f"/console/groups/{made.id}", said=f"The group {made.name} is there, and you are its admin.")
