"""Drafting: what is asked for becomes the action that is kept, once all of it is as it must be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from tidings.access.phone import normal_phone
from tidings.core.caller import Caller
from tidings.core.clock import HOUR
from tidings.core.errors import Invalid, NotFound
from tidings.store.actions import Actions, ActionType
from tidings.store.database import Database
from tidings.store.packages import Package
from tidings.workspace.bodies import (
    AnnouncementBody,
    Body,
    Choice,
    CustomBody,
    File,
    JobBody,
    MediaBody,
    MeetBody,
    PollBody,
    SurveyBody,
)
from tidings.workspace.media import Media, MediaFile
from tidings.workspace.messages import LONGEST_MESSAGE
from tidings.workspace.packages import NewPackage, Packages, body_of_package
from tidings.workspace.properties import Property, changed_properties
from tidings.workspace.proposal import (
    NewAction,
    NewAnnouncement,
    NewCustom,
    NewJob,
    NewMedia,
    NewMeet,
    NewPoll,
    NewSurvey,
)
from tidings.workspace.questions import MOST_OPTIONS, read_questions, read_title

# As many as members a call.
MOST_ASSIGNEES = 100
# Uploads of one announcement or album; a guess at what somebody still looks through.
MOST_FILES = 30
# A guess: what is due later is due never.
LONGEST_HOURS = 10 * 365 * 24
# The longest that fits between two midnights a month apart; a guess at the longest meeting.
LONGEST_MINUTES = 31 * 24 * 60
LONGEST_URL = 2_048


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What an action is to hold. `made` is a package that must be kept with it; `assigned_to` are phone numbers."""

    type: ActionType
    title: str
    body: Body
    due_at: int | None = None
    package: Package | None = None
    made: Package | None = None
    properties: Sequence[Property] = ()
    assigned_to: Sequence[str] = ()


