"""What `data` holds in a callback, by event type.

A field that the event schema has in a table or in a sample is sent, and so is one that only captured payloads have;
where their shapes differ, captured ones come before samples, and samples before tables. Poll, LetsMeet and Group events
were never published: theirs are designed after the nearest relatives.
"""

from typing import Any

import msgspec

NOBODY_ID = "00000000-0000-0000-0000-000000000000"


class _Data(msgspec.Struct, frozen=True, rename="camel"):
    """Written in Kaizala's spelling."""


class TextMessage(_Data, frozen=True, kw_only=True):
    """TextMessageCreated."""

    text: str


class Media(_Data, frozen=True, kw_only=True):
    """A file, to be fetched from its address."""

    media_url: str
    media_file_name: str


class Attachment(_Data, frozen=True, kw_only=True):
    """AttachmentCreated."""

    media: list[Media]
    action_type: str = "Image"
    caption: str = ""


class AnnouncedMedia(_Data, frozen=True, kw_only=True):
    """A file of an announcement, under the names of the sample and under those of the table."""

    url: str
    file_name: str
    media_url: str
    media_file_name: str


class Announcement(_Data, frozen=True, kw_only=True):
    """Announcement."""

    text: str
    title: str
    media: list[AnnouncedMedia] = []


class Job(_Data, frozen=True, kw_only=True):
    """JobCreated; `dueDate` is ISO 8601."""

    assigned_to: list[str]
    title: str
    due_date: str
    action_id: str
    group_id: str
    text: str = ""


class Assignee(_Data, frozen=True, kw_only=True):
    """Who did the job, or did not."""

    assignee: str
    assignee_name: str
    assignee_profile_pic: str
    is_completed: bool


class JobAnswer(_Data, frozen=True, kw_only=True):
    """The response inside JobResponse."""

    response: Assignee


class JobResponse(_Data, frozen=True, kw_only=True):
    """JobResponse: the assignee inside the response, as in the sample, and beside it, as in the table."""

    action_id: str
    group_id: str
    response_id: str
    response_details: JobAnswer
    title: str
    text: str = ""
    assignee: str
    assignee_name: str
    assignee_profile_pic: str
    is_completed: bool


class Option(_Data, frozen=True, kw_only=True):
    """One option of a question."""

    title: str


class Question(_Data, frozen=True, kw_only=True, omit_defaults=True):
    """A question and its answer; unanswered, the key `answer` is absent.

    Answers by type: Text a string, Numeric a number, SingleOption and MultiOption the chosen titles, DateTime epoch
    milliseconds, Location {lt, lg, n, acc}, Image and AttachmentList [{mediaUrl, mediaFileName}], PhoneNumber {cc, pn}.
    """

    is_invisible: bool = False
    title: str
    type: str
    options: list[Option]
    answer: Any = msgspec.UNSET


class Answers(_Data, frozen=True, kw_only=True):
    """The questions in the order of their package; unanswered ones stay in."""

    response_with_questions: list[Question]


class Response(_Data, frozen=True, kw_only=True):
    """ActionResponse, SurveyResponse, PollResponse, LetsMeetResponse; `eventId` equals `responseId`."""

    action_id: str
    action_package_id: str
    package_id: str
    group_id: str
    source_group_id: str
    response_id: str
    is_update_response: bool
    responder: str
    responder_id: str
    creator_id: str = NOBODY_ID
    responder_name: str
    responder_profile_pic: str
    is_anonymous: bool
    response_details: Answers
    properties: list[Any] = msgspec.field(name="Properties", default_factory=list)


class Created(Response, frozen=True, kw_only=True):
    """ActionCreated, SurveyCreated: the questions where receivers look for them, and where the table has them.

    The responder is who posted it, and `responseId` the `actionId`.
    """

    questions: list[Question]


class Choice(_Data, frozen=True, kw_only=True, omit_defaults=True):
    """One choice of a poll."""

    title: str
    image: str = ""


class Poll(Created, frozen=True, kw_only=True):
    """PollCreated: a survey of one question, and the poll as it was posted; `expiryDate` is ISO 8601."""

    question: str
    choices: list[Choice]
    expiry_date: str


class Place(_Data, frozen=True, kw_only=True):
    """Where people meet."""

    latitude: float
    longitude: float
    name: str


class LetsMeet(Created, frozen=True, kw_only=True):
    """LetsMeetCreated: a survey of one question, and the invitation; `startingTime` is ISO 8601, `duration` minutes.

    A meeting without a place has no `place`.
    """

    title: str
    starting_time: str
    duration: int
    place: Place | msgspec.UnsetType = msgspec.UNSET
    agenda: str
    is_sender_only: bool


class Member(_Data, frozen=True, kw_only=True):
    """MemberAdded, MemberRemoved; `type` is the role, `Member` or `Admin`."""

    member: str
    member_name: str
    member_profile_pic: str
    type: str
    member_id: str


class Group(_Data, frozen=True, kw_only=True):
    """GroupAdded, GroupRemoved: the group that came in or went, after the example of a member."""

    group: str
    group_name: str
    group_image_url: str
    type: str = "Group"


DATA: dict[str, type[msgspec.Struct]] = {
    "TextMessageCreated": TextMessage,
    "AttachmentCreated": Attachment,
    "Announcement": Announcement,
    "JobCreated": Job,
    "JobResponse": JobResponse,
    "ActionCreated": Created,
    "SurveyCreated": Created,
    "ActionResponse": Response,
    "SurveyResponse": Response,
    "PollCreated": Poll,
    "PollResponse": Response,
    "LetsMeetCreated": LetsMeet,
    "LetsMeetResponse": Response,
    "MemberAdded": Member,
    "MemberRemoved": Member,
    "GroupAdded": Group,
    "GroupRemoved": Group,
}
