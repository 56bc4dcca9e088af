"""What is sent and answered about webhooks."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from tidings.core.clock import SECOND
from tidings.core.duration import format_duration, parse_duration
from tidings.core.errors import Invalid
from tidings.core.signature import SecretKind, SigningSecret, new_key_pair, parse
from tidings.core.subscription import Subscription
from tidings.dialects.kaizala.catalogue import KINDS, check_types, spelled
from tidings.dialects.kaizala.wire.lenient import Flag, Number, Wire, is_true
from tidings.outbox.terms import Terms

OBJECT_TYPES = (*KINDS, "Application", "ReportTask", "ReportTag", "ReportTemplate", "Webhook", "System")
_OBJECT_TYPE_SPELLINGS = {name.lower(): str(name) for name in OBJECT_TYPES}

# Milliseconds since 1970 passed this number in 1973, seconds will in the year 5138: what is below is seconds.
_SMALLEST_MS = 100_000_000_000
# The end of the year 9999, which is the last that ISO 8601 can write in four digits.
_LAST_INSTANT = 253_402_300_799_999

# Longer ones exist nowhere; the bound fits both databases' indexes.
ObjectId = Annotated[str, Meta(min_length=1, max_length=256)]


class BasicAuth(Wire, frozen=True, kw_only=True):
    """User and password for the callback; a user has no colon (RFC 7617). `{}` takes them away."""

    user: Annotated[str, Meta(pattern="^[^:]*$")] | None = None
    password: str | None = None


class Asked(Wire, frozen=True, kw_only=True):
    """What can be asked for; on a change, an empty value (`""`, `{}`, `[]`, 0) takes away what may be absent.

    `callBackHeaders` is an object of header names and values. `schedule` holds waits between attempts (`10s,1m,1h`),
    `timeout` is one attempt's (`15s`), `rateLimit` a number of callbacks a second, `orderKey` a path in the event.
    `validity` is an instant since 1970 in milliseconds or seconds. `clientCertificate` is PEM with its key.
    `validate` asks for the handshake where it is not asked for anyway.
    """

    object_id: ObjectId | None = None
    object_type: str | None = None
    event_types: list[str] | None = None
    call_back_url: str | None = None
    call_back_token: str | None = None
    call_back_context: str | None = None
    validity: Number | None = None
    format: str | None = None
    filters: list[Any] | None = None
    call_back_headers: dict[str, str] | None = None
    schedule: str | None = None
    timeout: str | None = None
    order: Flag | None = None
    order_key: str | None = None
    rate_limit: Number | None = None
    basic_auth: BasicAuth | None = None
    client_certificate: str | None = None
    validate: Flag | None = None

    def terms(self, kind: str, *, secret: SigningSecret | None = None) -> Terms:
        """What is asked for, for a webhook on an object of that kind. Raises Invalid, naming the field."""
        if self.order is not None and self.order_key and not is_true(self.order):
            raise Invalid("order: is false, but there is an orderKey; leave out one of them")
        return Terms(
            types=None if self.event_types is None else _types(kind, self.event_types),
            url=self.call_back_url,
            token=self.call_back_token,
            context=self.call_back_context,
            expires_at=_known(_instant, self.validity),
            format=self.format,
            headers=self.call_back_headers,
            basic_auth=_known(_pair, self.basic_auth),
            client_certificate=self.client_certificate,
            schedule=self.schedule,
            timeout_ms=None if self.timeout is None else duration(self.timeout, field="timeout"),
            is_ordered=_known(is_true, self.order),
            order_key=self.order_key,
            rate=_known(float, self.rate_limit),
            filters=self.filters,
            validate=_known(is_true, self.validate),
            secret=secret,
        )


class WebhookChanges(Asked, frozen=True, kw_only=True):
    """What of a webhook is to be otherwise. `active` true revives a disabled webhook, false disables it."""

    active: Flag | None = None


class NewWebhook(Asked, frozen=True, kw_only=True):
    """A webhook to be made. `signature` is how callbacks are signed: shared secret (if absent), or key pair of ours.

    `secret` is a shared secret of the caller's own, `whsec_` and 24 to 64 bytes in base64; if absent, one is made.
    """

    object_id: ObjectId
    object_type: str
    event_types: list[str]
    call_back_url: str
    signature: Literal["hmac", "ed25519"] | None = None
    secret: str | None = None

    def signing_secret(self) -> SigningSecret | None:
        """What callbacks are to be signed with; None leaves that to us. Raises Invalid, naming the field."""
        is_pair = self.signature == "ed25519"
        if not self.secret:
            return new_key_pair() if is_pair else None
        if is_pair or not self.secret.startswith(SecretKind.SHARED):
            raise Invalid("secret: give a shared one (whsec_), and no other signature; key pairs are made here")
        try:
            return parse(self.secret)
        except Invalid as error:
            raise Invalid(f"secret: {error.message}") from error


class WebhookMade(Wire, frozen=True, kw_only=True):
    """The secret (`whsec_…`; of a key pair, the public key `whpk_…`) is shown this once."""

    webhook_id: str
    signing_secret: str


class EventMade(Wire, frozen=True, kw_only=True):
    """The test event that is on its way."""

    event_id: str


class Health(Wire, frozen=True, kw_only=True):
    """How a webhook fares; instants are epoch milliseconds, absent if it never happened."""

    circuit: str
    next_probe: int | UnsetType = UNSET
    delivered: int
    failed: int
    last_success: int | UnsetType = UNSET
    last_failure: int | UnsetType = UNSET
    owed: int
    held: int
    disabled_at: int | UnsetType = UNSET
    disabled_why: str


class Webhook(Wire, frozen=True, kw_only=True):
    """A webhook as GET tells it, in GET's own spelling; our own fields come after Kaizala's.

    `active` is false while it is disabled or withheld. Of headers and basic auth only names are told.
    """

    id: str
    object_id: str
    object_type: str
    events: tuple[str, ...]
    filters: list[Any]
    callback_url: str
    callback_token: str
    ts: int
    validity: int
    active: bool
    call_back_context: str | UnsetType = UNSET
    callback_context: str | UnsetType = UNSET
    format: str
    call_back_header_names: list[str]
    schedule: str | UnsetType = UNSET
    timeout: str
    order: bool
    order_key: str
    rate_limit: float
    basic_auth_user: str
    has_client_certificate: bool
    signature: str
    health: Health | UnsetType = UNSET


class Webhooks(Wire, frozen=True, kw_only=True):
    """The webhooks on an object; `cursor` asks for the rest, absent if there is none."""

    webhooks: list[Webhook]
    cursor: str | UnsetType = UNSET


def object_type(text: str) -> str:
    """The documented spelling of an object type. Raises Invalid for others."""
    kind = _OBJECT_TYPE_SPELLINGS.get(text.lower())
    if kind is None:
        raise Invalid(f"objectType: {text[:40]!r} is not known; use one of {', '.join(OBJECT_TYPES)}")
    return kind


def duration(text: str, *, field: str) -> int:
    """Read a duration like `15s`, in milliseconds. Raises Invalid, naming the field."""
    try:
        return parse_duration(text)
    except Invalid as error:
        raise Invalid(f"{field}: {error.message}") from error


def told(subscription: Subscription, *, health: Health | UnsetType = UNSET) -> Webhook:
    """A subscription as its owner is told of it."""
    context = UNSET if subscription.context is None else subscription.context
    auth = subscription.basic_auth
    is_pair = any(secret.kind is SecretKind.PRIVATE for secret in subscription.secrets)
    return Webhook(
        id=subscription.id,
        object_id=subscription.subject.id,
        object_type=subscription.subject.kind,
        events=subscription.types.names,
        filters=subscription.filters.raw if subscription.filters else [],
        callback_url=subscription.url,
        callback_token=subscription.token.reveal() if subscription.token else "",
        ts=subscription.created_at,
        validity=subscription.expires_at,
        active=subscription.is_sending,
        # The table's spelling, and the one that goes with its neighbours.
        call_back_context=context,
        callback_context=context,
        format=subscription.format,
        call_back_header_names=[name for name, _ in subscription.headers],
        schedule=subscription.schedule.text if subscription.schedule else UNSET,
        timeout=format_duration(subscription.timeout_ms),
        order=subscription.order_key is not None,
        order_key=subscription.order_key or "",
        rate_limit=subscription.rate,
        basic_auth_user=auth.reveal().partition(":")[0] if auth else "",
        has_client_certificate=subscription.client_certificate is not None,
        signature="ed25519" if is_pair else "hmac",
        health=health,
    )


def _known(read: Callable[[Any], Any], value: object) -> Any:  # noqa: ANN401 - whatever `read` makes of it
    return None if value is None else read(value)


def _types(kind: str, names: list[str]) -> tuple[str, ...]:
    # Other sources' names are theirs, and their case counts.
    if not names:
        raise Invalid("eventTypes: name at least one event type")
    types = tuple(map(spelled, names)) if kind in KINDS else tuple(names)
    check_types(kind, types)
    return types


def _instant(number: float | str) -> int:
    instant = int(float(number))
    if instant < _SMALLEST_MS:
        instant *= SECOND
    if instant > _LAST_INSTANT:
        raise Invalid("validity: lies beyond the year 9999; give an instant in epoch milliseconds")
    return instant


def _pair(auth: BasicAuth) -> str:
    return f"{auth.user or ''}:{auth.password or ''}" if auth.user or auth.password else ""
