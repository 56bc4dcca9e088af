"""Subscriptions as they are kept: their secrets sealed, and each change with a number by which it is found."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec

from tidings.core.errors import Conflict, Invalid, NotFound
from tidings.core.event import Subject
from tidings.core.filter import compile_filter
from tidings.core.pattern import compile_types
from tidings.core.schedule import parse_schedule
from tidings.core.secret import Secret
from tidings.core.signature import SigningSecret, new_secret, parse
from tidings.core.subscription import State, Subscription
from tidings.core.vault import Drawer, Vault
from tidings.store.cursor import read_cursor
from tidings.store.database import Database, Statement, Value
from tidings.store.event_row import json_text

log = logging.getLogger(__name__)

# Subscriptions read at once: opening their secrets keeps the loop from everything else for some 15 ms (measured).
STEP = 200
# Groups of owners read at once, a guess: some milliseconds of a reader.
_GROUPS_AT_ONCE = 5_000

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
    within_group: str
    created_at: int
    expires_at: int
    ended_at: int | None
    disabled_at: int | None
    disabled_why: str


class _Administered(msgspec.Struct, frozen=True):
    person: str
    group_id: str


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
            "within_group": subscription.within,
            "created_at": subscription.created_at,
        }
        (made, *_) = await self._database.write(Statement("subscription_added", values), *also)
        [(number,)] = made
        return replace(subscription, number=int(number or 0))

    async def save(self, subscription: Subscription, *, also: Sequence[Statement] = ()) -> None:
        """Keep what its owner may change; its state changes by `reviving` and `disabling`.

        NotFound if it has ended, Conflict if its secrets could not be opened: they would be lost.
        """
        if subscription.unopened:
            raise Conflict(f"this webhook cannot be changed: {subscription.unopened}")
        ended = NotFound("there is no such webhook any more; make a new one with POST /v1/webhook")
        await self._database.write(Statement("subscription_saved", self._values(subscription), ended), *also)

    async def get(self, id_: str) -> Subscription | None:
        """One by the id that it has outside, ended ones too."""
        found = await self._opened_all(await self._database.read(_Row, "subscription", id=id_))
        return found[0] if found else None

    async def of_subject(self, subject: Subject, *, limit: int, cursor: str = "") -> tuple[list[Subscription], str]:
        """Those of one subject that have not ended, oldest first; and the cursor to go on with, empty at the end."""
        after = read_cursor(cursor, start=0)
        rows = await self._database.read(
            _Row, "subscriptions_of_subject", kind=subject.kind, object=subject.id, after=after, most=limit
        )
        return await self._opened_all(rows), str(rows[-1].number) if len(rows) == limit else ""

    async def changes(self, since: int) -> tuple[int, list[Subscription]]:
        """The present version, and what changed after `since`; what has ended is left out if that is 0."""
        # The version first: a change between the two is in the list then, and is read again next time. Whatever makes
        # or unmakes an admin changes the webhooks whose hearing hangs on that (`following_role`).
        [version] = await self._database.read(int, "subscriptions_version")
        found: list[Subscription] = []
        step, number = since, _LAST
        while version > since:
            rows = await self._database.read(
                _Row, "subscriptions_changed", version=step, number=number, with_ended=int(since > 0), most=STEP
            )
            opened = await self._opened_all(rows)
            for one in opened:
                if one.unopened:
                    log.warning("subscription.unopened webhook=%s why=%r", one.id, one.unopened)
            found += opened
            if len(rows) < STEP:
                break
            step, number = rows[-1].version, rows[-1].number
        return version, found

    def _values(self, subscription: Subscription) -> dict[str, Value]:
        filters, headers = subscription.filters, subscription.headers
        secrets = json_text([(secret.text, secret.until) for secret in subscription.secrets])
        return {
            "id": subscription.id,
            "types": json_text(subscription.types.names),
            "url": subscription.url,
            "token": self._sealed(subscription.token, Drawer.SUBSCRIPTION_TOKEN),
            "context": subscription.context,
            "format": subscription.format,
            "secrets": self._vault.seal(secrets, Drawer.SUBSCRIPTION_SECRETS),
            "headers": self._vault.seal(json_text(headers), Drawer.SUBSCRIPTION_HEADERS) if headers else "",
            "basic_auth": self._sealed(subscription.basic_auth, Drawer.SUBSCRIPTION_BASIC_AUTH),
            "client_certificate": self._sealed(subscription.client_certificate, Drawer.SUBSCRIPTION_CLIENT_CERTIFICATE),
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

    async def _opened_all(self, rows: Sequence[_Row]) -> list[Subscription]:
        owners = sorted({row.owner for row in rows if row.kind == "ActionPackage" and row.owner})
        admin_in = await self._administered(owners) if owners else {}
        # What a sink is sent is held as well if nobody can open how it is entered.
        entries = {row.number: await self._entry(row.object) for row in rows if row.kind == "Sink"}
        found = [self._subscription(row, admin_in, entry=entries.get(row.number, "")) for row in rows]
        for one in found:
            self._database.unopened.note(one.number, is_opened=not one.unopened)
        return found

    async def _entry(self, sink: str) -> str:
        return "".join(await self._database.read(str, "sink_settings", name=sink))

    async def _administered(self, people: Sequence[str]) -> Mapping[str, frozenset[str]]:
        groups: dict[str, set[str]] = {person: set() for person in people}
        last, step = _Administered("", ""), _GROUPS_AT_ONCE
        while step == _GROUPS_AT_ONCE:
            found = await self._database.read(
                _Administered,
                "groups_administered",
                people=json_text(people),
                person=last.person,
                group_id=last.group_id,
                most=_GROUPS_AT_ONCE,
            )
            for one in found:
                groups[one.person].add(one.group_id)
            last, step = found[-1] if found else last, len(found)
        return {person: frozenset(found) for person, found in groups.items()}

    def _subscription(self, row: _Row, admin_in: Mapping[str, frozenset[str]], *, entry: str) -> Subscription:
        try:
            opened, unopened = self._opened(row, entry=entry), ""
        except Invalid as error:
            # Failure policy: hold. What it is owed goes out when the key is there; all others go on. Nothing is ever
            # signed with the secret that stands in.
            opened = _Opened(secrets=(new_secret(),))
            unopened = f"{error.message}; or end the {_told(row)} and make a new one"
        return Subscription(
            number=row.number,
            id=row.id,
            subject=Subject(row.kind, row.object),
            types=compile_types(msgspec.json.decode(row.types, type=list[str])),
            url=row.url,
            token=opened.token,
            context=row.context,
            format=row.format,
            secrets=opened.secrets,
            headers=opened.headers,
            basic_auth=opened.basic_auth,
            client_certificate=opened.client_certificate,
            schedule=parse_schedule(row.schedule) if row.schedule else None,
            timeout_ms=row.timeout_ms,
            order_key=row.order_key,
            rate=row.rate,
            filters=None if row.filters is None else compile_filter(msgspec.json.decode(row.filters)),
            state=row.state,
            withheld=bool(row.withheld or unopened),
            connector=row.connector,
            owner=row.owner,
            within=row.within_group,
            only_in=_only_in(row, admin_in),
            created_at=row.created_at,
            expires_at=row.expires_at,
            ended_at=row.ended_at,
            disabled_at=row.disabled_at,
            disabled_why=row.disabled_why,
            unopened=unopened,
        )

    def _opened(self, row: _Row, *, entry: str) -> "_Opened":
        if entry:
            self._vault.open(entry)
        secrets = msgspec.json.decode(self._vault.open(row.secrets), type=list[tuple[str, int | None]])
        return _Opened(
            token=self._secret(row.token),
            secrets=tuple([parse(text, until=until) for text, until in secrets]),
            headers=msgspec.json.decode(self._vault.open(row.headers), type=_Headers) if row.headers else (),
            basic_auth=self._secret(row.basic_auth),
            client_certificate=self._secret(row.client_certificate),
        )

    def _sealed(self, secret: Secret | None, drawer: Drawer) -> str | None:
        return None if secret is None else self._vault.seal(secret.reveal(), drawer)

    def _secret(self, sealed: str | None) -> Secret | None:
        return None if sealed is None else Secret(self._vault.open(sealed))


_Headers = tuple[tuple[str, str], ...]


class _Opened(msgspec.Struct, frozen=True, kw_only=True):
    token: Secret | None = None
    secrets: tuple[SigningSecret, ...]
    headers: _Headers = ()
    basic_auth: Secret | None = None
    client_certificate: Secret | None = None


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


def withholding(*, connector: str = "", owner: str = "", withheld: bool = True) -> Statement:
    """Hold what is owed to subscriptions: of a connector that was revoked, or of a person who may hear no more.

    `withheld=False` takes the reason back.
    """
    reason = _CONNECTOR_REVOKED if connector else _OWNER_LOST_THE_RIGHT
    values: dict[str, Value] = {"others": _ALL & ~reason, "reason": reason if withheld else 0}
    if connector:
        return Statement("connector_withheld", values | {"connector": connector})
    return Statement("owner_withheld", values | {"owner": owner})


def following_role(person: str, *, group: str) -> Statement:
    """Have what a person's webhooks hear of a group follow what that person is in it; goes after what changed that.

    Webhooks on the group are an admin's; those on its actions an admin's or, as long as they are in the group, the
    author's: what they are owed is held from the rest. Webhooks on packages hear in the groups of an admin.
    """
    reason = _OWNER_LOST_THE_RIGHT
    values: dict[str, Value] = {"owner": person, "group_id": group, "others": _ALL & ~reason, "reason": reason}
    return Statement("hearing_follows_role", values)


def following_tree(group: str) -> Statement:
    """Have what webhooks on a group and what is beneath it hear follow where it is now; goes after what moved it.

    What those that the token of a group above made are owed is held while it is above no more.
    """
    reason = _OWNER_LOST_THE_RIGHT
    return Statement("hearing_follows_tree", {"group_id": group, "others": _ALL & ~reason, "reason": reason})


async def held_authors(database: Database, people: Collection[str]) -> frozenset[str]:
    """Those of some people who have a webhook on an action that is held: if they come back, `following_role`."""
    return frozenset(await database.read(str, "authors_held", people=json_text(sorted(people))))


def _told(row: _Row) -> str:
    return f"sink {row.object}" if row.kind == "Sink" else f"webhook {row.id}"


def _only_in(row: _Row, admin_in: Mapping[str, frozenset[str]]) -> frozenset[str] | None:
    if row.kind != "ActionPackage":
        return None
    if row.within_group:
        return frozenset((row.within_group,))
    return admin_in[row.owner] if row.owner else None
