"""Phone numbers, by which people are known."""

import re

from tidings.core.errors import Invalid

# E.164: at most 15 digits, the country's first and never a zero. Shorter than 7 is no subscriber's number anywhere.
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SPACING = str.maketrans("", "", " .-()\u00a0\u202f")


def normal_phone(text: str, *, field: str) -> str:
    """A number as it is kept, like +910000000001. Spaces, dots, dashes and brackets are tolerated."""
    phone = text.translate(_SPACING)
    if _NUMBER.fullmatch(phone) is None:
        raise Invalid(f"{field}: expected a phone number with + and its country code, like +910000000001")
    return phone
