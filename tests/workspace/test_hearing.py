"""Who hears of actions and packages, and from when on."""

import asyncio

import msgspec
import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Forbidden, NotFound
from tidings.core.event import Event, Subject
from tidings.core.subscription import Subscription
from tidings.outbox.publisher import Draft
from tidings.store.actions import Action, ActionType, action_posted
from tidings.store.database import Database
from tidings.store.groups import Group
from tidings.store.packages import Package, package_added
from tidings.workspace.groups import NewGroup

FORM = "com.example.form"
PACKAGE = Subject("ActionPackage", FORM)
ANSWER = Event(type="ActionResponse", subjects=(), data=b"{}", at=1)


async def keep_packages(database: Database) -> None:
    package = Package(id=FORM, version=0, name="Form", body="{}", author="ada", connector="shop", created_at=1)
    await database.write(package_added(package), package_added(package))


async def job_of(house: House, group: Group, *, author: str) -> Subject:
    action = Action(
        id="job",
        reference="r",
        group_id=group.id,
        type=ActionType.JOB,
        author=author,
        title="",
        body="{}",
        created_at=1,
        changed_at=1,
    )
    await house.database.write(action_posted(action))
    return Subject("Action", action.id)


async def refusal(house: House, caller: Caller, *, hearing: Subject) -> type[Exception] | None:
    try:
        await house.rights.may_hear(caller, hearing)
    except (Forbidden, NotFound) as error:
        return type(error)
    return None


async def deliveries(house: House, *groups: str) -> int:
    """How many webhooks are owed an answer to the form, given in the first of those groups, the others above it."""
    subjects = (*(Subject("Group", group) for group in groups), PACKAGE)
    event = msgspec.structs.replace(ANSWER, subjects=subjects)
    return (await house.publisher.publish_one(Draft(event=event))).deliveries


async def test_an_action_is_heard_by_its_author_the_groups_admins_and_a_tenant(house: House) -> None:
    group = await house.team(BOB, CYD)
    job = await job_of(house, group, author="bob")
    callers = {
        by(ADA): None,
        by(BOB): None,
        by(BOB, kind=TokenKind.KEY): None,
        by(kind=TokenKind.GROUP, group=group.id): None,
        TENANT: None,
        by(CYD): NotFound,
        by(kind=TokenKind.KEY): NotFound,
        by(kind=TokenKind.GROUP, group="other"): NotFound,
    }

    assert {caller: await refusal(house, caller, hearing=job) for caller in callers} == callers
    assert await refusal(house, TENANT, hearing=Subject("Action", "other")) is NotFound


async def test_an_author_who_left_hears_no_more_until_they_are_back(house: House) -> None:
    group = await house.team(BOB)
    job = await job_of(house, group, author="bob")
    webhook = await house.subscribe(job, owner="bob")

    await house.groups.remove_member(by(ADA), group.id, person="bob")
    assert await house.is_withheld(webhook)
    assert await refusal(house, by(BOB), hearing=job) is NotFound

    await house.groups.add_members(by(ADA), group.id, phones=[BOB.phone])
    assert not await house.is_withheld(webhook)


@pytest.mark.parametrize("identifier", [FORM, f"{FORM}.2"])
async def test_a_package_is_heard_by_everybody_who_could_hear_of_it_somewhere(house: House, identifier: str) -> None:
    await keep_packages(house.database)
    callers = {
        TENANT: None,
        by(CYD): None,
        by(CYD, kind=TokenKind.KEY): None,
        by(kind=TokenKind.GROUP, group="any"): None,
        by(kind=TokenKind.KEY): Forbidden,
    }

    heard = {caller: await refusal(house, caller, hearing=Subject("ActionPackage", identifier)) for caller in callers}
    assert heard == callers


@pytest.mark.parametrize("identifier", ["com.example.other", f"{FORM}.3", f"{FORM}.1", f"{FORM}.02", f"{FORM}."])
async def test_a_package_that_nobody_made_and_a_version_that_nobody_is_told_are_not_heard(
    house: House, identifier: str
) -> None:
    await keep_packages(house.database)

    assert await refusal(house, TENANT, hearing=Subject("ActionPackage", identifier)) is NotFound


async def test_webhooks_on_a_package_are_shown_to_whoever_made_them_and_to_a_tenant(house: House) -> None:
    webhooks = [
        await house.subscribe(PACKAGE, owner="ada"),
        await house.subscribe(PACKAGE, owner="bob"),
        await house.subscribe(PACKAGE, within="team"),
        await house.subscribe(PACKAGE),
    ]

    async def shown(caller: Caller) -> list[int]:
        return [webhooks.index(one) for one in await house.rights.shown(caller, webhooks)]

    assert await shown(by(ADA)) == [0]
    assert await shown(by(kind=TokenKind.GROUP, group="team")) == [2]
    assert await shown(by(kind=TokenKind.GROUP, group="other")) == []
    assert await shown(by(kind=TokenKind.KEY)) == []
    assert await shown(TENANT) == [0, 1, 2, 3]
    assert await house.rights.shown(by(ADA), []) == []


