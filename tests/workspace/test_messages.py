import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import TokenKind
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Subject


async def test_a_member_posts_and_the_event_is_told_with_its_own_id(house: House) -> None:
    group = await house.team(BOB)

    reference = await house.messages.post(by(BOB), group.id, text="Hello ☂")

    [event] = await house.events()
    assert event.type == "TextMessageCreated"
    assert event.subjects == (Subject("Group", group.id),)
    assert msgspec.json.decode(event.data) == {"text": "Hello ☂"}
    assert event.actor == BOB
    assert event.name != reference


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

    assert await house.messages.post(by(ADA), group.id, text="x" * 4_000)
