import asyncio

import pytest

from tidings.core.errors import Conflict
from tidings.core.event import Actor, Event, Subject
from tidings.store.database import Database, Publication
from tidings.store.messages import Message, message_posted
from tidings.store.people import Naming, People, event_rewritten, person_created, person_erased

ROBIN = Actor(id="robin", phone="+910000000001", name="Robin", picture="https://example.com/robin.jpg")


async def test_a_person_is_found_by_number_and_by_id(database: Database) -> None:
    await database.write(person_created(ROBIN, at=1))

    people = People(database)
    assert await people.by_phone(ROBIN.phone) == ROBIN
    assert await people.get("robin") == ROBIN
    assert await people.by_phone("+910000000009") is None
    assert await people.get("jan") is None


async def test_somebody_who_was_only_named_gets_a_name_and_keeps_the_id(database: Database) -> None:
    people = People(database)
    [named] = await people.of_phones([ROBIN.phone], at=1)

    await database.write(person_created(ROBIN, at=2))

    found = await people.by_phone(ROBIN.phone)
    assert found == Actor(id=named.id, phone=ROBIN.phone, name="Robin", picture=ROBIN.picture)
    assert named.name == ""


async def test_a_number_does_not_pass_to_another_name(database: Database) -> None:
    await database.write(person_created(ROBIN, at=1))

    with pytest.raises(Conflict):
        await database.write(person_created(Actor(id="jan", phone=ROBIN.phone, name="Jan"), at=2))


async def test_people_of_numbers_come_in_order_and_the_known_ones_are_not_made_again(database: Database) -> None:
    await database.write(person_created(ROBIN, at=1))
    people = People(database)

    numbers = ["+910000000003", ROBIN.phone, "+910000000002"]
    found = await people.of_phones(numbers, at=2)

    assert [person.phone for person in found] == numbers
    assert found[1] == ROBIN
    assert await people.of_phones(numbers, at=3) == found


async def test_a_number_that_is_named_twice_at_once_is_one_person(database: Database) -> None:
    people = People(database)

    found = await asyncio.gather(*(people.of_phones([ROBIN.phone], at=1) for _ in range(5)))

    assert len({person.id for [person] in found}) == 1


async def test_an_erased_person_is_found_no_more_and_the_number_is_free_for_another(database: Database) -> None:
    people = People(database)
    await database.write(person_created(ROBIN, at=1))

    await database.write(person_erased("robin", at=2))

    assert await people.get("robin") is None
    assert await people.by_phone(ROBIN.phone) is None
    [another] = await people.of_phones([ROBIN.phone], at=3)
    assert another.id != "robin"


async def test_messages_lose_their_author_in_steps(database: Database) -> None:
    people = People(database)
    await database.write(
        *(message_posted(Message(id=str(n), group_id="g", author="robin", text="hello", at=n)) for n in range(5)),
        message_posted(Message(id="x", group_id="g", author="jan", text="hello", at=9)),
    )

    assert [await people.unsign_messages("robin", most=3) for _ in range(3)] == [3, 2, 0]
    assert await people.unsign_messages("jan", most=3) == 1


async def kept(database: Database, *, data: bytes, actor: Actor) -> int:
    event = Event(type="t.t", subjects=(Subject("Group", "g"),), data=data, at=1, actor=actor)
    version = (await database.read(int, "subscriptions_version"))[0]
    [found] = await database.keep([Publication(event=event)], version=version, owner=0)
    assert not isinstance(found, Exception)
    return found.id


async def test_events_that_name_a_person_are_found_step_by_step_and_can_be_rewritten(database: Database) -> None:
    people = People(database)
    jan = Actor(id="jan", phone="+910000000002")
    by_robin = await kept(database, data=b"{}", actor=ROBIN)
    await kept(database, data=b"{}", actor=jan)
    about_robin = await kept(database, data=b'{"member":"+910000000001"}', actor=jan)

    first = await people.event_step(after=0, most=2)
    second = await people.event_step(after=first, most=2)
    assert await people.event_step(after=second, most=2) == 0
    assert second == about_robin
    assert [event.id for event in await people.events_naming(ROBIN, after=0, until=first)] == [by_robin]
    [found] = await people.events_naming(ROBIN, after=first, until=second)
    await database.write(event_rewritten(Naming(id=found.id, actor=None, data="{}")))

    assert await people.events_naming(ROBIN, after=first, until=second) == []
