"""Desk of the portal: what a subscriber sees of their webhooks, and does with them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.portal_guest import Guest
from tidings.console.visit import CONNECTOR
from tidings.console.webhook_form import at_its_field, blank_values, new_terms
from tidings.console.webhook_subjects import WebhookSubjects, options
from tidings.console.webhook_view import WebhookView
from tidings.console.webhook_words import is_key_pair, snippets, wanted
from tidings.console.webhooks import shown_secret
from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Conflict, Invalid, NotFound, TidingsError
from tidings.core.event import Actor, Subject
from tidings.core.identifier import inside, outside
from tidings.core.signature import SigningSecret
from tidings.core.subscription import State, Subscription
from tidings.dialects.kaizala.catalogue import Kind
from tidings.dialects.kaizala.sampling import sample_for
from tidings.outbox.terms import Terms
from tidings.store.audit import audited
from tidings.store.database import Statement
from tidings.store.history import Delivery
from tidings.store.portal_links import Grant, PortalLink
from tidings.store.webhooks import Webhooks

_PAGE = 25
_ATTEMPTS = 20
# The database's identifiers end here.
_LARGEST_ID = 2**63 - 1
_NOT_YOURS = "there is no such webhook among yours"
_SPANS = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY}


class PortalDesk:
    """Serves guests whose link is good. Whatever the link does not lead to is not there."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._subscribing = offers.subscribing
        self._history = offers.history
        self._rights = offers.workspace.rights
        self._webhooks = Webhooks(offers.database)
        self._subjects = WebhookSubjects(offers)
        self._view = WebhookView(offers)

    def acts(self) -> Mapping[str, Callable[[Guest], Awaitable[Response]]]:
        """What is done to a webhook, by the last word of its address."""
        return {
            "pause": self._pause,
            "resume": self._resume,
            "rotate": self._rotate,
            "test": self._test,
            "replay": self._replay,
            "end": self._end,
        }

    async def show_all(self, guest: Guest, *, said: str = "") -> Response:
        cursor = guest.request.query_params.get("cursor", "")
        found, older = await self._webhooks.page(guest.is_on.scope, limit=_PAGE, cursor=cursor)
        return guest.shows(
            "portal/webhooks.html",
            webhooks=found,
            names=await self._subjects.names([one.subject for one in found]),
            cursor=older,
            said=said,
        )

    async def show(self, guest: Guest, *, said: str = "") -> Response:
        webhook = await self._own(guest)
        cursor = guest.request.query_params.get("cursor", "")
        name = (await self._subjects.names([webhook.subject]))[webhook.subject]
        return guest.shows(
            "portal/webhook.html",
            webhook=webhook,
            wants=wanted(webhook, about=name),
            faring=await self._view.faring(webhook, cursor=cursor, most=_PAGE),
            snippets=snippets(webhook),
            is_key_pair=is_key_pair(webhook),
            is_living=webhook.state is not State.ENDED,
            said=said,
        )

    # Making and ending

    async def begin(self, guest: Guest, *, error: TidingsError | None = None) -> Response:
        guest.must(Grant.MAKE)
        subject = _subject(guest.is_on)
        return guest.shows(
            "portal/new.html",
            status=422 if error else 200,
            error=error,
            about=(await self._subjects.names([subject]))[subject],
            values=blank_values(self._subscribing.default_format(subject.kind)),
            types=options(await self._subjects.types(subject.kind)),
            takes_others=subject.kind not in list(Kind),
            asks=self._subscribing.asks(subject.kind),
        )

    async def make(self, guest: Guest) -> Response:
        guest.must(Grant.MAKE)
        link = guest.is_on
        subject = _subject(link)
        try:
            terms = new_terms(guest.form, subject)
            # Only they reach this object; what the person of the link may not hear, the link does not let them hear.
            await self._rights.may_hear(_caller(link), subject)
            made, secret = await self._subscribing.create(
                subject, terms, connector=link.connector or CONNECTOR, owner=link.owner, actor=_actor(link)
            )
        except Invalid as error:
            return await self.begin(guest, error=at_its_field(error))
        asked = self._subscribing.asks(subject.kind, validate=terms.validate)
        return _told_secret(guest, made, secret=secret, is_new=True, asked=asked)

    async def _end(self, guest: Guest) -> Response:
        guest.must(Grant.MAKE)
        await self._subscribing.end(await self._living(guest), actor=_actor(guest.is_on))
        return await self.show_all(guest, said="The webhook has ended.")

    # Changing

    async def _pause(self, guest: Guest) -> Response:
        guest.must(Grant.PAUSE)
        await self._subscribing.change(await self._living(guest), Terms(), active=False, actor=_actor(guest.is_on))
        return await self.show(guest, said="The webhook is paused; its events are held.")

    async def _resume(self, guest: Guest) -> Response:
        guest.must(Grant.PAUSE)
        webhook = await self._living(guest)
        await self._subscribing.change(webhook, Terms(), active=True, actor=_actor(guest.is_on))
        return await self.show(guest, said="The webhook is active; what was held goes out.")

    async def _rotate(self, guest: Guest) -> Response:
        guest.must(Grant.ROTATE)
        webhook = await self._living(guest)
        secret = await self._subscribing.rotate(webhook, actor=_actor(guest.is_on))
        return _told_secret(guest, replace(webhook, secrets=(secret,)), secret=secret, is_new=False, asked=False)

    async def _test(self, guest: Guest) -> Response:
        guest.must(Grant.TEST)
        webhook = await self._living(guest)
        sample = sample_for(webhook, self._offers.samples)
        await self._subscribing.test(webhook, sample, actor=_actor(guest.is_on))
        return await self.show(guest, said=f"A sample {sample.type} is on its way.")

    # Deliveries

    async def show_delivery(self, guest: Guest, *, said: str = "") -> Response:
        webhook, delivery = await self._delivery(guest)
        attempts, _ = await self._history.attempts(delivery.event, delivery.subscription, limit=_ATTEMPTS)
        return guest.shows(
            "portal/delivery.html",
            webhook=webhook,
            delivery=delivery,
            identifier=guest.path["delivery"],
            attempts=attempts,
            body=await self._body(webhook, delivery),
            is_living=webhook.state is not State.ENDED,
            said=said,
        )

    async def retry(self, guest: Guest) -> Response:
        guest.must(Grant.REPLAY)
        webhook, delivery = await self._delivery(guest)
        if webhook.state is State.ENDED:
            raise Conflict("the webhook has ended, so nothing is sent to it any more")
        record = self._record(guest, "delivery.retried", about=outside(delivery.event, delivery.subscription))
        await self._history.retry(delivery.event, delivery.subscription, now=self._offers.clock.now(), also=record)
        self._offers.hub.owed(webhook.number)
        return await self.show_delivery(guest, said="It is on its way again.")

    async def _replay(self, guest: Guest) -> Response:
        guest.must(Grant.REPLAY)
        webhook = await self._living(guest)
        span = guest.form.text("since", "24h")
        if span not in _SPANS:
            raise Invalid(f"since: choose one of {', '.join(_SPANS)}")
        since = max(0, self._offers.clock.now() - _SPANS[span])
        record = self._record(guest, "webhook.replayed", about=webhook.id)
        count = await self._history.replay(webhook.number, since=since, until=None, also=record)
        self._offers.hub.owed(webhook.number)
        said = f"{count} failed deliveries go out again." if count else "Nothing failed in that time."
        return await self.show(guest, said=said)

    async def _body(self, webhook: Subscription, delivery: Delivery) -> str:
        """What is sent: nothing if the event is forgotten, or the format is not known any more."""
        event, dialect = await self._history.event(delivery.event), self._offers.dialects.get(webhook.format)
        if event is None or dialect is None:
            return ""
        return dialect.write(event, webhook).decode("utf-8", "replace")

    async def _delivery(self, guest: Guest) -> tuple[Subscription, Delivery]:
        webhook = await self._own(guest)
        event, number = inside(guest.path["delivery"]) or (0, 0)
        is_its = number == webhook.number and 0 < event <= _LARGEST_ID
        delivery = await self._history.delivery(event, number) if is_its else None
        if delivery is None:
            raise NotFound("there is no such delivery to this webhook")
        return webhook, delivery

    async def _living(self, guest: Guest) -> Subscription:
        webhook = await self._own(guest)
        if webhook.state is State.ENDED:
            raise Conflict("the webhook has ended; make another one")
        return webhook

    async def _own(self, guest: Guest) -> Subscription:
        found = await self._offers.subscriptions.get(guest.path["id"])
        if found is None or not guest.is_on.leads_to(found):
            raise NotFound(_NOT_YOURS)
        return found

    def _record(self, guest: Guest, action: str, *, about: str) -> tuple[Statement, ...]:
        return (audited(actor=_actor(guest.is_on), action=action, about=about, at=self._offers.clock.now()),)


def _told_secret(guest: Guest, webhook: Subscription, *, secret: SigningSecret, is_new: bool, asked: bool) -> Response:
    return guest.shows("portal/secret.html", webhook=webhook, secret=shown_secret(secret), is_new=is_new, asked=asked)


def _subject(link: PortalLink) -> Subject:
    if link.subject is None:
        raise NotFound("this link names no object on which a webhook could be made")
    return link.subject


def _caller(link: PortalLink) -> Caller:
    """Whose rights count: those of the link's person, or of the operator who vouched for it by making the link."""
    kind = TokenKind.USER if link.owner else TokenKind.TENANT
    return Caller(connector=link.connector or CONNECTOR, kind=kind, person=Actor(id=link.owner), scopes=frozenset())


def _actor(link: PortalLink) -> str:
    # The record holds ids alone, and this tells which of them it is.
    return f"portal:{link.id}"
