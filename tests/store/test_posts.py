import pytest

from tidings.core.errors import NotFound
from tidings.core.event import Actor
from tidings.store.actions import Action, ActionType, Place, action_posted
from tidings.store.database import Database
from tidings.store.groups import Group, Groups, Role, group_added, member_added
from tidings.store.messages import Message, message_posted
from tidings.store.people import person_created
from tidings.store.posts import GroupTexts, Posts, group_changed

TEAM = Group(id="team", name="Team", welcome_message="", type="Group", created_at=5)
QUIET = Group(id="quiet", name="Quiet", welcome_message="", type="Group", created_at=6)


@pytest.fixture
async def posts(database: Database) -> Posts:
    """Two groups; in one of them Ada said five things, and asked one."""
    asked = Action(
        id="a", reference="r", group_id="team", type=ActionType.JOB, author="ada", title="Doors", body="{}",
        created_at=40, changed_at=44,
    )  # fmt: skip
    await database.write(
        person_created(Actor(id="ada", phone="+910000000001", name="Ada"), at=1),
        group_added(TEAM),
        group_added(QUIET),
        member_added("team", "ada", role=Role.ADMIN, at=1),
        *(
            message_posted(Message(id=f"m{n}", group_id="team", author="ada", text=f"{n}", at=10 * n))
            for n in range(1, 6)
        ),
        action_posted(asked),
    )
    return Posts(database)


async def test_messages_come_newest_first_from_a_place_on(posts: Posts) -> None:
    first = await posts.messages("team", most=2)
    rest = await posts.messages("team", most=9, before=Place(first[-1].at, first[-1].id))

    assert [one.id for one in first] == ["m5", "m4"]
    assert [one.id for one in rest] == ["m3", "m2", "m1"]
    assert await posts.messages("quiet", most=9) == []


async def test_what_was_said_since_comes_oldest_first(posts: Posts) -> None:
    found = await posts.messages_since("team", most=2, after=Place(20, "m2"))

    assert [one.id for one in found] == ["m3", "m4"]


async def test_a_list_of_groups_tells_what_happened_last_in_each(posts: Posts) -> None:
    quiet, team = await posts.cards(["team", "quiet"], person="ada")

    assert (team.role, team.members, team.message_at, team.action_at, team.last_at) == ("Admin", 1, 50, 44, 50)
    assert (quiet.role, quiet.members, quiet.last_at) == ("", 0, 0)


async def test_a_group_can_be_called_otherwise(database: Database, posts: Posts) -> None:
    del posts
    await database.write(group_changed("team", GroupTexts(name="Crew", long_description="All of us"), at=60))

    group = await Groups(database).get("team", person="ada")
    assert (group.name, group.long_description) == ("Crew", "All of us")
    with pytest.raises(NotFound):
        await database.write(group_changed("none", GroupTexts(name="Crew"), at=60))
