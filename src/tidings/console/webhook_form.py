"""The form of a webhook: what somebody filled in, as the terms that the API would be sent."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tidings.console.form import Form
from tidings.core import json_text
from tidings.core.clock import DAY, SECOND
from tidings.core.errors import Invalid, Undeliverable
from tidings.core.event import Subject
from tidings.core.subscription import Subscription
from tidings.dialects.kaizala.wire.lenient import read
from tidings.dialects.kaizala.wire.webhook import NewWebhook, WebhookChanges
from tidings.outbox.terms import Terms

# A header or password that is there and is to stay: nobody is shown it again.
KEPT = "••••••••"
# Names of fields, as the API has them: its errors then stand beside the field that they are about.
FIELDS = (
    "eventTypes",
    "callBackUrl",
    "callBackToken",
    "callBackContext",
    "callBackHeaders",
    "basicAuth",
    "clientCertificate",
    "filters",
    "format",
    "schedule",
    "timeout",
    "rateLimit",
    "order",
    "orderKey",
    "validity",
    "signature",
)


def new_terms(form: Form, subject: Subject) -> Terms:
    """The terms of a new webhook. Raises Invalid, naming the field."""
    asked = {name: value for name, value in _asked(form, before=None) if value not in ("", [], {})}
    asked |= {"objectType": subject.kind, "objectId": subject.id, "eventTypes": types_of(form)}
    wanted = read(NewWebhook, asked)
    return wanted.terms(subject.kind, secret=wanted.signing_secret())


def changed_terms(form: Form, before: Subscription) -> Terms:
    """What is to be otherwise; a field that is not in the form stays as it is. Raises Invalid, naming the field."""
    asked = dict(_asked(form, before=before))
    if "typesShown" in form:
        asked["eventTypes"] = types_of(form)
    return read(WebhookChanges, asked).terms(before.subject.kind)


def tried_terms(form: Form, kind: str) -> Terms:
    """Which events are wanted, and nothing else. Raises Invalid, naming the field."""
    asked = {"eventTypes": types_of(form), "filters": _filters(form)}
    return read(WebhookChanges, asked).terms(kind)


def types_of(form: Form) -> list[str]:
    """Ticked types, and those that were written, one a line or between commas."""
    written = form.text("moreTypes").replace(",", " ").split()
    return list(dict.fromkeys([*form.all("eventTypes"), *written]))


def at_its_field(error: Invalid) -> Invalid:
    """The error so that it begins with the name of a field of ours: `filters[1].op: …` is about `filters`."""
    if isinstance(error, Undeliverable):
        return Invalid(f"callBackUrl: {error.message}")
    if error.message.startswith("validity: lies in the past"):
        return Invalid("validity: that day is over; choose one to come")
    place, colon, message = error.message.partition(": ")
    field = next((name for name in FIELDS if place.startswith((f"{name}[", f"{name}."))), "")
    return Invalid(f"{field}: {place.removeprefix(field)}: {message}") if field and colon else error


def shown_values(subscription: Subscription, *, with_token: bool) -> dict[str, Any]:
    """What the form of a webhook that is there begins with."""
    auth = subscription.basic_auth
    return {
        "callBackUrl": subscription.url,
        "callBackToken": subscription.token.reveal() if subscription.token and with_token else "",
        "callBackContext": subscription.context or "",
        "callBackHeaders": "\n".join(f"{name}: {KEPT}" for name, _ in subscription.headers),
        "basicAuthUser": auth.reveal().partition(":")[0] if auth and with_token else "",
        "hasBasicAuth": auth is not None,
        "hasCertificate": subscription.client_certificate is not None,
        "filters": filter_text(subscription),
        "format": subscription.format,
        "schedule": subscription.schedule.text if subscription.schedule else "",
        "timeout": str(subscription.timeout_ms // SECOND),
        "rateLimit": f"{subscription.rate:g}" if subscription.rate else "",
        "order": "" if subscription.order_key is None else "key" if subscription.order_key else "all",
        "orderKey": subscription.order_key or "",
        "validity": _day_of(subscription.expires_at),
    }


def blank_values(default_format: str) -> dict[str, Any]:
    """What the form of a new webhook begins with."""
    names = (*FIELDS, "basicAuthUser")
    return dict.fromkeys(names, "") | {
        "format": default_format,
        "timeout": "15",
        "signature": "hmac",
        "hasBasicAuth": False,
        "hasCertificate": False,
    }


def filter_text(subscription: Subscription) -> str:
    """Its filter as a person may read and change it, empty for none."""
    if subscription.filters is None:
        return ""
    # One condition a line.
    conditions = ",\n ".join(json.dumps(one, ensure_ascii=False) for one in subscription.filters.raw)
    return f"[{conditions}]"


def _asked(form: Form, *, before: Subscription | None) -> Iterator[tuple[str, Any]]:
    for name, reading in _READINGS.items():
        if name in form:
            yield name, reading(form)
    # A day that nobody touched is the instant that it was.
    if form.text("validity") and not (before and form.text("validity") == _day_of(before.expires_at)):
        yield "validity", _validity(form.text("validity"))
    if "callBackHeaders" in form:
        yield "callBackHeaders", _headers(form.text("callBackHeaders"), kept=dict(before.headers) if before else {})
    if "basicAuthUser" in form:
        yield "basicAuth", _auth(form, before=before)
    if "order" in form:
        order = form.text("order")
        yield "order", order != ""
        if order == "key":
            yield "orderKey", form.needed("orderKey")
    if form.is_on("noCertificate"):
        yield "clientCertificate", ""
    elif form.text("clientCertificate"):
        yield "clientCertificate", form.text("clientCertificate")


def _text(name: str) -> Callable[[Form], str]:
    return lambda form: form.text(name)


def _filters(form: Form) -> list[Any]:
    text = form.text("filters")
    if not text:
        return []
    try:
        found = json_text.read(text.encode())
    except json_text.Malformed as error:
        raise Invalid(f"filters: this is not JSON: {error.what}") from error
    except Invalid as error:
        raise Invalid(f"filters: {error.message}") from error
    # A single condition is meant as a list of one.
    return found if isinstance(found, list) else [found]


def _rate(form: Form) -> float:
    text = form.text("rateLimit")
    try:
        return float(text or "0")
    except ValueError as error:
        raise Invalid(f"rateLimit: write a number of deliveries a second, not {text[:40]!r}") from error


def _validity(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"validity: write a day like 2027-01-31, not {text[:40]!r}") from error
    # Until that day is over.
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND + DAY - 1


_READINGS: Mapping[str, Callable[[Form], Any]] = {
    "callBackUrl": _text("callBackUrl"),
    "callBackToken": _text("callBackToken"),
    "callBackContext": _text("callBackContext"),
    "format": _text("format"),
    "schedule": _text("schedule"),
    "signature": _text("signature"),
    "timeout": lambda form: f"{form.number('timeout', default=15)}s",
    "filters": _filters,
    "rateLimit": _rate,
    "validate": lambda form: form.is_on("validate"),
}


def _headers(text: str, *, kept: Mapping[str, str]) -> dict[str, str]:
    headers = {}
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), 1):
        name, colon, value = map(str.strip, line.partition(":"))
        if not colon:
            raise Invalid(f"callBackHeaders: line {number} has no colon; write one header a line, like X-Key: value")
        if value == KEPT and name not in kept:
            raise Invalid(f"callBackHeaders: line {number} is new, so there is no value to keep; write it")
        headers[name] = kept[name] if value == KEPT else value
    return headers


def _auth(form: Form, *, before: Subscription | None) -> dict[str, str]:
    user, password = form.text("basicAuthUser"), form.text("basicAuthPassword")
    former = before.basic_auth.reveal() if before and before.basic_auth else ":"
    if not user:
        return {}
    if not password and user != former.partition(":")[0]:
        raise Invalid("basicAuth: write the password of that user, too")
    return {"user": user, "password": password or former.partition(":")[2]}


def _day_of(at: int) -> str:
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)).date().isoformat()
    except OverflowError:
        return "9999-12-31"
