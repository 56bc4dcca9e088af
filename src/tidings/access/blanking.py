"""Blanking: what stands of a person in data and in texts, without number, name and picture."""

import contextlib
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import msgspec

from tidings.core.event import Actor
from tidings.store.people import Naming

# How events name a person: by number and id, with name and picture beside them as they were then.
_PART = re.compile(r"(Id|Name|ProfilePic)$")
_PLAIN = frozenset({"id", "name", "phone", "mobileNumber", "picture", "profilePic"})
# What is written between the digits of a number; see `normal_phone`.
_BETWEEN = r"[ .()\-\u00a0\u202f]{0,3}"
# A number may be written without its country code, which has up to three digits. What is shorter than that without it
# is as likely a date or a price.
_CODE, _SURELY_A_NUMBER = 3, 8
# In a text something must stand where a number stood, so that it can still be understood.
GONE = "***"


def without(person: Actor, event: Naming) -> Naming:
    """The event without number, name and picture of a person; the id stays. One that has none of it is left alone."""
    actor = event.actor and msgspec.json.decode(event.actor, type=Actor)
    data = msgspec.json.decode(event.data)
    is_own = isinstance(actor, Actor) and (actor.id == person.id or actor.phone == person.phone)
    left = _without(person, data, gone={person.phone, person.name} if is_own else {person.phone})
    if not is_own and left == data:
        return event
    if is_own:
        actor = Actor(id=person.id, is_bot=person.is_bot)
    return Naming(
        id=event.id,
        actor=msgspec.json.encode(actor).decode() if actor else None,
        data=event.data if left == data else msgspec.json.encode(left).decode(),
    )


def answers_without(person: Actor, answers: str) -> str:
    """What the person answered, a JSON list, without number and name."""
    sent = msgspec.json.decode(answers)
    left = _without(person, sent, gone={person.phone, person.name})
    return answers if left == sent else msgspec.json.encode(left).decode()


def text_without(person: Actor, text: bytes) -> bytes:
    """A text of anybody's without the number; one that is JSON also without what stands beside number or id.

    It need not be UTF-8. One that has none of it comes back to the byte.
    """
    if text[:1] in {b"{", b"["}:
        # What is no JSON, or is deeper than anything that we send, is blanked as the text that it is.
        with contextlib.suppress(msgspec.DecodeError, UnicodeError, RecursionError):
            sent = msgspec.json.decode(text)
            left = _without(person, sent, gone={person.phone})
            return text if left == sent else msgspec.json.encode(left)
    return _number(person.phone).sub(GONE, text.decode(errors="surrogateescape")).encode(errors="surrogateescape")


def _without(person: Actor, value: Any, *, gone: Collection[str]) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        return [_without(person, item, gone=gone) for item in value]
    if isinstance(value, dict):
        if f"{value.get('cc')}{value.get('pn')}" == person.phone:
            return value | {"pn": ""}
        about = {_about(key) for key, item in value.items() if item in (person.id, person.phone)}
        return {
            _number(person.phone).sub(GONE, key): ""
            if _about(key) in about and isinstance(item, str) and item != person.id
            else _without(person, item, gone=gone)
            for key, item in value.items()
        }
    if not isinstance(value, str):
        return value
    return "" if value in gone else _number(person.phone).sub(GONE, value)


def _about(key: str) -> str:
    """What `member`, `memberId`, `memberName`, `memberProfilePic` have in common; empty for `id`, `name` and so on."""
    return "" if key in _PLAIN else _PART.sub("", key)


@lru_cache(maxsize=16)
def _number(phone: str) -> re.Pattern[str]:
    """A number as people write it: with + or 00 before it, or without its country code, in groups of digits."""
    digits = phone.lstrip("+")
    code, rest = digits[:_CODE], _BETWEEN.join(digits[_CODE:])
    if len(digits) - _CODE >= _SURELY_A_NUMBER:
        optional = ""
        for digit in code:
            optional = f"(?:{optional}{digit}{_BETWEEN})?"
    else:
        optional = "".join(digit + _BETWEEN for digit in code)
    return re.compile(rf"(?<!\d)(?:\+|00)?{optional}{rest}(?!\d)")
