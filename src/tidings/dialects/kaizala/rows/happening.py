"""Happening: a callback that was understood, with what all its rows need."""

import hashlib
from dataclasses import dataclass

import msgspec

from tidings.core.receipt import Receipt
from tidings.dialects.kaizala.rows.cells import instant_of
from tidings.dialects.kaizala.rows.received import Callback, Data, understood

_SAID_AT = "tidings-event-time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`at` is when it was said: by the header, else by the hidden answer ResponseTime, else on arrival.

    `id` is equal for all callbacks that tell of the same, whatever webhook they were made for; an updated response is
    another happening, although Kaizala repeats the event's id for it.
    """

    id: str
    at: int
    callback: Callback
    data: Data

    @property
    def group(self) -> str:
        """The group that the callback is about: with a webhook on a parent group, that one."""
        return self.callback.group_id or self.data.group_id or self._subject or ""

    @property
    def source_group(self) -> str:
        """Where it happened."""
        return self.callback.source_group_id or self.data.source_group_id or self.group

    @property
    def _subject(self) -> str:
        return self.callback.object_id if self.callback.object_type == "Group" else ""


def happening_of(receipt: Receipt) -> Happening:
    """Raises Invalid, saying what is wrong and where."""
    callback, data = understood(receipt)
    said = receipt.header(_SAID_AT)
    at = int(said) if said.isascii() and said.isdigit() else _response_time(data) or receipt.at
    return Happening(id=_id(callback), at=at, callback=callback, data=data)


def _response_time(data: Data) -> int | None:
    for question in data.response_details.response_with_questions:
        if question.is_invisible and question.title == "ResponseTime":
            return instant_of(question.answer)
    return None


def _id(callback: Callback) -> str:
    # A webhook on a parent group gets another groupId for the same event.
    said = {name: bytes(value) for name, value in _fields(callback.data).items() if name != "groupId"}
    rest = [f"{callback.event_type} {callback.event_id}".encode(), *(said[name] for name in sorted(said))]
    return hashlib.sha256(b"\n".join(rest)).hexdigest()[:32]


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
