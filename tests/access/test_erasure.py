import asyncio
from typing import Any

import msgspec
import pytest

from tidings.access.access import Access
from tidings.access.blanking import without
from tidings.access.pin_sender import ConsoleSender
from tidings.core.clock import SECOND
from tidings.core.errors import NotFound, Unauthenticated
from tidings.core.event import NOBODY, Actor, Event, Subject
from tidings.core.vault import Vault
from tidings.store.database import Database, Publication
from tidings.store.groups import Group, Groups, Role, group_added, member_added
from tidings.store.messages import Message, message_posted
from tidings.store.people import Naming, People
from tidings.testing.clock import ManualClock

ROBIN = Actor(id="robin", phone="+910000000001", name="Robin", picture="https://example.com/robin.jpg")
JAN = Actor(id="jan", phone="+910000000002", name="Jan")


@pytest.fixture
async def access(database: Database, vault: Vault, manual_clock: ManualClock) -> Access:
    """Robin and Jan, who are in a group, where Robin is admin and said something."""
    access = Access(database, vault=vault, clock=manual_clock, pin_sender=ConsoleSender())
    for person in (ROBIN, JAN):
        await access.create_person(
            person.phone, name=person.name, picture=person.picture, identifier=person.id, actor="test"
        )
    await database.write(
        group_added(Group(id="g", name="Team", welcome_message="", type="Group", created_at=1)),
        member_added("g", "robin", role=Role.ADMIN, at=1),
        member_added("g", "jan", role=Role.MEMBER, at=1),
        message_posted(Message(id="m", group_id="g", author="robin", text="hello", at=1)),
    )
    return access


async def keep(database: Database, *events: Event) -> None:
    version = (await database.read(int, "subscriptions_version"))[0]
    await database.keep([Publication(event=event) for event in events], version=version, owner=0)


def event(actor: Actor, data: dict[str, Any]) -> Event:
    subjects = (Subject("Group", "g"),)
    return Event(type="MemberAdded", subjects=subjects, data=msgspec.json.encode(data), at=1, actor=actor)


async def erase(access: Access, clock: ManualClock) -> None:
    erasing = asyncio.create_task(access.erase(ROBIN.phone, actor="test"))
    async with asyncio.timeout(60):
        while not erasing.done():
            await clock.advance(SECOND)
    await erasing


async def test_nothing_names_an_erased_person_any_more(
    access: Access, database: Database, manual_clock: ManualClock
) -> None:
    about_robin = {"member": ROBIN.phone, "memberName": "Robin", "memberId": "robin"}
    await keep(database, event(ROBIN, {"text": "hi"}), event(JAN, about_robin), event(JAN, {"text": "hi"}))

    await erase(access, manual_clock)

    events = await People(database).events_naming(ROBIN, after=0, until=2**62)
    assert [msgspec.json.decode(one.actor or "null") for one in events] == [
        {"id": "robin"},
        {"id": "jan", "phone": JAN.phone, "name": "Jan"},
    ]
    assert msgspec.json.decode(events[1].data) == {"member": "", "memberName": "", "memberId": "robin"}
    assert await Groups(database).role("g", "robin") == ""
    assert await People(database).unsign_messages("robin", most=1) == 0
    with pytest.raises(NotFound):
        await access.person(ROBIN.phone)


async def test_an_erased_person_is_signed_out_and_cannot_sign_in(access: Access, manual_clock: ManualClock) -> None:
    await access.create_connector("Shop", identifier="shop", actor="test")
    key = await access.create_key("shop", phone=ROBIN.phone, actor="test")
    await access.authenticate(key)
    await access.generate_pin(ROBIN.phone, application_id="shop", address="192.0.2.1")
    pin = await access.waiting_pin(ROBIN.phone)

    await erase(access, manual_clock)

    assert access.known(key) is None
    with pytest.raises(Unauthenticated):
        await access.authenticate(key)
    with pytest.raises(Unauthenticated):
        await access.login(ROBIN.phone, application_id="shop", pin=pin, address="192.0.2.1")


async def test_an_erasure_is_recorded_by_id_and_everybody_else_stays(
    access: Access, database: Database, manual_clock: ManualClock
) -> None:
    await erase(access, manual_clock)

    erasures = [entry for entry in await access.audit_entries() if entry.action == "person.erased"]
    assert [(entry.actor, entry.about) for entry in erasures] == [("test", "robin")]
    assert await access.person(JAN.phone) == JAN
    assert await Groups(database).role("g", "jan") == "Member"


async def test_what_happens_while_somebody_is_being_erased_is_blanked_too(
    access: Access, database: Database, manual_clock: ManualClock
) -> None:
    erasing = asyncio.create_task(access.erase(ROBIN.phone, actor="test"))
    async with asyncio.timeout(60):
        while await Groups(database).role("g", "robin"):
            await manual_clock.advance(0)
        await keep(database, event(ROBIN, {"text": "hi"}))
        while not erasing.done():
            await manual_clock.advance(SECOND)

    [left] = await People(database).events_naming(ROBIN, after=0, until=2**62)
    assert left.actor == '{"id":"robin"}'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            {"member": ROBIN.phone, "memberName": "As she was called then", "memberProfilePic": "p", "type": "Member"},
            {"member": "", "memberName": "", "memberProfilePic": "", "type": "Member"},
        ),
        (
            {"responder": "", "responderId": "robin", "responderName": "Robin"},
            {"responder": "", "responderId": "robin", "responderName": ""},
        ),
        ({"assignedTo": [ROBIN.phone, JAN.phone]}, {"assignedTo": ["", JAN.phone]}),
        (
            {"deep": [{"mobileNumber": ROBIN.phone, "name": "Robin", "id": "robin", "role": "Admin"}]},
            {"deep": [{"mobileNumber": "", "name": "", "id": "robin", "role": "Admin"}]},
        ),
        (
            {"member": JAN.phone, "memberName": "Robin", "n": 1.5, "flag": None},
            {"member": JAN.phone, "memberName": "Robin", "n": 1.5, "flag": None},
        ),
    ],
)
def test_data_loses_number_name_and_picture_of_one_person_and_nothing_else(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    data = msgspec.json.encode(before).decode()

    left = without(ROBIN, Naming(id=1, actor=None, data=data))

    assert msgspec.json.decode(left.data) == after
    assert left.actor is None


def test_the_actor_of_an_event_is_blanked_by_id_or_number() -> None:
    actors = [ROBIN, Actor(id="robin", name="As she was called then"), Actor(phone=ROBIN.phone), JAN]

    left = [without(ROBIN, Naming(id=1, actor=msgspec.json.encode(one).decode(), data="{}")).actor for one in actors]

    blank = Actor(id="robin")
    assert [msgspec.json.decode(one or "{}", type=Actor) for one in left] == [blank, blank, blank, JAN]
    assert blank != NOBODY
