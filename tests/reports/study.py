"""A study: everything that reports are planned with, over an empty store, and people of every role."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tidings.core.report import (
    Content,
    Filter,
    ReportAuthor,
    ReportParameter,
    ReportQuery,
    ReportRole,
    TaskDraft,
    Template,
)
from tidings.reports.cycles import Cycles
from tidings.reports.roles import Roles
from tidings.reports.tags import Tags
from tidings.reports.tasks import Tasks
from tidings.reports.templates import Templates
from tidings.reports.triggers import Triggers
from tidings.store.audit import Audit
from tidings.store.database import Database
from tidings.store.open import open_database
from tidings.testing.clock import ManualClock

VIEWER = ReportAuthor(id="vera", role=ReportRole.VIEWER)
AUTHOR = ReportAuthor(id="ada", role=ReportRole.AUTHOR)
OTHER = ReportAuthor(id="otto", role=ReportRole.AUTHOR)
PUBLISHER = ReportAuthor(id="pia", role=ReportRole.PUBLISHER)
CONTENT = Content(
    html="<h1>{{ title }}</h1>",
    queries=(ReportQuery(name="sales", sql="SELECT town, amount FROM sales WHERE amount > :least"),),
    parameters=(
        ReportParameter(name="least", kind="number", default=0),
        ReportParameter(name="note"),
        ReportParameter(name="since", kind="instant"),
        ReportParameter(name="is_short", kind="truth"),
    ),
    filter_sets={"North": (Filter(field="town", values=("Oslo",)),)},
)


class Study:
    """All of it on one clock."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.templates = Templates(database, clock)
        self.tasks = Tasks(database, clock)
        self.cycles = Cycles(database, clock)
        self.tags = Tags(database, clock)
        self.triggers = Triggers(database, clock)
        self.roles = Roles(database, clock)

    async def template(self, author: ReportAuthor = AUTHOR) -> Template:
        return await self.templates.create("Sales", CONTENT, author=author)

    async def draft(self, **changes: Any) -> TaskDraft:  # noqa: ANN401 - of any field
        """A task that runs each day from now on, of a new template unless one is named."""
        template = changes.pop("template", "") or (await self.template()).id
        return TaskDraft(**{"title": "Sales of the day", "template": template, "frequency": "Daily", **changes})

    async def record(self) -> list[str]:
        """What was done, and by whom; what was within one millisecond is in any order."""
        return [f"{one.actor} {one.action}" for one in reversed(await Audit(self.database).entries())]


@contextlib.asynccontextmanager
async def study_in(folder: Path) -> AsyncIterator[Study]:
    clock = ManualClock()
    database = await open_database(f"sqlite:{folder / 'tidings.db'}", clock=clock)
    await database.migrate()
    yield Study(database, clock)
    await database.close()
