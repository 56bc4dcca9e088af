"""The demo's story: what happens, turn by turn, and what goes wrong and is put right again."""

from itertools import cycle

import msgspec

from tidings.core.clock import Clock
from tidings.core.subscription import Subscription
from tidings.demo.receiver import BROKEN, GOOD, OVERLOADED
from tidings.demo.screen import Screen
from tidings.demo.stage import GROUP_NAME, Stage
from tidings.demo.work import Work
from tidings.outbox.publisher import Draft
from tidings.outbox.terms import Terms

# Seconds. Slow enough to be read, fast enough that everything has been seen once after twenty seconds.
TURN_S = 0.6
# After so many turns it begins again.
_CYCLE = 60
_BILLING_FALLS, _BILLING_RISES, _ARCHIVE_IS_REPAIRED = 5, 21, 27

_MESSAGES = (
    "Truck 7 has left the depot",
    "Gate 4 is repaired",
    "Who has the key to the shed?",
    "On my way, ten minutes",
    "The concrete comes at two",
    "Helmets on level 3, please",
    "Lunch is here",
    "Inspection passed, well done",
)


class Story:
    """Knows what comes next."""

    def __init__(self, stage: Stage, *, screen: Screen, clock: Clock) -> None:
        self._stage = stage
        self._screen = screen
        self._clock = clock
        self._lines = zip(cycle(_MESSAGES), cycle(stage.crew.values()))
        self._work = Work(stage, screen=screen)
        self._order = 1_042

    async def turn(self, number: int) -> None:
        """The next thing to happen."""
        match number % _CYCLE:
            case 0 if number:
                self._stage.receivers.manners["archive"] = BROKEN
                self._screen.turned("archive breaks again", is_good=False)
            case place if place == _BILLING_FALLS:
                self._stage.receivers.manners["billing"] = OVERLOADED
                self._screen.turned("billing goes down", is_good=False)
            case place if place == _BILLING_RISES:
                self._stage.receivers.manners["billing"] = GOOD
                self._screen.turned("billing comes up; Tidings will find out by a probe", is_good=True)
            case place if place == _ARCHIVE_IS_REPAIRED:
                await self._repair_archive()
        match number % 4:
            case 0:
                await self._talk()
            case 2:
                await self._sell()
            case _:
                await self._work.step()

    async def end(self) -> None:
        """All receivers are well again, and everything that waits may go out."""
        self._stage.receivers.manners |= dict.fromkeys(("billing", "crm"), GOOD)
        await self._repair_archive()

    async def _talk(self) -> None:
        text, person = next(self._lines)
        self._screen.happened(person.name, f"writes in {GROUP_NAME}: {text}")
        await self._stage.parts.workspace.messages.post(self._stage.as_caller(person), self._stage.group, text=text)

    async def _sell(self) -> None:
        sample = self._stage.parts.found.samples["order.created"]
        data = msgspec.json.decode(sample.data) | {"orderId": str(self._order)}
        self._screen.happened("The shop", f"publishes order.created {self._order}")
        self._order += 1
        event = msgspec.structs.replace(
            sample,
            data=msgspec.json.encode(data),
            at=self._clock.now(),
            wire_id="",
            source=self._stage.admin.connector,
        )
        await self._stage.parts.hub.publisher.publish_one(Draft(event=event))

    async def _repair_archive(self) -> None:
        if self._stage.receivers.manners["archive"] is GOOD:
            return
        self._stage.receivers.manners["archive"] = GOOD
        self._screen.turned("archive is repaired; its owner makes the webhook active again", is_good=True)
        await self._stage.parts.subscribing.change(await self._webhook("archive"), Terms(), active=True)

    async def _webhook(self, name: str) -> Subscription:
        known = self._stage.webhooks[name]
        return await self._stage.parts.subscriptions.get(known.id) or known
