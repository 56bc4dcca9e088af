"""What a callback of Kaizala holds, as far as it is laid flat: lenient, because older servers left much out."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Raw

from tidings.core.errors import Invalid
from tidings.core.json_text import guard
from tidings.core.receipt import Receipt
from tidings.dialects.kaizala.catalogue import EVENT_TYPES

# Of what a callback has several of. A guess: four times the longest form that anybody is known to have made.
MOST = 2_000

T = TypeVar("T")
_Many = Annotated[list[T], Meta(max_length=MOST)]


class _Lenient(msgspec.Struct, frozen=True, rename="camel", kw_only=True, gc=False):
    """Written in Kaizala's spelling; whatever else is there is left alone."""


class Callback(_Lenient, frozen=True, kw_only=True):
    """The envelope. `groupId` and `sourceGroupId` are not in the documentation, and not in every callback."""

    object_id: str = ""
    object_type: str = ""
    event_type: str
    event_id: str
    data: Raw
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
    options: _Many[Option] = []
    answer: Any = UNSET
    is_invisible: bool = False


class Details(_Lenient, frozen=True, kw_only=True):
    """What was answered, or how a job stands."""

    response_with_questions: _Many[Question] = []
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
    media: _Many[Media] = []
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
    questions: _Many[Question] = []
    assigned_to: _Many[str] = []
    due_date: Any = None
    question: str | None = ""
    choices: _Many[Choice] = []
    expiry_date: Any = None
    starting_time: Any = None
    duration: int | None = None
    assignee: str | None = None
    assignee_name: str | None = None
    is_completed: Any = None
    place: Spot | None = None
    agenda: str | None = ""
    member: str | None = ""
    member_id: str | None = ""
    member_name: str | None = ""
    type: str | None = ""
    group: str | None = ""
    group_name: str | None = ""


def understood(receipt: Receipt) -> tuple[Callback, Data]:
    """The envelope and its data; null is as good as absent. Raises Invalid, saying what is wrong and where.

    Of an event type that is not Kaizala's, nothing is expected of the data but to be an object.
    """
    guard(receipt.body, limit=len(receipt.body))
    try:
        callback = _callback(receipt.body)
    except msgspec.DecodeError:
        callback = _read(_callback, _without_nulls(receipt.body))
    try:
        return callback, _data(callback.data)
    except msgspec.DecodeError:
        bare = _encode(_bare(_read(_any, callback.data, place="data")))
    if callback.event_type not in EVENT_TYPES:
        fields_of(callback)
        return callback, Data()
    return callback, _read(_data, bare, place="data")


def fields_of(callback: Callback) -> dict[str, Raw]:
    """The fields of the data, each as it was written. Raises Invalid."""
    return _read(_fields, callback.data, place="data")


def _read(decode: Callable[[bytes | Raw], T], content: bytes | Raw, *, place: str = "the body") -> T:
    try:
        return decode(content)
    except msgspec.DecodeError as error:
        what, _, where = str(error).partition(" - at `$")
        raise Invalid(f"{f'{place}{where}'.strip('`').removeprefix('the body.')}: {what}") from error


def _without_nulls(body: bytes) -> bytes:
    # What is not null stays as it was written: an event's id is made of it.
    fields = _read(_fields, body)
    return _encode({name: value for name, value in fields.items() if bytes(value) != b"null"})


def _bare(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return {name: _bare(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_bare(one) for one in value if one is not None]
    return value


_callback = msgspec.json.Decoder(Callback, strict=False).decode
_data = msgspec.json.Decoder(Data, strict=False).decode
_fields = msgspec.json.Decoder(dict[str, Raw]).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
