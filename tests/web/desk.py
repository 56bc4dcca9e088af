"""Desk: an intake on a store, as tests of it need one."""

from typing import Any

import msgspec

from tests.web.callers import CALLERS
from tidings.core.caller import Caller
from tidings.core.errors import InvalidToken, NotFound
from tidings.core.event import Event, Subject
from tidings.core.vault import Vault, new_key
from tidings.outbox.directory import Directory
from tidings.outbox.hub import Nobody
from tidings.outbox.publisher import Publisher
from tidings.store.database import Database
from tidings.store.event_types import EventTypes
from tidings.store.people import Naming
from tidings.store.subscriptions import Subscriptions
from tidings.testing.clock import ManualClock
from tidings.web.door import Door, opened
from tidings.web.intake import Intake
from tidings.web.intake_page import intake_page
from tidings.web.login import Login
from tidings.web.permits import Permit, Permits
from tidings.web.schemas import Schemas
from tidings.web.submission import event_of, read

PUBLISH = "POST /v1/events"
EVENT: dict[str, Any] = {
    "type": "order.created",
    "subjects": [{"objectType": "Application", "objectId": "shop-1"}],
    "data": {"amount": 12.50, "note": "ä"},
}


async def judge(_: Caller, event: Event) -> tuple[Subject, ...]:
    """What is called `hidden` is nobody's; what is called `sub` is beneath another."""
    if Subject("Application", "hidden") in event.subjects:
        raise NotFound("there is no such application")
    above = (Subject("Group", "above"),) if Subject("Group", "sub") in event.subjects else ()
    return event.subjects + above


class Desk:
    """An intake on a store, and a server in front of it."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.types = EventTypes(database)
        self.schemas = Schemas(self.types, clock)
        self.known: dict[str, Caller] = {}
        directory = Directory(Subscriptions(database, Vault([new_key()])))
        self.publisher = Publisher(database, directory, hand_over=Nobody(), on_owed_elsewhere=lambda: None)
        self.login = Login(known=self.known.get, authenticate=self._authenticate)
        self.permits = Permits(judge, clock)
        self.intake = self.intake_of(Intake)
        self.door = opened(Door(routes=(), pages=[intake_page(self.intake)], login=self.login))

    async def _authenticate(self, token: str) -> Caller:
        if token not in CALLERS:
            raise InvalidToken("Invalid token.")
        self.known[token] = CALLERS[token]
        return CALLERS[token]

    def intake_of(self, kind: type[Intake]) -> Intake:
        return kind(
            publisher=self.publisher, permits=self.permits, schemas=self.schemas, login=self.login, clock=self.clock
        )

    async def know_all(self) -> None:
        """Have everything in memory that decides about `EVENT`."""
        self.known |= CALLERS
        await self.permit(msgspec.json.encode(EVENT), CALLERS["tdk_shop"])

    async def permit(self, raw: bytes, caller: Caller) -> Permit:
        """Have that event judged, unless a permit for such events is remembered."""
        return await self.permits.check(caller, read(raw), event=event_of(raw, caller, at=0))

    async def kept(self) -> list[bytes]:
        """The data of what is on disk, oldest first."""
        return [
            row.data.encode()
            for row in await self.database.read(Naming, "events_naming", after=0, until=2**62, phone="%", person="%")
        ]
