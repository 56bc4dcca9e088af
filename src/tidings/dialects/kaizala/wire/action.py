"""What is sent and answered about actions and what becomes of them (Kaizala API reference 1.6)."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from tidings.core.errors import Invalid
from tidings.dialects.kaizala.wire.lenient import Flag, Number, Wire, is_true, read
from tidings.dialects.kaizala.wire.question import SentQuestion, SentValue, asked_of, properties_of
from tidings.dialects.kaizala.wire.subscriber import Failed, Phones, phones_of
from tidings.store.actions import Action, ActionType, Reminder
from tidings.workspace import proposal
from tidings.workspace.amending import ANY_VERSION, Change
from tidings.workspace.answers import read_location
from tidings.workspace.bodies import Choice, MeetingPlace, Visibility
from tidings.workspace.instant import iso, read_iso

_VISIBILITIES = {name: one for place, one in enumerate(Visibility) for name in (str(place), one.lower())}
_VERSION = re.compile(r"-1|[0-9]{1,15}")
# The year 2109, as for events that are published.
_LATEST = 2**42


class Envelope(Wire, frozen=True, kw_only=True):
    """What is to be posted, by its type or by the id of its package; and to which subscribers of a ConnectGroup."""

    action_type: str | None = None
    id: str | None = None
    subscribers: Phones | None = None
    send_to_all_subscribers: Flag | None = None


class MediaBody(Wire, frozen=True, kw_only=True):
    """What POST /v1/media answered; an album may have several."""

    media_resource: list[str] | str
    caption: str | None = None


class NewMedia(Envelope, frozen=True, kw_only=True):
    """Image, Album, Audio, Document or Video."""

    action_body: MediaBody

    def meant(self, type_: ActionType) -> proposal.NewAction:
        body = self.action_body
        resources = [body.media_resource] if isinstance(body.media_resource, str) else body.media_resource
        return proposal.NewMedia(type=type_, resources=resources, caption=body.caption or "")


class AnnouncementBody(Wire, frozen=True, kw_only=True):
    """`mediaResources` may be one text with commas."""

    title: str | None = None
    message: str | None = None
    media_resources: list[str] | str | None = None


class NewAnnouncement(Envelope, frozen=True, kw_only=True):
    """Announcement."""

    action_body: AnnouncementBody

    def meant(self, _: ActionType) -> proposal.NewAction:
        body = self.action_body
        sent = body.media_resources or ()
        resources = [one.strip() for one in (sent.split(",") if isinstance(sent, str) else sent)]
        return proposal.NewAnnouncement(
            title=body.title or "", text=body.message or "", resources=list(filter(None, resources))
        )


class JobBody(Wire, frozen=True, kw_only=True):
    """`assignedTo` are phone numbers of members; the job is due `dueDate` hours from now, 24 if absent."""

    title: str
    text: str | None = None
    assigned_to: Phones
    due_date: Number | None = None


class NewJob(Envelope, frozen=True, kw_only=True):
    """Job."""

    action_body: JobBody

    def meant(self, _: ActionType) -> proposal.NewAction:
        body = self.action_body
        return proposal.NewJob(
            title=body.title,
            text=body.text or "",
            assigned_to=phones_of(body.assigned_to),
            due_in_hours=_number(body.due_date, 24),
        )


class SentChoice(Wire, frozen=True, kw_only=True):
    """`image` is a URL, or what POST /v1/media answered."""

    title: str
    image: str | None = None


class PollBody(Wire, frozen=True, kw_only=True):
    """Open for `expiryInHours`, 720 if absent."""

    question: str
    choices: list[SentChoice | str]
    expiry_in_hours: Number | None = None


class NewPoll(Envelope, frozen=True, kw_only=True):
    """Poll."""

    action_body: PollBody

    def meant(self, _: ActionType) -> proposal.NewAction:
        body = self.action_body
        choices = [
            Choice(title=one) if isinstance(one, str) else Choice(title=one.title, image=one.image or "")
            for one in body.choices
        ]
        return proposal.NewPoll(
            question=body.question, choices=choices, expires_in_hours=_number(body.expiry_in_hours, 720)
        )


class MeetBody(Wire, frozen=True, kw_only=True):
    """`startingTime` is ISO 8601 or epoch milliseconds; `duration`, or `durationInMins`, minutes, 30 if absent.

    `place` is {latitude, longitude, name}.
    """

    title: str
    starting_time: str | int
    duration: Number | None = None
    duration_in_mins: Number | None = None
    place: dict[str, Any] | None = None
    agenda: str | None = None
    is_sender_only: Flag | None = None


class NewMeet(Envelope, frozen=True, kw_only=True):
    """LetsMeet."""

    action_body: MeetBody

    def meant(self, _: ActionType) -> proposal.NewAction:
        body = self.action_body
        duration = body.duration if body.duration is not None else body.duration_in_mins
        return proposal.NewMeet(
            title=body.title,
            starting_at=_instant(body.starting_time),
            duration_minutes=_number(duration, 30),
            place=_place(body.place),
            agenda=body.agenda or "",
            is_sender_only=is_true(body.is_sender_only or False),
        )


class SurveyBody(Wire, frozen=True, kw_only=True):
    """Due `dueDate` hours from now, 24 if absent.

    `visibility` says who sees the responses: All (0), Sender (1), which is `isSenderOnly`, Admin (2),
    MembersAndSubscribers (3).
    """

    title: str
    questions: list[SentQuestion]
    due_date: Number | None = None
    is_anonymous: Flag | None = None
    is_sender_only: Flag | None = None
    accept_multiple_responses: Flag | None = None
    visibility: str | int | None = None
    description: str | None = None
    cover_image: str | None = None


class NewSurvey(Envelope, frozen=True, kw_only=True):
    """Survey."""

    action_body: SurveyBody

    def meant(self, _: ActionType) -> proposal.NewAction:
        body = self.action_body
        is_sender_only = is_true(body.is_sender_only or False)
        return proposal.NewSurvey(
            title=body.title,
            questions=asked_of(body.questions),
            due_in_hours=_number(body.due_date, 24),
            is_anonymous=is_true(body.is_anonymous or False),
            accepts_multiple=is_true(body.accept_multiple_responses or False),
            visibility=Visibility.SENDER if is_sender_only else _visibility(body.visibility),
            description=body.description or "",
            cover_image=body.cover_image or "",
        )


class CustomBody(Wire, frozen=True, kw_only=True):
    """Without `questions` those of the package are asked; open for `validity` hours, for good if absent."""

    title: str | None = None
    validity: Number | None = None
    questions: list[SentQuestion] | None = None
    properties: list[SentValue] | None = None


class NewCustom(Envelope, frozen=True, kw_only=True):
    """An action of the package `id`, which may name a version; one that is not there yet is made of the questions."""

    action_body: CustomBody

    def meant(self, package: str) -> proposal.NewAction:
        body = self.action_body
        return proposal.NewCustom(
            package=package,
            title=body.title or "",
            valid_for_hours=None if body.validity is None else float(body.validity),
            questions=asked_of(body.questions),
            properties=properties_of(body.properties),
        )


NEW_ACTIONS = (NewMedia, NewAnnouncement, NewJob, NewPoll, NewMeet, NewSurvey, NewCustom)
_OfType = NewMedia | NewAnnouncement | NewJob | NewPoll | NewMeet | NewSurvey
_BY_TYPE: dict[ActionType, type[_OfType]] = {
    ActionType.IMAGE: NewMedia,
    ActionType.ALBUM: NewMedia,
    ActionType.AUDIO: NewMedia,
    ActionType.DOCUMENT: NewMedia,
    ActionType.VIDEO: NewMedia,
    ActionType.ANNOUNCEMENT: NewAnnouncement,
    ActionType.JOB: NewJob,
    ActionType.POLL: NewPoll,
    ActionType.LETS_MEET: NewMeet,
    ActionType.SURVEY: NewSurvey,
}
_TYPES = {type_.lower(): type_ for type_ in _BY_TYPE}


class ActionMade(Wire, frozen=True, kw_only=True):
    """What the action is called from now on; media have no `actionId`. `failedResult` names those who do not get it."""

    reference_id: str
    action_id: str | UnsetType = UNSET
    failed_result: list[Failed] | UnsetType = UNSET


class ChangedAction(Wire, frozen=True, kw_only=True):
    """A change to an action that still has `version`, or (-1, and if absent) whatever version it has.

    `status` Closed ends responses, Active allows them again. There is nobody to be notified.
    """

    version: int | str | None = None
    update_properties: list[SentValue] | None = None
    status: Literal["Active", "Closed"] | None = None
    send_notification_to_subscribers: Flag | None = None
    send_to_all_subscribers: Flag | None = None

    def meant(self) -> Change:
        return Change(
            version=_version(self.version),
            properties=properties_of(self.update_properties),
            is_closed=None if self.status is None else self.status == "Closed",
        )


class SentProperty(SentValue, frozen=True, kw_only=True):
    """A property; `propertyType` is Custom."""

    property_type: str | None = None


class ChangedProperties(Wire, frozen=True, kw_only=True):
    """Properties to change if the action still has `version`, or (-1, and if absent) whatever version it has.

    There is nobody to be notified.
    """

    version: int | str | None = None
    action_properties: list[SentProperty]
    notification_target_group: Any = None

    def meant(self) -> Change:
        return Change(
            version=_version(self.version), properties=properties_of(self.action_properties), field="actionProperties"
        )


class ActionChanged(Wire, frozen=True, kw_only=True):
    """The action as it is now, as far as it can change."""

    action_id: str
    version: int
    status: Literal["Active", "Closed"]


class NewReminder(Wire, frozen=True, kw_only=True):
    """Whom to remind: everybody in the group if nobody is named."""

    subscribers: Phones | None = None
    send_to_all_subscribers: Flag | None = None


class Reminded(Wire, frozen=True, kw_only=True):
    """An empty object."""


class ReminderTold(Wire, frozen=True, kw_only=True):
    """Who reminded, empty for a program, and when; `subscribers` are ids, `*` for all."""

    sender_id: str
    sent_at: str
    subscribers: list[str]


class RemindersTold(Wire, frozen=True, kw_only=True):
    """The latest first; `cursor` asks for the rest, absent if there is none."""

    reminders: list[ReminderTold]
    cursor: str | UnsetType = UNSET


def read_new(body: Mapping[str, Any], *, type_: str, package: str) -> proposal.NewAction:
    """What is to be posted; what the body does not say, `type_` and `package` may. Raises Invalid, naming the field."""
    envelope = read(Envelope, body)
    package = envelope.id or package
    if package:
        return read(NewCustom, body).meant(package)
    known = _TYPES.get((envelope.action_type or type_).replace(" ", "").lower())
    if known is None:
        raise Invalid(f"actionType: expected one of {', '.join(_BY_TYPE)}; or send the id of an action package")
    asked: _OfType = read(_BY_TYPE[known], body)
    return asked.meant(known)


def action_changed(action: Action) -> ActionChanged:
    return ActionChanged(action_id=action.id, version=action.version, status="Closed" if action.is_closed else "Active")


def reminder_told(reminder: Reminder) -> ReminderTold:
    subscribers = msgspec.json.decode(reminder.audience, type=list[str])
    return ReminderTold(sender_id=reminder.author, sent_at=iso(reminder.at), subscribers=subscribers)


def _number(sent: float | str | None, absent: float) -> float:
    return absent if sent is None else float(sent)


def _instant(sent: str | int) -> int:
    field = "actionBody.startingTime"
    if isinstance(sent, str) and not sent.strip().isdecimal():
        return read_iso(sent, field=field)
    instant = int(sent)
    if not 0 <= instant <= _LATEST:
        raise Invalid(f"{field}: expected epoch milliseconds, or a time like 2026-01-31T09:00:00Z")
    return instant


def _place(sent: Mapping[str, Any] | None) -> MeetingPlace | None:
    if not sent:
        return None
    place = read_location(sent, field="actionBody.place")
    return MeetingPlace(latitude=place["lt"], longitude=place["lg"], name=place["n"])


def _visibility(sent: str | int | None) -> Visibility:
    found = _VISIBILITIES.get(str(sent or 0).strip().lower())
    if found is None:
        raise Invalid(f"actionBody.visibility: expected one of {', '.join(Visibility)}, or its number from 0")
    return found


def _version(sent: int | str | None) -> int:
    text = str(ANY_VERSION if sent is None else sent).strip()
    if not _VERSION.fullmatch(text):
        raise Invalid("version: expected the version that the action has, or -1 for whatever it is")
    return int(text)
