import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import Caller, TokenKind
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import NOBODY, Actor, Event, Subject
from tidings.workspace.groups import NewGroup
from tidings.workspace.rights import rules_all

ADMIN_KEY = by(kind=TokenKind.KEY, scopes="publish admin")
KEY = by(kind=TokenKind.KEY)


def other_connector(caller: Caller = KEY) -> Caller:
    return Caller(connector="other", kind=caller.kind, person=caller.person, scopes=caller.scopes)


def event(*subjects: Subject, type_: str = "order.created", actor: Actor = NOBODY) -> Event:
    return Event(type=type_, subjects=subjects, data=b"{}", at=1, actor=actor)


async def refusal(house: House, caller: Caller, *, hearing: Subject) -> type[Exception] | None:
    try:
        await house.rights.may_hear(caller, hearing)
    except (Forbidden, NotFound) as error:
        return type(error)
    return None


def test_a_tenant_token_and_the_admin_scope_rule_all() -> None:
    assert [rules_all(caller) for caller in (TENANT, ADMIN_KEY, KEY, by(ADA))] == [True, True, False, False]


async def test_a_group_is_heard_by_its_admins_and_nobody_else(house: House) -> None:
    group = await house.team(BOB)
    subject = Subject("Group", group.id)
    callers = {
        by(ADA): None,
        by(ADA, kind=TokenKind.KEY): None,
        by(kind=TokenKind.GROUP, group=group.id): None,
        TENANT: None,
        ADMIN_KEY: None,
        by(BOB): Forbidden,
        by(CYD): NotFound,
        KEY: NotFound,
        by(ADA, kind=TokenKind.GROUP, group="other"): NotFound,
    }

    assert {caller: await refusal(house, caller, hearing=subject) for caller in callers} == callers
    assert await refusal(house, TENANT, hearing=Subject("Group", "other")) is NotFound


async def test_what_is_beneath_a_group_is_heard_with_its_token_and_not_by_its_admins(house: House) -> None:
    parent = await house.team(BOB)
    child = await house.groups.create(by(BOB), NewGroup(name="Beneath"))
    await house.sub_groups.add(TENANT, parent.id, children=[child.id])
    here, beneath = Subject("Group", parent.id), Subject("Group", child.id)

    assert await refusal(house, by(kind=TokenKind.GROUP, group=parent.id), hearing=beneath) is None
    assert await refusal(house, by(kind=TokenKind.GROUP, group=child.id), hearing=here) is NotFound
    assert await refusal(house, by(ADA), hearing=beneath) is NotFound

    await house.sub_groups.remove(TENANT, parent.id, child=child.id)
    assert await refusal(house, by(kind=TokenKind.GROUP, group=parent.id), hearing=beneath) is NotFound


@pytest.mark.parametrize(
    "subject",
    [
        Subject("Group", "*"),
        Subject("Action", "*"),
        Subject("ActionPackage", "*"),
        Subject("Application", "*"),
        Subject("Webhook", "*"),
        Subject("System", "system"),
        Subject("ReportTask", "r"),
    ],
)
async def test_what_is_nobodys_own_is_heard_with_a_tenant_token_only(house: House, subject: Subject) -> None:
    assert [await refusal(house, caller, hearing=subject) for caller in (TENANT, ADMIN_KEY, KEY, by(ADA))] == [
        None,
        None,
        Forbidden,
        Forbidden,
    ]


async def test_an_application_belongs_to_the_connector_that_first_names_it(house: House) -> None:
    shop = Subject("Application", "shop-1")

    assert await refusal(house, KEY, hearing=shop) is None
    assert await refusal(house, by(ADA), hearing=shop) is None
    assert await refusal(house, other_connector(), hearing=shop) is NotFound
    assert await refusal(house, other_connector(TENANT), hearing=shop) is None


async def test_looking_at_an_application_does_not_name_it(house: House) -> None:
    shop = Subject("Application", "shop-1")
    with pytest.raises(NotFound):
        await house.rights.may_list(KEY, shop)

    await house.rights.may_hear(other_connector(), shop)

    with pytest.raises(NotFound):
        await house.rights.may_list(KEY, shop)
    await house.rights.may_list(other_connector(), shop)


async def test_what_happens_to_a_webhook_is_heard_by_who_may_manage_it(house: House) -> None:
    group = await house.team(BOB)
    webhook = await house.subscribe(Subject("Group", group.id), owner="ada")
    about = Subject("Webhook", webhook.id)

    assert await refusal(house, by(ADA), hearing=about) is None
    assert await refusal(house, by(BOB), hearing=about) is NotFound
    assert await refusal(house, KEY, hearing=Subject("Webhook", "other")) is NotFound

    chained = await house.subscribe(about, owner="ada")
    assert await refusal(house, by(ADA), hearing=Subject("Webhook", chained.id)) is None
    assert await refusal(house, by(BOB), hearing=Subject("Webhook", chained.id)) is NotFound


async def test_a_webhook_is_managed_by_every_admin_of_its_group_and_to_others_it_is_not_there(house: House) -> None:
    group = await house.team(BOB)
    webhook = await house.subscribe(Subject("Group", group.id), owner="bob", connector="other")

    for caller in (by(ADA), TENANT, by(kind=TokenKind.GROUP, group=group.id)):
        await house.rights.may_manage(caller, webhook)
    for caller in (by(BOB), by(CYD), KEY):
        with pytest.raises(NotFound):
            await house.rights.may_manage(caller, webhook)


