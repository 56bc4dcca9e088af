"""What webhooks hear follows what their owners are in groups: one behaviour, two engines."""

import uuid

import pytest

from tests.store.conftest import Raw
from tests.store.factories import NOW
from tidings.core.clock import DAY
from tidings.core.event import Subject
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.core.vault import Vault, new_key
from tidings.store.actions import Action, ActionType, action_posted
from tidings.store.database import Database
from tidings.store.groups import Role, member_added, member_removed, role_changed
from tidings.store.subscriptions import Subscriptions, following_role, held_authors, withholding

PACKAGE = Subject("ActionPackage", "com.example.form")


@pytest.fixture
def subscriptions(database: Database) -> Subscriptions:
    return Subscriptions(database, Vault([new_key()]))


@pytest.fixture(autouse=True)
async def groups(database: Database) -> None:
    """Ada is an admin of `here` and `there`, Bob a member of `here` who posted the action `job` in it."""
    await database.write(
        member_added("here", "ada", role=Role.ADMIN, at=1),
        member_added("here", "cyd", role=Role.ADMIN, at=1),
        member_added("there", "ada", role=Role.ADMIN, at=1),
        member_added("there", "cyd", role=Role.ADMIN, at=1),
        member_added("here", "bob", role=Role.MEMBER, at=1),
        action_posted(
            Action(
                id="job",
                reference="r",
                group_id="here",
                type=ActionType.JOB,
                author="bob",
                title="",
                body="{}",
                created_at=1,
                changed_at=1,
            )
        ),
    )


async def subscribed(
    subscriptions: Subscriptions, subject: Subject, *, owner: str = "", within: str = ""
) -> Subscription:
    return await subscriptions.add(
        Subscription(
            id=str(uuid.uuid4()),
            subject=subject,
            types=compile_types(["ActionResponse"]),
            url="https://example.com/",
            format="kaizala",
            connector="c-1",
            owner=owner,
            within=within,
            created_at=NOW,
            expires_at=NOW + DAY,
        )
    )


async def held(subscriptions: Subscriptions, *webhooks: Subscription) -> list[bool]:
    return [found.withheld for one in webhooks if (found := await subscriptions.get(one.id))]


async def test_a_webhook_on_a_package_hears_where_its_owner_is_an_admin_and_where_its_token_reaches(
    subscriptions: Subscriptions,
) -> None:
    adas = await subscribed(subscriptions, PACKAGE, owner="ada")
    bobs = await subscribed(subscriptions, PACKAGE, owner="bob")
    tenants = await subscribed(subscriptions, PACKAGE)
    groups = await subscribed(subscriptions, PACKAGE, within="here")
    on_a_group = await subscribed(subscriptions, Subject("Group", "here"), owner="ada")

    _, found = await subscriptions.changes(0)

    heard = {one.number: one.only_in for one in found}
    assert heard == {
        adas.number: {"here", "there"},
        bobs.number: set(),
        tenants.number: None,
        groups.number: {"here"},
        on_a_group.number: None,
    }
    assert [one.only_in for one in (await subscriptions.of_subject(PACKAGE, limit=9))[0]] == [
        {"here", "there"},
        set(),
        None,
        {"here"},
    ]


@pytest.mark.usefixtures("groups")
async def test_the_groups_of_an_admin_of_very_many_are_all_found(subscriptions: Subscriptions, raw: Raw) -> None:
    await raw(
        "INSERT INTO member (group_id, person, role, since) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 "
        "FROM n WHERE n < 12000) SELECT 'g-' || n, CASE WHEN n < 7000 THEN 'ada' ELSE 'bob' END, 'Admin', 1 FROM n"
    )
    adas = await subscribed(subscriptions, PACKAGE, owner="ada")
    bobs = await subscribed(subscriptions, PACKAGE, owner="bob")

    _, found = await subscriptions.changes(0)

    assert {one.number: len(one.only_in or ()) for one in found} == {adas.number: 7_001, bobs.number: 5_001}


async def test_whoever_becomes_an_admin_or_ceases_to_be_one_has_webhooks_on_packages_that_are_read_anew(
    subscriptions: Subscriptions, database: Database
) -> None:
    webhook = await subscribed(subscriptions, PACKAGE, owner="bob")
    await subscribed(subscriptions, PACKAGE, owner="ada")
    version, _ = await subscriptions.changes(0)

    await database.write(role_changed("here", "bob", role=Role.ADMIN), following_role("bob", group="here"))
    version, promoted = await subscriptions.changes(version)
    await database.write(member_removed("here", "bob"), following_role("bob", group="here"))
    _, removed = await subscriptions.changes(version)

    assert [(one.number, one.only_in) for one in promoted] == [(webhook.number, frozenset({"here"}))]
    assert [(one.number, one.only_in, one.withheld) for one in removed] == [(webhook.number, frozenset(), False)]


async def test_an_admin_who_is_none_any_more_has_webhooks_on_the_group_and_its_actions_held(
    subscriptions: Subscriptions, database: Database
) -> None:
    here = await subscribed(subscriptions, Subject("Group", "here"), owner="ada")
    job = await subscribed(subscriptions, Subject("Action", "job"), owner="ada")
    there = await subscribed(subscriptions, Subject("Group", "there"), owner="ada")
    cyds = await subscribed(subscriptions, Subject("Group", "here"), owner="cyd")

    await database.write(role_changed("here", "ada", role=Role.MEMBER), following_role("ada", group="here"))
    as_a_member = await held(subscriptions, here, job, there, cyds)
    await database.write(role_changed("here", "ada", role=Role.ADMIN), following_role("ada", group="here"))

    assert as_a_member == [True, True, False, False]
    assert await held(subscriptions, here, job, there, cyds) == [False] * 4


async def test_an_author_hears_of_an_action_until_they_leave_the_group_and_when_they_are_back(
    subscriptions: Subscriptions, database: Database
) -> None:
    job = await subscribed(subscriptions, Subject("Action", "job"), owner="bob")
    seen = []
    for change in (
        role_changed("here", "bob", role=Role.ADMIN),
        role_changed("here", "bob", role=Role.MEMBER),
        member_removed("here", "bob"),
        member_added("here", "bob", role=Role.MEMBER, at=2),
    ):
        await database.write(change, following_role("bob", group="here"))
        seen += await held(subscriptions, job)

    assert seen == [False, False, True, False]


async def test_authors_who_might_come_back_are_those_whose_webhooks_on_actions_are_held(
    subscriptions: Subscriptions, database: Database
) -> None:
    await subscribed(subscriptions, Subject("Action", "job"), owner="bob")
    await subscribed(subscriptions, Subject("Group", "here"), owner="ada")
    before = await held_authors(database, ["ada", "bob"])

    await database.write(withholding(owner="bob"), withholding(owner="ada"))

    assert (before, await held_authors(database, ["ada", "bob", "cyd"])) == (frozenset(), frozenset({"bob"}))
    assert await held_authors(database, []) == set()


async def test_another_reason_to_hold_stays(subscriptions: Subscriptions, database: Database) -> None:
    webhook = await subscribed(subscriptions, Subject("Group", "here"), owner="ada")
    await database.write(withholding(connector="c-1"))

    await database.write(following_role("ada", group="here"))

    assert await held(subscriptions, webhook) == [True]
