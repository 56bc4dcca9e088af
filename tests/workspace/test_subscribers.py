import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.store.people import stripped_of_access
from tidings.workspace.subscribers import ALL_SUBSCRIBERS

NEW = "+910000000009"


async def test_unknown_numbers_become_people_who_subscribe(house: House) -> None:
    city = await house.city()

    outcomes = await house.subscribers.add(by(ADA), city.id, phones=["+91 00000 00009", BOB.phone, BOB.phone])

    assert outcomes == {"+91 00000 00009": None, BOB.phone: None}
    found = await house.subscribers.list(by(ADA), city.id)
    assert {(one.phone, one.name, one.has_signed_in) for one in found} == {(NEW, "", False), (BOB.phone, "Bob", False)}


async def test_whoever_subscribes_already_is_told_that_they_do(house: House) -> None:
    city = await house.city(BOB)

    assert await house.subscribers.add(by(ADA), city.id, phones=[BOB.phone]) == {BOB.phone: None}
    assert len(await house.subscribers.list(by(ADA), city.id)) == 1


async def test_one_wrong_number_does_not_keep_the_others_out(house: House) -> None:
    city = await house.city()

    added = await house.subscribers.add(by(ADA), city.id, phones=["12", BOB.phone])
    removed = await house.subscribers.remove(by(ADA), city.id, phones=["12", CYD.phone, BOB.phone])

    assert [type(outcome) for outcome in added.values()] == [Invalid, type(None)]
    assert [type(outcome) for outcome in removed.values()] == [Invalid, NotFound, type(None)]
    assert await house.subscribers.list(by(ADA), city.id) == []


async def test_nothing_happens_when_no_number_is_left(house: House) -> None:
    city = await house.city()

    assert await house.subscribers.add(by(ADA), city.id, phones=[]) == {}
    assert list(await house.subscribers.remove(by(ADA), city.id, phones=["12"])) == ["12"]


async def test_subscribing_makes_nobody_a_member_and_no_event(house: House) -> None:
    city = await house.city(BOB)

    with pytest.raises(NotFound):
        await house.groups.get(by(BOB), city.id)
    with pytest.raises(NotFound):
        await house.messages.post(by(BOB), city.id, text="Hello")
    assert await house.events() == []


async def test_only_admins_of_a_connect_group_have_to_do_with_subscribers(house: House) -> None:
    city, team = await house.city(BOB), await house.team(BOB)
    await house.groups.add_members(by(ADA), city.id, phones=[CYD.phone])

    for caller, group, error in (
        (by(CYD), city.id, Forbidden),
        (by(BOB), city.id, NotFound),
        (by(ADA), team.id, Invalid),
        (TENANT, "other", NotFound),
    ):
        with pytest.raises(error):
            await house.subscribers.add(caller, group, phones=[BOB.phone])
        with pytest.raises(error):
            await house.subscribers.remove(caller, group, phones=[BOB.phone])
        with pytest.raises(error):
            await house.subscribers.list(caller, group)
        with pytest.raises(error):
            await house.subscribers.audience(caller, group, to_all=True)
        with pytest.raises(error):
            await house.subscribers.audience(caller, group, phones=[BOB.phone], to_all=False)


async def test_a_call_names_at_most_a_hundred_subscribers(house: House) -> None:
    city = await house.city()
    phones = [f"+9100000{n:05}" for n in range(101)]

    for call in (house.subscribers.add, house.subscribers.remove):
        with pytest.raises(Invalid, match="at most 100"):
            await call(by(ADA), city.id, phones=phones)
    with pytest.raises(Invalid, match="at most 100"):
        await house.subscribers.audience(by(ADA), city.id, phones=phones, to_all=False)


async def test_an_audience_is_the_group_or_those_who_are_named_or_everybody(house: House) -> None:
    city = await house.city(BOB)

    group = await house.subscribers.audience(by(ADA), city.id, to_all=False)
    some = await house.subscribers.audience(by(ADA), city.id, phones=[BOB.phone, CYD.phone, "12"], to_all=False)
    everybody = await house.subscribers.audience(by(ADA), city.id, phones=[CYD.phone], to_all=True)

    assert (group.people, group.failed, group.kept) == ((), {}, "[]")
    assert (some.people, list(some.failed), some.kept) == (("bob",), [CYD.phone, "12"], '["bob"]')
    assert (everybody.people, list(everybody.failed)) == ((ALL_SUBSCRIBERS,), [CYD.phone])


async def test_an_erased_person_subscribes_to_nothing(house: House) -> None:
    city = await house.city(BOB, CYD)

    await house.database.write(*stripped_of_access(BOB, at=2))

    assert [one.id for one in await house.subscribers.list(by(ADA), city.id)] == ["cyd"]
