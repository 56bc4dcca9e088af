"""Liking and commenting on what was posted in a group."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.group_here import GroupHere
from tidings.console.group_wording import at_fields
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Invalid
from tidings.store.cursor import read_cursor
from tidings.store.reactions import ReactionKind

_TEMPLATE = "groups/post.html"


class GroupTalk:
    """Members like and comment, as themselves; whoever may look at the group sees it."""

    def __init__(self, offers: Offers) -> None:
        self._posts = offers.workspace.posts
        self._reactions = offers.workspace.reactions
        self._here = GroupHere(offers)

    def places(self) -> Sequence[Place]:
        own, path = Right.BE_ONESELF, "/groups/{id}/posts/{reference}"
        return [
            Place(path=path, does=self._show, needs=own),
            Place(path=f"{path}/like", does=self._like, needs=own, method="POST"),
            Place(path=f"{path}/comments", does=self._comment, needs=own, method="POST"),
        ]

    async def _show(self, visit: Visit, *, error: Invalid | None = None) -> Response:
        here = await self._here.of(visit)
        reference, cursor = visit.path["reference"], visit.query.get("before", "")
        post = await self._posts.post(visit.caller, here.id, reference=reference)
        before = read_cursor(cursor, start=0) if cursor else None
        comments, more = await self._posts.talks.comments(reference, before=before)
        return visit.page(
            _TEMPLATE, error=error, here=here, one=post, comments=comments, more=more, is_latest=before is None
        )

    async def _like(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        reference = visit.path["reference"]
        if visit.form.text("is_liked") == "no":
            await self._reactions.take_back(visit.member, here.id, reference=reference)
        else:
            await self._reactions.react(visit.member, here.id, reference=reference, kind=ReactionKind.LIKE)
        if visit.is_fragment:
            post = await self._posts.post(visit.caller, here.id, reference=reference)
            return visit.page(_TEMPLATE, block="like", here=here, one=post)
        return visit.go(f"{here.path}/posts/{reference}")

    async def _comment(self, visit: Visit) -> Response:
        here = await self._here.of(visit)
        reference, text = visit.path["reference"], visit.form.text("comment")
        try:
            await self._reactions.react(
                visit.member, here.id, reference=reference, kind=ReactionKind.COMMENT, comment=text
            )
        except Invalid as error:
            return await self._show(visit, error=at_fields(error))
        return visit.go(f"{here.path}/posts/{reference}#comment")
