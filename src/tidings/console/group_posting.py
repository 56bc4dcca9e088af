"""Posting to a group: announcements, jobs, polls, meetings, surveys and forms, each from a page of its own."""

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from tidings.console.group_builder import KEEP, TYPES, Row, changed, first_rows, rows_in, rows_of
from tidings.console.group_here import GroupHere, Here
from tidings.console.group_wording import at_fields, lines_in, phones_in
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import CONNECTOR, Visit
from tidings.core.clock import DAY
from tidings.core.errors import Conflict, Invalid, NotFound, UnsupportedMedia
from tidings.store.groups import Member
from tidings.store.packages import Package
from tidings.workspace.answers import read_location
from tidings.workspace.bodies import Choice, MeetingPlace, Visibility
from tidings.workspace.instant import read_iso
from tidings.workspace.packages import NewPackage, body_of_package
from tidings.workspace.proposal import NewAction, NewAnnouncement, NewCustom, NewJob, NewMeet, NewPoll, NewSurvey
from tidings.workspace.questions import read_questions

_TEMPLATE = "groups/new_post.html"
_ROOM = 1 << 20
# Members to choose from by a box; others are named by number.
_MOST_BOXES = 100
_PACKAGES = 100
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
# Hours, and what people call them.
DUE: Mapping[str, str] = {
    "1": "In an hour",
    "24": "In a day",
    "72": "In three days",
    "168": "In a week",
    "720": "In a month",
    "8760": "In a year",
}
WHO_SEES: Mapping[str, str] = {
    Visibility.ALL: "Everybody in the group",
    Visibility.SENDER: "You, and the admins of the group",
    Visibility.ADMIN: "The admins of the group",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that can be posted from a page of its own; `icon` is one of templates/icons.html."""

    name: str
    title: str
    lead: str
    icon: str


KINDS: Mapping[str, Kind] = {
    one.name: one
    for one in (
        Kind(name="announcement", title="Announcement", lead="What everybody should read", icon="megaphone"),
        Kind(name="survey", title="Survey", lead="Questions, asked once", icon="list"),
        Kind(name="poll", title="Poll", lead="One question with choices", icon="poll"),
        Kind(name="job", title="Job", lead="Something that members do, and tick off", icon="job"),
        Kind(name="meeting", title="Meeting", lead="An invitation: yes, no or maybe", icon="calendar"),
        Kind(name="form", title="Form", lead="A form of your own, sent as often as you need it", icon="form"),
    )
}


class GroupPosting:
    """People post as themselves: whoever is not in the group is told that there is none."""

    def __init__(self, offers: Offers) -> None:
        self._workspace = offers.workspace
        self._here = GroupHere(offers)
        self._clock = offers.clock
        self._drafts: Mapping[str, Callable[[Visit, Here], Awaitable[NewAction]]] = {
            "announcement": self._announcement,
            "survey": self._survey,
            "poll": self._poll,
            "job": self._job,
            "meeting": self._meeting,
            "form": self._form,
        }

    def places(self) -> Sequence[Place]:
        path, most = "/groups/{id}/new/{kind}", self._workspace.media.most_bytes + _ROOM
        return [
            Place(path=path, does=self._new, needs=Right.BE_ONESELF),
            Place(path=path, does=self._post, needs=Right.BE_ONESELF, method="POST", largest=most),
        ]

    async def _new(self, visit: Visit) -> Response:
        here, kind = await self._meant(visit)
        package = await self._package(visit.query.get("package", ""))
        rows = rows_of(body_of_package(package).questions) if package else first_rows()
        return await self._page(visit, here, kind=kind, rows=rows, package=package)

    async def _post(self, visit: Visit) -> Response:
        here, kind = await self._meant(visit)
        rows = rows_in(visit.form)
        if "do" in visit.form:
            do = visit.form.text("do") or KEEP
            return await self._page(visit, here, kind=kind, rows=changed(rows, do))
        try:
            new = await self._drafts[kind.name](visit, here)
            posted = await self._workspace.posting.post(visit.member, here.id, new=new)
        except UnsupportedMedia as error:
            return await self._page(visit, here, kind=kind, rows=rows, error=Invalid(f"files: {error.message}"))
        except (Invalid, Conflict) as error:
            trouble = at_fields(Invalid(error.message), rows=tuple(row.key for row in rows))
            return await self._page(visit, here, kind=kind, rows=rows, error=trouble)
        if kind.name == "announcement":
            return visit.go(here.path, said="The announcement is posted.")
        return visit.go(f"{here.path}/actions/{posted.action.id}", said=f"The {kind.name} is sent to the group.")

    async def _meant(self, visit: Visit) -> tuple[Here, Kind]:
        here = await self._here.of(visit)
        kind = KINDS.get(visit.path["kind"])
        if kind is None:
            raise NotFound("there is nothing of that kind to post; choose one on the group's page")
        await self._workspace.rights.role_in(visit.member, here.id)
        return here, kind

    async def _page(
        self,
        visit: Visit,
        here: Here,
        *,
        kind: Kind,
        rows: Sequence[Row],
        package: Package | None = None,
        error: Invalid | None = None,
    ) -> Response:
        members: Sequence[Member] = ()
        if kind.name == "job":
            members = await self._workspace.groups.members(visit.member, here.id, most=_MOST_BOXES)
        return visit.page(
            _TEMPLATE,
            block="questions",
            error=error,
            here=here,
            kind=kind,
            rows=rows,
            types=tuple(TYPES.items()),
            due=tuple(DUE.items()),
            # A package has no rule for the admins alone.
            who_sees=tuple(WHO_SEES.items())[: 2 if kind.name == "form" else None],
            package=package,
            rules=body_of_package(package) if package else None,
            packages=await self._newest_packages()
            if kind.name == "form" and not (package or visit.form.fields)
            else (),
            members=[(one.phone, one.name or one.phone) for one in members if one.phone],
            has_more_members=len(members) == _MOST_BOXES,
            soonest=self._clock.now() + DAY,
        )

    async def _newest_packages(self) -> Sequence[Package]:
        """The newest version of each of so many packages."""
        found = await self._workspace.packages.list(most=_PACKAGES)
        return tuple({one.id: one for one in found}.values())

    async def _package(self, identifier: str) -> Package | None:
        return await self._workspace.packages.find(identifier) if identifier else None

    async def _announcement(self, visit: Visit, here: Here) -> NewAnnouncement:
        del here
        resources = [await self._workspace.media.add(visit.member, [one]) for one in visit.form.files("files")]
        return NewAnnouncement(title=visit.form.text("title"), text=visit.form.text("text"), resources=resources)

    async def _survey(self, visit: Visit, here: Here) -> NewSurvey:
        del here
        form = visit.form
        return NewSurvey(
            title=form.text("title"),
            description=form.text("description"),
            questions=[row.asked for row in rows_in(form)],
            due_in_hours=_hours(visit),
            is_anonymous=form.is_on("anonymous"),
            accepts_multiple=form.is_on("multiple"),
            visibility=_visibility(visit),
        )

    async def _poll(self, visit: Visit, here: Here) -> NewPoll:
        del here
        choices = [Choice(title=line) for line in lines_in(visit.form.text("choices"))]
        return NewPoll(question=visit.form.text("title"), choices=choices, expires_in_hours=_hours(visit))

    async def _job(self, visit: Visit, here: Here) -> NewJob:
        del here
        form = visit.form
        assigned = [*form.all("assigned"), *phones_in(form.text("others"))]
        if not assigned:
            raise Invalid("assigned: choose somebody who is to do it")
        return NewJob(
            title=form.text("title"), text=form.text("text"), assigned_to=assigned, due_in_hours=_hours(visit)
        )

    async def _meeting(self, visit: Visit, here: Here) -> NewMeet:
        del here
        form = visit.form
        place, agenda = _place(visit), form.text("agenda")
        if place is None and form.text("place"):
            # The places of events have coordinates; one that is only called something is told in words.
            agenda = f"Where: {form.text('place')}\n{agenda}".strip()
        return NewMeet(
            title=form.text("title"),
            starting_at=read_iso(form.needed("starting_at"), field="starting_at"),
            duration_minutes=form.number("duration", default=30),
            place=place,
            agenda=agenda,
            is_sender_only=form.is_on("sender_only"),
        )

    async def _form(self, visit: Visit, here: Here) -> NewCustom:
        """An action of a package that is there, or that is made here, or becomes the next version of itself."""
        del here
        form = visit.form
        title = form.needed("title")
        new = NewPackage(
            id=form.text("package_id") or _made_up(title),
            name=title[:200],
            questions=[row.asked for row in rows_in(form)],
            accepts_multiple=form.is_on("multiple"),
            is_anonymous=form.is_on("anonymous"),
            is_sender_only=_visibility(visit) is not Visibility.ALL,
        )
        former = await self._former(new.id)
        if former is None or not _is_as(new, former):
            _must_be_theirs(visit, former)
            await self._workspace.packages.create(visit.member, new)
        return NewCustom(package=new.id, title=title, valid_for_hours=_hours(visit))

    async def _former(self, identifier: str) -> Package | None:
        try:
            return await self._workspace.packages.find(identifier)
        except NotFound:
            return None


def _is_as(new: NewPackage, former: Package) -> bool:
    """Whether a package asks what it asked before, by the same rules."""
    body = body_of_package(former)
    return (
        body.questions == read_questions(new.questions, field="questions")
        and body.accepts_multiple == new.accepts_multiple
        and body.is_anonymous == new.is_anonymous
        and body.is_sender_only == new.is_sender_only
    )


def _must_be_theirs(visit: Visit, former: Package | None) -> None:
    """Raise Conflict if somebody else made it here: to the workspace, all who use the console are one connector."""
    if former is None or former.connector != CONNECTOR or visit.may(Right.OPERATE):
        return
    if former.author != visit.person.id:
        raise Conflict("package_id: this is somebody else's form; send it as it is, or call yours otherwise")


def _hours(visit: Visit) -> int:
    return visit.form.number("due", default=24)


def _visibility(visit: Visit) -> Visibility:
    name = visit.form.text("who_sees") or Visibility.ALL
    if name not in WHO_SEES:
        raise Invalid("who_sees: choose who sees the answers")
    return Visibility(name)


def _place(visit: Visit) -> MeetingPlace | None:
    latitude, longitude = visit.form.text("latitude"), visit.form.text("longitude")
    if not (latitude or longitude):
        return None
    found = read_location({"lt": latitude, "lg": longitude, "n": visit.form.text("place")}, field="latitude")
    return MeetingPlace(latitude=found["lt"], longitude=found["lg"], name=found["n"])


def _made_up(title: str) -> str:
    """An id for a package that programs can tell by its name."""
    short = _NOT_IN_IDS.sub("-", title.lower()).strip("-")[:60] or "form"
    return f"form.{short}.n{uuid.uuid4().hex[:6]}"
