"""What callers name is found."""

from tests.store.factories import event, kept, publication
from tidings.store.database import Database, Key
from tidings.store.look_ups import LookUps, name_key


async def test_an_event_is_found_by_the_name_that_its_own_connector_gave_it(database: Database) -> None:
    named = publication(of=event(wire_id="order-7", source="c-1"), keys=[Key(name_key("order-7"), b"hash")])
    [identifier] = await kept(database, named)

    look_ups = LookUps(database)
    assert await look_ups.event_called("order-7", "c-1") == identifier
    assert await look_ups.event_called("order-7", "c-2") is None


async def test_a_number_that_no_webhook_has_leads_nowhere(database: Database) -> None:
    assert await LookUps(database).webhook_numbered(7) is None
