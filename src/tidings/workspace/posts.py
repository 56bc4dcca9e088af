"""Posts: messages and actions of a group together, newest first, and what is new among them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidings.core.caller import Caller
from tidings.core.errors import NotFound
from tidings.core.event import NOBODY, Actor
from tidings.store.actions import NEWEST, Action, Actions, Place, read_place
from tidings.store.database import Database
from tidings.store.groups import Groups
from tidings.store.messages import Message, Messages
from tidings.store.posts import GroupCard
from tidings.store.posts import Posts as KeptPosts
from tidings.store.responses import Responses
from tidings.workspace.bodies import Body, body_of
from tidings.workspace.rights import Rights, rules_all
from tidings.workspace.talk import Talk, TalkNews, Talks

# A guess: what somebody scrolls through before they want older ones.
_PAGE = 20
# Posts that one look for what is new may find; whoever misses some loads the page again.
_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message, or an action with its body; `author` is nobody for a program."""

    author: Actor
    talk: Talk
    message: Message | None = None
    action: Action | None = None
    body: Body | None = None

    @property
    def place(self) -> Place:
        """Where it stands among the others."""
        if self.action is not None:
            return Place(self.action.created_at, self.action.id)
        return _said(self.message) if self.message is not None else NEWEST


@dataclass(frozen=True, slots=True, kw_only=True)
class PostPage:
    """Part of what was posted; `cursor` is where it goes on, empty at its end."""

    posts: Sequence[Post]
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is new, newest first; `changed` are posts that were there, and have other responses or another state.

    `said`, `done` and `talk.heard` are from where to look on.
    """

    posts: Sequence[Post]
    changed: Sequence[Post]
    talk: TalkNews
    said: Place
    done: Place


class Posts:
    """Shows what callers may read: whoever is in a group, all of it."""

    def __init__(self, database: Database, *, rights: Rights) -> None:
        self._kept = KeptPosts(database)
        self._groups = Groups(database)
        self._actions = Actions(database)
        self._responses = Responses(database)
        self._messages = Messages(database)
        self._rights = rights
        self.talks = Talks(database)

    async def groups(self, caller: Caller, *, after: str = "", most: int = 100) -> list[GroupCard]:
        """So many groups of the caller by id, from `after` on, exclusive; of all groups for a tenant."""
        if rules_all(caller):
            found = await self._groups.all(after=after, most=most)
        else:
            found = await self._groups.of_person(caller.person.id, after=after, most=most)
        return await self._kept.cards(found, person=caller.person.id)

    async def own_groups(self, caller: Caller, *, after: str = "", most: int = 100) -> list[GroupCard]:
        """So many groups that the caller's person is in, by id."""
        found = await self._groups.of_person(caller.person.id, after=after, most=most)
        return await self._kept.cards(found, person=caller.person.id)

    async def called(self, caller: Caller, *, part: str, skip: int = 0, most: int = 100) -> list[GroupCard]:
        """So many of all groups with that in their name, after so many others, for a tenant; else none."""
        found = await self._groups.called(part, skip=skip, most=most) if rules_all(caller) else []
        return await self._kept.cards(found, person=caller.person.id)

    async def page(self, caller: Caller, group: str, *, cursor: str = "", most: int = _PAGE) -> PostPage:
        """So many posts, newest first. Raises NotFound if the caller is not in the group, Invalid for a cursor."""
        await self._rights.role_in(caller, group)
        before = read_place(cursor, start=NEWEST)
        messages = await self._kept.messages(group, most=most + 1, before=before)
        actions = await self._actions.newest(group, most=most + 1, before=before)
        posts = await self._posts(messages, actions, person=caller.person.id)
        shown = posts[:most]
        return PostPage(posts=shown, cursor=shown[-1].place.cursor if len(posts) > most else "")

    async def post(self, caller: Caller, group: str, *, reference: str) -> Post:
        """What answers call so. Raises NotFound if the caller is not in the group, or it is not there."""
        await self._rights.role_in(caller, group)
        message = await self._messages.get(reference)
        action = None if message else await self._actions.referred_to(reference)
        messages = [message] if message and message.group_id == group else []
        actions = [action] if action and action.group_id == group else []
        for found in await self._posts(messages, actions, person=caller.person.id):
            return found
        raise NotFound("there is no such post in the group; it may have been taken away")

    async def news(self, group: str, *, said: Place, done: Place, heard: int) -> News:
        """What is new in a group after those places. Whoever asks has seen to who may read it."""
        messages = await self._kept.messages_since(group, most=_AT_ONCE, after=said)
        actions = await self._actions.changed(group, most=_AT_ONCE, after=done)
        new = [one for one in actions if Place(one.created_at, one.id) > done]
        return News(
            posts=await self._posts(messages, new),
            changed=await self._posts([], [one for one in actions if one not in new]),
            talk=await self.talks.news(group, heard=heard),
            said=_said(messages[-1]) if messages else said,
            done=Place(actions[-1].changed_at, actions[-1].id) if actions else done,
        )

    async def _posts(self, messages: Sequence[Message], actions: Sequence[Action], *, person: str = "") -> list[Post]:
        """All of them, newest first, as that person sees them."""
        authors = {one.author for one in messages}.union(one.author for one in actions) - {""}
        people = await self._responses.people(authors) if authors else {}
        references = [*(one.id for one in messages), *(one.reference for one in actions)]
        talks = await self.talks.of(references, person=person)
        posts = [Post(author=people.get(one.author, NOBODY), talk=talks[one.id], message=one) for one in messages]
        posts += [
            Post(author=people.get(one.author, NOBODY), talk=talks[one.reference], action=one, body=body_of(one))
            for one in actions
        ]
        return sorted(posts, key=lambda post: post.place, reverse=True)


def _said(message: Message) -> Place:
    return Place(message.at, message.id)
