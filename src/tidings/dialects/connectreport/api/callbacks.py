"""The calls about callbacks: webhooks that tell of runs of reports, as ConnectReport's console has them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import UNSET

from tidings.access.scope import ADMIN
from tidings.core.errors import Forbidden, Invalid, NotFound, TidingsError, Undeliverable
from tidings.core.event import ANY, Subject
from tidings.core.route import Call, Route
from tidings.core.subscription import State, Subscription
from tidings.dialects.connectreport.api.calls import LIST, MOST_PER_PAGE, author_of
from tidings.dialects.connectreport.callback import KINDS
from tidings.dialects.connectreport.wire import administration as wire
from tidings.outbox.subscribing import Subscribing
from tidings.reports.opening import Reports
from tidings.store.subscriptions import Subscriptions
from tidings.store.webhooks import ALL, Webhook, Webhooks

_PATH = "/admin/api/v1/callbacks"
_TAG = "Callbacks"
_NO_CALLBACK = f"there is no such callback; list them with GET {_PATH}"
_OF_REPORTS = replace(ALL, also=lambda webhook: webhook.subject.kind in KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackApi:
    """Callbacks are webhooks like all others, and are changed, tested and looked at as those are."""

    reports: Reports
    subscribing: Subscribing
    subscriptions: Subscriptions
    webhooks: Webhooks

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET",
                path=_PATH,
                name="listCallbacks",
                summary="List callbacks, newest first; a page may be short, and still there is a cursor to go on with",
                handler=self._list,
                needs=ADMIN,
                answers=wire.ToldCallbacks,
                parameters=LIST,
                errors=(Invalid,),
                tag=_TAG,
            ),
            Route(
                method="POST",
                path=_PATH,
                name="createCallback",
                summary="Have a URL called before or after reports are made",
                handler=self._create,
                needs=ADMIN,
                body=wire.NewCallback,
                answers=wire.CallbackMade,
                errors=(Invalid, Undeliverable, Forbidden, NotFound),
                tag=_TAG,
            ),
            Route(
                method="DELETE",
                path=f"{_PATH}/{{id}}",
                name="deleteCallback",
                summary="End a callback",
                handler=self._end,
                needs=ADMIN,
                answers=dict[str, str],
                tag=_TAG,
            ),
        ]

    async def _list(self, call: Call) -> wire.ToldCallbacks:
        limit = int(call.query.get("limit", MOST_PER_PAGE))
        found, cursor = await self.webhooks.page(_OF_REPORTS, limit=limit, cursor=call.query.get("cursor", ""))
        return wire.ToldCallbacks(callbacks=await self._told(found), cursor=cursor or UNSET)

    async def _told(self, found: Sequence[Webhook]) -> list[wire.ToldCallback]:
        told = []
        for one in found:
            gate = await self.reports.gates.get(one.id) if "preReportTask" in one.types else None
            wait_ms, otherwise = (None, "") if gate is None else (gate.wait_ms, gate.otherwise)
            told.append(wire.told_callback(one, wait_ms=wait_ms, otherwise=otherwise))
        return told

    async def _create(self, call: Call) -> wire.CallbackMade:
        author, asked = author_of(call), _asked(call)
        subject, wait_ms = asked.scope.subject(), asked.wait_ms()
        await self._must_be_there(subject)
        connector = call.caller.connector if call.caller is not None else ""
        subscription, secret = await self.subscribing.create(
            subject, asked.terms(), connector=connector, owner="", actor=author.id
        )
        if wait_ms is not None:
            try:
                await self.reports.gates.set(subscription.id, wait_ms=wait_ms, otherwise=asked.on_no_answer or "run")
            except TidingsError:
                await self.subscribing.end(subscription, why="it could not be waited for", actor=author.id)
                raise
        return wire.made_callback(subscription, asked, secret=secret)

    async def _end(self, call: Call) -> dict[str, str]:
        author, subscription = author_of(call), await self._callback(call.path["id"])
        await self.reports.gates.remove(subscription.id)
        await self.subscribing.end(subscription, actor=author.id)
        return {}

    async def _callback(self, identifier: str) -> Subscription:
        found = await self.subscriptions.get(identifier)
        if found is None or found.state is State.ENDED or found.subject.kind not in KINDS:
            raise NotFound(_NO_CALLBACK)
        return found

    async def _must_be_there(self, subject: Subject) -> None:
        """Raise NotFound unless there is such a task, tag or template."""
        if subject.id == ANY:
            return
        if subject.kind == "ReportTask":
            await self.reports.tasks.get(subject.id)
        elif subject.kind == "ReportTag":
            await self.reports.tags.get(subject.id)
        else:
            await self.reports.templates.get(subject.id)


def _asked(call: Call) -> wire.NewCallback:
    asked: wire.NewCallback = call.body
    return asked
