"""Bin form: what a bin answers, and what source it becomes, as people write it in the page's forms."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from tidings.core.errors import Invalid
from tidings.core.fault import worded
from tidings.core.reply import Replies, Reply
from tidings.web.bin_shapes import Promotion

T = TypeVar("T")


def replies_in(form: Mapping[str, str], *, besides: Replies) -> Replies:
    """The bin's reply, with those for single methods left as they are. Raises Invalid, naming the field."""
    told: dict[str, Any] = {
        "status": _number(form, "status"),
        "headers": [_header(line) for line in form.get("headers", "").splitlines() if line.strip()],
        # Browsers send line ends as they were on paper tape.
        "body": form.get("body", "").replace("\r\n", "\n"),
        "delayMs": _number(form, "delay"),
        "failureRate": _number(form, "failing") / 100,
    }
    return msgspec.structs.replace(besides, reply=_converted(told, Reply))


def promotion_in(form: Mapping[str, str]) -> Promotion:
    """The source to make of a bin; without a secret it gets a random one. Raises Invalid, naming the field."""
    told = {name: form.get(name, "").strip() for name in ("source", "dialect")}
    return _converted({**told, "secret": form.get("secret") or None}, Promotion)


def _converted(told: Mapping[str, Any], shape: type[T]) -> T:
    try:
        return msgspec.convert(told, shape)
    except msgspec.ValidationError as error:
        raise Invalid(worded(str(error))) from error


def _number(form: Mapping[str, str], name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - more digits than any has
        raise Invalid(f"{name}: write a whole number")
    return int(text)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Invalid("headers: write one a line, like `retry-after: 30`")
    return name.strip(), value.strip()
