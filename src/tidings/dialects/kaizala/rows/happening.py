"""Happening: a callback that was understood, with what all its rows need."""

import hashlib
from dataclasses import dataclass

import msgspec

from tidings.core.cell import instant_of, number_of
from tidings.core.receipt import Receipt
from tidings.core.told import identified
from tidings.dialects.kaizala.rows.received import Callback, Data, fields_of, understood

SAID_AT = "tidings-event-time"
_NOBODY: dict[str, str] = {"responder": "", "responder_id": "", "responder_name": ""}
_NOBODYS: dict[str, str] = {"from_user": "", "from_user_id": "", "from_user_name": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """`at` is when it was said: by the header, else by the hidden answer ResponseTime, else on arrival.

    `id` is equal for all callbacks that tell of the same, whatever webhook they were made for; an updated response is
    another happening, although Kaizala repeats the event's id for it. `version` says which of two is newer. Whoever
    answered anonymously is nobody here, whatever the callback says.
    """

    id: str
    source: str
    at: int
    version: int
    callback: Callback
    data: Data

    @property
    def group(self) -> str:
        """Where it happened: with a webhook on a parent group, `groupId` is that one's, and `sourceGroupId` this."""
        callback, data = self.callback, self.data
        heard_in = callback.object_id if callback.object_type == "Group" else ""
        return callback.source_group_id or data.source_group_id or data.group_id or callback.group_id or heard_in


def happening_of(receipt: Receipt, *, said_at: str) -> Happening:
    """What happened, and was said then, as the header has it. Raises Invalid, saying what is wrong and where."""
    callback, data = understood(receipt)
    header = instant_of(number_of(said_at))
    identifier = _id(callback, data, said_at=header)
    if data.is_anonymous and callback.event_type.endswith("Response"):
        callback = msgspec.structs.replace(callback, **_NOBODYS)
        data = msgspec.structs.replace(data, **_NOBODY)
    told_at = header or _response_time(data)
    # Only its arrival tells when it was said: then the first telling stays, and a response that was sent again does not
    # take its update's place. A job's response is updated without saying so.
    can_replace = told_at is not None or data.is_update_response or callback.event_type == "JobResponse"
    at = told_at or receipt.at
    return Happening(
        id=identifier,
        source=receipt.source,
        at=at,
        version=at if can_replace else -at,
        callback=callback,
        data=data,
    )


def _response_time(data: Data) -> int | None:
    for question in data.response_details.response_with_questions:
        if question.is_invisible and question.title == "ResponseTime":
            return instant_of(question.answer)
    return None


def _id(callback: Callback, data: Data, *, said_at: int | None) -> str:
    # By what whoever pulls knows of it too: that an action was made, or when what has a name was said.
    if callback.event_type.endswith("Created") and data.action_id:
        return identified(callback.event_type, data.action_id)
    if said_at is not None:
        return identified(callback.event_type, callback.event_id, str(said_at))
    # A webhook on a parent group gets another groupId for the same event.
    said = {name: bytes(value) for name, value in fields_of(callback).items() if name != "groupId"}
    rest = [f"{callback.event_type} {callback.event_id}".encode(), *(said[name] for name in sorted(said))]
    return hashlib.sha256(b"\n".join(rest)).hexdigest()[:32]
