"""Changes: tables that have new rows are counted, and whoever subscribed to `table.changed` is told."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import TidingsError
from tidings.core.event import Event, Subject
from tidings.core.told import EVENTS
from tidings.dashboards.showing import Showing
from tidings.outbox.notices import SYSTEM
from tidings.outbox.publisher import Draft, Publisher

log = logging.getLogger(__name__)

# Seconds from the first new row on: an outside dashboard that refreshes more often is no use to anybody.
DEBOUNCE_S = 5.0
TABLES = Subject("System", "tables")
CHANGED = "table.changed"
# How the table of such events of any source is commented (see `core.told`): nobody else fills it.
_ECHO = f"Data of {CHANGED} of "


class Changes:
    """Collects which tables changed, and tells of them together. `noted` counts how often each did, in this process."""

    def __init__(self, showing: Showing, publisher: Publisher, *, clock: Clock) -> None:
        self._showing = showing
        self._publisher = publisher
        self._clock = clock
        self.noted: Counter[str] = Counter()
        self._names: set[str] = set()
        self._news = asyncio.Event()

    def note(self, names: Iterable[str]) -> None:
        """These tables have new rows."""
        self._remember(fresh := frozenset(names))
        self.noted.update(fresh)

    async def run(self) -> None:
        """Tell of changes until cancelled; what cannot be told now is told with the next."""
        while True:
            await self._news.wait()
            await self._clock.sleep(DEBOUNCE_S)
            names, self._names = self._names, set()
            self._news.clear()
            try:
                await self._tell(names)
            except TidingsError as error:
                log.warning("table.not_told error=%r", error.message)
                self._remember(names)
            except Exception:  # a worker's loop: who makes the counts must not end the telling
                log.exception("table.not_counted")

    def _remember(self, names: Iterable[str]) -> None:
        self._names.update(names)
        if self._names:
            self._news.set()

    async def _tell(self, names: set[str]) -> None:
        if news := await self._worth_telling(names):
            data = msgspec.json.encode({"tables": sorted(news)})
            event = Event(type=CHANGED, subjects=(TABLES, SYSTEM), data=data, at=self._clock.now())
            await self._publisher.publish_one(Draft(event=event))
        try:
            await self._showing.count(names)
        except TidingsError as error:
            # Whoever looks counts them then.
            log.warning("table.not_counted error=%r", error.message)

    async def _worth_telling(self, names: set[str]) -> set[str]:
        """Those to tell of. To tell of what telling itself laid, here or at a server that tells us, would never end."""
        sheets = await self._showing.sheets()
        news = {name for name in names if not (name in sheets and sheets[name].comment.startswith(_ECHO))}
        # Whatever happens stands there, too.
        return news if news != {EVENTS.name} else set()
