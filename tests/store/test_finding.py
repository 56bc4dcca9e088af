"""Finding events: one behaviour, two engines; with traits noted and without."""

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, event, kept, publication, settlement
from tidings.core.delivery import State
from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import instant_of
from tidings.store.database import Database
from tidings.store.finding import Finding, Wish
from tidings.store.traits import Traits

EVER = 2**62
ASHA = Actor(id="p-1", phone="+910000000001", name="Asha Verma")


@pytest.fixture
def finding(database: Database) -> Finding:
    return Finding(database)


@pytest.fixture
def traits(database: Database) -> Traits:
    return Traits(database)


def made_by(actor: Actor) -> Event:
    return Event(type="order.created", subjects=(Subject("Group", "g-9"),), data=b"{}", at=NOW, actor=actor)


async def note_all(traits: Traits) -> int:
    count = 0
    while noted := await traits.note(before=EVER):
        count += noted
    return count


async def ids(finding: Finding, wish: Wish, *, most: int = 50) -> list[int]:
    return [one.id for one in (await finding.events(wish, most=most)).events]


@pytest.mark.parametrize("noted", [0, 1, 2], ids=["none noted", "some noted", "all noted"])
async def test_events_are_found_by_what_they_are_like(
    database: Database, finding: Finding, traits: Traits, noted: int
) -> None:
    ordinary, paid, grouped = await kept(
        database,
        publication(of=event()),
        publication(of=event(type_="order.paid", wire_id="o-7")),
        publication(of=event(subject=Subject("Group", "g-1"))),
    )
    if noted == 1:
        await note_all(traits)
    asha, text = await kept(
        database, publication(of=made_by(ASHA)), publication(of=event(data='{"note":"Größe \\"X\\""}'.encode()))
    )
    if noted == 2:
        await note_all(traits)

    cases = [
        (Wish(), [text, asha, grouped, paid, ordinary]),
        (Wish(type="order.paid"), [paid]),
        (Wish(name="o-7"), [paid]),
        (Wish(object_id="g-1"), [grouped]),
        (Wish(kind="Group", object_id="g-1"), [grouped]),
        (Wish(kind="Action", object_id="g-1"), []),
        (Wish(kind="Group"), [asha, grouped]),
        (Wish(person="p-1"), [asha]),
        (Wish(person=ASHA.phone), [asha]),
        (Wish(person="Asha Verma"), [asha]),
        (Wish(person="Asha"), []),
        (Wish(object_id="shop", type="order.paid"), [paid]),
        (Wish(object_id="shop", type="none"), []),
        (Wish(text='SS "x"'), []),
        (Wish(text='"x"'), [text]),
        (Wish(text='"AMOUNT":10', type="order.paid"), [paid]),
        (Wish(until=instant_of(ordinary)), []),
        (Wish(type="order.paid", since=instant_of(text) + 1), []),
    ]
    for wish, expected in cases:
        assert await ids(finding, wish) == expected, wish


async def test_events_are_found_by_how_a_delivery_of_them_stands(database: Database, finding: Finding) -> None:
    failed, delivered, retrying, past = await kept(database, *[publication(1) for _ in range(4)])
    await database.settle(
        [
            settlement(failed, state=State.FAILED),
            settlement(failed, to=2, state=State.FAILED),
            settlement(delivered),
            settlement(retrying, state=State.RETRYING, due=NOW, tries=1),
            settlement(past, state=State.RETRYING, due=NOW, tries=1),
            settlement(past),
        ],
        (),
        owner=0,
    )

    assert await ids(finding, Wish(state=State.FAILED)) == [failed]
    assert await ids(finding, Wish(state=State.RETRYING)) == [retrying]
    assert await ids(finding, Wish(state=State.FAILED, type="none")) == []


async def test_a_list_goes_on_where_it_ended_with_each_event_once(
    database: Database, finding: Finding, traits: Traits
) -> None:
    all_ = await kept(database, *[publication(of=event(type_="a" if n % 3 else "rare")) for n in range(20)])
    await note_all(traits)

    for wish, expected in ((Wish(), all_), (Wish(type="rare"), all_[::3])):
        found: list[int] = []
        before = 0
        while not found or before:
            page = await finding.events(wish, most=3, before=before)
            found += [one.id for one in page.events]
            before = page.before
        assert found == expected[::-1]


async def test_a_look_goes_no_further_than_its_budget_and_says_how_far(database: Database, finding: Finding) -> None:
    needle, *hay = await kept(
        database, publication(of=event(data=b'{"n":"needle"}')), *[publication() for _ in range(9)]
    )

    first = await finding.events(Wish(text="needle"), most=5, budget=4)
    second = await finding.events(Wish(text="needle"), most=5, before=first.before, budget=4)
    third = await finding.events(Wish(text="needle"), most=5, before=second.before, budget=4)

    assert (first.events, first.before, first.back_to) == ([], hay[5], instant_of(hay[5]))
    assert (second.events, second.before) == ([], hay[1])
    assert ([one.id for one in third.events], third.before) == ([needle], 0)


async def test_traits_are_noted_once_and_in_stretches(
    database: Database, finding: Finding, traits: Traits, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.traits.STRETCH", 4)
    all_ = await kept(database, *[publication() for _ in range(9)])

    assert await traits.note(before=all_[6]) == 6
    assert await note_all(traits) == 3
    assert await traits.note(before=EVER) == 0

    # Three stretches of four, two and three, each with a type and a subject.
    [(rows,)] = await raw("SELECT count(*) FROM event_trait")
    assert rows == 6
    assert await ids(finding, Wish(type="order.created", object_id="shop")) == all_[::-1]


async def test_traits_of_events_that_are_gone_are_forgotten(
    database: Database, finding: Finding, traits: Traits, raw: Raw
) -> None:
    old, new = await kept(database, publication(of=event(type_="old")), publication(of=event(type_="new")))
    await traits.note(before=new)
    await note_all(traits)
    await raw(f"DELETE FROM event WHERE id = {old}")  # noqa: S608 - a value of ours

    gone = await traits.forget()

    assert gone == 2
    assert await traits.forget() == 0
    assert await ids(finding, Wish(type="new")) == [new]
