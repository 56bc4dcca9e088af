"""Subscriptions as they are kept: their secrets sealed, and each change with a number by which it is found."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Subject
from tidings.core.filter import compile_filter
from tidings.core.pattern import compile_types
from tidings.core.schedule import parse_schedule
from tidings.core.secret import Secret
from tidings.core.signature import parse
from tidings.core.subscription import State, Subscription
from tidings.core.vault import Vault
from tidings.store.cursor import read_cursor
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

# Subscriptions read at once: opening their secrets keeps the loop from everything else for some 15 ms (measured).
STEP = 200

# Why deliveries are withheld; a subscription may have both reasons.
_OWNER_LOST_THE_RIGHT = 1
_CONNECTOR_REVOKED = 2
_ALL = _OWNER_LOST_THE_RIGHT | _CONNECTOR_REVOKED

_LAST = 2**62


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    id: str
    version: int
    kind: str
    object: str
    types: str
    url: str
    token: str | None
    context: str | None
    format: str
    secrets: str
    headers: str
    basic_auth: str | None
    client_certificate: str | None
    schedule: str | None
    timeout_ms: int
    order_key: str | None
    rate: float
    filters: str | None
    state: State
    withheld: int
    connector: str
    owner: str
    created_at: int
    expires_at: int
    ended_at: int | None
    disabled_at: int | None
    disabled_why: str


class Subscriptions:
    """Keeps subscriptions. None is ever deleted."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, subscription: Subscription, *, also: Sequence[Statement] = ()) -> Subscription:
        """Keep a new one together with whatever else must be true then; it comes back with its number."""
        values = self._values(subscription) | {
            "kind": subscription.subject.kind,
            "object": subscription.subject.id,
            "connector": subscription.connector,
            "owner": subscription.owner,
            "created_at": subscription.created_at,
        }
        (made, *_) = await self._database.write(Statement("subscription_added", values), *also)
        [(number,)] = made
        return replace(subscription, number=int(number or 0))

    async def save(self, subscription: Subscription, *, also: Sequence[Statement] = ()) -> None:
        """Keep what its owner may change; its state changes by `reviving` and `disabling`. NotFound if it has ended."""
        ended = NotFound("there is no such webhook any more; make a new one with POST /v1/webhook")
        await self._database.write(Statement("subscription_saved", self._values(subscription), ended), *also)

    async def get(self, id_: str) -> Subscription | None:
        """One by the id that it has outside, ended ones too."""
        rows = await self._database.read(_Row, "subscription", id=id_)
        return self._subscription(rows[0]) if rows else None

    async def of_subject(self, subject: Subject, *, limit: int, cursor: str = "") -> tuple[list[Subscription], str]:
        """Those of one subject that have not ended, oldest first; and the cursor to go on with, empty at the end."""
        after = read_cursor(cursor, start=0)
        rows = await self._database.read(
            _Row, "subscriptions_of_subject", kind=subject.kind, object=subject.id, after=after, most=limit
        )
        return [self._subscription(row) for row in rows], str(rows[-1].number) if len(rows) == limit else ""

    async def changes(self, since: int) -> tuple[int, list[Subscription]]:
        """The present version, and what changed after `since`; what has ended is left out if that is 0."""
        # The version first: a change between the two is in the list then, and is read again next time.
        [version] = await self._database.read(int, "subscriptions_version")
        found: list[Subscription] = []
        step, number = since, _LAST
        while version > since:
            rows = await self._database.read(
                _Row, "subscriptions_changed", version=step, number=number, with_ended=int(since > 0), most=STEP
            )
            found += [self._subscription(row) for row in rows]
            if len(rows) < STEP:
                break
            step, number = rows[-1].version, rows[-1].number
        return version, found

    def _values(self, subscription: Subscription) -> dict[str, Value]:
        filters = subscription.filters
        return {
            "id": subscription.id,
            "types": json_text(subscription.types.names),
            "url": subscription.url,
            "token": self._sealed(subscription.token),
            "context": subscription.context,
            "format": subscription.format,
            "secrets": self._vault.seal(json_text([(secret.text, secret.until) for secret in subscription.secrets])),
            "headers": self._vault.seal(json_text(subscription.headers)) if subscription.headers else "",
            "basic_auth": self._sealed(subscription.basic_auth),
            "client_certificate": self._sealed(subscription.client_certificate),
            "schedule": subscription.schedule.text if subscription.schedule else None,
            "timeout_ms": subscription.timeout_ms,
            "order_key": subscription.order_key,
            "rate": subscription.rate,
            "filters": None if filters is None else json_text(filters.raw),
            "state": subscription.state.value,
            "expires_at": subscription.expires_at,
            "disabled_at": subscription.disabled_at,
            "disabled_why": subscription.disabled_why,
        }

    def _subscription(self, row: _Row) -> Subscription:
        secrets = msgspec.json.decode(self._vault.open(row.secrets), type=list[tuple[str, int | None]])
        headers = msgspec.json.decode(self._vault.open(row.headers) if row.headers else "[]", type=_Headers)
        return Subscription(
            number=row.number,
            id=row.id,
            subject=Subject(row.kind, row.object),
            types=compile_types(msgspec.json.decode(row.types, type=list[str])),
            url=row.url,
            token=self._opened(row.token),
            context=row.context,
            format=row.format,
            secrets=tuple(parse(text, until=until) for text, until in secrets),
            headers=headers,
            basic_auth=self._opened(row.basic_auth),
            client_certificate=self._opened(row.client_certificate),
            schedule=parse_schedule(row.schedule) if row.schedule else None,
            timeout_ms=row.timeout_ms,
            order_key=row.order_key,
            rate=row.rate,
            filters=None if row.filters is None else compile_filter(msgspec.json.decode(row.filters)),
            state=row.state,
            withheld=bool(row.withheld),
            connector=row.connector,
            owner=row.owner,
            created_at=row.created_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
            disabled_at=row.disabled_at,
            disabled_why=row.disabled_why,
        )

    def _sealed(self, secret: Secret | None) -> str | None:
        return None if secret is None else self._vault.seal(secret.reveal())

    def _opened(self, sealed: str | None) -> Secret | None:
        return None if sealed is None else Secret(self._vault.open(sealed))


