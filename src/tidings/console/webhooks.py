"""Webhooks: who is told of what, how each fares, and making one."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import CONNECTOR, Visit
from tidings.console.webhook_access import WebhookAccess
from tidings.console.webhook_form import at_its_field, blank_values, new_terms, tried_terms
from tidings.console.webhook_subjects import WebhookSubjects, acting, options
from tidings.console.webhook_trial import WebhookTrials
from tidings.console.webhook_view import WebhookView
from tidings.console.webhook_words import is_key_pair, snippets, wanted
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.event import ANY, Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import SecretKind, SigningSecret
from tidings.core.subscription import State, Subscription
from tidings.dialects.kaizala.catalogue import Kind
from tidings.dialects.kaizala.wire.webhook import OBJECT_TYPES
from tidings.outbox.terms import agree
from tidings.store.groups import Role
from tidings.store.webhooks import ALL, Scope, Standing, Webhooks, about, within_reach
from tidings.workspace.rights import rules_all

_PAGE = 25
# As long as no webhook will be: for one that is only tried.
_FOR_EVER = 2**62


class WebhookPages:
    """Shows webhooks, and makes them."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._access = WebhookAccess(offers)
        self._subjects = WebhookSubjects(offers)
        self._trials = WebhookTrials(offers.history)
        self._view = WebhookView(offers)
        self._webhooks = Webhooks(offers.database)
        self._subscribing = offers.subscribing

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/webhooks", does=self._list, needs=Right.BE_ONESELF),
            Place(path="/webhooks/new", does=self._new, needs=Right.BE_ONESELF),
            Place(path="/webhooks/new", does=self._create, needs=Right.BE_ONESELF, method="POST"),
            Place(path="/webhooks/trial", does=self._try, needs=Right.BE_ONESELF, method="POST"),
            Place(path="/webhooks/{id}", does=self._one, needs=Right.BE_ONESELF),
            Place(path="/webhooks/{id}/trial", does=self._try_changed, needs=Right.BE_ONESELF, method="POST"),
            Place(path="/webhooks/{id}/why", does=self._why, needs=Right.BE_ONESELF),
        ]

    # Lists

    async def _list(self, visit: Visit) -> Response:
        query = visit.query
        standing = _standing(query.get("state", ""))
        found, cursor = await self._webhooks.page(
            await self._scope(visit),
            limit=_PAGE,
            cursor=query.get("cursor", ""),
            standing=standing,
            part=query.get("url", "").strip(),
            kind=query.get("kind", ""),
        )
        return visit.page(
            "webhooks/list.html",
            block="rows",
            webhooks=found,
            names=await self._subjects.names([one.subject for one in found]),
            cursor=cursor,
            kinds=OBJECT_TYPES,
            standings=list(Standing),
            query={name: query.get(name, "") for name in ("state", "kind", "object", "url")},
        )

    async def _scope(self, visit: Visit) -> Scope:
        kind, identifier = visit.query.get("kind", ""), visit.query.get("object", "").strip()
        if kind and identifier:
            subject = Subject(kind, identifier)
            await self._offers.workspace.rights.may_list(visit.caller, subject)
            return about(subject)
        return ALL if visit.may(Right.LOOK) else within_reach(visit.person.id)

    # Making one

    async def _new(self, visit: Visit) -> Response:
        kind, identifier = visit.query.get("kind", ""), visit.query.get("object", "").strip()
        if kind and identifier:
            return await self._form(visit, Subject(kind, identifier))
        part, group = visit.query.get("part", "").strip(), visit.query.get("group", "")
        kinds = self._subjects.kinds(visit)
        choices = await self._subjects.choices(visit, kind, part=part, group=group) if kind in dict(kinds) else []
        return visit.page(
            "webhooks/choose.html",
            block="choices",
            kinds=kinds,
            kind=kind,
            part=part,
            group=group,
            choices=choices,
            others=[one for one in OBJECT_TYPES if one.startswith("Report")],
            any=ANY,
        )

    async def _create(self, visit: Visit) -> Response:
        subject = Subject(visit.form.needed("objectType"), visit.form.needed("objectId"))
        try:
            terms = new_terms(visit.form, subject)
            await self._subjects.must_hear(visit, subject, connector=visit.form.text("connector"))
            caller = acting(visit)
            made, secret = await self._subscribing.create(
                subject,
                terms,
                connector=CONNECTOR,
                owner="" if rules_all(caller) else visit.person.id,
                actor=visit.person.id,
            )
        except Invalid as error:
            return await self._form(visit, subject, error=at_its_field(error))
        try:
            # The handshake took its time, and the right may have gone meanwhile.
            await self._offers.workspace.rights.may_hear(caller, subject)
        except TidingsError:
            await self._subscribing.end(made, why="the right to hear was lost", actor=visit.person.id)
            raise
        asked = self._subscribing.asks(subject.kind, validate=terms.validate)
        return visit.page("webhooks/made.html", webhook=made, secret=shown_secret(secret), asked=asked, is_new=True)

    async def _form(self, visit: Visit, subject: Subject, *, error: TidingsError | None = None) -> Response:
        if subject.kind not in OBJECT_TYPES:
            raise NotFound("there is nothing of that kind to hear; choose what the webhook is about")
        return visit.page(
            "webhooks/new.html",
            error=error,
            subject=subject,
            about=(await self._subjects.names([subject]))[subject],
            values=blank_values(self._subscribing.default_format(subject.kind)),
            types=options(await self._subjects.types(subject.kind)),
            takes_others=subject.kind not in list(Kind),
            formats=options(sorted(self._subscribing.formats)),
            asks=self._subscribing.asks(subject.kind),
            connectors=await self._subjects.connectors() if await self._subjects.is_new_application(subject) else [],
        )

    # One

    async def _one(self, visit: Visit) -> Response:
        webhook = await self._access.seen(visit)
        may_change = await self._access.may_change(visit, webhook)
        name = (await self._subjects.names([webhook.subject]))[webhook.subject]
        return visit.page(
            "webhooks/one.html",
            webhook=webhook,
            may_change=may_change and webhook.state is not State.ENDED,
            sees_token=may_change,
            name=name,
            wants=wanted(webhook, about=name),
            faring=await self._view.faring(webhook),
            snippets=snippets(webhook),
            is_key_pair=is_key_pair(webhook),
            old_secrets=[one.until for one in webhook.secrets if one.until is not None],
            sample_types=options(one for one in webhook.types.names if ANY not in one),
        )

    # Trials

    async def _try(self, visit: Visit) -> Response:
        subject = Subject(visit.form.needed("objectType"), visit.form.needed("objectId"))
        await self._may_look_at(visit, subject)
        blank = Subscription(
            id="",
            subject=subject,
            types=compile_types(["*"]),
            url="",
            format="",
            expires_at=_FOR_EVER,
            only_in=await self._groups_of(visit, subject),
        )
        return await self._tried(visit, blank)

    async def _try_changed(self, visit: Visit) -> Response:
        return await self._tried(visit, await self._access.changed(visit))

    async def _tried(self, visit: Visit, before: Subscription) -> Response:
        values: dict[str, Any] = {"trials": [], "problem": ""}
        try:
            terms = tried_terms(visit.form, before.subject.kind)
            asked = agree(before, terms, now=self._offers.clock.now(), formats=())
            values["trials"] = await self._trials.run(asked)
        except Invalid as error:
            values["problem"] = at_its_field(error).message
        return visit.page("webhooks/trial.html", block="trial", subject=before.subject, **values)

    async def _may_look_at(self, visit: Visit, subject: Subject) -> None:
        # Of an application that nobody has named there is nothing to be seen.
        if not (subject.kind == "Application" and visit.may(Right.OPERATE)):
            await self._offers.workspace.rights.may_list(acting(visit), subject)

    async def _groups_of(self, visit: Visit, subject: Subject) -> frozenset[str] | None:
        caller = acting(visit)
        if subject.kind != Kind.ACTION_PACKAGE or rules_all(caller):
            return None
        mine = await self._offers.workspace.groups.list_for(caller)
        return frozenset(one.id for one in mine if one.role == Role.ADMIN)

    async def _why(self, visit: Visit) -> Response:
        webhook = await self._access.seen(visit)
        identifier, answer, error = visit.query.get("event", ""), None, None
        if identifier:
            try:
                answer = await self._trials.why(webhook, identifier, sees_all=visit.may(Right.LOOK))
            except NotFound as refusal:
                error = refusal
        return visit.page(
            "webhooks/why.html",
            error=error,
            status=404 if error else 200,
            webhook=webhook,
            identifier=identifier,
            answer=answer,
        )


def shown_secret(secret: SigningSecret) -> str:
    """What a receiver needs to verify callbacks: of a key pair, the public half."""
    return secret.public_text if secret.kind is SecretKind.PRIVATE else secret.text


def _standing(text: str) -> Standing | None:
    return Standing(text) if text in list(Standing) else None
