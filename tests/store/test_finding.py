"""Finding events: one behaviour, two engines; with traits noted and without."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.conftest import Raw
from tests.store.factories import NOW, event, kept, publication, settlement
from tidings.core.delivery import State
from tidings.core.event import Actor, Event, Subject
from tidings.core.identifier import instant_of
from tidings.store.database import Database
from tidings.store.finding import Finding, Wish
from tidings.store.traits import Traits, Unnoted, may_have, of_name, of_type, traits_of

EVER = 2**62
ASHA = Actor(id="p-1", phone="+910000000001", name="Asha Verma")


@pytest.fixture
def finding(database: Database) -> Finding:
    return Finding(database)


@pytest.fixture
def traits(database: Database, monkeypatch: pytest.MonkeyPatch) -> Traits:
    """Of stretches of one event."""
    monkeypatch.setattr("tidings.store.traits.STRETCH", 1)
    return Traits(database)


def made_by(actor: Actor) -> Event:
    return Event(type="order.created", subjects=(Subject("Group", "g-9"),), data=b"{}", at=NOW, actor=actor)


async def note_all(traits: Traits, *, before: int = EVER) -> int:
    """Note one stretch after another; how many there were."""
    count = 0
    while noted := await traits.note(before=before):
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


async def test_attempts_that_came_to_nothing_are_gone_through_in_steps(
    database: Database, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.finding._ATTEMPTS_AT_ONCE", 2)
    waiting, *past = await kept(database, *[publication(1) for _ in range(5)])
    twice = [settlement(past[0], state=State.RETRYING, due=NOW, tries=tries) for tries in (1, 2, 3)]
    tried = [settlement(one, state=State.RETRYING, due=NOW, tries=1) for one in (waiting, *past)]
    await database.settle([*tried, *twice, *map(settlement, past)], (), owner=0)
    wish = Wish(state=State.RETRYING)

    whole = await finding.events(wish, most=5)
    first = await finding.events(wish, most=5, budget=1)
    rest = await finding.events(wish, most=5, before=first.before)

    assert ([one.id for one in whole.events], whole.before) == ([waiting], 0)
    assert (first.events, first.before) == ([], past[2])
    assert [one.id for one in rest.events] == [waiting]


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


async def test_traits_are_noted_once_and_of_whole_stretches(
    database: Database, finding: Finding, traits: Traits, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidings.store.traits.STRETCH", 4)
    all_ = await kept(database, *[publication() for _ in range(11)])

    assert await note_all(traits, before=all_[7]) == 1
    assert await note_all(traits) == 1
    assert await note_all(traits) == 0

    assert await raw("SELECT oldest, newest FROM event_stretch ORDER BY oldest") == [
        (all_[0], all_[3]),
        (all_[4], all_[7]),
    ]
    assert await ids(finding, Wish(type="order.created", object_id="shop")) == all_[::-1]


async def test_what_two_processes_note_at_once_is_noted_once(database: Database, traits: Traits, raw: Raw) -> None:
    await kept(database, publication())

    await asyncio.gather(traits.note(before=EVER), Traits(database).note(before=EVER))

    assert len(await raw("SELECT oldest FROM event_stretch")) == 1


async def test_a_stretch_without_a_trait_is_not_looked_through(
    database: Database, finding: Finding, traits: Traits, raw: Raw
) -> None:
    rare, *_, last = await kept(database, publication(of=event(type_="rare")), *[publication() for _ in range(20)])
    await note_all(traits)

    found = await finding.events(Wish(type="rare"), most=5, budget=3)
    await raw("UPDATE event_stretch SET traits = (SELECT traits FROM event_stretch ORDER BY oldest LIMIT 1)")
    tired = await finding.events(Wish(type="rare"), most=5, budget=3)

    assert ([one.id for one in found.events], found.before) == ([rare], 0)
    assert tired.events == []
    assert rare < tired.before < last


async def test_stretches_of_events_that_are_gone_are_forgotten(
    database: Database, finding: Finding, traits: Traits, raw: Raw
) -> None:
    old, new = await kept(database, publication(of=event(type_="old")), publication(of=event(type_="new")))
    await note_all(traits)
    await raw(f"DELETE FROM event WHERE id = {old}")  # noqa: S608 - a value of ours

    gone = await traits.forget()

    assert gone == 1
    assert await traits.forget() == 0
    assert await ids(finding, Wish(type="new")) == [new]


@given(texts=st.lists(st.text(max_size=20), min_size=1, max_size=300, unique=True))
def test_a_stretch_has_every_trait_of_its_events(texts: list[str]) -> None:
    made = traits_of([Unnoted(id=1, type="t", wire_id=text, subjects="[]", actor=None) for text in texts])

    assert all(may_have(made, [of_name(text)]) for text in texts if text)
    assert may_have(made, [of_type("t")])


def test_a_stretch_rarely_has_traits_of_other_events() -> None:
    made = traits_of([Unnoted(id=1, type="t", wire_id=f"in {n}", subjects="[]", actor=None) for n in range(500)])

    assert sum(may_have(made, [of_name(f"out {n}")]) for n in range(10_000)) < 30
