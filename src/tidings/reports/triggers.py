"""Triggers: names under which tasks are run together, by people, by programs or by an event."""

from collections.abc import Sequence

from msgspec.structs import replace

from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.event import ANY, Subject
from tidings.core.pattern import compile_types
from tidings.core.report import ReportAuthor, ReportRole
from tidings.reports.draft import checked_trigger
from tidings.reports.roles import must_be
from tidings.reports.telling import POST, PRE, RUN_SUBJECTS, TAG, TASK, TEMPLATE
from tidings.reports.terms import checked_title
from tidings.store.audit import audited
from tidings.store.database import Database, Statement
from tidings.store.report_tasks import ReportTasks, Wanted
from tidings.store.report_triggers import (
    Hearing,
    ReportTriggers,
    Trigger,
    not_heard,
    trigger_deaf,
    trigger_hears,
)
from tidings.store.subscriptions import ending


class Triggers:
    """A trigger is there as long as a task names it, or an event fires it. Publishers choose the event."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._kept = ReportTriggers(database)
        self._tasks = ReportTasks(database)

    async def list(self, *, after: str = "", most: int = 200) -> Sequence[Trigger]:
        """So many triggers by name, from `after` on, exclusive."""
        return await self._kept.list(after=after, most=most)

    async def hearing(self, name: str) -> Hearing | None:
        """Which events fire it; None if none do."""
        return await self._kept.hearing(name)

    async def hear(self, name: str, *, kind: str, subject: str, types: Sequence[str], author: ReportAuthor) -> Hearing:
        """Have events of these types on that subject fire the trigger. Kept here; who runs reports subscribes to them.

        One that would hear of tasks which it runs itself is refused. Tasks may come to it later; so with `Hearings`,
        events of a run that a trigger caused fire none. Raises Forbidden, Invalid, and Conflict if some do already.
        """
        must_be(author, ReportRole.PUBLISHER)
        if not types:
            raise Invalid("eventTypes: name at least one event type")
        hearing = Hearing(
            name=checked_trigger(name),
            subject=Subject(checked_title(kind, field="objectType"), checked_title(subject, field="objectId")),
            types=compile_types(types).names,
        )
        await self._must_not_hear_itself(hearing)
        hears = trigger_hears(hearing, by=author.id, at=self._clock.now())
        await self._database.write(hears, self._record("hears", hearing.name, author=author))
        return hearing

    async def unhear(self, name: str, *, author: ReportAuthor) -> None:
        """No event fires the trigger any more, and the subscription ends. Raises Forbidden, NotFound, Conflict."""
        must_be(author, ReportRole.PUBLISHER)
        hearing = await self._kept.hearing(name)
        if hearing is None:
            raise not_heard(name)
        ended: list[Statement] = []
        if hearing.webhook is not None:
            # Somebody may have ended it already.
            ended.append(replace(ending(hearing.webhook, at=self._clock.now()), otherwise=None))
        await self._database.write(trigger_deaf(hearing), *ended, self._record("unhears", name, author=author))

    async def _must_not_hear_itself(self, hearing: Hearing) -> None:
        """Events of runs are those of a task, a template or a tag; `*` is all of them."""
        kind, chosen = hearing.subject.kind, "" if hearing.subject.id == ANY else hearing.subject.id
        if kind not in RUN_SUBJECTS or not any(map(compile_types(hearing.types).match, (PRE, POST))):
            return
        if kind == TASK and chosen:
            task = await self._tasks.get(chosen)
            is_its_own = task is not None and task.trigger == hearing.name
        else:
            wanted = Wanted(
                trigger=hearing.name,
                template=chosen if kind == TEMPLATE else "",
                tag=chosen if kind == TAG else "",
            )
            is_its_own = (await self._tasks.list(wanted, skip=0, most=1))[1] > 0
        if is_its_own:
            raise Invalid(
                "objectId: the trigger runs such a task itself, and would hear of that again and again;"
                " name what it does not run"
            )

    def _record(self, what: str, name: str, *, author: ReportAuthor) -> Statement:
        return audited(actor=author.id, action=f"report_trigger.{what}", about=name, at=self._clock.now())
