"""Created: what the event of a posted action tells."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.core.event import Actor
from tidings.store.actions import Action
from tidings.workspace import data
from tidings.workspace.actions import package_id, versioned_package_id
from tidings.workspace.bodies import (
    AnnouncementBody,
    Body,
    CustomBody,
    JobBody,
    MediaBody,
    MeetBody,
    PollBody,
    SurveyBody,
)
from tidings.workspace.form import told_question
from tidings.workspace.instant import iso
from tidings.workspace.questions import Question


def created(action: Action, body: Body, *, creator: Actor, assigned_to: Sequence[str]) -> tuple[str, msgspec.Struct]:
    """The event's type and data; `assigned_to` are the phone numbers of a job's assignees."""
    match body:
        case MediaBody():
            return "AttachmentCreated", _attachment(action, body)
        case AnnouncementBody():
            return "Announcement", _announcement(action, body)
        case JobBody():
            return "JobCreated", _job(action, body, assigned_to=assigned_to)
        case PollBody():
            return "PollCreated", _poll(action, body, creator=creator)
        case MeetBody():
            return "LetsMeetCreated", _meet(action, body, creator=creator)
        case SurveyBody() | CustomBody():
            type_ = "SurveyCreated" if isinstance(body, SurveyBody) else "ActionCreated"
            asking = _asking(action, body.questions, creator=creator, is_anonymous=body.is_anonymous)
            return type_, data.Created(**asking)


def _attachment(action: Action, body: MediaBody) -> data.Attachment:
    media = [data.Media(media_url=file.url, media_file_name=file.name) for file in body.media]
    return data.Attachment(media=media, action_type=action.type, caption=body.caption)


def _announcement(action: Action, body: AnnouncementBody) -> data.Announcement:
    media = [
        data.AnnouncedMedia(url=file.url, file_name=file.name, media_url=file.url, media_file_name=file.name)
        for file in body.media
    ]
    return data.Announcement(text=body.text, title=action.title, media=media)


def _job(action: Action, body: JobBody, *, assigned_to: Sequence[str]) -> data.Job:
    return data.Job(
        assigned_to=list(assigned_to),
        title=action.title,
        due_date=_due(action),
        action_id=action.id,
        group_id=action.group_id,
        text=body.text,
    )


def _poll(action: Action, body: PollBody, *, creator: Actor) -> data.Poll:
    return data.Poll(
        **_asking(action, body.asks(action.title), creator=creator),
        question=action.title,
        choices=[data.Choice(title=choice.title, image=choice.image) for choice in body.choices],
        expiry_date=_due(action),
    )


def _meet(action: Action, body: MeetBody, *, creator: Actor) -> data.LetsMeet:
    place = body.place and data.Place(
        latitude=body.place.latitude, longitude=body.place.longitude, name=body.place.name
    )
    return data.LetsMeet(
        **_asking(action, body.asks(action.title), creator=creator),
        title=action.title,
        starting_time=iso(body.starting_at),
        duration=body.duration_minutes,
        place=place or msgspec.UNSET,
        agenda=body.agenda,
        is_sender_only=body.is_sender_only,
    )


def _asking(
    action: Action, questions: Sequence[Question], *, creator: Actor, is_anonymous: bool = False
) -> dict[str, Any]:
    """What every `data.Created` has: the questions in both places, and the creator as the responder."""
    told = [told_question(question) for question in questions]
    return {
        "action_id": action.id,
        "action_package_id": package_id(action),
        "package_id": versioned_package_id(action),
        "group_id": action.group_id,
        "source_group_id": action.group_id,
        "response_id": action.id,
        "is_update_response": False,
        "responder": creator.phone,
        "responder_id": creator.id,
        "responder_name": creator.name,
        "responder_profile_pic": creator.picture,
        "is_anonymous": is_anonymous,
        "response_details": data.Answers(response_with_questions=told),
        "questions": told,
    }


def _due(action: Action) -> str:
    return "" if action.due_at is None else iso(action.due_at)