_Headers = tuple[tuple[str, str], ...]


def disabling(number: int, *, why: str, at: int, unless_succeeded_since: int) -> Statement:
    """Hold what a subscription is owed. Conflict if it is not active, or something was delivered after that instant."""
    return Statement(
        "subscription_disabled",
        {"number": number, "why": why, "at": at, "since": unless_succeeded_since},
        Conflict("the webhook is not active, or something was delivered since; there is nothing to disable"),
    )


def reviving(number: int) -> Statement:
    """Make a disabled subscription active again; nothing happens to one that is not disabled."""
    return Statement("subscription_revived", {"number": number})


def ending(number: int, *, at: int) -> Statement:
    """End a subscription. Conflict if it has ended."""
    ended = Conflict("the webhook has ended already; there is nothing to end")
    return Statement("subscription_ended", {"number": number, "at": at}, ended)


def withholding(*, connector: str = "", owner: str = "", group: str = "", withheld: bool = True) -> Statement:
    """Hold what is owed to subscriptions: of a connector that was revoked, or of a person who may hear no more.

    With `group`, only to that person's subscriptions to that group. `withheld=False` takes the reason back.
    """
    reason = _CONNECTOR_REVOKED if connector else _OWNER_LOST_THE_RIGHT
    values: dict[str, Value] = {"others": _ALL & ~reason, "reason": reason if withheld else 0}
    if connector:
        return Statement("connector_withheld", values | {"connector": connector})
    if group:
        return Statement("owner_withheld_in_group", values | {"owner": owner, "object": group})
    return Statement("owner_withheld", values | {"owner": owner})