async def test_webhooks_on_an_action_are_shown_to_the_groups_admins_and_each_to_whoever_made_it(house: House) -> None:
    job = await job_of(house, await house.team(BOB), author="bob")
    adas, bobs = await house.subscribe(job, owner="ada"), await house.subscribe(job, owner="bob")

    assert await house.rights.shown(by(ADA), [adas, bobs]) == [adas, bobs]
    assert await house.rights.shown(by(BOB), [adas, bobs]) == [bobs]


async def test_a_package_is_heard_in_the_groups_of_which_the_owner_is_an_admin_when_it_happens(house: House) -> None:
    team = await house.team(BOB)
    await house.subscribe(PACKAGE, owner="bob")
    seen = [await deliveries(house, team.id)]

    await house.groups.set_role(by(ADA), team.id, person="bob", role="Admin")
    seen.append(await deliveries(house, team.id))
    await house.groups.set_role(by(ADA), team.id, person="bob", role="Member")
    seen.append(await deliveries(house, team.id))
    own = await house.groups.create(by(BOB), NewGroup(name="Bob's"))
    seen += [await deliveries(house, own.id), await deliveries(house, "sub", own.id), await deliveries(house, team.id)]

    assert seen == [0, 1, 0, 1, 1, 0]


async def test_an_admin_who_is_removed_hears_the_package_there_no_more(house: House) -> None:
    team = await house.team(BOB)
    await house.groups.set_role(by(ADA), team.id, person="bob", role="Admin")
    webhook = await house.subscribe(PACKAGE, owner="bob")
    before = await deliveries(house, team.id)

    await house.groups.remove_member(by(ADA), team.id, person="bob")

    assert (before, await deliveries(house, team.id)) == (1, 0)
    assert not await house.is_withheld(webhook)


async def test_the_package_of_a_group_token_is_heard_in_its_group_and_beneath(house: House) -> None:
    await house.subscribe(PACKAGE, within="city")

    assert [
        await deliveries(house, "city"),
        await deliveries(house, "quarter", "city", "country"),
        await deliveries(house, "country"),
        await deliveries(house),
    ] == [1, 1, 0, 0]


async def test_what_a_group_token_hears_beneath_its_group_is_held_while_that_is_elsewhere(house: House) -> None:
    city, quarter, street = [await house.team() for _ in range(3)]
    await house.sub_groups.add(by(ADA), city.id, children=[quarter.id])
    await house.sub_groups.add(by(ADA), quarter.id, children=[street.id])
    job = await job_of(house, street, author="ada")
    webhooks = [
        await house.subscribe(Subject("Group", city.id), within=city.id),
        await house.subscribe(Subject("Group", quarter.id), within=city.id),
        await house.subscribe(Subject("Group", street.id), within=city.id),
        await house.subscribe(job, within=city.id),
        await house.subscribe(Subject("Group", street.id), within=quarter.id),
        await house.subscribe(Subject("Group", street.id), owner="ada"),
        await house.subscribe(PACKAGE, within=city.id),
    ]

    async def held() -> list[bool]:
        return [await house.is_withheld(one) for one in webhooks]

    await house.sub_groups.remove(by(ADA), city.id, child=quarter.id)
    assert await held() == [False, True, True, True, False, False, False]

    await house.sub_groups.add(by(ADA), city.id, children=[street.id])
    assert await held() == [False, True, False, False, False, False, False]

    await house.sub_groups.add(by(ADA), city.id, children=[quarter.id])
    await house.sub_groups.remove(by(ADA), quarter.id, child=street.id)
    assert await held() == [False, False, False, False, True, False, False]


async def test_a_tenants_package_is_heard_everywhere(house: House) -> None:
    await house.subscribe(PACKAGE)

    assert [await deliveries(house, "anywhere"), await deliveries(house)] == [1, 1]


async def test_whoever_adds_and_removes_members_leaves_the_index_of_packages_alone(house: House) -> None:
    team = await house.team()
    await house.subscribe(PACKAGE, owner="bob")
    version, _ = await house.subscriptions.changes(0)

    await house.groups.add_members(by(ADA), team.id, phones=[BOB.phone, CYD.phone])

    assert await house.subscriptions.changes(version) == (version, [])


async def test_an_event_that_is_accepted_after_a_promotion_was_answered_is_heard_however_busy_it_is(
    house: House,
) -> None:
    team = await house.team(BOB)
    webhook = await house.subscribe(PACKAGE, owner="bob")
    is_done = asyncio.Event()

    async def publish() -> None:
        while not is_done.is_set():
            await deliveries(house, team.id)

    async def promote_and_demote() -> list[tuple[int, int]]:
        seen = []
        for _ in range(10):
            await house.groups.set_role(by(ADA), team.id, person="bob", role="Admin")
            promoted = await deliveries(house, team.id)
            await house.groups.set_role(by(ADA), team.id, person="bob", role="Member")
            seen.append((promoted, await deliveries(house, team.id)))
        is_done.set()
        return seen

    _, _, seen = await asyncio.gather(publish(), publish(), promote_and_demote())

    assert seen == [(1, 0)] * 10
    assert await only_in(house, webhook) == frozenset()


async def only_in(house: House, webhook: Subscription) -> frozenset[str] | None:
    found = await house.subscriptions.get(webhook.id)
    return found.only_in if found else None
