"""Proposals: actions as somebody asks for them to be posted; times are hours, as Kaizala's callers write them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidings.store.actions import ActionType
from tidings.workspace.bodies import Choice, MeetingPlace, Visibility
from tidings.workspace.properties import SentProperty
from tidings.workspace.questions import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMedia:
    """Files that were uploaded, by their mediaResources; the type is one of `MEDIA_TYPES`."""

    type: ActionType
    resources: Sequence[str]
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAnnouncement:
    title: str = ""
    text: str
    resources: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """`assigned_to` are phone numbers of members."""

    title: str
    text: str = ""
    assigned_to: Sequence[str]
    due_in_hours: float = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPoll:
    question: str
    choices: Sequence[Choice]
    expires_in_hours: float = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMeet:
    """`starting_at` is epoch milliseconds."""

    title: str
    starting_at: int
    duration_minutes: float = 30
    place: MeetingPlace | None = None
    agenda: str = ""
    is_sender_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSurvey:
    title: str
    questions: Sequence[Asked]
    due_in_hours: float = 24
    is_anonymous: bool = False
    accepts_multiple: bool = False
    visibility: Visibility = Visibility.ALL
    description: str = ""
    cover_image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustom:
    """An action of a package, which may be named with its version.

    Questions that are sent along are this action's own; they also make the package if there is none of that id.
    """

    package: str
    title: str = ""
    valid_for_hours: float | None = None
    questions: Sequence[Asked] = ()
    properties: Sequence[SentProperty] = ()


NewAction = NewMedia | NewAnnouncement | NewJob | NewPoll | NewMeet | NewSurvey | NewCustom
