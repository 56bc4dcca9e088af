"""The calls about webhooks: the document "APIs to register & manage webhooks", and ours beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec import UNSET

from tidings.core.caller import Caller, TokenKind
from tidings.core.clock import DAY
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TidingsError, Undeliverable
from tidings.core.event import Event, Subject
from tidings.core.identifier import outside
from tidings.core.route import Call, Parameter, Route
from tidings.core.signature import SecretKind, SigningSecret
from tidings.core.subscription import State, Subscription
from tidings.dialects.kaizala.api.bearer import bearer
from tidings.dialects.kaizala.catalogue import KINDS
from tidings.dialects.kaizala.sampling import sample_for
from tidings.dialects.kaizala.wire import webhook as wire
from tidings.dialects.kaizala.wire.lenient import body_of, is_true, read
from tidings.outbox.subscribing import DEFAULT_OVERLAP_MS, Subscribing
from tidings.store.history import History
from tidings.store.lanes import Lanes
from tidings.store.subscriptions import Subscriptions
from tidings.workspace.rights import Rights, rules_all

# A guess: longer, and whoever stole the old secret gains more than a slow receiver does.
LONGEST_OVERLAP_MS = 7 * DAY
MOST_LISTED = 1_000
NO_SUCH_WEBHOOK = "there is no such webhook; list those of an object with GET /v1/webhook"

_TAG = "Webhooks"
_OBJECT = (
    Parameter(name="objectId", meaning="The object that the webhooks are about.", is_required=True),
    Parameter(name="objectType", meaning=f"One of {', '.join(wire.OBJECT_TYPES)}.", is_required=True),
    Parameter(
        name="limit",
        meaning=f"How many to list, {MOST_LISTED} if absent.",
        schema={"type": "integer", "minimum": 1, "maximum": MOST_LISTED},
    ),
    Parameter(name="cursor", meaning="Where the former list ended."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookApi:
    """Whoever may not manage a webhook is told that there is none."""

    subscribing: Subscribing
    subscriptions: Subscriptions
    rights: Rights
    lanes: Lanes
    history: History
    samples: Mapping[str, Event]

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path="/v1/webhook",
                name="createWebhook",
                summary="Subscribe a callback URL to events of an object",
                handler=self._create,
                needs="webhook.write",
                body=body_of(wire.NewWebhook),
                answers=wire.WebhookMade,
                errors=(Invalid, Undeliverable, Forbidden, NotFound),
                tag=_TAG,
            ),
            Route(
                method="GET",
                path="/v1/webhook",
                name="listWebhooks",
                summary="List the webhooks on an object",
                handler=self._list,
                needs="webhook.read",
                answers=wire.Webhooks,
                parameters=_OBJECT,
                errors=(Invalid, Forbidden, NotFound),
                tag=_TAG,
            ),
            *self._routes_of_one(),
            *self._acts_on_one(),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            _of_one(
                "GET",
                name="getWebhook",
                summary="Show a webhook and how it fares",
                handler=self._get,
                needs="webhook.read",
                answers=wire.Webhook,
                errors=(NotFound,),
            ),
            _of_one(
                "PUT",
                name="changeWebhook",
                summary="Change what is sent along, or make a disabled webhook active again",
                handler=self._change,
                needs="webhook.update",
                body=body_of(wire.WebhookChanges),
                answers=wire.Webhook,
                errors=(Invalid, Undeliverable, Forbidden, NotFound, Conflict),
            ),
            _of_one(
                "DELETE",
                name="deleteWebhook",
                summary="End a webhook",
                handler=self._end,
                needs="webhook.remove",
                answers=dict[str, str],
                errors=(NotFound,),
            ),
        ]

    def _acts_on_one(self) -> list[Route]:
        return [
            _of_one(
                "POST",
                "/rotate",
                name="rotateWebhookSecret",
                summary="Make a new signing secret; both sign for a while",
                handler=self._rotate,
                needs="webhook.update",
                parameters=(
                    Parameter(name="overlap", meaning="For how long the old secret signs along, like 24h; at most 7d."),
                ),
                answers=wire.WebhookMade,
                errors=(Invalid, NotFound),
            ),
            _of_one(
                "POST",
                "/test",
                name="testWebhook",
                summary="Send a sample event to this webhook alone",
                handler=self._test,
                needs="webhook.update",
                parameters=(Parameter(name="eventType", meaning="Which of the webhook's types; the first if absent."),),
                answers=wire.EventMade,
                errors=(Invalid, NotFound),
            ),
        ]

    async def _create(self, call: Call) -> wire.WebhookMade:
        asked = read(wire.NewWebhook, call.body)
        subject = Subject(wire.object_type(asked.object_type), asked.object_id)
        terms = asked.terms(subject.kind, secret=asked.signing_secret())
        caller = bearer(call)
        await self.rights.may_hear(caller, subject)
        subscription, secret = await self.subscribing.create(
            subject,
            terms,
            connector=caller.connector,
            owner=_owner(caller),
            within=_within(caller, subject),
            actor=caller.actor,
        )
        try:
            # The handshake took its time: whoever lost the right meanwhile lost it before there was a webhook to hold.
            await self.rights.may_hear(caller, subject)
        except TidingsError:
            await self.subscribing.end(subscription, why="the right to hear was lost", actor=caller.actor)
            raise
        return _made(subscription, secret)

    async def _list(self, call: Call) -> wire.Webhooks:
        subject = Subject(wire.object_type(call.query["objectType"]), call.query["objectId"])
        caller = bearer(call)
        await self.rights.may_list(caller, subject)
        limit = int(call.query.get("limit", MOST_LISTED))
        found, cursor = await self.subscriptions.of_subject(subject, limit=limit, cursor=call.query.get("cursor", ""))
        shown = await self.rights.shown(caller, found)
        return wire.Webhooks(webhooks=[wire.told(one) for one in shown], cursor=cursor or UNSET)

    async def _get(self, call: Call) -> wire.Webhook:
        subscription = await self._managed(call)
        return wire.told(subscription, health=await self._health(subscription))

    async def _change(self, call: Call) -> wire.Webhook:
        before = await self._managed(call)
        asked = read(wire.WebhookChanges, call.body)
        subject = before.subject
        kind = wire.object_type(asked.object_type or subject.kind)
        if (kind, asked.object_id or subject.id) != (subject.kind, subject.id):
            raise Invalid("objectId: a webhook keeps its object; make another webhook for the other object")
        terms = asked.terms(subject.kind)
        active = None if asked.active is None else is_true(asked.active)
        return wire.told(await self.subscribing.change(before, terms, active=active, actor=bearer(call).actor))

    async def _end(self, call: Call) -> dict[str, str]:
        await self.subscribing.end(await self._managed(call), actor=bearer(call).actor)
        # An empty answer would not be the JSON object that callers look into.
        return {}

    async def _rotate(self, call: Call) -> wire.WebhookMade:
        subscription = await self._managed(call)
        overlap_ms = DEFAULT_OVERLAP_MS
        if "overlap" in call.query:
            overlap_ms = wire.duration(call.query["overlap"], field="overlap")
        if overlap_ms > LONGEST_OVERLAP_MS:
            raise Invalid("overlap: is longer than 7d; give less")
        secret = await self.subscribing.rotate(subscription, overlap_ms=overlap_ms, actor=bearer(call).actor)
        return _made(subscription, secret)

    async def _test(self, call: Call) -> wire.EventMade:
        subscription = await self._managed(call)
        sample = sample_for(subscription, self.samples, wanted=call.query.get("eventType"))
        event = await self.subscribing.test(subscription, sample, actor=bearer(call).actor)
        return wire.EventMade(event_id=outside(event))

    async def _health(self, subscription: Subscription) -> wire.Health:
        health = await self.lanes.health(subscription.number)
        owed = await self.history.owed_to(subscription.number)
        return wire.Health(
            circuit=health.circuit.state,
            next_probe=health.circuit.probe_at if health.circuit.is_open else UNSET,
            delivered=health.delivered,
            failed=health.failed,
            last_success=health.succeeded_at or UNSET,
            last_failure=health.refused_at or UNSET,
            owed=owed if subscription.is_sending else 0,
            held=0 if subscription.is_sending else owed,
            disabled_at=subscription.disabled_at or UNSET,
            disabled_why=subscription.disabled_why or subscription.unopened,
        )

    async def _managed(self, call: Call) -> Subscription:
        subscription = await self.subscriptions.get(call.path["webhookId"])
        if subscription is None or subscription.state is State.ENDED:
            raise NotFound(NO_SUCH_WEBHOOK)
        await self.rights.may_manage(bearer(call), subscription)
        return subscription


def _of_one(method: str, suffix: str = "", /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=f"/v1/webhook/{{webhookId}}{suffix}", tag=_TAG, **rest)


def _made(subscription: Subscription, secret: SigningSecret) -> wire.WebhookMade:
    shown = secret.public_text if secret.kind is SecretKind.PRIVATE else secret.text
    return wire.WebhookMade(webhook_id=subscription.id, signing_secret=shown)


def _owner(caller: Caller) -> str:
    # Whose right to hear is the group's or the tenant's own does not lose it with a person's role.
    return "" if caller.kind is TokenKind.GROUP or rules_all(caller) else caller.person.id


def _within(caller: Caller, subject: Subject) -> str:
    # A group token hears in its own group and in those beneath, as long as they are; packages are in every group.
    is_bound = caller.kind is TokenKind.GROUP and subject.kind in KINDS
    return caller.group if is_bound else ""
