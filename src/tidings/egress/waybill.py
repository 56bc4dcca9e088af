"""Waybill: what a server and its porters tell each other, as MessagePack's arrays."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from tidings.egress.answer import Answer
from tidings.egress.rules import Rules


class Briefing(msgspec.Struct, array_like=True, frozen=True):
    """To a porter, before anything else. It is to say something every `beat_s` seconds."""

    rules: Rules
    beat_s: float


class Asked(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A request under a number of its own; its headers are written as they are sent."""

    number: int
    url: str
    method: Literal["POST", "GET"]
    lines: bytes
    body: bytes
    timeout_ms: int
    client_certificate: str | None

    def __repr__(self) -> str:
        return f"Asked({self.number})"  # the rest may be secret


class Handed(msgspec.Struct, array_like=True, frozen=True):
    """To a porter: requests, and the numbers of those that nobody waits for any more."""

    asked: Sequence[Asked]
    cancelled: Sequence[int]


class Returned(msgspec.Struct, array_like=True, frozen=True):
    """From a porter: what came of requests, by their numbers. With none it says that it is there."""

    answers: Sequence[tuple[int, Answer]]


encode = msgspec.msgpack.Encoder().encode
read_briefing = msgspec.msgpack.Decoder(Briefing).decode
read_handed = msgspec.msgpack.Decoder(Handed).decode
read_returned = msgspec.msgpack.Decoder(Returned).decode
