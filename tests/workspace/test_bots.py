import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.access.callers import Callers
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tidings.core.event import Actor, Subject
from tidings.store.bots import Bot
from tidings.store.connectors import Connector, connector_added
from tidings.testing.clock import ManualClock

PICTURE = "https://example.com/clerk.png"


async def clerk(house: House, *, maker: Actor = BOB) -> tuple[Bot, Actor]:
    """A bot, and as which person it acts."""
    bot = await house.bots.create(by(maker), name="Clerk", picture=PICTURE)
    return bot, Actor(id=bot.id, name="Clerk", picture=PICTURE, is_bot=True)


async def test_a_bot_that_joins_is_told_of_as_a_member_without_a_number(house: House) -> None:
    team, (bot, _) = await house.team(), await clerk(house)

    await house.bots.join(by(ADA), team.id, identifier=bot.id)
    await house.bots.join(by(ADA), team.id, identifier=bot.id)

    [event] = await house.events()
    assert (event.type, event.actor, event.subjects) == ("MemberAdded", ADA, (Subject("Group", team.id),))
    assert msgspec.json.decode(event.data) == {
        "member": "",
        "memberName": "Clerk",
        "memberProfilePic": PICTURE,
        "type": "Member",
        "memberId": bot.id,
    }


async def test_what_a_bot_says_is_told_as_a_bots(house: House) -> None:
    team, (bot, actor) = await house.team(), await clerk(house)
    await house.bots.join(by(ADA), team.id, identifier=bot.id)

    await house.messages.post(by(actor), team.id, text="Ready")

    assert (await house.events())[-1].actor == actor
    assert actor.is_bot


async def test_a_bots_token_is_good_for_a_day_and_acts_as_the_bot(house: House, manual_clock: ManualClock) -> None:
    shop = Connector(id="shop", name="Shop", secret="", scopes="publish admin", created_at=1)
    await house.database.write(connector_added(shop))
    bot, actor = await clerk(house)
    callers = Callers(house.database, clock=manual_clock)

    token = await house.bots.give_token(by(BOB, scopes="publish admin"), bot.id)

    caller = await callers.authenticate(token.text)
    assert (caller.person, caller.kind, caller.connector) == (actor, TokenKind.USER, "shop")
    assert caller.scopes == {"publish"}
    assert token.expires_at == manual_clock.now() + DAY
    assert token.text not in repr(token)

    await house.bots.end(by(BOB), bot.id)
    callers.forget()
    with pytest.raises(Unauthenticated):
        await callers.authenticate(token.text)


async def test_a_bot_that_ends_leaves_each_of_its_groups(house: House) -> None:
    teams, (bot, actor) = [await house.team() for _ in range(2)], await clerk(house)
    for team in teams:
        await house.bots.join(by(ADA), team.id, identifier=bot.id)

    await house.bots.end(by(BOB), bot.id)

    events = (await house.events())[2:]
    assert [(event.type, event.actor) for event in events] == [("MemberRemoved", actor)] * 2
    assert {event.subjects[0].id for event in events} == {team.id for team in teams}
    with pytest.raises(NotFound):
        await house.bots.join(by(ADA), teams[0].id, identifier=bot.id)


async def test_a_bot_that_is_the_last_admin_stays(house: House) -> None:
    team, (bot, _) = await house.team(), await clerk(house)
    await house.bots.join(by(ADA), team.id, identifier=bot.id)
    await house.groups.set_role(by(ADA), team.id, person=bot.id, role="Admin")
    await house.groups.remove_member(by(ADA), team.id, person="ada")

    with pytest.raises(Conflict):
        await house.bots.end(by(BOB), bot.id)

    assert [one.id for one in await house.bots.list(by(BOB))] == [bot.id]


async def test_webhooks_of_a_bot_that_has_ended_are_held(house: House) -> None:
    team, (bot, _) = await house.team(), await clerk(house)
    webhook = await house.subscribe(Subject("Group", team.id), owner=bot.id)

    await house.bots.end(by(BOB), bot.id)

    assert await house.is_withheld(webhook)


async def test_a_bot_is_its_makers_and_the_tenants(house: House) -> None:
    bot, _ = await clerk(house)
    group_token = by(BOB, kind=TokenKind.GROUP, group="g")

    for caller in (by(CYD), group_token):
        with pytest.raises(NotFound):
            await house.bots.change(caller, bot.id, name="Mine")
        with pytest.raises(NotFound):
            await house.bots.give_token(caller, bot.id)
        with pytest.raises(NotFound):
            await house.bots.end(caller, bot.id)

    await house.bots.change(TENANT, bot.id, picture="")
    [changed] = await house.bots.list(TENANT)
    assert (changed.name, changed.picture, changed.creator_phone) == ("Clerk", "", BOB.phone)


async def test_who_speaks_for_nobody_has_no_bots(house: House) -> None:
    for caller in (by(kind=TokenKind.KEY), by(ADA, kind=TokenKind.GROUP, group="g")):
        with pytest.raises(Forbidden):
            await house.bots.create(caller, name="Clerk")
        with pytest.raises(Forbidden):
            await house.bots.list(caller)


async def test_a_tenant_token_without_a_person_has_bots_of_nobody(house: House) -> None:
    bot = await house.bots.create(TENANT, name="Clerk")

    assert await house.bots.list(TENANT) == [bot]
    with pytest.raises(NotFound):
        await house.bots.end(by(kind=TokenKind.KEY), bot.id)


@pytest.mark.parametrize(("name", "picture"), [("", ""), ("x" * 201, ""), ("Clerk", "x" * 2_049)])
async def test_a_bot_has_a_name_and_a_picture_that_can_be_shown(house: House, name: str, picture: str) -> None:
    with pytest.raises(Invalid):
        await house.bots.create(by(BOB), name=name, picture=picture)
    bot, _ = await clerk(house)
    with pytest.raises(Invalid):
        await house.bots.change(by(BOB), bot.id, name=name, picture=picture)
