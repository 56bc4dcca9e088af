"""Submission: an event as a publisher sends it, and what is answered for it."""

from collections.abc import Sequence
from typing import Annotated, TypeVar

import msgspec

from tidings.core.caller import Caller
from tidings.core.errors import Invalid
from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import outside
from tidings.core.json_text import decode, guard, read_typed
from tidings.core.pattern import LONGEST_NAME, check_type
from tidings.store.database import Kept

T = TypeVar("T")

# So many events share a body of 1 MiB if each has the customary kilobyte.
MOST_EVENTS = 1_000
# A group, an action package and an action make three; the rest is room.
MOST_SUBJECTS = 16

# Told, but not checked here: `check_type` says better what is wrong.
_SHAPE = {"pattern": r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$"}

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Text = Annotated[str, msgspec.Meta(max_length=2_048)]


class AboutWhat(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """A thing that the event is about."""

    object_type: Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["Application"])]
    object_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255, examples=["shop-1"])]


class _Apart(msgspec.Struct, rename="camel", gc=False, kw_only=True, forbid_unknown_fields=True):
    """What is said of an event apart from its subjects.

    Failure policy: refuse. Of a field that is misspelt nothing would be kept, or `eventId` would not be heeded.
    """

    type: Annotated[
        str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME, examples=["order.created"], extra_json_schema=_SHAPE)
    ]
    data: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    event_id: Name | None = None
    from_user: Text | None = None
    from_user_id: Text | None = None
    from_user_name: Text | None = None
    from_user_profile_pic: Text | None = None
    is_bot_from_user: bool = msgspec.field(name="isBotfromUser", default=False)


class Said(_Apart, gc=False, kw_only=True):
    """An event whose subjects stand as they were written: they are read once for all of which the same is said."""

    subjects: msgspec.Raw


class Submission(_Apart, gc=False, kw_only=True):
    """An event to publish. `data` is any JSON object, kept as it is written."""

    subjects: Annotated[list[AboutWhat], msgspec.Meta(min_length=1, max_length=MOST_SUBJECTS)]


class Published(msgspec.Struct, rename="camel", gc=False):
    """An event that is kept: its id, to how many webhooks it goes, and whether it had been published before."""

    event_id: str
    deliveries: int
    duplicate: bool


class Refused(msgspec.Struct, rename="camel"):
    """An event of several that was not kept, by its place among them, from 0."""

    index: int
    error_code: str
    message: str


_SAID = msgspec.json.Decoder(Said)
_SUBMISSION = msgspec.json.Decoder(Submission)
_SEVERAL = msgspec.json.Decoder(list[msgspec.Raw])
_SEVERAL_SAID = msgspec.json.Decoder(list[Said])


class Several:
    """The events of a request: those of an array are read all at once, unless something is wrong with one of them.

    Raises Invalid for what is no array or holds no event, and for more than `MOST_EVENTS`.
    """

    def __init__(self, body: bytes, *, is_array: bool) -> None:
        self._body = body
        self._is_array = is_array
        self._said: Sequence[Said] = ()
        self._raws: Sequence[bytes] = ()
        if not is_array:
            self._raws = _counted([line for line in map(bytes.strip, body.split(b"\n")) if line])
            return
        try:
            self._said = _counted(read_typed(body, _SEVERAL_SAID))
        except Invalid:
            self._raws = self._members()

    def __len__(self) -> int:
        return len(self._said or self._raws)

    def said(self, index: int) -> Said:
        """One of them. Raises as `read` does."""
        return self._said[index] if self._said else read(self._raws[index], is_guarded=self._is_array)

    def raw(self, index: int) -> bytes:
        """One of them, as it is written. Of an array nearly always nobody asks, and each is sought only then."""
        self._raws = self._raws or self._members()
        return self._raws[index]

    def _members(self) -> Sequence[bytes]:
        return _counted([bytes(raw) for raw in read_typed(self._body, _SEVERAL)])


def read(raw: bytes, *, is_guarded: bool = False) -> Said:
    """Read one event, `is_guarded` if it is a member of an array. Raises Invalid with the field that is wrong.

    Type and subjects are not checked: `event_of` does, once for all of which the same is said; nor is the data.
    """
    if not is_guarded:
        guard(raw)
    return decode(raw, _SAID)


def data_of(said: Said | Submission) -> bytes:
    """The data as they are written. Raises Invalid."""
    data = bytes(said.data)
    if data.startswith(b"{"):
        return data
    raise Invalid("data: must be a JSON object")


def event_of(raw: bytes, caller: Caller, *, at: int) -> Event:
    """What can be `read` as an event. Raises Invalid with the field that is wrong."""
    submission = decode(raw, _SUBMISSION)
    return Event(
        type=check_type(submission.type, place="type"),
        subjects=tuple([Subject(subject.object_type, subject.object_id) for subject in submission.subjects]),
        data=data_of(submission),
        at=at,
        actor=_actor(submission, caller),
        wire_id=submission.event_id or "",
        source=caller.connector,
    )


def result_of(kept: Kept) -> Published:
    return Published(event_id=kept.wire_id or outside(kept.id), deliveries=kept.deliveries, duplicate=kept.is_duplicate)


def _counted(members: list[T]) -> list[T]:
    if not members:
        raise Invalid("the body holds no event; send at least one")
    if len(members) > MOST_EVENTS:
        raise Invalid(f"the body holds {len(members)} events; send at most {MOST_EVENTS} at a time")
    return members


def _actor(submission: Submission, caller: Caller) -> Actor:
    phone, identity = submission.from_user, submission.from_user_id
    name, picture = submission.from_user_name, submission.from_user_profile_pic
    if phone is identity is name is picture is None:
        return caller.person
    return Actor(
        phone=phone or "",
        id=identity or "",
        name=name or "",
        picture=picture or "",
        is_bot=submission.is_bot_from_user,
    )
