"""Changes of a webhook: what it wants, where it leads, whether it is sent anything, its secret."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.console.webhook_access import WebhookAccess
from tidings.console.webhook_form import at_its_field, changed_terms, shown_values
from tidings.console.webhook_subjects import WebhookSubjects, options
from tidings.console.webhooks import shown_secret
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Invalid, TidingsError
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.dialects.kaizala.catalogue import Kind
from tidings.dialects.kaizala.sampling import sample_for
from tidings.outbox.terms import Terms

# For how long an old secret signs along, by what the form calls it.
OVERLAPS = {"now": 0, "1h": HOUR, "24h": DAY, "7d": 7 * DAY}


class WebhookChanges:
    """Changes webhooks; every change names its author in the audit log."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._access = WebhookAccess(offers)
        self._subjects = WebhookSubjects(offers)
        self._subscribing = offers.subscribing

    def places(self) -> Sequence[Place]:
        acts = {
            "edit": self._change,
            "pause": self._pause,
            "resume": self._resume,
            "rotate": self._rotate,
            "test": self._test,
            "end": self._end,
        }
        return [
            Place(path="/webhooks/{id}/edit", does=self._edit, needs=Right.BE_ONESELF),
            *(
                Place(path=f"/webhooks/{{id}}/{name}", does=does, needs=Right.BE_ONESELF, method="POST")
                for name, does in acts.items()
            ),
        ]

    async def _edit(self, visit: Visit) -> Response:
        return await self._form(visit, await self._access.changed(visit))

    async def _form(self, visit: Visit, webhook: Subscription, *, error: TidingsError | None = None) -> Response:
        known = await self._subjects.types(webhook.subject.kind)
        return visit.page(
            "webhooks/edit.html",
            error=error,
            webhook=webhook,
            about=(await self._subjects.names([webhook.subject]))[webhook.subject],
            values=shown_values(webhook, with_token=True),
            types=options(known),
            takes_others=webhook.subject.kind not in list(Kind),
            chosen=[one for one in webhook.types.names if one in known],
            others="\n".join(one for one in webhook.types.names if one not in known),
            formats=options(sorted(self._subscribing.formats)),
            asks=self._subscribing.asks(webhook.subject.kind),
            connectors=[],
        )

    async def _change(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        try:
            terms = changed_terms(visit.form, webhook)
            await self._subscribing.change(webhook, terms, actor=visit.person.id)
        except Invalid as error:
            return await self._form(visit, webhook, error=at_its_field(error))
        asked = terms.url != webhook.url and self._subscribing.asks(webhook.subject.kind, validate=terms.validate)
        passed = " The new URL passed the handshake." if asked else ""
        return _back(visit, webhook, said=f"The webhook is changed.{passed}")

    async def _pause(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        await self._subscribing.change(webhook, Terms(), active=False, actor=visit.person.id)
        return _back(visit, webhook, said="The webhook is paused; its events are held until you resume it.")

    async def _resume(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        await self._subscribing.change(webhook, Terms(), active=True, actor=visit.person.id)
        return _back(visit, webhook, said="The webhook is active; what was held goes out, oldest first.")

    async def _rotate(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        overlap = visit.form.text("overlap", "24h")
        if overlap not in OVERLAPS:
            raise Invalid(f"overlap: choose one of {', '.join(OVERLAPS)}")
        secret = await self._subscribing.rotate(webhook, overlap_ms=OVERLAPS[overlap], actor=visit.person.id)
        return visit.page(
            "webhooks/made.html",
            webhook=replace(webhook, secrets=(secret,)),
            secret=shown_secret(secret),
            asked=False,
            is_new=False,
            overlap=overlap,
        )

    async def _test(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        sample = sample_for(webhook, self._offers.samples, wanted=visit.form.text("eventType") or None)
        event = await self._subscribing.test(webhook, sample, actor=visit.person.id)
        said = f"A sample {sample.type} is on its way to this webhook alone."
        if visit.pages.has("/deliveries/{id}") and visit.may(Right.LOOK):
            return visit.go(f"/console/deliveries/{outside(event, webhook.number)}", said=said)
        return _back(visit, webhook, said=said)

    async def _end(self, visit: Visit) -> Response:
        webhook = await self._access.changed(visit)
        await self._subscribing.end(webhook, actor=visit.person.id)
        return _back(visit, webhook, said="The webhook has ended; what it still was owed is cancelled.")


def _back(visit: Visit, webhook: Subscription, *, said: str) -> Response:
    return visit.go(f"/console/webhooks/{webhook.id}", said=said)
