"""What each event type tells, row by row; each has a table of its own besides `events`."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from tidings.core.cell import instant, instant_of, key, number, text, truth, whole
from tidings.core.row import Cell, Change, Family, Field, Layout, Place, Row
from tidings.core.told import EVENTS
from tidings.dialects.kaizala.rows.cells import text_of
from tidings.dialects.kaizala.rows.happening import Happening
from tidings.dialects.kaizala.rows.received import Media, Question
from tidings.dialects.kaizala.rows.responses import form, response_changes

_MESSAGES = Place("messages", "messages", "Text messages.")
_ATTACHMENTS = Place("attachments", "attachments", "Files that were posted or announced: one row a file.")
_ANNOUNCEMENTS = Place("announcements", "announcements", "Announcements.")
_ACTIONS = Place("actions", "actions", "What was sent to be answered: forms, surveys, jobs, polls, meetings.")
_JOBS = Place("jobs", "jobs", "Jobs.")
_ASSIGNEES = Place("job_assignees", "job_assignees", "Who is to do which job: one row a person.")
_JOB_RESPONSES = Place("job_responses", "job_responses", "Who said of which job that it is done.")
_POLLS = Place("polls", "polls", "Polls.")
_CHOICES = Place("poll_choices", "poll_choices", "What can be chosen in polls: one row a choice.")
_POLL_RESPONSES = Place("poll_responses", "poll_responses", "What was chosen in polls.")
_MEETS = Place("meets", "meets", "Meetings.")
_MEET_RESPONSES = Place("meet_responses", "meet_responses", "Who comes to which meeting.")
_MEMBER_CHANGES = Place("member_changes", "member_changes", "Who came into which group, and who left.")
_GROUP_CHANGES = Place("group_changes", "group_changes", "Which group became a sub-group of which, or ceased to be.")
_ID = "Equal for all callbacks that tell of the same."
# What comes first in all rows of happenings.
_COMMON = (
    instant("at", None, comment="When it was said."),
    text("group_id", None, comment="Where it happened."),
    text("from_user", None),
    text("from_user_id", None),
    text("from_user_name", None),
)


_TOLD = Layout(
    EVENTS,
    key=(text("event_id", None, comment=_ID),),
    fields=(
        *_COMMON,
        text("source", None, comment="Who told it."),
        text("type", None),
        text("wire_id", None, comment="What the source calls the event."),
        text("action_id", None),
        text("action_package_id", None),
        text("response_id", None),
    ),
)


def changes_of(happening: Happening) -> Iterator[Change]:
    """All rows of an event; of a type that is not known, the row in `events`."""
    yield _event(happening)
    tell = _TELLERS.get(happening.callback.event_type)
    if tell is not None:
        yield from tell(happening)


def _event(happening: Happening) -> Row:
    callback, data = happening.callback, happening.data
    values = (
        happening.id,
        *_common(happening),
        happening.source or None,
        callback.event_type or None,
        callback.event_id or None,
        data.action_id or None,
        data.action_package_id or None,
        data.response_id or None,
    )
    return Row(_TOLD, values, happening.version)


def _message(happening: Happening) -> Iterator[Change]:
    yield _row(_MESSAGES, happening, key=(_id(happening),), fields=(text("text", happening.data.text),))


def _attachment(happening: Happening) -> Iterator[Change]:
    yield _files(happening, kind=happening.data.action_type or "Image", caption=happening.data.caption or "")


def _announcement(happening: Happening) -> Iterator[Change]:
    said = (text("title", happening.data.title), text("text", happening.data.text))
    yield _row(_ANNOUNCEMENTS, happening, key=(_id(happening),), fields=said)
    yield _files(happening, kind="Announcement", caption=happening.data.title or "")


def _files(happening: Happening, *, kind: str, caption: str) -> Family:
    def fields(file: Media) -> Sequence[Field]:
        return (
            text("kind", kind),
            text("caption", caption),
            text("url", file.media_url or file.url),
            text("file_name", file.media_file_name or file.file_name),
        )

    return _children(_ATTACHMENTS, happening, parent=_id(happening), rows=[fields(one) for one in happening.data.media])


def _form_sent(happening: Happening) -> Iterator[Change]:
    data = happening.data
    questions = data.questions or data.response_details.response_with_questions
    yield _action(happening, title=data.title or "", questions=questions)


def _form_answered(happening: Happening) -> Iterator[Change]:
    data = happening.data
    is_survey = happening.callback.event_type == "SurveyResponse"
    package = data.action_package_id or data.package_id or ""
    place = form(package, survey=data.action_id if is_survey or not package else "")
    yield from response_changes(happening, place)


def _job(happening: Happening) -> Iterator[Change]:
    data = happening.data
    yield _action(happening, title=data.title or "", questions=())
    job = (text("title", data.title), text("text", data.text), instant("due_at", instant_of(data.due_date)))
    yield _row(_JOBS, happening, key=(_action_key(happening),), fields=job)
    people = [(text("assignee", phone),) for phone in data.assigned_to]
    yield _children(_ASSIGNEES, happening, parent=_action_key(happening), rows=people)


def _job_answered(happening: Happening) -> Iterator[Change]:
    data, response = happening.data, happening.data.response_details.response
    is_completed = response.get("isCompleted", data.is_completed)
    done = (
        text("action_id", data.action_id),
        text("assignee", text_of(response.get("assignee", data.assignee))),
        text("assignee_name", text_of(response.get("assigneeName", data.assignee_name))),
        truth("is_completed", is_completed is True or is_completed == "true"),
    )
    yield _row(_JOB_RESPONSES, happening, key=(_response_id(happening),), fields=done)


def _poll(happening: Happening) -> Iterator[Change]:
    data = happening.data
    yield _action(happening, title=data.question or "", questions=data.questions)
    asked = (text("question", data.question), instant("expires_at", instant_of(data.expiry_date)))
    yield _row(_POLLS, happening, key=(_action_key(happening),), fields=asked)
    choices = [(text("choice", one.title),) for one in data.choices]
    yield _children(_CHOICES, happening, parent=_action_key(happening), rows=choices)


def _meet(happening: Happening) -> Iterator[Change]:
    data, place = happening.data, happening.data.place
    yield _action(happening, title=data.title or "", questions=data.questions)
    meeting = (
        text("title", data.title),
        text("agenda", data.agenda),
        instant("starts_at", instant_of(data.starting_time)),
        whole("minutes", data.duration),
        text("place", place.name if place else None),
        number("latitude", place.latitude if place else None),
        number("longitude", place.longitude if place else None),
    )
    yield _row(_MEETS, happening, key=(_action_key(happening),), fields=meeting)


def _chosen(place: Place) -> Callable[[Happening], Iterator[Change]]:
    def tell(happening: Happening) -> Iterator[Change]:
        data = happening.data
        answers = [one.answer for one in data.response_details.response_with_questions if not one.is_invisible]
        fields = (
            text("action_id", data.action_id),
            text("responder", data.responder),
            text("responder_name", data.responder_name),
            text("choice", text_of(answers[0]) if answers else None),
        )
        yield _row(place, happening, key=(_response_id(happening),), fields=fields)

    return tell


def _member(happening: Happening) -> Iterator[Change]:
    data = happening.data
    fields = (
        text("member", data.member),
        text("member_id", data.member_id),
        text("member_name", data.member_name),
        text("role", data.type),
        truth(
            "is_member",
            happening.callback.event_type == "MemberAdded",
            comment="Whether they were in the group from then.",
        ),
    )
    yield _row(_MEMBER_CHANGES, happening, key=(_id(happening),), fields=fields)


def _group(happening: Happening) -> Iterator[Change]:
    data = happening.data
    fields = (
        text("sub_group_id", data.group),
        text("sub_group_name", data.group_name),
        truth(
            "is_sub_group",
            happening.callback.event_type == "GroupAdded",
            comment="Whether it was a sub-group from then.",
        ),
    )
    yield _row(_GROUP_CHANGES, happening, key=(_id(happening),), fields=fields)


def _action(happening: Happening, *, title: str, questions: Sequence[Question]) -> Row:
    data = happening.data
    fields = (
        text("type", happening.callback.event_type.removesuffix("Created")),
        text(
            "title", title, comment="Of jobs, polls and meetings; callbacks of forms and surveys do not bring theirs."
        ),
        text("action_package_id", data.action_package_id),
        whole("questions", sum(not one.is_invisible for one in questions), comment="How many can be seen."),
    )
    return _row(_ACTIONS, happening, key=(_action_key(happening),), fields=fields)


def _row(place: Place, happening: Happening, *, key: tuple[Field, ...], fields: Sequence[Field]) -> Row:
    values = (*(one.value for one in key), *_common(happening), *(one.value for one in fields))
    return Row(Layout(place, key, (*_COMMON, *fields)), values, happening.version)


def _common(happening: Happening) -> tuple[Cell, ...]:
    callback = happening.callback
    return (
        happening.at,
        happening.group or None,
        callback.from_user or None,
        callback.from_user_id or None,
        callback.from_user_name or None,
    )


def _children(place: Place, happening: Happening, *, parent: Field, rows: Sequence[Sequence[Field]]) -> Family:
    made = (
        _row(place, happening, key=(parent, whole("item", item)), fields=fields) for item, fields in enumerate(rows)
    )
    return Family(place=place, parent=(parent,), rest=(whole("item", 0),), rows=tuple(made), version=happening.version)


def _id(happening: Happening) -> Field:
    return key("event_id", happening.id, comment=_ID)


def _action_key(happening: Happening) -> Field:
    return key("action_id", happening.data.action_id)


def _response_id(happening: Happening) -> Field:
    return key("response_id", happening.data.response_id or happening.callback.event_id)


_TELLERS: Mapping[str, Callable[[Happening], Iterator[Change]]] = {
    "TextMessageCreated": _message,
    "AttachmentCreated": _attachment,
    "Announcement": _announcement,
    "ActionCreated": _form_sent,
    "SurveyCreated": _form_sent,
    "ActionResponse": _form_answered,
    "SurveyResponse": _form_answered,
    "JobCreated": _job,
    "JobResponse": _job_answered,
    "PollCreated": _poll,
    "PollResponse": _chosen(_POLL_RESPONSES),
    "LetsMeetCreated": _meet,
    "LetsMeetResponse": _chosen(_MEET_RESPONSES),
    "MemberAdded": _member,
    "MemberRemoved": _member,
    "GroupAdded": _group,
    "GroupRemoved": _group,
}
