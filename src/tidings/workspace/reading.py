"""Reading: actions and the responses to them, as the content queries give them back, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tidings.core.caller import Caller
from tidings.core.clock import DAY, Clock
from tidings.core.errors import Invalid
from tidings.core.event import NOBODY, Actor
from tidings.store.actions import NEWEST, OLDEST, Action, Actions, ActionType, Place, read_place
from tidings.store.database import Database
from tidings.store.groups import Role
from tidings.store.responses import Response, Responses
from tidings.workspace.admission import Admission
from tidings.workspace.bodies import Body, JobBody, Visibility, body_of
from tidings.workspace.form import Form, form_of, is_answered, is_over
from tidings.workspace.packages import split
from tidings.workspace.rights import Rights

# Of each action in a list; whoever wants more asks for that action.
MOST_INLINE = 100
# Whoever was not moved by a reminder for so long will not be by the same one.
_REMINDED_MS = 30 * DAY
# A guess: what somebody answers at once.
_MOST_AWAITING = 20


class Status(StrEnum):
    """Whether an action takes responses (Kaizala API reference 1.6)."""

    ACTIVE = "Active"  # it does
    CLOSED = "Closed"  # somebody closed it
    EXPIRED = "Expired"  # its time is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which actions of a group: of a type or a package (its id, with or without version), newest first.

    From `since` (epoch milliseconds) on, they come oldest first; with `changed_since`, in the order of their changes,
    of whatever type.
    """

    type: ActionType | None = None
    package: str = ""
    since: int | None = None
    changed_since: int | None = None
    has_responses: bool = False
    cursor: str = ""
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A response, and the form that it answers."""

    form: Form
    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An action as the caller sees it: `responses` are a page of those that they may see, None if not asked for."""

    action: Action
    status: Status
    body: Body
    author: Actor
    assignees: Sequence[Actor] = ()
    responses: Sequence[Answered] | None = None
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Part of a list; `cursor` is where it goes on, empty at its end."""

    actions: Sequence[Seen] = ()
    responses: Sequence[Answered] = ()
    cursor: str = ""


class Reading:
    """Reads back what was posted and answered; every page takes the same time however much there is."""

    def __init__(self, database: Database, *, rights: Rights, clock: Clock) -> None:
        self._actions = Actions(database)
        self._responses = Responses(database)
        self._admission = Admission(database, rights=rights)
        self._rights = rights
        self._clock = clock

    async def actions(self, caller: Caller, group: str, *, query: Query) -> Page:
        """A page of actions. Raises NotFound if the caller is not in the group, and Invalid for a strange cursor."""
        role = await self._rights.role_in(caller, group)
        found = await self._listed(group, query)
        actions = found[: query.most]
        seen = await self._seen(actions)
        if query.has_responses:
            seen = [await self._answered(one, caller, role=role, most=MOST_INLINE) for one in seen]
        if len(found) <= query.most:
            return Page(actions=seen)
        last = actions[-1]
        at = last.created_at if query.changed_since is None else last.changed_at
        return Page(actions=seen, cursor=Place(at, last.id).cursor)

    async def action(
        self, caller: Caller, group: str, *, action: str, has_responses: bool, most: int, cursor: str = ""
    ) -> Seen:
        """One action; with responses, so many from the cursor on, oldest first. Raises NotFound, and Invalid."""
        admitted = await self._admission.to(caller, group, action=action)
        [seen] = await self._seen([admitted.action])
        if not (has_responses or seen.action.type is ActionType.JOB):
            return seen
        return await self._answered(seen, caller, role=admitted.role, most=most, cursor=cursor)

    async def awaiting(self, person: str) -> list[Action]:
        """Open actions that somebody was reminded of of late and has not responded to, the latest reminder first."""
        now = self._clock.now()
        return await self._actions.awaiting(person, since=now - _REMINDED_MS, now=now, most=_MOST_AWAITING)

    async def responses(
        self, caller: Caller, group: str, *, most: int, changed_since: int = 0, cursor: str = ""
    ) -> Page:
        """All responses in a group in the order in which they were given or replaced last, for whoever copies them.

        Raises Forbidden if the caller is no admin, NotFound, and Invalid for a strange cursor.
        """
        await self._rights.must_be_admin(caller, group)
        after = read_place(cursor, start=Place(changed_since))
        found = await self._responses.changed(group, most=most + 1, after=after)
        shown = found[:most]
        actions = await self._responses.actions(one.action for one in shown)
        forms = {identifier: form_of(action) for identifier, action in actions.items()}
        answered = [Answered(form=forms[one.action], response=one) for one in shown]
        at = Place(shown[-1].changed_at, shown[-1].id).cursor if len(found) > most else ""
        return Page(responses=answered, cursor=at)

    async def _listed(self, group: str, query: Query) -> list[Action]:
        most = query.most + 1
        if query.changed_since is not None:
            if query.type or query.package or query.since is not None:
                raise Invalid("changedSince: gives the changes of all actions; leave the other conditions out")
            after = read_place(query.cursor, start=Place(query.changed_since))
            return await self._actions.changed(group, most=most, after=after)
        package = split(query.package)[0] if query.package else ""
        if query.since is not None:
            after = read_place(query.cursor, start=Place(query.since))
            return await self._actions.since(group, most=most, after=after, type_=query.type, package=package)
        before = read_place(query.cursor, start=NEWEST)
        return await self._actions.newest(group, most=most, before=before, type_=query.type, package=package)

    async def _seen(self, actions: Sequence[Action]) -> list[Seen]:
        bodies = [body_of(action) for action in actions]
        assigned = [body.assigned_to if isinstance(body, JobBody) else () for body in bodies]
        wanted = {action.author for action in actions}.union(*assigned) - {""}
        people: Mapping[str, Actor] = await self._responses.people(wanted) if wanted else {}
        return [
            Seen(
                action=action,
                status=self._status(action),
                body=body,
                author=people.get(action.author, NOBODY),
                assignees=[people[one] for one in ids if one in people],
            )
            for action, body, ids in zip(actions, bodies, assigned, strict=True)
        ]

    def _status(self, action: Action) -> Status:
        if action.is_closed:
            return Status.CLOSED
        return Status.EXPIRED if is_over(action, at=self._clock.now()) else Status.ACTIVE

    async def _answered(self, seen: Seen, caller: Caller, *, role: Role | None, most: int, cursor: str = "") -> Seen:
        """The action with a page of the responses that the caller may see; as it is, if it asks nothing."""
        if not is_answered(seen.action):
            return seen
        form = form_of(seen.action)
        own = None if _sees_all(form, caller, role=role) else caller.person.id
        after = read_place(cursor, start=OLDEST)
        found = await self._responses.of_action(seen.action.id, most=most + 1, after=after, responder=own)
        shown = found[:most]
        return replace(
            seen,
            responses=[Answered(form=form, response=one) for one in shown],
            cursor=Place(shown[-1].created_at, shown[-1].id).cursor if len(found) > most else "",
        )


def _sees_all(form: Form, caller: Caller, *, role: Role | None) -> bool:
    """Whether others' responses too. Subscribers see those only where it was said so."""
    is_author = caller.person.id == form.action.author != ""
    if role is Role.ADMIN or (is_author and form.visibility is not Visibility.ADMIN):
        return True
    if role is None:
        return form.visibility is Visibility.MEMBERS_AND_SUBSCRIBERS
    return form.visibility in (Visibility.ALL, Visibility.MEMBERS_AND_SUBSCRIBERS)
