"""Retention: owners choose how long things are kept, and are told before what that deletes."""

from tests.console.house import ConsoleHouse
from tidings.console.rights import Role
from tidings.core.clock import DAY
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft
from tidings.outbox.upkeep import Upkeep
from tidings.store.kept_for import Forgotten, KeptFor

PATH = "/console/settings/retention/events"


def upkeep(house: ConsoleHouse) -> Upkeep:
    hub = house.parts.hub
    most_ms = house.parts.settings.retention
    return Upkeep(database=house.parts.database, publisher=hub.publisher, directory=hub.directory, retention_ms=most_ms)


async def test_an_owner_has_events_kept_for_less_time_and_is_told_before_what_goes(house: ConsoleHouse) -> None:
    event = Event(type="order.created", subjects=(Subject("Application", "shop"),), at=0, source="test", data=b"{}")
    await house.parts.hub.publisher.publish_one(Draft(event=event))
    await house.clock.jump(5 * DAY)
    owner = await house.person(Role.OWNER)

    harmless = (await owner.get(f"{PATH}?days=6")).text
    asked = (await owner.get(f"{PATH}?days=4")).text
    chosen = await owner.post(PATH, {"days": "4"})

    assert "nothing is deleted now" in harmless
    assert "<strong>1</strong> of what is kept is older than 4 days" in asked
    assert chosen.status_code == 303
    page = (await owner.get("/console/settings/retention")).text
    assert "4 d" in page
    assert "chosen here" in page
    assert "events 4d" in (await owner.get("/console/settings/audit?action=retention.chosen")).text
    await upkeep(house).round(now=house.clock.now())
    assert (await house.parts.history.events(limit=9))[0] == []


async def test_what_was_chosen_holds_for_whoever_asks_next_and_can_be_left_to_the_server_again(
    house: ConsoleHouse,
) -> None:
    owner = await house.person(Role.OWNER)
    elsewhere = KeptFor(house.parts.database, Forgotten.EVENTS, most_ms=30 * DAY)
    stricter = KeptFor(house.parts.database, Forgotten.EVENTS, most_ms=5 * DAY)

    await owner.post(PATH, {"days": "7"})
    assert (await elsewhere.ms(), await stricter.ms()) == (7 * DAY, 5 * DAY)

    await owner.post(PATH, {"days": ""})
    assert (await elsewhere.ms(), await elsewhere.chosen_days()) == (30 * DAY, None)


async def test_no_fewer_days_than_deliveries_need_and_no_more_than_the_server_lets_be(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    operator = await house.person(Role.OPERATOR)

    for days in ("2", "31", "-5", "many", "9" * 30):
        answer = await owner.get(f"{PATH}?days={days}")
        assert answer.status_code == 422, days
        assert "days-error" in answer.text
        assert (await owner.post(PATH, {"days": days})).status_code == 422, days
    assert (await operator.post(PATH, {"days": "7"})).status_code == 403
    assert (await owner.get("/console/settings/retention/none")).status_code == 404
