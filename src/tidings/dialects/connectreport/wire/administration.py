"""What is sent and answered by the calls for administrators: callbacks and data connections."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tidings.core.cell import iso
from tidings.core.duration import format_duration
from tidings.core.errors import Invalid
from tidings.core.event import ANY, Subject
from tidings.core.report import Connection
from tidings.core.signature import SecretKind, SigningSecret, parse
from tidings.core.subscription import State, Subscription
from tidings.dialects.connectreport.wire.shape import Id, Wire, duration_in
from tidings.outbox.terms import Terms
from tidings.store.webhooks import Webhook

Trigger = Literal["preReportTask", "postReportTask"]
NoAnswer = Literal["run", "skip", "fail"]
ScopeKind = Literal["task", "tag", "template", "all"]
_KINDS: dict[ScopeKind, str] = {"task": "ReportTask", "tag": "ReportTag", "template": "ReportTemplate"}
_SCOPES = {kind: name for name, kind in _KINDS.items()}


class CallbackScope(Wire, frozen=True, kw_only=True):
    """Whose runs are told: those of one task, tag or template by its id, or all."""

    kind: ScopeKind = "all"
    id: Id | UnsetType = UNSET

    def subject(self) -> Subject:
        """Raises Invalid."""
        if (self.kind == "all") is not (self.id is UNSET):
            raise Invalid("scope: name the id of a task, tag or template, and none with the kind 'all'")
        # A run is of one task, whatever else it is of.
        return Subject(_KINDS.get(self.kind, "ReportTask"), ANY if self.id is UNSET else self.id)


class NewCallback(Wire, frozen=True, kw_only=True):
    """A callback to be made. `secret` is `whsec_` and 24 to 64 bytes in base64; one is made if it is absent.

    With `mustAnswerWithin`, like `30s`, a run waits for the 2xx of a callback before it; if none comes,
    `onNoAnswer` tells what becomes of the run.
    """

    url: Annotated[str, Meta(min_length=1)]
    trigger: Trigger
    scope: CallbackScope = CallbackScope()
    format: Literal["connectreport", "connectreport-extended"] = "connectreport"
    secret: str | UnsetType = UNSET
    must_answer_within: str | UnsetType = UNSET
    on_no_answer: NoAnswer | UnsetType = UNSET

    def terms(self) -> Terms:
        """Raises Invalid, naming the field."""
        return Terms(types=(self.trigger,), url=self.url, format=self.format, secret=self._secret())

    def wait_ms(self) -> int | None:
        """How long a run waits for the answer; None for not at all. Raises Invalid."""
        if self.must_answer_within is UNSET:
            if self.on_no_answer is not UNSET:
                raise Invalid("onNoAnswer: say with mustAnswerWithin for how long a run waits")
            return None
        if self.trigger != "preReportTask":
            raise Invalid("mustAnswerWithin: only a callback before the run can be waited for")
        return duration_in(self.must_answer_within, place="mustAnswerWithin")

    def _secret(self) -> SigningSecret | None:
        if self.secret is UNSET:
            return None
        if not self.secret.startswith(SecretKind.SHARED):
            raise Invalid(f"secret: write {SecretKind.SHARED} and 24 to 64 bytes in base64, or leave it out")
        try:
            return parse(self.secret)
        except Invalid as error:
            raise Invalid(f"secret: {error.message}") from error


class ToldCallback(Wire, frozen=True, kw_only=True):
    """A callback: its URL, and which runs it tells of. `active` is false while nothing is sent."""

    id: str
    url: str
    triggers: tuple[str, ...]
    scope: CallbackScope
    format: str
    active: bool
    must_answer_within: str | UnsetType = UNSET
    on_no_answer: str | UnsetType = UNSET
    created_at: str


class CallbackMade(ToldCallback, frozen=True, kw_only=True):
    """A callback with its signing secret, which is shown this once."""

    signing_secret: str


class ToldCallbacks(Wire, frozen=True, kw_only=True):
    """Callbacks, newest first; `cursor` asks for the rest, absent if there is none."""

    callbacks: list[ToldCallback]
    cursor: str | UnsetType = UNSET


class NewConnection(Wire, frozen=True, kw_only=True):
    """A database that templates may read, by the URL that SQLAlchemy has for it, which is never shown again."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    url: Annotated[str, Meta(min_length=1, max_length=4_096)]
    most_rows: Annotated[int, Meta(ge=1, le=10_000_000)] = 1_000_000
    longest: str = "1m"


class ToldConnection(Wire, frozen=True, kw_only=True):
    """A data connection, without its URL."""

    name: str
    kind: str
    most_rows: int
    longest: str
    created_at: str


class ToldConnections(Wire, frozen=True, kw_only=True):
    """The data connections by name."""

    connections: list[ToldConnection]


def scope_of(subject: Subject) -> CallbackScope:
    if subject == Subject("ReportTask", ANY):
        return CallbackScope()
    return CallbackScope(kind=_SCOPES[subject.kind], id=subject.id)


def told_connection(connection: Connection) -> ToldConnection:
    return ToldConnection(
        name=connection.name,
        kind=connection.kind,
        most_rows=connection.most_rows,
        longest=format_duration(connection.longest_ms),
        created_at=iso(connection.made_at),
    )


def told_callback(webhook: Webhook, *, wait_ms: int | None, otherwise: str) -> ToldCallback:
    """A callback, and for how long a run waits for its answer."""
    return ToldCallback(
        id=webhook.id,
        url=webhook.url,
        triggers=webhook.types,
        scope=scope_of(webhook.subject),
        format=webhook.format,
        active=webhook.state is State.ACTIVE and not webhook.withheld,
        must_answer_within=UNSET if wait_ms is None else format_duration(wait_ms),
        on_no_answer=UNSET if wait_ms is None else otherwise,
        created_at=iso(webhook.created_at),
    )


def made_callback(subscription: Subscription, asked: NewCallback, *, secret: SigningSecret) -> CallbackMade:
    """A callback that was just made."""
    wait_ms = asked.wait_ms()
    return CallbackMade(
        id=subscription.id,
        url=subscription.url,
        triggers=subscription.types.names,
        scope=scope_of(subscription.subject),
        format=subscription.format,
        active=subscription.is_sending,
        must_answer_within=UNSET if wait_ms is None else format_duration(wait_ms),
        on_no_answer=UNSET if wait_ms is None else asked.on_no_answer or "run",
        created_at=iso(subscription.created_at),
        signing_secret=secret.text,
    )
