"""Webhooks as lists, and links to the portal: one behaviour, two engines."""

import uuid
from dataclasses import replace

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW, kept, publication, settlement
from tidings.core.clock import DAY, HOUR
from tidings.core.delivery import State as DeliveryState
from tidings.core.errors import Invalid, NotFound
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.signature import new_secret
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.database import Database, LaneChange, Statement
from tidings.store.groups import Group, Role, group_added, member_added
from tidings.store.portal_links import Grant, PortalLink, PortalLinks, portal_link_ended, portal_link_made
from tidings.store.portal_links import portal_links_swept as swept
from tidings.store.subscriptions import Subscriptions, disabling, ending, withholding
from tidings.store.webhooks import (
    ALL,
    LOOK,
    Standing,
    Webhook,
    Webhooks,
    about,
    of_connector,
    of_owner,
    within_reach,
)

ORDERS, GROUP = Subject("Application", "orders"), Subject("Group", "g-1")


@pytest.fixture
def webhooks(database: Database) -> Webhooks:
    return Webhooks(database)


async def added(
    database: Database,
    *,
    subject: Subject = ORDERS,
    connector: str = "shop",
    owner: str = "",
    url: str = "https://example.com/",
) -> Subscription:
    blank = Subscription(
        id=str(uuid.uuid4()),
        subject=subject,
        types=compile_types(["order.*"]),
        url=url,
        format="standard",
        secrets=(new_secret(),),
        connector=connector,
        owner=owner,
        created_at=NOW,
        expires_at=NOW + DAY,
    )
    return await Subscriptions(database, Vault([new_key()])).add(blank)


def numbers(found: tuple[list[Webhook], str]) -> list[int]:
    return [one.number for one in found[0]]


async def test_a_scope_leads_to_its_webhooks_newest_first(database: Database, webhooks: Webhooks) -> None:
    group = Group(id="g-1", name="Field team", welcome_message="", type="Group", created_at=NOW)
    await database.write(group_added(group), member_added("g-1", "admin", role=Role.ADMIN, at=NOW))
    await database.write(member_added("g-1", "member", role=Role.MEMBER, at=NOW))
    first = (await added(database)).number
    own = (await added(database, owner="admin", connector="other")).number
    on_group = (await added(database, subject=GROUP)).number

    assert numbers(await webhooks.page(ALL, limit=9)) == [on_group, own, first]
    assert numbers(await webhooks.page(about(ORDERS), limit=9)) == [own, first]
    assert numbers(await webhooks.page(of_connector("other"), limit=9)) == [own]
    assert numbers(await webhooks.page(of_owner("admin"), limit=9)) == [own]
    assert numbers(await webhooks.page(within_reach("admin"), limit=9)) == [on_group, own]
    assert numbers(await webhooks.page(within_reach("member"), limit=9)) == []
    assert numbers(await webhooks.page(ALL, limit=9, kind="Group")) == [on_group]
    assert await webhooks.names([GROUP, ORDERS]) == {GROUP: "Field team"}


async def test_a_webhook_tells_how_it_fares_in_one_word(database: Database, webhooks: Webhooks, owner: int) -> None:
    ok, failing, off, held, over = [await added(database, connector=name) for name in "abcde"]
    [first, second] = await kept(database, publication(ok.number), publication(failing.number), owner=owner)
    await database.settle(
        [settlement(first, to=ok.number), settlement(second, to=failing.number)],
        [
            LaneChange(subscription=ok.number, delivered=1, succeeded_at=NOW),
            LaneChange(subscription=failing.number, refused_at=NOW),
        ],
        owner=owner,
    )
    await database.write(disabling(off.number, why="", at=NOW, unless_succeeded_since=NOW))
    await database.write(withholding(connector="d"))
    await database.write(ending(over.number, at=NOW))

    for standing, one in zip(Standing, (ok, failing, off, held, over), strict=True):
        assert numbers(await webhooks.page(ALL, limit=9, standing=standing)) == [one.number], standing
    assert over.number not in numbers(await webhooks.page(ALL, limit=9))
    [told] = (await webhooks.page(of_connector("a"), limit=9))[0]
    assert (told.delivered, told.succeeded_at, told.types) == (1, NOW, ("order.*",))
    [tried] = await webhooks.attempts(ok.number, most=9)
    assert (tried.event, tried.state) == (first, DeliveryState.DELIVERED)


