"""Terms: what a subscriber may ask for, field by field."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidings.core.clock import SECOND
from tidings.core.errors import Invalid
from tidings.core.filter import compile_filter
from tidings.core.path import parse_path
from tidings.core.pattern import Types, compile_types
from tidings.core.schedule import RetrySchedule, parse_schedule
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret
from tidings.core.subscription import Subscription
from tidings.egress.request import check_header
from tidings.egress.tls import check_client_certificate

# Standard Webhooks asks senders for 15 to 30 s; a slot that is held longer than a minute helps nobody.
SHORTEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS = SECOND, 60 * SECOND
# A guess: one delivery in ten minutes is the slowest that anybody would call a webhook.
SLOWEST_RATE, FASTEST_RATE = 1 / 600, 100_000
MOST_HEADERS = 20
# Characters. A guess at what nobody needs more of.
LONGEST_TEXT = 4_096
# What the callback says of itself; whoever could set these could forge it.
OUR_HEADERS = frozenset({"authorization", "content-type", "kz-callback-token"})
OUR_PREFIXES = ("webhook-", "tidings-", "ce-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a subscriber asks for, as it was written. None leaves the default, or on a change what was there before."""

    types: tuple[str, ...] | None = None
    url: str | None = None
    token: str | None = None
    context: str | None = None
    expires_at: int | None = None
    format: str | None = None
    headers: Mapping[str, str] | None = None
    basic_auth: str | None = None  # user:password
    client_certificate: str | None = None  # PEM of certificate, chain and key
    schedule: str | None = None
    timeout_ms: int | None = None
    is_ordered: bool | None = None
    order_key: str | None = None
    rate: float | None = None
    filters: object = None
    validate: bool | None = None
    secret: SigningSecret | None = None  # of a new one alone; later ones are made by rotation


def agree(before: Subscription, terms: Terms, *, now: int, formats: Collection[str]) -> Subscription:
    """The subscription with the terms in it. Raises `Invalid`, naming the field as the API does."""
    changes: dict[str, Any] = {}
    for field, rule in _RULES.items():
        asked = getattr(terms, field)
        if asked is not None:
            changes[field] = rule(asked)
    if terms.expires_at is not None and terms.expires_at <= now:
        raise Invalid("validity: lies in the past; give an instant to come, in epoch milliseconds")
    if terms.format is not None and terms.format not in formats:
        raise Invalid(f"format: {terms.format!r} is not known; use one of {', '.join(sorted(formats))}")
    if terms.is_ordered is not None and not terms.order_key:
        changes["order_key"] = "" if terms.is_ordered else None
    return replace(before, **changes)


def _types(patterns: Sequence[str]) -> Types:
    if not patterns:
        raise Invalid("eventTypes: name at least one event type")
    return compile_types(patterns)


def _text(field: str) -> Callable[[str], str]:
    def rule(text: str) -> str:
        if len(text) > LONGEST_TEXT:
            raise Invalid(f"{field}: has {len(text)} characters; {LONGEST_TEXT} are allowed")
        return text

    return rule


def _token(token: str) -> Secret | None:
    _text("callBackToken")(token)
    check_header("kz-callback-token", token)
    return Secret(token) if token else None


def _headers(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    if len(headers) > MOST_HEADERS:
        raise Invalid(f"callBackHeaders: has {len(headers)} headers; {MOST_HEADERS} are allowed")
    for name, value in headers.items():
        if name.lower() in OUR_HEADERS or name.lower().startswith(OUR_PREFIXES):
            raise Invalid(f"callBackHeaders: {name} is set by Tidings itself; leave it out")
        _text(f"callBackHeaders.{name}")(value)
        check_header(name, value)
    return tuple(headers.items())


def _basic_auth(pair: str) -> Secret | None:
    if pair and ":" not in pair:
        raise Invalid("basicAuth: give a user and a password")
    return Secret(_text("basicAuth")(pair)) if pair else None


def _certificate(pem: str) -> Secret | None:
    if not pem:
        return None
    check_client_certificate(pem)
    return Secret(pem)


def _schedule(text: str) -> RetrySchedule | None:
    try:
        return parse_schedule(text) if text else None
    except Invalid as error:
        raise Invalid(f"schedule: {error.message}") from error


def _timeout(timeout_ms: int) -> int:
    if not SHORTEST_TIMEOUT_MS <= timeout_ms <= LONGEST_TIMEOUT_MS:
        raise Invalid("timeout: must be between 1s and 60s")
    return timeout_ms


def _rate(rate: float) -> float:
    if rate and not SLOWEST_RATE <= rate <= FASTEST_RATE:
        raise Invalid(f"rateLimit: must be 0 for none, or between 1/600 and {FASTEST_RATE} deliveries a second")
    return rate


def _order_key(path: str) -> str | None:
    return parse_path(path, place="orderKey").text if path else None


# In the order of the API's documentation, so that the first mistake that is named is the first one a reader meets.
_RULES: Mapping[str, Callable[[Any], object]] = {
    "types": _types,
    "url": _text("callBackUrl"),
    "token": _token,
    "context": _text("callBackContext"),
    "expires_at": int,
    "format": str,
    "headers": _headers,
    "basic_auth": _basic_auth,
    "client_certificate": _certificate,
    "schedule": _schedule,
    "timeout_ms": _timeout,
    "order_key": _order_key,
    "rate": _rate,
    "filters": compile_filter,
}
