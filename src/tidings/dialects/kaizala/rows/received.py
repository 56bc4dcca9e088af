"""What a callback of Kaizala holds, as far as it is laid flat: lenient, because older servers left much out."""

from typing import Any

import msgspec
from msgspec import UNSET

from tidings.core.errors import Invalid
from tidings.core.json_text import guard
from tidings.core.receipt import Receipt


class _Lenient(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Written in Kaizala's spelling; whatever else is there is left alone."""


class Callback(_Lenient, frozen=True, kw_only=True):
    """The envelope. `groupId` and `sourceGroupId` are not in the documentation, and not in every callback."""

    object_id: str = ""
    object_type: str = ""
    event_type: str
    event_id: str
    data: msgspec.Raw
    from_user: str | None = ""
    from_user_id: str | None = ""
    from_user_name: str | None = ""
    group_id: str | None = ""
    source_group_id: str | None = ""


class Option(_Lenient, frozen=True, kw_only=True):
    """One option of a question."""

    title: str = ""


class Question(_Lenient, frozen=True, kw_only=True):
    """A question; unanswered, `answer` is absent."""

    title: str = ""
    type: str = "Text"
    options: list[Option] = []
    answer: Any = UNSET
    is_invisible: bool = False


class Details(_Lenient, frozen=True, kw_only=True):
    """What was answered, or how a job stands."""

    response_with_questions: list[Question] = []
    response: dict[str, Any] = {}


class Media(_Lenient, frozen=True, kw_only=True):
    """A file, under the names of attachments or under those of announcements."""

    media_url: str = ""
    media_file_name: str = ""
    url: str = ""
    file_name: str = ""


class Choice(_Lenient, frozen=True, kw_only=True):
    """One choice of a poll."""

    title: str = ""


class Spot(_Lenient, frozen=True, kw_only=True):
    """Where people meet."""

    latitude: float | None = None
    longitude: float | None = None
    name: str = ""


class Data(_Lenient, frozen=True, kw_only=True):
    """The fields of all event types together: their names mean the same wherever they stand."""

    text: str | None = ""
    title: str | None = ""
    caption: str | None = ""
    action_type: str | None = ""
    media: list[Media] = []
    action_id: str = ""
    action_package_id: str | None = ""
    package_id: str | None = ""
    group_id: str | None = ""
    source_group_id: str | None = ""
    response_id: str | None = ""
    is_update_response: bool = False
    responder: str | None = ""
    responder_id: str | None = ""
    responder_name: str | None = ""
    is_anonymous: bool = False
    response_details: Details = Details()
    questions: list[Question] = []
    assigned_to: list[str] = []
    due_date: str | None = ""
    question: str | None = ""
    choices: list[Choice] = []
    expiry_date: str | None = ""
    starting_time: str | None = ""
    duration: int | None = None
    place: Spot | None = None
    agenda: str | None = ""
    member: str | None = ""
    member_id: str | None = ""
    member_name: str | None = ""
    type: str | None = ""
    group: str | None = ""
    group_name: str | None = ""


_callback = msgspec.json.Decoder(Callback, strict=False).decode
_data = msgspec.json.Decoder(Data, strict=False).decode


def understood(receipt: Receipt) -> tuple[Callback, Data]:
    """The envelope and its data. Raises Invalid, saying what is wrong and where."""
    guard(receipt.body)
    try:
        callback = _callback(receipt.body)
        return callback, _data(callback.data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid(f"not a callback of Kaizala: {error}") from error
