"""Familiar: heads that were read before: of a request with the same head, only the body is read."""

from collections.abc import Sequence

from tidings.web.intake import plain_token

# A publisher's requests differ in the length of their bodies, so that each has some hundreds of heads. These take 5 MB.
MOST_FAMILIAR = 4_096
LONGEST_FAMILIAR = 1_024  # bytes
_END = b"\r\n\r\n"


class Familiar:
    """Knows heads byte for byte, of requests to publish that needed no closer look. Only who may publish adds some."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, int]] = {}

    def request_in(self, data: bytes) -> tuple[str, bytes] | None:
        """Token and body, if this is a whole request, and nothing else, with a head that is known."""
        end = data.find(_END) + len(_END)
        known = self._known.get(data[:end])
        return (known[0], data[end:]) if known is not None and len(data) - end == known[1] else None

    def remember(self, data: bytes, *, headers: Sequence[tuple[bytes, bytes]], size: int) -> None:
        """Know the head of that request from now on, if it came whole in `data`, and its body has that size."""
        end = data.find(_END) + len(_END)
        if len(data) - end != size or end > LONGEST_FAMILIAR or (b"content-length", b"%d" % size) not in headers:
            return
        if len(self._known) >= MOST_FAMILIAR:
            self._known.clear()
        self._known[data[:end]] = plain_token(headers), size
