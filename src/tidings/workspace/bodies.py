"""Bodies: what an action of each type holds beside its title, as it is kept."""

from enum import StrEnum

import msgspec

from tidings.store.actions import Action, ActionType
from tidings.workspace.properties import Property
from tidings.workspace.questions import RESPONSE_TIME, Question, QuestionType

# When somebody answered is asked of the program that shows the question, as Kaizala's own cards did.
_ASKED_OF_NOBODY = Question(title=RESPONSE_TIME, type=QuestionType.DATE_TIME, is_invisible=True)


class Visibility(StrEnum):
    """Who sees the responses; the order is that of Kaizala's numbers, from 0."""

    ALL = "All"  # whoever is in the group
    SENDER = "Sender"  # the author, and the admins of the group
    ADMIN = "Admin"  # the admins of the group
    MEMBERS_AND_SUBSCRIBERS = "MembersAndSubscribers"  # whoever received it


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """Kept as JSON."""


class File(_Body, frozen=True, kw_only=True):
    """An uploaded file; `url` is where everybody can fetch it."""

    id: str
    name: str
    url: str
    size: int
    width: int
    height: int


class MediaBody(_Body, frozen=True, kw_only=True):
    """Image, Album, Audio, Document, Video."""

    media: tuple[File, ...]
    caption: str = ""


class AnnouncementBody(_Body, frozen=True, kw_only=True):
    text: str
    media: tuple[File, ...] = ()


class JobBody(_Body, frozen=True, kw_only=True):
    """`assigned_to` are ids of people: a number belongs to a person, and goes with them."""

    assigned_to: tuple[str, ...]
    text: str = ""


class Choice(_Body, frozen=True, kw_only=True):
    """One choice of a poll; `image` is a URL, or empty."""

    title: str
    image: str = ""


class PollBody(_Body, frozen=True, kw_only=True):
    """The poll's question is the action's title."""

    choices: tuple[Choice, ...]

    def asks(self, title: str) -> tuple[Question, ...]:
        options = tuple(choice.title for choice in self.choices)
        return (Question(title=title, type=QuestionType.SINGLE_OPTION, options=options), _ASKED_OF_NOBODY)


class MeetingPlace(_Body, frozen=True, kw_only=True):
    latitude: float
    longitude: float
    name: str = ""


class MeetBody(_Body, frozen=True, kw_only=True):
    """An invitation; `starting_at` is epoch milliseconds."""

    starting_at: int
    duration_minutes: int
    place: MeetingPlace | None = None
    agenda: str = ""
    is_sender_only: bool = False

    def asks(self, title: str) -> tuple[Question, ...]:
        answers = ("Yes", "Maybe", "No")
        return (Question(title=title, type=QuestionType.SINGLE_OPTION, options=answers), _ASKED_OF_NOBODY)


class AskingBody(_Body, frozen=True, kw_only=True):
    """Questions, and by which rules they are answered."""

    questions: tuple[Question, ...]
    is_anonymous: bool = False
    accepts_multiple: bool = True
    visibility: Visibility = Visibility.ALL

    @property
    def is_sender_only(self) -> bool:
        return self.visibility is Visibility.SENDER


class PackageBody(AskingBody, frozen=True, kw_only=True):
    """What a version of a package gives to its actions; kept with the package."""

    properties: tuple[Property, ...] = ()


class SurveyBody(AskingBody, frozen=True, kw_only=True):
    accepts_multiple: bool = False
    description: str = ""
    cover_image: str = ""


class CustomBody(AskingBody, frozen=True, kw_only=True):
    """The questions of the package's version, or those that were sent with the action."""


Body = MediaBody | AnnouncementBody | JobBody | PollBody | MeetBody | SurveyBody | CustomBody

MEDIA_TYPES = frozenset({ActionType.IMAGE, ActionType.ALBUM, ActionType.AUDIO, ActionType.DOCUMENT, ActionType.VIDEO})
_OTHERS: dict[ActionType, type[Body]] = {
    ActionType.ANNOUNCEMENT: AnnouncementBody,
    ActionType.JOB: JobBody,
    ActionType.POLL: PollBody,
    ActionType.LETS_MEET: MeetBody,
    ActionType.SURVEY: SurveyBody,
    ActionType.CUSTOM: CustomBody,
}
_DECODERS: dict[ActionType, msgspec.json.Decoder[Body]] = {
    type_: msgspec.json.Decoder(_OTHERS.get(type_, MediaBody)) for type_ in ActionType
}


def body_of(action: Action) -> Body:
    """The body of an action, of its type's struct."""
    return read_body(action.type, action.body)


def read_body(type_: ActionType, body: str) -> Body:
    """The body of an action of that type, as it is kept."""
    return _DECODERS[type_].decode(body)


def questions_of(action: Action) -> tuple[Question, ...]:
    """What an action asks, in the order of the answers; nothing for media, announcements and jobs."""
    match body_of(action):
        case SurveyBody(questions=questions) | CustomBody(questions=questions):
            return questions
        case PollBody() | MeetBody() as body:
            return body.asks(action.title)
        case _:
            return ()


def written(body: msgspec.Struct) -> str:
    """The JSON that is kept."""
    return msgspec.json.encode(body).decode()