async def test_a_webhook_of_an_application_is_its_connectors(house: House) -> None:
    webhook = await house.subscribe(Subject("Application", "shop-1"))

    for caller in (KEY, by(ADA), other_connector(TENANT)):
        await house.rights.may_manage(caller, webhook)
    with pytest.raises(NotFound):
        await house.rights.may_manage(other_connector(), webhook)


async def test_any_other_webhook_is_that_of_the_person_who_made_it_through_that_connector(house: House) -> None:
    webhook = await house.subscribe(Subject("Action", "a"), owner="ada")
    nobodys = await house.subscribe(Subject("Action", "a"))

    await house.rights.may_manage(by(ADA), webhook)
    await house.rights.may_manage(TENANT, nobodys)
    for caller in (by(BOB), KEY, other_connector(by(ADA))):
        with pytest.raises(NotFound):
            await house.rights.may_manage(caller, webhook)
    with pytest.raises(NotFound):
        await house.rights.may_manage(KEY, nobodys)


async def test_events_of_a_group_are_published_by_its_admins(house: House) -> None:
    group = await house.team(BOB)
    said = event(Subject("Group", group.id), Subject("Action", "a"), type_="TextMessageCreated", actor=ADA)

    await house.rights.may_publish(by(ADA), said)
    await house.rights.may_publish(TENANT, said)
    with pytest.raises(Forbidden):
        await house.rights.may_publish(by(BOB), event(Subject("Group", group.id), actor=BOB))
    with pytest.raises(NotFound):
        await house.rights.may_publish(by(CYD), event(Subject("Group", group.id), actor=CYD))


async def test_what_is_published_of_a_sub_group_is_about_the_groups_above_it_too(house: House) -> None:
    city, quarter = await house.team(), await house.team()
    action, here = Subject("Action", "a"), Subject("Group", quarter.id)
    said = event(here, action, type_="TextMessageCreated", actor=ADA)
    apart = await house.rights.may_publish(by(ADA), said)

    await house.sub_groups.add(by(ADA), city.id, children=[quarter.id])

    above = Subject("Group", city.id)
    assert apart == (here, action)
    assert await house.rights.may_publish(by(ADA), said) == (here, above, action)
    # Whoever names them says where it happened by naming that first.
    both = event(above, here, type_="TextMessageCreated", actor=ADA)
    assert await house.rights.may_publish(by(ADA), both) == (above, here)
    # Other sources' events are about what their publishers say.
    order = event(here, type_="order.created", actor=ADA)
    assert await house.rights.may_publish(by(ADA), order) == (here,)


async def test_what_happens_in_groups_must_name_one(house: House) -> None:
    with pytest.raises(Forbidden, match="name a Group"):
        await house.rights.may_publish(KEY, event(Subject("Application", "shop-1"), type_="MemberAdded"))

    await house.rights.may_publish(TENANT, event(Subject("Application", "shop-1"), type_="MemberAdded"))


@pytest.mark.parametrize("kind", ["Action", "ActionPackage", "ReportTask"])
async def test_actions_and_reports_without_a_group_are_published_with_a_tenant_token_only(
    house: House, kind: str
) -> None:
    await house.rights.may_publish(TENANT, event(Subject(kind, "a")))
    with pytest.raises(Forbidden):
        await house.rights.may_publish(by(ADA), event(Subject(kind, "a")))


@pytest.mark.parametrize("kind", ["Webhook", "System"])
async def test_nobody_publishes_what_is_ours_to_tell(house: House, kind: str) -> None:
    with pytest.raises(Forbidden):
        await house.rights.may_publish(TENANT, event(Subject(kind, "a")))


async def test_an_event_is_not_about_everything(house: House) -> None:
    with pytest.raises(Invalid):
        await house.rights.may_publish(TENANT, event(Subject("Application", "*")))


async def test_publishing_names_an_application_and_others_are_told_that_there_is_none(house: House) -> None:
    order = event(Subject("Application", "shop-1"))

    await house.rights.may_publish(KEY, order)
    await house.rights.may_publish(KEY, order)

    with pytest.raises(NotFound):
        await house.rights.may_publish(other_connector(), order)


@pytest.mark.parametrize(
    ("actor", "is_own"),
    [
        (ADA, True),
        (NOBODY, True),
        (Actor(phone=ADA.phone), True),
        (BOB, False),
        (Actor(phone=ADA.phone, name="The boss"), False),
        (Actor(name="The boss"), False),
        (Actor(phone=ADA.phone, picture="https://example.com/boss.jpg"), False),
    ],
)
async def test_what_somebody_else_did_is_published_with_a_tenant_token_only(
    house: House, actor: Actor, *, is_own: bool
) -> None:
    order = event(Subject("Application", "shop-1"), actor=actor)

    await house.rights.may_publish(TENANT, order)
    if is_own:
        await house.rights.may_publish(by(ADA), order)
    else:
        with pytest.raises(Forbidden, match=r"^fromUser:"):
            await house.rights.may_publish(by(ADA), order)
