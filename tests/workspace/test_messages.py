import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import TokenKind
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import Subject
from tidings.store.messages import Messages


async def test_a_member_posts_and_the_event_is_told_with_its_own_id(house: House) -> None:
    group = await house.team(BOB)

    posted = await house.messages.post(by(BOB), group.id, text="Hello ☂")

    [event] = await house.events()
    assert event.type == "TextMessageCreated"
    assert event.subjects == (Subject("Group", group.id),)
    assert msgspec.json.decode(event.data) == {"text": "Hello ☂"}
    assert event.actor == BOB
    assert event.name != posted.reference


async def test_a_message_knows_its_author_and_its_group(house: House) -> None:
    group = await house.team(BOB)

    await house.messages.post(by(BOB), group.id, text="Hello")

    assert await house.people.unsign_messages("bob", most=9) == 1


async def test_who_is_not_in_the_group_is_told_that_there_is_none(house: House) -> None:
    group = await house.team(BOB)

    for caller in (by(CYD), by(ADA, kind=TokenKind.GROUP, group="other"), by(kind=TokenKind.KEY)):
        with pytest.raises(NotFound):
            await house.messages.post(caller, group.id, text="Hello")
    with pytest.raises(NotFound):
        await house.messages.post(TENANT, "other", text="Hello")

    assert await house.events() == []


async def test_a_group_token_and_a_tenant_token_post_without_being_members(house: House) -> None:
    group = await house.team()

    await house.messages.post(by(kind=TokenKind.GROUP, group=group.id), group.id, text="Hello")
    await house.messages.post(TENANT, group.id, text="Hello")

    assert len(await house.events()) == 2


@pytest.mark.parametrize("text", ["", " \n", "x" * 4_001])
async def test_a_message_is_neither_empty_nor_longer_than_4000_characters(house: House, text: str) -> None:
    group = await house.team()

    with pytest.raises(Invalid, match=r"^message:"):
        await house.messages.post(by(ADA), group.id, text=text)

    await house.messages.post(by(ADA), group.id, text="x" * 4_000)


async def test_a_message_remembers_whom_it_was_for_and_is_told_of_once(house: House) -> None:
    city = await house.city(BOB, CYD)
    kept = Messages(house.database)

    some = await house.messages.post(by(ADA), city.id, text="Psst", subscribers=[BOB.phone, "12"])
    everybody = await house.messages.post(by(ADA), city.id, text="Water is off", to_all=True)
    group = await house.messages.post(by(ADA), city.id, text="Lunch")

    audiences = [found.audience for one in (some, everybody, group) if (found := await kept.get(one.reference))]
    assert audiences == ['["bob"]', '["*"]', "[]"]
    assert list(some.audience.failed) == ["12"]
    assert [event.type for event in await house.events()] == ["TextMessageCreated"] * 3


async def test_a_message_to_nobody_who_subscribes_is_kept_and_told_of(house: House) -> None:
    city = await house.city()

    posted = await house.messages.post(by(ADA), city.id, text="Psst", subscribers=[BOB.phone])

    assert list(posted.audience.failed) == [BOB.phone]
    assert len(await house.events()) == 1


async def test_members_post_to_the_group_and_only_admins_to_its_subscribers(house: House) -> None:
    city = await house.city(CYD)
    await house.groups.add_members(by(ADA), city.id, phones=[BOB.phone])

    await house.messages.post(by(BOB), city.id, text="Hello")
    with pytest.raises(Forbidden):
        await house.messages.post(by(BOB), city.id, text="Hello", to_all=True)
    with pytest.raises(Forbidden):
        await house.messages.post(by(BOB), city.id, text="Hello", subscribers=[CYD.phone])


async def test_a_message_answers_one_of_its_own_group_only(house: House) -> None:
    team, other = await house.team(BOB), await house.team(BOB)
    first = await house.messages.post(by(ADA), team.id, text="Who is there?")

    answer = await house.messages.post(by(BOB), team.id, text="Me", reply_to=first.reference)
    with pytest.raises(Invalid, match=r"^replyToReferenceId:"):
        await house.messages.post(by(BOB), other.id, text="Me", reply_to=first.reference)

    found = await Messages(house.database).get(answer.reference)
    assert found is not None
    assert found.reply_to == first.reference
    assert await Messages(house.database).get("other") is None
