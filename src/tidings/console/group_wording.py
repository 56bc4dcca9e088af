"""What the workspace says in words of its API, and what people write, each as the other understands it."""

import re
from collections.abc import Mapping

from tidings.core.errors import Invalid

_SEPARATORS = re.compile(r"[,;\n]+")
_FIELD = re.compile(
    r"(?:actionBody\.)?(?P<name>\w+)(?:\[(?P<place>\d+)\])?(?:\.(?P<part>\w+))?(?:\.\w+|\[\d+\])*: (?P<text>.*)",
    re.DOTALL,
)
_ANSWER = re.compile(r"actionBody\.answers\[(\d+)\].*?: ((?:expected|choose) .*)", re.DOTALL)
# The fields of the API that forms here call otherwise.
_NAMES: Mapping[str, str] = {
    "welcomeMessage": "welcome_message",
    "ShortDescriptionString": "short_description",
    "LongDescriptionString": "long_description",
    "message": "text",
    "caption": "text",
    "question": "title",
    "assignedTo": "assigned",
    "dueDate": "due",
    "expiryInHours": "due",
    "validity": "due",
    "mediaResource": "files",
    "mediaResources": "files",
    "media": "files",
    "id": "package_id",
}


def phones_in(text: str) -> list[str]:
    """The phone numbers in a text, one a line or with commas between them."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def lines_in(text: str) -> list[str]:
    """The lines of a text that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def at_fields(error: Invalid, *, rows: tuple[int, ...] = ()) -> Invalid:
    """The same complaint about the field of a form here; `rows` are the keys of a builder's questions."""
    found = _FIELD.fullmatch(error.message)
    if found is None:
        return error
    name, place, part = found["name"], found["place"], found["part"]
    if name == "questions" and place and int(place) < len(rows):
        return Invalid(f"q{rows[int(place)]}-{part or 'title'}: {found['text']}")
    return Invalid(f"{_NAMES.get(name, name)}: {found['text']}")


def at_answer(error: Invalid) -> Invalid:
    """The same complaint about an answer of a form here."""
    found = _ANSWER.fullmatch(error.message)
    return Invalid(f"answer-{found[1]}: {found[2]}") if found else at_fields(error)
