"""Retention: what is kept for how long, how much that is, and the settings in force."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from tidings.access.token import LIVES_MS, Purpose
from tidings.console.counting import KEPT_MS as MINUTES_KEPT_MS
from tidings.console.entrance import IDLE_MS, LONGEST_MS
from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.console.wording import duration
from tidings.core.clock import DAY
from tidings.core.duration import format_duration
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.inbox.inspector import LIFE_MS as CAPTURES_KEPT_MS
from tidings.store.audit import audited
from tidings.store.kept_for import LEAST_DAYS, MOST_COUNTED, Forgotten, KeptFor
from tidings.store.sizes import Sizes

_MOST_TABLES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Something that is kept: for how long (None: until somebody ends it), and since when there is some of it.

    `path` is where it is chosen for how long, `setting` what the server lets be at most, and `is_chosen` whether it is
    less than that.
    """

    what: str
    for_ms: int | None
    why: str = ""
    setting: str = ""
    path: str = ""
    is_chosen: bool = False
    oldest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """What owners may have kept for less time than the server lets it be; `oldest` names what `Sizes.oldest` tells."""

    what: str
    why: str
    setting: str
    oldest: str
    kept: KeptFor


class RetentionPages:
    """Whoever may look sees all of it; owners choose for how long what is forgotten in time is kept."""

    def __init__(self, offers: Offers) -> None:
        self._sizes = Sizes(offers.database)
        self._clock = offers.clock
        self._offers = offers
        self._choices = {one.kept.what.value: one for one in _choices(offers)}

    def places(self) -> Sequence[Place]:
        path = "/settings/retention"
        return [
            Place(path=path, does=self._show, needs=Right.LOOK),
            Place(path=f"{path}/{{what}}", does=self._ask, needs=Right.RULE),
            Place(path=f"{path}/{{what}}", does=self._choose, needs=Right.RULE, method="POST"),
        ]

    async def _show(self, visit: Visit) -> Response:
        return visit.page(
            "settings/retention.html",
            engine=self._offers.database.engine,
            size=await self._sizes.whole(),
            tables_file=await self._tables_file(),
            tables=await self._sizes.tables(most=_MOST_TABLES),
            kept=await self._kept(await self._sizes.oldest()),
            settings=self._offers.settings,
        )

    async def _ask(self, visit: Visit) -> Response:
        """The form; with what would go counted, as soon as it says for how many days."""
        choice, going, error = self._choice(visit), None, None
        days = visit.query.get("days", "").strip()
        try:
            if "days" in visit.query:
                going = await choice.kept.going(before=self._clock.now() - _ms(choice, days))
        except Invalid as wrong:
            error = wrong
        return visit.page(
            "settings/retention_choice.html",
            error=error,
            choice=choice,
            now_ms=await choice.kept.ms(),
            chosen=await choice.kept.chosen_days(),
            days=days,
            least=LEAST_DAYS[choice.kept.what],
            most=choice.kept.most_ms // DAY,
            going=going,
            engine=self._offers.database.engine,
            most_counted=MOST_COUNTED,
        )

    async def _choose(self, visit: Visit) -> Response:
        choice, days = self._choice(visit), visit.form.text("days")
        ms = _ms(choice, days)
        about = f"{choice.kept.what} {format_duration(ms)}"
        record = audited(actor=visit.person.id, action="retention.chosen", about=about, at=self._clock.now())
        await choice.kept.choose(int(days) if days else None, also=record)
        return visit.go("/console/settings/retention", said=f"{choice.what}: kept for {duration(ms)} from now on.")

    def _choice(self, visit: Visit) -> _Choice:
        found = self._choices.get(visit.path["what"])
        if found is None:
            raise NotFound("nothing of this name is kept for a time; see Retention for what is")
        return found

    async def _kept(self, oldest: dict[str, int | None]) -> Sequence[Kept]:
        chosen = [
            Kept(
                what=one.what,
                for_ms=await one.kept.ms(),
                why=one.why,
                setting=one.setting,
                path=f"/console/settings/retention/{one.kept.what}",
                is_chosen=await one.kept.ms() < one.kept.most_ms,
                oldest=oldest[one.oldest],
            )
            for one in self._choices.values()
        ]
        return (
            *chosen,
            Kept(what="Rows of tables", for_ms=None, why="They stay when the callbacks are gone"),
            Kept(what="What bins caught", for_ms=CAPTURES_KEPT_MS, oldest=oldest["capture"]),
            Kept(what="Groups, messages, actions, answers, files", for_ms=None, why="Until somebody deletes them"),
            Kept(what="People", for_ms=None, why="Until somebody erases them"),
            Kept(what="Refresh tokens", for_ms=LIVES_MS[Purpose.REFRESH], why="Or until they are revoked"),
            Kept(what="Access tokens", for_ms=LIVES_MS[Purpose.ACCESS]),
            Kept(
                what="Keys", for_ms=LIVES_MS[Purpose.STATIC], why="Until they are revoked, or end as they were made to"
            ),
            Kept(what="Sessions of this console, unused", for_ms=IDLE_MS),
            Kept(what="Sessions of this console, in use", for_ms=LONGEST_MS),
            Kept(what="Counts for the charts of Home", for_ms=MINUTES_KEPT_MS),
            Kept(what="Audit log", for_ms=None, why="For good: ids alone, never names", oldest=oldest["audit"]),
        )

    async def _tables_file(self) -> int | None:
        """Bytes of the file of the tables, where it is a file of their own."""
        # What cannot be opened just now is not told.
        with contextlib.suppress(TidingsError, OSError):
            return await asyncio.to_thread(self._bytes_of_tables)
        return None

    def _bytes_of_tables(self) -> int | None:
        url = self._offers.open_tables().engine.url
        if url.get_backend_name() != "sqlite" or not url.database:
            return None
        file = Path(url.database)
        log = file.with_name(f"{file.name}-wal")
        return file.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _choices(offers: Offers) -> Sequence[_Choice]:
    return (
        _Choice(
            what="Events that are finished, and attempts",
            why="What is still owed then is given up, and counted as cancelled",
            setting="TIDINGS_RETENTION",
            oldest="event",
            kept=KeptFor(offers.database, Forgotten.EVENTS, most_ms=offers.retention_ms),
        ),
        _Choice(
            what="Received callbacks",
            why="The tables can be rebuilt out of them",
            setting="TIDINGS_RECEIPT_RETENTION",
            oldest="receipt",
            kept=KeptFor(offers.database, Forgotten.RECEIPTS, most_ms=offers.receipt_retention_ms),
        ),
        _Choice(
            what="Reports, with files and data",
            why="A later run of the task makes a new one",
            setting="TIDINGS_REPORT_RETENTION",
            oldest="report",
            kept=KeptFor(offers.database, Forgotten.REPORTS, most_ms=offers.report_retention_ms),
        ),
    )


def _ms(choice: _Choice, days: str) -> int:
    """For how long that is: so many days, or as long as the server lets it be if nothing is said. Raises Invalid."""
    if not days:
        return choice.kept.most_ms
    if not (days.isascii() and days.isdigit() and len(days) <= 5):  # noqa: PLR2004 - a century has 36,525 days
        raise Invalid(f"days: write a whole number of days, not {days[:64]!r}")
    choice.kept.must_be_possible(int(days))
    return int(days) * DAY
