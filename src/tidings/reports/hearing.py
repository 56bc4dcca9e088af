"""Hearing: events fire triggers, as deliveries of our own, so that no firing is lost and none counts twice."""

import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from urllib.parse import quote, unquote

import msgspec
from msgspec.structs import replace

from tidings.core.clock import DAY, MINUTE, Clock
from tidings.core.errors import Conflict, TidingsError
from tidings.core.pattern import compile_types
from tidings.core.report import Cause
from tidings.core.signature import new_secret
from tidings.core.subscription import State, Subscription
from tidings.egress.answer import Answer, Outcome
from tidings.egress.request import Request
from tidings.outbox.directory import Directory
from tidings.reports.queue import Runs
from tidings.reports.telling import RUN_SUBJECTS
from tidings.store.database import Database
from tidings.store.report_triggers import Hearing, ReportTriggers, trigger_subscribed
from tidings.store.subscriptions import Subscriptions, ending

log = logging.getLogger(__name__)

Carry = Callable[[Subscription, Request], Awaitable[Answer]]
# Nobody has this address (RFC 6761), so that nobody's webhook leads there, and no request is ever sent.
_ADDRESS = "https://reports.invalid/triggers/"
# It ends when the trigger need not hear any more, not by the calendar.
_VALID_FOR_MS = 100 * 365 * DAY
_MOST = 100
_LOOK_EVERY_S = 5.0
_EVENT_ID = b"tidings-event-id: "


class _Run(msgspec.Struct, frozen=True):
    cause: str = ""


class _Data(msgspec.Struct, frozen=True):
    """Of the data of an event about a run, why that ran."""

    run: _Run = _Run()


class Hearings:
    """Subscribes to what triggers are to hear, and takes what arrives there to the queue.

    `carriers` are the courier's: for each kind of subject that a trigger hears, ours stands before what was there.
    """

    def __init__(
        self,
        database: Database,
        *,
        subscriptions: Subscriptions,
        directory: Directory,
        runs: Runs,
        clock: Clock,
        carriers: MutableMapping[str, Carry],
        send: Callable[[Request], Awaitable[Answer]],
    ) -> None:
        self._database = database
        self._triggers = ReportTriggers(database)
        self._subscriptions = subscriptions
        self._directory = directory
        self._runs = runs
        self._clock = clock
        self._carriers = carriers
        self._send = send
        self._kinds: set[str] = set()
        directory.listen(self._note)

    async def run(self) -> None:
        """Subscribe to what is asked for, until cancelled."""
        while True:
            try:
                await self.step()
            except TidingsError as error:
                log.warning("report_triggers.not_heard error=%r", error.message)
            await self._clock.sleep(_LOOK_EVERY_S)

    async def step(self) -> None:
        """Subscribe to what was asked for. Raises Unavailable."""
        for hearing in await self._triggers.unheard(most=_MOST):
            await self._subscribe(hearing)

    async def carry(self, subscription: Subscription, request: Request) -> Answer:
        """Fire the trigger that the subscription is for.

        An event of a run that a trigger caused fires none: however triggers hear of one another's tasks, it ends there.
        """
        name = unquote(subscription.url.removeprefix(_ADDRESS))
        _, _, rest = request.lines.partition(_EVENT_ID)
        try:
            hearing = await self._triggers.hearing(name)
            if hearing is None or hearing.webhook != subscription.number:
                return await self._refused(subscription)
            if hearing.subject.kind in RUN_SUBJECTS and _is_of_a_trigger(request.body):
                log.info("report_trigger.not_fired trigger=%s why='a trigger caused it'", name)
                return Answer(outcome=Outcome.OK, status=200)
            await self._runs.fire_by(name, event=rest.partition(b"\r\n")[0].decode())
        except TidingsError as error:
            return Answer(outcome=Outcome.BROKEN, error=error.message)
        log.info("report_trigger.fired trigger=%s", name)
        return Answer(outcome=Outcome.OK, status=200)

    async def _refused(self, subscription: Subscription) -> Answer:
        """It is being made, or its process died before it said so: then nobody has it, and it ends."""
        now = self._clock.now()
        if now - subscription.created_at < MINUTE:
            return Answer(outcome=Outcome.BROKEN, error="the trigger does not hear this yet")
        # Whoever had the trigger hear nothing more has ended it already.
        await self._database.write(replace(ending(subscription.number, at=now), otherwise=None))
        await self._directory.refresh()
        return Answer(outcome=Outcome.GONE, status=410, error="the trigger does not hear this any more")

    async def _subscribe(self, hearing: Hearing) -> None:
        now = self._clock.now()
        asked = Subscription(
            id=str(uuid.uuid4()),
            subject=hearing.subject,
            types=compile_types(hearing.types),
            url=_ADDRESS + quote(hearing.name, safe=""),
            format="raw",
            secrets=(new_secret(),),
            created_at=now,
            expires_at=now + _VALID_FOR_MS,
        )
        made = await self._subscriptions.add(asked)
        try:
            await self._database.write(trigger_subscribed(hearing.name, webhook=made.number))
        except Conflict:
            await self._database.write(ending(made.number, at=now))
        await self._directory.refresh()

    def _note(self, changed: Sequence[Subscription]) -> None:
        for one in changed:
            if one.url.startswith(_ADDRESS) and one.state is not State.ENDED and one.subject.kind not in self._kinds:
                self._kinds.add(one.subject.kind)
                self._carriers[one.subject.kind] = self._before(self._carriers.get(one.subject.kind))

    def _before(self, other: Carry | None) -> Carry:
        async def carry(subscription: Subscription, request: Request) -> Answer:
            if subscription.url.startswith(_ADDRESS):
                return await self.carry(subscription, request)
            return await (other(subscription, request) if other else self._send(request))

        return carry


def _is_of_a_trigger(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Data).run.cause == Cause.TRIGGER
    except msgspec.DecodeError:  # somebody else's event
        return False
