"""Subscribing: making, changing and ending subscriptions, with every check that a callback URL must pass."""

import logging
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as replace_struct

from tidings.core.clock import DAY, HOUR, Clock
from tidings.core.delivery import GIVE_UP_AFTER_MS
from tidings.core.delivery import State as DeliveryState
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Event, Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import SigningSecret, new_key_pair, new_secret
from tidings.core.subscription import DEFAULT_VALIDITY_MS, State, Subscription
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.outbox.directory import Directory
from tidings.outbox.handshake import shake_hands
from tidings.outbox.notices import notice
from tidings.outbox.publisher import Draft, Publisher
from tidings.outbox.terms import Terms, agree
from tidings.store.audit import audited
from tidings.store.database import Statement
from tidings.store.history import History
from tidings.store.subscriptions import Subscriptions, disabling, ending, reviving

log = logging.getLogger(__name__)

KAIZALA_KINDS = frozenset({"Group", "Action", "ActionPackage"})
# Both the old and the new secret sign for a day, as the field's tools do.
DEFAULT_OVERLAP_MS = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribing:
    """Does what subscribers ask for. Who may ask is decided before.

    Each change is one with its entry in the audit, which names the `actor`; without one there is no entry.
    `handshake` is TIDINGS_HANDSHAKE (`kaizala`, `always`, `never`). `formats` names the dialects that exist, and
    `default_format` says which one a kind of subject gets. `is_own` tells URLs that lead to this server itself.
    """

    subscriptions: Subscriptions
    history: History
    publisher: Publisher
    directory: Directory
    client: Client
    guard: Guard
    clock: Clock
    formats: Collection[str]
    default_format: Callable[[str], str]
    handshake: str = "kaizala"
    is_own: Callable[[str], bool] = field(default=lambda url: False)  # noqa: ARG005

    async def create(
        self, subject: Subject, terms: Terms, *, connector: str, owner: str, within: str = "", actor: str = ""
    ) -> tuple[Subscription, SigningSecret]:
        """Make a subscription after its URL has passed. Raises `Invalid`, `Undeliverable`."""
        if terms.types is None:
            raise Invalid("eventTypes: name at least one event type")
        if not terms.url:
            raise Invalid("callBackUrl: an https:// URL is needed")
        now = self.clock.now()
        secret = terms.secret or new_secret()
        blank = Subscription(
            id=str(uuid.uuid4()),
            subject=subject,
            types=compile_types(terms.types),
            url=terms.url,
            format=self.default_format(subject.kind),
            secrets=(secret,),
            connector=connector,
            owner=owner,
            within=within,
            created_at=now,
            expires_at=now + DEFAULT_VALIDITY_MS,
        )
        subscription = self._agreed(blank, terms)
        await self._check_url(subscription, terms)
        record = self._record(subscription, "webhook.created", actor=actor)
        subscription = await self.subscriptions.add(subscription, also=record)
        await self.directory.refresh()
        log.info("webhook.created webhook=%s about=%s:%s", subscription.id, subject.kind, subject.id)
        return subscription, secret

    async def change(
        self, before: Subscription, terms: Terms, *, active: bool | None = None, actor: str = ""
    ) -> Subscription:
        """Change what is named in the terms; a new URL must pass the handshake. `active` revives or disables."""
        asked = self._agreed(before, terms)
        if asked.url != before.url:
            await self._check_url(asked, terms)
        # The handshake took its time: what happened to the webhook meanwhile is not to be undone.
        before = await self._as_it_stands(before)
        after = self._agreed(before, terms)
        is_revived = active is True and before.state is State.DISABLED
        is_disabled = active is False and before.state is State.ACTIVE
        also: list[Statement] = []
        if terms != Terms():
            also += self._record(before, "webhook.changed", actor=actor)
        if is_revived:
            # Before it is active: what failed must not come behind what was held.
            await self._owe_failed_again(before)
            also += [reviving(before.number), *self._record(before, "webhook.resumed", actor=actor)]
            after = replace(after, state=State.ACTIVE, disabled_at=None, disabled_why="")
        elif is_disabled:
            now, why = self.clock.now(), "it was disabled by its owner"
            also += [
                disabling(before.number, why=why, at=now, unless_succeeded_since=now + DAY),
                *self._record(before, "webhook.paused", actor=actor),
            ]
            after = replace(after, state=State.DISABLED, disabled_at=now, disabled_why=why)
        await self.subscriptions.save(after, also=also)
        if is_revived:
            await self._tell(notice("webhook.enabled", after, at=self.clock.now()))
        elif is_disabled:
            await self._tell(notice("webhook.disabled", after, at=self.clock.now(), why=after.disabled_why))
        await self.directory.refresh()
        log.info("webhook.changed webhook=%s state=%s", after.id, after.state)
        return after

    async def end(self, subscription: Subscription, *, why: str = "it was deleted", actor: str = "") -> None:
        """End a subscription: nothing more is matched, and what is still owed is cancelled."""
        now = self.clock.now()
        event = notice("webhook.ended", subscription, at=now, why=why)
        record = self._record(subscription, "webhook.ended", actor=actor)
        await self.publisher.publish_one(Draft(event=event, also=(ending(subscription.number, at=now), *record)))
        await self.directory.refresh()
        await self.history.cancel(subscription.number, at=self.clock.now())
        log.info("webhook.ended webhook=%s", subscription.id)

    async def rotate(
        self, subscription: Subscription, *, overlap_ms: int = DEFAULT_OVERLAP_MS, actor: str = ""
    ) -> SigningSecret:
        """Make a new signing secret of the same kind; the old ones sign along for the overlap, then no more."""
        now = self.clock.now()
        subscription = await self._as_it_stands(subscription)
        old = [
            replace(secret, until=min(secret.until or now + overlap_ms, now + overlap_ms))
            for secret in subscription.secrets
            if secret.counts_at(now)
        ]
        is_ed25519 = subscription.secrets[0].kind == "whsk_"
        secret = new_key_pair() if is_ed25519 else new_secret()
        kept = [one for one in old if one.counts_at(now)]
        record = self._record(subscription, "webhook.rotated", actor=actor)
        await self.subscriptions.save(replace(subscription, secrets=(secret, *kept)), also=record)
        await self.directory.refresh()
        return secret

    async def _as_it_stands(self, subscription: Subscription) -> Subscription:
        await self.directory.refresh()
        found = self.directory.index.get(subscription.number)
        if found is None:
            raise NotFound("there is no such webhook any more; make a new one with POST /v1/webhook")
        return found

    async def _tell(self, event: Event) -> None:
        await self.publisher.publish_one(Draft(event=event))

    async def _owe_failed_again(self, subscription: Subscription) -> None:
        # What is held is owed still. Oldest first is the order of the claims.
        since = max(0, (subscription.disabled_at or 0) - GIVE_UP_AFTER_MS - HOUR)
        again = await self.history.replay(
            subscription.number, since=since, until=None, types=(), states=(DeliveryState.FAILED,)
        )
        log.info("webhook.owed_again webhook=%s deliveries=%s", subscription.id, again)

    async def test(self, subscription: Subscription, sample: Event, *, actor: str = "") -> int:
        """Owe the subscription, and nobody else, a sample event, whatever its types and filters say; the event's id."""
        event = replace_struct(sample, at=self.clock.now())
        record = self._record(subscription, "webhook.tested", actor=actor)
        draft = Draft(event=event, only=subscription.number, also=record)
        return (await self.publisher.publish_one(draft)).id

    def asks(self, kind: str, *, validate: bool | None = None) -> bool:
        """Whether the URL of a webhook on that kind of subject must pass the handshake."""
        return self.handshake == "always" or (
            self.handshake == "kaizala" and (kind in KAIZALA_KINDS or validate is True)
        )

    async def _check_url(self, subscription: Subscription, terms: Terms) -> None:
        if not self.is_own(subscription.url):
            await self.guard.target(subscription.url)
        if self.asks(subscription.subject.kind, validate=terms.validate):
            await shake_hands(self.client, subscription.url)

    def _record(self, subscription: Subscription, action: str, *, actor: str) -> tuple[Statement, ...]:
        if not actor:
            return ()
        return (audited(actor=actor, action=action, about=subscription.id, at=self.clock.now()),)

    def _agreed(self, before: Subscription, terms: Terms) -> Subscription:
        return agree(before, terms, now=self.clock.now(), formats=self.formats)