class Drafting:
    """Looks up what a proposal names: files, members, packages. Keeps nothing.

    Everything raises Invalid, naming the field as callers spell it.
    """

    def __init__(self, database: Database, *, media: Media, packages: Packages) -> None:
        self._actions = Actions(database)
        self._media = media
        self._packages = packages

    async def draft(self, caller: Caller, new: NewAction, *, group: str, at: int) -> Drafted:
        """The action that is asked for. Raises NotFound for a package that is not there and comes without questions."""
        match new:
            case NewMedia():
                return await self._attachment(new)
            case NewAnnouncement():
                return await self._announcement(new)
            case NewJob():
                return await self._job(new, group=group, at=at)
            case NewPoll():
                return await self._poll(new, at=at)
            case NewMeet():
                return _meet(new)
            case NewSurvey():
                return await self._survey(new, at=at)
            case NewCustom():
                return await self._custom(caller, new, at=at)

    async def _attachment(self, new: NewMedia) -> Drafted:
        field = "actionBody.mediaResource"
        files = await self._files(new.resources, field=field)
        kind = ActionType.IMAGE if new.type is ActionType.ALBUM else new.type
        if not files or any(file.kind.value != kind.value for file in files):
            raise Invalid(f"{field}: expected {kind} files, as POST /v1/media takes them")
        body = MediaBody(media=_kept(files), caption=_text(new.caption, field="actionBody.caption"))
        return Drafted(type=new.type, title="", body=body)

    async def _announcement(self, new: NewAnnouncement) -> Drafted:
        files = await self._files(new.resources, field="actionBody.mediaResources")
        if not (new.text.strip() or files):
            raise Invalid("actionBody.message: expected a text, or files in mediaResources")
        title = read_title(new.title, field="actionBody.title") if new.title.strip() else ""
        body = AnnouncementBody(text=_text(new.text, field="actionBody.message"), media=_kept(files))
        return Drafted(type=ActionType.ANNOUNCEMENT, title=title, body=body)

    async def _job(self, new: NewJob, *, group: str, at: int) -> Drafted:
        people = await self._assignees(new.assigned_to, group=group)
        return Drafted(
            type=ActionType.JOB,
            title=read_title(new.title, field="actionBody.title"),
            body=JobBody(assigned_to=tuple(people.values()), text=_text(new.text, field="actionBody.text")),
            due_at=_due(new.due_in_hours, field="actionBody.dueDate", at=at),
            assigned_to=tuple(people),
        )

    async def _poll(self, new: NewPoll, *, at: int) -> Drafted:
        field = "actionBody.choices"
        if not 0 < len(new.choices) <= MOST_OPTIONS:
            raise Invalid(f"{field}: expected 1 to {MOST_OPTIONS} choices")
        choices = [
            Choice(
                title=read_title(choice.title, field=f"{field}[{place}].title"),
                image=await self._image(choice.image, field=f"{field}[{place}].image"),
            )
            for place, choice in enumerate(new.choices)
        ]
        return Drafted(
            type=ActionType.POLL,
            title=read_title(new.question, field="actionBody.question"),
            body=PollBody(choices=tuple(choices)),
            due_at=_due(new.expires_in_hours, field="actionBody.expiryInHours", at=at),
        )

    async def _survey(self, new: NewSurvey, *, at: int) -> Drafted:
        body = SurveyBody(
            questions=read_questions(new.questions, field="actionBody.questions"),
            is_anonymous=new.is_anonymous,
            accepts_multiple=new.accepts_multiple,
            visibility=new.visibility,
            description=_text(new.description, field="actionBody.description"),
            cover_image=await self._image(new.cover_image, field="actionBody.coverImage"),
        )
        return Drafted(
            type=ActionType.SURVEY,
            title=read_title(new.title, field="actionBody.title"),
            body=body,
            due_at=_due(new.due_in_hours, field="actionBody.dueDate", at=at),
        )

    async def _custom(self, caller: Caller, new: NewCustom, *, at: int) -> Drafted:
        made = None
        try:
            package = await self._packages.find(new.package)
        except NotFound:
            if not new.questions:
                raise
            asked = NewPackage(id=new.package, name=new.title.strip()[:200], questions=new.questions)
            made = await self._packages.drafted(caller, asked, field="actionBody.")
            package = made = msgspec.structs.replace(made, version=made.version or 1)
        given = body_of_package(package)
        questions = given.questions
        if new.questions:
            questions = read_questions(new.questions, field="actionBody.questions")
        return Drafted(
            type=ActionType.CUSTOM,
            title=read_title(new.title, field="actionBody.title") if new.title.strip() else package.name,
            body=CustomBody(
                questions=questions,
                is_anonymous=given.is_anonymous,
                accepts_multiple=given.accepts_multiple,
                visibility=given.visibility,
            ),
            due_at=_due(new.valid_for_hours, field="actionBody.validity", at=at),
            package=package,
            made=made,
            properties=changed_properties(given.properties, new.properties, field="actionBody.properties"),
        )

    async def _assignees(self, phones: Sequence[str], *, group: str) -> dict[str, str]:
        """The members of those numbers, by number."""
        field = "actionBody.assignedTo"
        if not 0 < len(phones) <= MOST_ASSIGNEES:
            raise Invalid(f"{field}: expected 1 to {MOST_ASSIGNEES} phone numbers of members")
        numbers = [normal_phone(phone, field=f"{field}[{place}]") for place, phone in enumerate(phones)]
        found = {number: await self._actions.assignee(group, number) for number in numbers}
        strangers = [number for number, person in found.items() if person is None]
        if strangers:
            raise Invalid(f"{field}: {', '.join(strangers)}: not in the group; add them first")
        return {number: person for number, person in found.items() if person is not None}

    async def _files(self, resources: Sequence[str], *, field: str) -> list[MediaFile]:
        if len(resources) > MOST_FILES:
            raise Invalid(f"{field}: expected at most {MOST_FILES} mediaResources")
        return await self._media.files(resources, field=field)

    async def _image(self, sent: str, *, field: str) -> str:
        """The URL of a picture that is one, or a mediaResource, or nothing."""
        if not sent or sent.startswith(("https://", "http://")):
            return _text(sent, field=field, longest=LONGEST_URL)
        return (await self._media.files([sent], field=field))[0].url


def _meet(new: NewMeet) -> Drafted:
    if not 0 < new.duration_minutes <= LONGEST_MINUTES:
        raise Invalid(f"actionBody.duration: expected 1 to {LONGEST_MINUTES} minutes")
    body = MeetBody(
        starting_at=new.starting_at,
        duration_minutes=max(1, round(new.duration_minutes)),
        place=new.place,
        agenda=_text(new.agenda, field="actionBody.agenda"),
        is_sender_only=new.is_sender_only,
    )
    return Drafted(type=ActionType.LETS_MEET, title=read_title(new.title, field="actionBody.title"), body=body)


def _kept(files: Iterable[MediaFile]) -> tuple[File, ...]:
    return tuple(msgspec.convert(file, File, from_attributes=True) for file in files)


def _due(hours: float | None, *, field: str, at: int) -> int | None:
    if hours is None:
        return None
    if not 0 < hours <= LONGEST_HOURS:
        raise Invalid(f"{field}: expected hours from now, more than 0 and at most {LONGEST_HOURS}")
    return at + round(hours * HOUR)


def _text(text: str, *, field: str, longest: int = LONGEST_MESSAGE) -> str:
    if len(text) > longest:
        raise Invalid(f"{field}: expected at most {longest} characters")
    return text