async def test_a_list_goes_on_where_it_ended(database: Database, webhooks: Webhooks) -> None:
    made = [(await added(database, url=f"https://example.com/{n}")).number for n in range(5)]

    found, cursor = await webhooks.page(ALL, limit=2)
    rest, end = await webhooks.page(ALL, limit=3, cursor=cursor)
    nothing, _ = await webhooks.page(ALL, limit=3, cursor=end)

    assert [one.number for one in (*found, *rest)] == made[::-1]
    assert nothing == []
    assert numbers(await webhooks.page(ALL, limit=9, part="COM/3")) == [made[3]]
    with pytest.raises(Invalid, match="cursor"):
        await webhooks.page(ALL, limit=9, cursor="x")


async def test_a_list_looks_at_so_many_and_says_where_to_go_on(
    database: Database, webhooks: Webhooks, raw: Raw
) -> None:
    oldest = (await added(database, url="https://example.com/wanted")).number
    columns = "version, kind, object, types, url, format, secrets, headers, timeout_ms, rate, state, connector, owner"
    values = columns.replace("url", "'https://example.org/'")
    await raw(
        f"INSERT INTO subscription (id, {columns}, created_at, expires_at) "  # noqa: S608 - values of ours
        f"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {LOOK + 100}) "
        f"SELECT 'w' || i, {values}, created_at, expires_at "
        f"FROM n CROSS JOIN subscription WHERE subscription.number = {oldest}"
    )

    found, cursor = await webhooks.page(ALL, limit=9, part="wanted")
    rest, end = await webhooks.page(ALL, limit=9, part="wanted", cursor=cursor)

    assert (found, [one.number for one in rest], end) == ([], [oldest], "")


async def test_applications_are_found_by_a_part_of_their_id(database: Database, webhooks: Webhooks) -> None:
    for name in ("orders", "re_turns", "returns"):
        await database.write(Statement("application_named", {"id": name, "connector": "shop", "at": NOW}))

    assert [one.id for one in await webhooks.applications(part="ORD", most=9)] == ["orders"]
    assert [one.id for one in await webhooks.applications(part="_", most=9)] == ["re_turns"]
    assert [one.id for one in await webhooks.applications(after="orders", most=1)] == ["re_turns"]


def link(**values: object) -> PortalLink:
    base = PortalLink(id="l-1", title="Customer", made_by="p-1", made_at=NOW, expires_at=NOW + HOUR)
    return PortalLink(**({name: getattr(base, name) for name in base.__struct_fields__} | values))


async def test_a_portal_link_is_found_by_its_hash_until_it_runs_out_or_is_ended(database: Database) -> None:
    links = PortalLinks(database)
    one = link(connector="shop", subject=ORDERS, grants=frozenset({Grant.PAUSE, Grant.TEST}))
    two = link(id="l-2", owner="p-2", made_at=NOW + 1, expires_at=NOW + DAY)
    await database.write(portal_link_made(one, hash_="h-1"), portal_link_made(two, hash_="h-2"))

    assert await links.get("h-1", now=NOW) == one
    assert await links.get("h-1", now=NOW + HOUR) is None
    assert await links.get("h-3", now=NOW) is None
    assert list(await links.page(most=9)) == [two, one]
    assert list(await links.page(before=(two.made_at, two.id), most=9)) == [one]
    await database.write(swept(NOW + HOUR))
    assert list(await links.page(most=9)) == [two]
    await database.write(portal_link_ended("l-2"))
    with pytest.raises(NotFound):
        await database.write(portal_link_ended("l-2"))


async def test_a_portal_link_leads_to_what_is_within_all_of_its_limits(database: Database) -> None:
    webhook = await added(database, owner="p-1")

    for values, leads in (
        ({}, False),
        ({"connector": "shop"}, True),
        ({"connector": "other"}, False),
        ({"owner": "p-1"}, True),
        ({"owner": "p-2"}, False),
        ({"subject": ORDERS}, True),
        ({"subject": GROUP}, False),
        ({"connector": "shop", "owner": "p-1", "subject": ORDERS}, True),
        ({"connector": "shop", "owner": "p-2", "subject": ORDERS}, False),
        ({"connector": "other", "owner": "p-1", "subject": ORDERS}, False),
    ):
        one = link(**values)
        assert one.leads_to(webhook) is leads, values
        assert one.leads_to(replace(webhook, owner="p-1")) is leads
        found, _ = await Webhooks(database).page(one.scope, limit=9)
        assert [each.number for each in found] == ([webhook.number] if leads else []), values
