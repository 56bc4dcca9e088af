"""Replays: deliveries that somebody had made again, going on behind the page that shows how far they are."""

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.core.delivery import State
from tidings.core.errors import Throttled, TidingsError
from tidings.core.subscription import Subscription
from tidings.store.database import Statement
from tidings.store.deliveries import Count
from tidings.store.history import History

log = logging.getLogger(__name__)

# Each is a chain of small transactions; more at once would only be slower.
_MOST_AT_ONCE = 4
# Of those that have ended, so many can still be looked at.
_REMEMBERED = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be made again: finished deliveries to a webhook in those states, of events kept in that time.

    `also` is true as soon as one of them is made again.
    """

    webhook: Subscription
    since: int
    until: int | None
    types: Sequence[str]
    states: Sequence[State]
    also: Sequence[Statement] = ()


@dataclass(slots=True, kw_only=True)
class Replay:
    """How far one is. `trouble` is why it stopped before its end."""

    order: Order
    count: Count
    began_at: int
    made: int = 0
    ended_at: int = 0
    trouble: str = ""

    @property
    def is_done(self) -> bool:
        return self.ended_at > 0


class Replays:
    """Those of this process. What an interrupted one has done stays done. `on_owed` is told of the webhook."""

    def __init__(self, history: History, *, clock: Clock, on_owed: Callable[[int], None]) -> None:
        self._history = history
        self._clock = clock
        self._on_owed = on_owed
        self._replays: OrderedDict[str, Replay] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, order: Order, *, count: Count) -> str:
        """Begin one; by what it is asked for. Raises Throttled while too many are under way."""
        if len(self._tasks) >= _MOST_AT_ONCE:
            raise Throttled("several replays are under way already; wait until one of them is through", retry_after=10)
        name, replay = secrets.token_hex(8), Replay(order=order, count=count, began_at=self._clock.now())
        self._replays[name] = replay
        while len(self._replays) > _REMEMBERED:
            self._replays.popitem(last=False)
        task = asyncio.create_task(self._run(replay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return name

    def find(self, name: str) -> Replay | None:
        return self._replays.get(name)

    def close(self) -> None:
        """Stop those that are under way."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, replay: Replay) -> None:
        order = replay.order
        try:
            async for made in self._history.replaying(
                order.webhook.number,
                since=order.since,
                until=order.until,
                types=order.types,
                states=order.states,
                also=order.also,
            ):
                replay.made += made
                self._on_owed(order.webhook.number)
        except TidingsError as error:
            replay.trouble = error.message
        except Exception:  # nobody waits for this task: whoever looks on would see it run for ever
            log.exception("webhook.not_replayed webhook=%s", order.webhook.id)
            replay.trouble = "a mistake of ours; the server's log tells it"
        finally:
            replay.ended_at = self._clock.now()
            log.info("webhook.replayed webhook=%s deliveries=%s", order.webhook.id, replay.made)
