"""Feed of a group: what was posted, newest first, live; and posting messages and files to it."""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from weakref import WeakValueDictionary

from starlette.responses import Response

from tidings.console.group_here import GroupHere, Here
from tidings.console.group_wording import at_fields
from tidings.console.live import Live, Piece
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import MINUTE, Clock
from tidings.core.errors import Invalid, NotFound, UnsupportedMedia
from tidings.store.actions import ActionType
from tidings.store.actions import Place as Spot
from tidings.workspace.media import MediaFile, MediaKind
from tidings.workspace.posts import Posts
from tidings.workspace.proposal import NewMedia

_TEMPLATE = "groups/feed.html"
# A form around its files.
_ROOM = 1 << 20


class GroupFeed:
    """Who is in a group reads and posts; who operates the installation reads, and may join."""

    def __init__(self, offers: Offers, pages: Pages) -> None:
        self._workspace = offers.workspace
        self._here = GroupHere(offers)
        self._pages = pages
        self._clock = offers.clock
        # Each for as long as somebody listens. Members and others are shown different things.
        self._lives: WeakValueDictionary[tuple[str, bool], GroupLive] = WeakValueDictionary()

    def places(self) -> Sequence[Place]:
        most = self._workspace.media.most_bytes + _ROOM
        own = Right.BE_ONESELF
        return [
            Place(path="/groups/{id}", does=self._show, needs=own),
            Place(path="/groups/{id}/live", does=self._listen, needs=own),
            Place(path="/groups/{id}/posts", does=self._post, needs=own, method="POST", largest=most),
            Place(path="/groups/{id}/join", does=self._join, needs=Right.OPERATE, method="POST"),
        ]

    def close(self) -> None:
        for one in list(self._lives.values()):
            one.live.close()

    async def _show(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        cursor = visit.query.get("before", "")
        page = await self._workspace.posts.page(visit.caller, here.id, cursor=cursor)
        awaiting = await self._workspace.reading.awaiting(visit.person.id)
        return visit.page(
            _TEMPLATE,
            block="older",
            error=error,
            here=here,
            tab="feed",
            found=page.posts,
            awaiting=[one for one in awaiting if one.group_id == here.id],
            cursor=page.cursor,
            is_newest=not cursor,
        )

    async def _post(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        text, files = visit.form.text("text"), visit.form.files("files")
        try:
            if files:
                await self._post_files(visit, here, text=text)
            else:
                await self._workspace.messages.post(visit.member, here.id, text=text)
        except UnsupportedMedia as error:
            return await self._show(visit, error=Invalid(f"files: {error.message}"))
        except Invalid as error:
            return await self._show(visit, error=at_fields(error))
        return visit.go(here.path)

    async def _post_files(self, visit: Visit, here: Here, *, text: str) -> None:
        """Pictures become one post, other files one each; the text goes with the first."""
        media, member = self._workspace.media, visit.member
        await self._workspace.rights.role_in(member, here.id)
        kept: list[tuple[str, MediaFile]] = []
        for upload in visit.form.files("files"):
            resource = await media.add(member, [upload])
            kept += [(resource, file) for file in await media.files([resource], field="files")]
        pictures = [resource for resource, file in kept if file.kind is MediaKind.IMAGE]
        posts = [(ActionType(file.kind), [resource]) for resource, file in kept if file.kind is not MediaKind.IMAGE]
        if pictures:
            posts.insert(0, (ActionType.ALBUM if len(pictures) > 1 else ActionType.IMAGE, pictures))
        for number, (type_, resources) in enumerate(posts):
            new = NewMedia(type=type_, resources=resources, caption="" if number else text)
            await self._workspace.posting.post(member, here.id, new=new)

    async def _join(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        record = self._here.record(visit, "group.joined", about=here.id)
        await self._workspace.groups.admit(visit.caller, here.id, people=[visit.person], also=record)
        return visit.go(here.path, said="You are a member of the group now.")

    async def _listen(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        one = self._lives.get((here.id, here.is_member))
        if one is None:
            one = GroupLive(self._workspace.posts, here, pages=self._pages, clock=self._clock)
            self._lives[here.id, here.is_member] = one
        told = one.live.answer()
        told.body_iterator = self._while_admitted(visit, one, told=told.body_iterator)
        return told

    async def _while_admitted(
        self, visit: Visit, one: "GroupLive", *, told: AsyncIterable[str | bytes | memoryview]
    ) -> AsyncIterator[str | bytes | memoryview]:
        """What is told, for as long as the listener is in the group."""
        with contextlib.suppress(NotFound):
            async for piece in told:
                await self._workspace.rights.role_in(visit.caller, one.group)
                yield piece


class GroupLive:
    """What is new in one group, for all who look at it."""

    def __init__(self, posts: Posts, here: Here, *, pages: Pages, clock: Clock) -> None:
        self.group = here.id
        self._posts = posts
        self._here = here
        self._pages = pages
        # From a moment ago on: what came between the page and this is in the page already, and known by its id.
        self._said = self._done = Spot(clock.now() - MINUTE)
        self._heard = clock.now() - MINUTE
        self.live = Live(self._look, clock=clock)

    async def _look(self) -> Sequence[Piece]:
        news = await self._posts.news(self.group, said=self._said, done=self._done, heard=self._heard)
        self._said, self._done, self._heard = news.said, news.done, news.talk.heard
        found = (("posts", news.posts), ("changed", news.changed), ("counts", news.talk.changed))
        return [
            Piece(name=name, html=self._pages.block(_TEMPLATE, name, here=self._here, found=some))
            for name, some in (*found, ("comments", news.talk.comments))
            if some
        ]
