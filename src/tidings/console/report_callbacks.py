"""Report callbacks: webhooks that hear before and after each run of a task, and those that a run waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_choices import ReportChoices
from tidings.console.report_visitor import author_of
from tidings.console.rights import Right
from tidings.console.visit import CONNECTOR, Visit
from tidings.console.webhook_form import at_its_field
from tidings.console.webhook_view import WebhookView
from tidings.console.webhooks import shown_secret
from tidings.core.clock import SECOND
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.event import ANY, Subject
from tidings.core.identifier import outside
from tidings.core.report import ReportAuthor, ReportRole
from tidings.core.subscription import State, Subscription
from tidings.dialects.kaizala.sampling import sample_for
from tidings.outbox.terms import Terms
from tidings.reports.gates import LONGEST_WAIT_MS
from tidings.reports.roles import must_be
from tidings.reports.telling import POST, PRE, TAG, TASK, TEMPLATE
from tidings.store.webhooks import ALL, Webhooks

_HERE = "/console/reports/callbacks"
_A_PAGE = 25
TYPES = (PRE, POST)
# What a callback can be called before or after, as the form has it.
TRIGGERS: Mapping[str, tuple[str, ...]] = {"post": (POST,), "pre": (PRE,), "both": (PRE, POST)}
_TRIGGER_WORDS = (("post", "after each run"), ("pre", "before each run"), ("both", "before and after each run"))
SCOPES: Mapping[str, str] = {"task": TASK, "tag": TAG, "template": TEMPLATE}
_SCOPE_WORDS = (
    ("all", "all tasks"),
    ("task", "one task"),
    ("tag", "tasks with a tag"),
    ("template", "tasks of a template"),
)
_OTHERWISE = (("run", "runs all the same"), ("skip", "is skipped"), ("fail", "fails"))
_FORMAT_WORDS = {
    "connectreport": "ConnectReport’s body, as it documents it",
    "connectreport-extended": "ConnectReport’s body and what its users miss: the run, its timings, links to its files",
    "standard": "Tidings’ own body",
}
_FIELDS = ("callBackUrl", "trigger", "scope", "task", "tag", "template", "format", "wait", "otherwise")


class ReportCallbacks:
    """Publishers see and make them. What else a webhook can is on the pages of webhooks."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers
        self._reports = offers.reports
        self._subscribing = offers.subscribing
        self._choices = ReportChoices(offers)
        self._view = WebhookView(offers)
        self._webhooks = Webhooks(offers.database)

    def places(self) -> Sequence[Place]:
        here, right = "/reports/callbacks", Right.BE_ONESELF
        one = f"{here}/{{id}}"
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=f"{here}/new", does=self._new, needs=right),
            Place(path=f"{here}/new", does=self._create, needs=right, method="POST"),
            Place(path=one, does=self._show, needs=right),
            Place(path=f"{one}/gate", does=self._gate, needs=right, method="POST"),
            Place(path=f"{one}/test", does=self._test, needs=right, method="POST"),
            Place(path=f"{one}/end", does=self._end, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        author = await self._author(visit)
        scope = replace(ALL, also=lambda one: one.subject.kind in SCOPES.values())
        found, cursor = await self._webhooks.page(scope, limit=_A_PAGE, cursor=visit.query.get("cursor", ""))
        return visit.page(
            "reports_runs/callbacks.html",
            author=author,
            webhooks=found,
            names=await self._choices.names([one.subject for one in found]),
            gates={one.id: gate for one in found if (gate := await self._reports.gates.get(one.id))},
            cursor=cursor,
        )

    # Making one

    async def _new(self, visit: Visit, error: TidingsError | None = None) -> Response:
        author = await self._author(visit)
        chosen = {name: visit.query.get(name, "") for name in SCOPES}
        return visit.page(
            "reports_runs/callback_new.html",
            error=error,
            author=author,
            fields=_FIELDS,
            chosen=chosen,
            scope=next((name for name, one in chosen.items() if one), "all"),
            triggers=_TRIGGER_WORDS,
            scopes=_SCOPE_WORDS,
            tasks=await self._choices.tasks(chosen["task"]),
            tags=await self._choices.tags(),
            templates=await self._choices.templates(chosen["template"]),
            formats=[(one, text) for one, text in _FORMAT_WORDS.items() if one in self._subscribing.formats],
            default_format=self._subscribing.default_format(TASK),
            otherwise=_OTHERWISE,
            asks=self._subscribing.asks(TASK),
        )

    async def _create(self, visit: Visit) -> Response:
        author = await self._author(visit)
        form = visit.form
        try:
            subject, types = await self._subject(visit), _types(visit)
            wait_ms, otherwise = _gate_of(visit, types)
            terms = Terms(types=types, url=form.needed("callBackUrl"), format=form.text("format") or None)
            made, secret = await self._subscribing.create(
                subject,
                terms,
                connector=CONNECTOR,
                owner="" if visit.may(Right.OPERATE) else author.id,
                actor=author.id,
            )
        except Invalid as error:
            return await self._new(visit, at_its_field(error))
        if wait_ms:
            await self._reports.gates.set(made.id, wait_ms=wait_ms, otherwise=otherwise)
        asked = self._subscribing.asks(subject.kind)
        return visit.page("reports_runs/callback_made.html", webhook=made, secret=shown_secret(secret), asked=asked)

    async def _subject(self, visit: Visit) -> Subject:
        """Raises Invalid, naming the field."""
        scope = visit.form.text("scope", "all")
        if scope == "all":
            return Subject(TASK, ANY)
        if scope not in SCOPES:
            raise Invalid("scope: choose one of the list")
        subject = Subject(SCOPES[scope], visit.form.needed(scope))
        try:
            await self._choices.must_exist(subject)
        except NotFound as error:
            raise Invalid(f"{scope}: {error.message}") from error
        return subject

    # One

    async def _show(self, visit: Visit) -> Response:
        author, webhook = await self._found(visit)
        return await self._page(visit, webhook, author=author)

    async def _page(
        self, visit: Visit, webhook: Subscription, *, author: ReportAuthor, error: TidingsError | None = None
    ) -> Response:
        names = await self._choices.names([webhook.subject])
        return visit.page(
            "reports_runs/callback.html",
            error=error,
            author=author,
            webhook=webhook,
            name=names[webhook.subject],
            gate=await self._reports.gates.get(webhook.id),
            faring=await self._view.faring(webhook),
            hears_pre=webhook.types.match(PRE),
            types=[(one, one) for one in TYPES if webhook.types.match(one)],
            otherwise=_OTHERWISE,
            is_lasting=webhook.state is not State.ENDED,
            sees_webhook=visit.may(Right.LOOK) or webhook.owner == author.id,
        )

    async def _gate(self, visit: Visit) -> Response:
        author, webhook = await self._lasting(visit)
        try:
            wait_ms, otherwise = _gate_of(visit, tuple(one for one in TYPES if webhook.types.match(one)))
            if wait_ms:
                await self._reports.gates.set(webhook.id, wait_ms=wait_ms, otherwise=otherwise)
            else:
                await self._reports.gates.remove(webhook.id)
        except Invalid as error:
            return await self._page(visit, webhook, author=author, error=error)
        said = "Runs wait for its answer from now on." if wait_ms else "No run waits for its answer any more."
        return visit.go(f"{_HERE}/{webhook.id}", said=said)

    async def _test(self, visit: Visit) -> Response:
        author, webhook = await self._lasting(visit)
        sample = sample_for(webhook, self._offers.samples, wanted=visit.form.text("eventType") or None)
        event = await self._subscribing.test(webhook, sample, actor=author.id)
        said = f"A sample {sample.type} is on its way to this callback alone."
        if visit.may(Right.LOOK):
            return visit.go(f"/console/deliveries/{outside(event, webhook.number)}", said=said)
        return visit.go(f"{_HERE}/{webhook.id}", said=said)

    async def _end(self, visit: Visit) -> Response:
        author, webhook = await self._lasting(visit)
        await self._subscribing.end(webhook, actor=author.id)
        await self._reports.gates.remove(webhook.id)
        return visit.go(_HERE, said="The callback has ended; what it still was owed is cancelled.")

    async def _found(self, visit: Visit) -> tuple[ReportAuthor, Subscription]:
        author = await self._author(visit)
        found = await self._offers.subscriptions.get(visit.path["id"])
        if found is None or found.subject.kind not in SCOPES.values():
            raise NotFound("there is no such callback; the list shows those that there are")
        return author, found

    async def _lasting(self, visit: Visit) -> tuple[ReportAuthor, Subscription]:
        author, found = await self._found(visit)
        if found.state is State.ENDED:
            raise NotFound("this callback has ended; make a new one")
        return author, found

    async def _author(self, visit: Visit) -> ReportAuthor:
        author = await author_of(visit, self._reports)
        must_be(author, ReportRole.PUBLISHER)
        return author


def _types(visit: Visit) -> tuple[str, ...]:
    trigger = visit.form.text("trigger", "post")
    if trigger not in TRIGGERS:
        raise Invalid("trigger: choose one of the list")
    return TRIGGERS[trigger]


def _gate_of(visit: Visit, types: Sequence[str]) -> tuple[int, str]:
    """How long a run waits for an answer, 0 for not at all, and what becomes of it without. Raises Invalid."""
    if not visit.form.is_on("must_answer"):
        return 0, ""
    if PRE not in types:
        raise Invalid("trigger: a run can wait for what is called before it only; choose before, or both")
    wait, otherwise = visit.form.number("wait", default=30), visit.form.text("otherwise", "run")
    if not 1 <= wait <= LONGEST_WAIT_MS // SECOND:
        raise Invalid(f"wait: must be between 1 and {LONGEST_WAIT_MS // SECOND} seconds")
    if otherwise not in dict(_OTHERWISE):
        raise Invalid("otherwise: choose one of the list")
    return wait * SECOND, otherwise
