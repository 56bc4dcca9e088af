"""Refusal: how something that went wrong is told over HTTP, in the one shape that the whole API shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.responses import Response

from tidings.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Throttled,
    TidingsError,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)

_STATUSES: dict[type[TidingsError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedMedia: 415,
    Throttled: 429,
    Unavailable: 503,
}


class ErrorBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """What went wrong: a sentence for a person, a code for a program."""

    message: str
    error_code: str
    error_category_key: str
    details: dict[str, Any] | None = None


class Unprocessable(Invalid):
    """Well-formed, but its type's registered schema does not allow it; the message names the place."""

    code = "SchemaViolated"


_STATUSES[Unprocessable] = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer that says no: status, words and the headers that belong to it."""

    status: int
    code: str
    message: str
    details: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        category = "AuthException" if self.status in {401, 403} else "ServiceException"
        return msgspec.json.encode(
            ErrorBody(
                message=self.message,
                error_code=self.code,
                error_category_key=category,
                details=dict(self.details) if self.details else None,
            )
        )

    def response(self) -> Response:
        return Response(self.body(), self.status, headers=dict(self.headers), media_type="application/json")


def status_of(error: type[TidingsError]) -> int:
    """The HTTP status that tells that kind of error."""
    return next((_STATUSES[kind] for kind in error.__mro__ if kind in _STATUSES), 500)


def refusal_of(error: TidingsError) -> Refusal:
    """Tell an error over HTTP."""
    headers: dict[str, str] = {}
    if isinstance(error, Throttled | Unavailable):
        headers["retry-after"] = str(error.retry_after)
    if isinstance(error, Unauthenticated):
        headers["www-authenticate"] = "Bearer"
    return Refusal(
        status=status_of(type(error)),
        code=error.code,
        message=error.message,
        details=error.details,
        headers=headers,
    )
