"""What a caller can do wrong, and what can be wrong with us; nothing else is raised on purpose.

TidingsError
├── Invalid            a field, body or setting that is not as it must be
│   └── Undeliverable  a callback URL that may not be called, or whose handshake failed
├── Unauthenticated    nobody has said who they are, or not with the right secret
│   └── InvalidToken   a token that is forged, expired or revoked
├── Forbidden          the caller is known and may not do this
├── NotFound           no such thing, or it is not the caller's
├── Conflict           it is there already, and differs
├── TooLarge           a body over its limit
├── UnsupportedMedia   a file of a kind that is not taken, or that is not what it says it is
├── Throttled          too many tries; wait
└── Unavailable        the store cannot keep anything just now; the same request may succeed later
"""

from typing import ClassVar


class TidingsError(Exception):
    """The root. `message` is for whoever can act; `details` is what a program can read."""

    code: ClassVar[str] = "ServiceException"

    def __init__(self, message: str, *, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Invalid(TidingsError):
    """Something that the caller sent is not as it must be; the message names the field and what was expected."""

    code = "InvalidParameters"


class Undeliverable(Invalid):
    """A callback URL that may not be called or did not answer the handshake."""

    code = "CallbackUrlRefused"


class Unauthenticated(TidingsError):
    """No token, or a wrong PIN or secret."""

    code = "Unauthenticated"


class InvalidToken(Unauthenticated):
    """A token that is forged, expired or revoked; programs written against Kaizala get a new one when they are told."""

    code = "InvalidToken"


class Forbidden(TidingsError):
    """Known, but not allowed."""

    code = "Forbidden"


class NotFound(TidingsError):
    """Not there, or not the caller's: the two are answered alike."""

    code = "NotFound"


class Conflict(TidingsError):
    """It is there already, with another content."""

    code = "Conflict"


class TooLarge(TidingsError):
    """A body over its limit."""

    code = "TooLarge"


class UnsupportedMedia(TidingsError):
    """A file of a kind that is not taken, or whose content is not what its name or content type says."""

    code = "UnsupportedMedia"


class Throttled(TidingsError):
    """Too many tries; `retry_after` says for how many seconds to wait."""

    code = "Throttled"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(TidingsError):
    """The store cannot keep anything just now (disk full, database locked or lost).

    Nothing was kept, unless `is_fate_unknown`: then the connection was lost between commit and its confirmation.
    """

    code = "Unavailable"

    def __init__(self, message: str, *, retry_after: int = 2, is_fate_unknown: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_fate_unknown = is_fate_unknown
