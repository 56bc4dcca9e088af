"""How the body of an action is read back, by type: like the one that was posted, with instants that hours became."""

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from tidings.store.actions import Action
from tidings.workspace import data
from tidings.workspace.bodies import (
    AnnouncementBody,
    AskingBody,
    File,
    JobBody,
    MediaBody,
    MeetBody,
    PollBody,
    SurveyBody,
)
from tidings.workspace.form import told_question
from tidings.workspace.instant import iso
from tidings.workspace.reading import Seen


class _Body(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Written in Kaizala's spelling."""


class _Media(_Body, frozen=True, kw_only=True):
    """Image, Album, Audio, Document, Video: all files, and the first by itself."""

    caption: str
    media_url: str
    media_file_name: str
    media: list[data.Media]


class _Announcement(_Body, frozen=True, kw_only=True):
    title: str
    message: str
    media: list[data.Media]


class _Job(_Body, frozen=True, kw_only=True):
    title: str
    text: str
    assigned_to: list[str]
    due_date: str


class _Poll(_Body, frozen=True, kw_only=True):
    question: str
    choices: list[data.Choice]
    expiry_date: str


class _Meet(_Body, frozen=True, kw_only=True):
    title: str
    starting_time: str
    duration: int
    place: data.Place | UnsetType
    agenda: str
    is_sender_only: bool


class _Form(_Body, frozen=True, kw_only=True):
    """Survey, custom; only a custom one has properties, only a survey a description and a picture."""

    action_id: str
    title: str
    due_date: str
    is_sender_only: bool
    is_anonymous: bool
    accept_multiple_responses: bool
    visibility: str
    description: str | UnsetType = UNSET
    cover_image: str | UnsetType = UNSET
    questions: list[data.Question]
    properties: Raw | UnsetType = UNSET


def body_told(seen: Seen) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(_body(seen)))
    return told


def _body(seen: Seen) -> _Body:
    action = seen.action
    match seen.body:
        case MediaBody() as body:
            media = _files(body.media)
            first = media[0]
            return _Media(
                caption=body.caption, media_url=first.media_url, media_file_name=first.media_file_name, media=media
            )
        case AnnouncementBody() as body:
            return _Announcement(title=action.title, message=body.text, media=_files(body.media))
        case JobBody() as body:
            assigned_to = [person.phone for person in seen.assignees]
            return _Job(title=action.title, text=body.text, assigned_to=assigned_to, due_date=_due(action))
        case PollBody() as body:
            choices = [data.Choice(title=choice.title, image=choice.image) for choice in body.choices]
            return _Poll(question=action.title, choices=choices, expiry_date=_due(action))
        case MeetBody() as body:
            return _meet(action, body)
        case AskingBody() as body:
            return _form(action, body)


def _meet(action: Action, body: MeetBody) -> _Meet:
    place = body.place and data.Place(
        latitude=body.place.latitude, longitude=body.place.longitude, name=body.place.name
    )
    return _Meet(
        title=action.title,
        starting_time=iso(body.starting_at),
        duration=body.duration_minutes,
        place=place or UNSET,
        agenda=body.agenda,
        is_sender_only=body.is_sender_only,
    )


def _form(action: Action, body: AskingBody) -> _Form:
    is_survey = isinstance(body, SurveyBody)
    return _Form(
        action_id=action.id,
        title=action.title,
        due_date=_due(action),
        is_sender_only=body.is_sender_only,
        is_anonymous=body.is_anonymous,
        accept_multiple_responses=body.accepts_multiple,
        visibility=body.visibility,
        description=body.description if isinstance(body, SurveyBody) else UNSET,
        cover_image=body.cover_image if isinstance(body, SurveyBody) else UNSET,
        questions=[told_question(question) for question in body.questions],
        properties=UNSET if is_survey else Raw(action.properties.encode()),
    )


def _files(files: tuple[File, ...]) -> list[data.Media]:
    return [data.Media(media_url=file.url, media_file_name=file.name) for file in files]


def _due(action: Action) -> str:
    return "" if action.due_at is None else iso(action.due_at)
