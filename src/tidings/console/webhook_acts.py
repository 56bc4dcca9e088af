"""Acts on webhooks, each of which the audit log tells of, with who did it."""

from tidings.console.offers import Offers
from tidings.core.event import Event, Subject
from tidings.core.signature import SigningSecret
from tidings.core.subscription import Subscription
from tidings.outbox.subscribing import DEFAULT_OVERLAP_MS, KAIZALA_KINDS
from tidings.outbox.terms import Terms


class WebhookActs:
    """Does what `Subscribing` does, for people. An act is recorded when it is done: what was refused is none."""

    def __init__(self, offers: Offers) -> None:
        self._subscribing = offers.subscribing
        self._access = offers.access
        self._hub = offers.hub

    def asks(self, kind: str, *, validate: bool | None = None) -> bool:
        """Whether the URL of a webhook on that kind of subject must pass the handshake, as `Subscribing` has it."""
        handshake = self._subscribing.handshake
        return handshake == "always" or (handshake == "kaizala" and (kind in KAIZALA_KINDS or validate is True))

    async def create(
        self, subject: Subject, terms: Terms, *, connector: str, owner: str, actor: str
    ) -> tuple[Subscription, SigningSecret]:
        made = await self._subscribing.create(subject, terms, connector=connector, owner=owner)
        await self._access.audit(actor, "webhook.created", about=made[0].id)
        return made

    async def change(self, webhook: Subscription, terms: Terms, *, actor: str) -> None:
        await self._subscribing.change(webhook, terms)
        await self._access.audit(actor, "webhook.changed", about=webhook.id)

    async def pause(self, webhook: Subscription, *, actor: str) -> None:
        await self._subscribing.change(webhook, Terms(), active=False)
        await self._access.audit(actor, "webhook.paused", about=webhook.id)

    async def resume(self, webhook: Subscription, *, actor: str) -> None:
        await self._subscribing.change(webhook, Terms(), active=True)
        self._hub.owed(webhook.number)
        await self._access.audit(actor, "webhook.resumed", about=webhook.id)

    async def rotate(self, webhook: Subscription, *, actor: str, overlap_ms: int = DEFAULT_OVERLAP_MS) -> SigningSecret:
        secret = await self._subscribing.rotate(webhook, overlap_ms=overlap_ms)
        await self._access.audit(actor, "webhook.rotated", about=webhook.id)
        return secret

    async def test(self, webhook: Subscription, sample: Event, *, actor: str) -> int:
        """The id of the event."""
        event = await self._subscribing.test(webhook, sample)
        await self._access.audit(actor, "webhook.tested", about=webhook.id)
        return event

    async def end(self, webhook: Subscription, *, actor: str, why: str = "it was deleted") -> None:
        await self._subscribing.end(webhook, why=why)
        await self._access.audit(actor, "webhook.ended", about=webhook.id)
