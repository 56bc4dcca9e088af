"""Talk: what members think of what was posted, as whoever looks at it sees it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tidings.core.event import NOBODY, Actor
from tidings.store.database import Database
from tidings.store.reactions import Comment as KeptComment
from tidings.store.reactions import ReactionKind, Reactions
from tidings.store.responses import Responses

# Of each thing in a list; whoever wants more looks at that thing.
_MOST_INLINE = 2
# A guess: what somebody reads in one go.
_PAGE = 50
# Of one look for what is new; whoever misses some loads the page again.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said to a thing; `author` has no name if it was a program."""

    id: str
    reference: str
    author: Actor
    text: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """How often a thing is liked and commented on, its latest comments, oldest first, and whether one likes it."""

    reference: str
    likes: int = 0
    comments: int = 0
    is_liked: bool = False
    latest: Sequence[Comment] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkNews:
    """What has other counts than before, new comments oldest first, and from where to look on."""

    changed: Sequence[Talk]
    comments: Sequence[Comment]
    heard: int


class Talks:
    """Reads. Whoever asks has seen to who may."""

    def __init__(self, database: Database) -> None:
        self._kept = Reactions(database)
        self._responses = Responses(database)

    async def of(self, references: Iterable[str], *, person: str) -> Mapping[str, Talk]:
        """Of those things, by reference, as that person sees it."""
        wanted = list(references)
        tallies = await self._kept.tallies(wanted, person=person) if wanted else []
        said = [one.reference for one in tallies if one.comments]
        comments = await self._told(await self._kept.comments(said, most=_MOST_INLINE)) if said else []
        found = {reference: Talk(reference=reference) for reference in wanted}
        for one in tallies:
            found[one.reference] = Talk(
                reference=one.reference,
                likes=one.likes,
                comments=one.comments,
                is_liked=one.is_liked,
                latest=[comment for comment in comments if comment.reference == one.reference],
            )
        return found

    async def comments(self, reference: str, *, before: int | None) -> tuple[list[Comment], int | None]:
        """The latest before an instant, oldest first; and the instant before which there are more, None at the end."""
        most = _PAGE + 1
        if before is None:
            found = await self._kept.comments([reference], most=most)
        else:
            found = await self._kept.comments([reference], most=most, before=before)
        shown = found[-_PAGE:]
        return await self._told(shown), shown[0].at if len(found) > _PAGE else None

    async def news(self, group: str, *, heard: int) -> TalkNews:
        """What is new in a group after that instant."""
        changed = await self._kept.counts(group, after=heard, most=_AT_ONCE)
        new = []
        for one in changed:
            if one.comments:
                found = await self._kept.list(one.reference, kind=ReactionKind.COMMENT, after=heard, most=_AT_ONCE)
                new += [
                    KeptComment(
                        id=each.id,
                        reference=one.reference,
                        kind=each.kind,
                        person=each.person,
                        comment=each.comment,
                        at=each.at,
                    )
                    for each in found
                ]
        return TalkNews(
            changed=[Talk(reference=one.reference, likes=one.likes, comments=one.comments) for one in changed],
            comments=await self._told(new),
            heard=changed[-1].changed_at if changed else heard,
        )

    async def _told(self, comments: Sequence[KeptComment]) -> list[Comment]:
        people = await self._responses.people({one.person for one in comments}) if comments else {}
        return [
            Comment(
                id=one.id,
                reference=one.reference,
                author=people.get(one.person, NOBODY),
                text=one.comment,
                at=one.at,
            )
            for one in comments
        ]
