import asyncio

import pytest

from tests.workspace.house import ADA, BOB, CYD, TENANT, House, by
from tidings.core.caller import TokenKind
from tidings.core.errors import Invalid, NotFound
from tidings.store.actions import Action, ActionType, action_posted
from tidings.store.reactions import ReactionKind
from tidings.workspace.talk import Talk, Talks

LIKE, COMMENT = ReactionKind.LIKE, ReactionKind.COMMENT


async def said(house: House, group: str) -> str:
    return (await house.messages.post(by(ADA), group, text="Lunch")).reference


async def test_a_thing_is_liked_once_by_each_and_commented_on_at_will(house: House) -> None:
    team = await house.team(BOB)
    reference = await said(house, team.id)

    likes = {await house.reactions.react(by(BOB), team.id, reference=reference, kind=LIKE) for _ in range(2)}
    await house.reactions.react(by(ADA), team.id, reference=reference, kind=LIKE, comment="left alone")
    comments = {
        await house.reactions.react(by(BOB), team.id, reference=reference, kind=COMMENT, comment="Yes")
        for _ in range(2)
    }

    count = await house.reactions.count(by(ADA), team.id, reference=reference)
    reactions = await house.reactions.list(by(ADA), team.id, reference=reference, kind=None, after=0)
    assert (len(likes), len(comments), count.likes, count.comments) == (1, 2, 2, 2)
    assert [(one.kind, one.person, one.comment) for one in reactions] == [
        (LIKE, "bob", ""),
        (LIKE, "ada", ""),
        (COMMENT, "bob", "Yes"),
        (COMMENT, "bob", "Yes"),
    ]


async def test_an_action_is_reacted_to_by_its_reference(house: House) -> None:
    team = await house.team()
    survey = Action(
        id="a", reference="r", group_id=team.id, type=ActionType.SURVEY, author="ada", title="", body="{}",
        created_at=1, changed_at=1,
    )  # fmt: skip
    await house.database.write(action_posted(survey))

    await house.reactions.react(by(ADA), team.id, reference="r", kind=LIKE)

    assert (await house.reactions.count(by(ADA), team.id, reference="r")).likes == 1
    with pytest.raises(NotFound):
        await house.reactions.react(by(ADA), team.id, reference="a", kind=LIKE)


async def test_two_likes_of_one_person_at_once_are_one(house: House) -> None:
    team = await house.team(BOB)
    reference = await said(house, team.id)

    likes = await asyncio.gather(
        *(house.reactions.react(by(BOB), team.id, reference=reference, kind=LIKE) for _ in range(4))
    )

    count = await house.reactions.count(by(ADA), team.id, reference=reference)
    assert (len(set(likes)), count.likes) == (1, 1)


async def test_whoever_goes_on_at_an_instant_misses_nothing(house: House) -> None:
    team = await house.team(BOB)
    references = [await said(house, team.id) for _ in range(3)]
    await asyncio.gather(
        *(
            house.reactions.react(by(ADA), team.id, reference=reference, kind=COMMENT, comment=str(n))
            for n in range(3)
            for reference in references
        )
    )

    counts = await house.reactions.counts(by(ADA), team.id, after=0)
    reactions = await house.reactions.list(by(ADA), team.id, reference=references[0], kind=COMMENT, after=0)

    instants = [one.changed_at for one in counts]
    assert sorted(set(instants)) == instants
    assert {one.reference: one.comments for one in counts} == dict.fromkeys(references, 3)
    assert await house.reactions.counts(by(ADA), team.id, after=instants[1]) == counts[2:]
    later = await house.reactions.list(by(ADA), team.id, reference=references[0], kind=COMMENT, after=reactions[0].at)
    assert later == reactions[1:]


async def test_a_like_is_taken_back_and_given_again(house: House) -> None:
    team = await house.team(BOB)
    reference = await said(house, team.id)
    for person in (ADA, BOB):
        await house.reactions.react(by(person), team.id, reference=reference, kind=LIKE)
    before = await house.reactions.count(by(ADA), team.id, reference=reference)

    for _ in range(2):
        await house.reactions.take_back(by(BOB), team.id, reference=reference)

    after = await house.reactions.count(by(ADA), team.id, reference=reference)
    assert (before.likes, after.likes) == (2, 1)
    assert after.changed_at > before.changed_at
    await house.reactions.react(by(BOB), team.id, reference=reference, kind=LIKE)
    assert (await house.reactions.count(by(ADA), team.id, reference=reference)).likes == 2


async def test_the_talk_of_posts_is_their_counts_and_their_latest_comments(house: House) -> None:
    team, talks = await house.team(BOB), Talks(house.database)
    quiet, loud = await said(house, team.id), await said(house, team.id)
    await house.reactions.react(by(BOB), team.id, reference=loud, kind=LIKE)
    for number in range(3):
        await house.reactions.react(by(ADA), team.id, reference=loud, kind=COMMENT, comment=f"{number}")

    found = await talks.of([quiet, loud], person="bob")
    news = await talks.news(team.id, heard=0)
    comments, before = await talks.comments(loud, before=None)

    assert found[quiet] == Talk(reference=quiet)
    assert (found[loud].likes, found[loud].comments, found[loud].is_liked) == (1, 3, True)
    assert [(one.text, one.author) for one in found[loud].latest] == [("1", ADA), ("2", ADA)]
    assert ([one.text for one in comments], before) == (["0", "1", "2"], None)
    assert ([one.reference for one in news.changed], list(news.comments)) == ([loud], comments)
    assert (await talks.news(team.id, heard=news.heard)).changed == []
    assert [one.text for one in (await talks.comments(loud, before=comments[2].at))[0]] == ["0", "1"]


async def test_what_nobody_reacted_to_has_no_reactions(house: House) -> None:
    team = await house.team()
    reference = await said(house, team.id)

    count = await house.reactions.count(by(ADA), team.id, reference=reference)

    assert (count.likes, count.comments) == (0, 0)
    assert await house.reactions.counts(by(ADA), team.id, after=0) == []
    assert await house.reactions.list(by(ADA), team.id, reference=reference, kind=LIKE, after=0) == []


async def test_a_program_reacts_as_itself(house: House) -> None:
    team = await house.team()
    reference = await said(house, team.id)

    for caller in (TENANT, by(kind=TokenKind.GROUP, group=team.id)):
        await house.reactions.react(caller, team.id, reference=reference, kind=LIKE)

    [like] = await house.reactions.list(TENANT, team.id, reference=reference, kind=LIKE, after=0)
    assert like.person == "shop"


async def test_reactions_tell_nobody(house: House) -> None:
    team = await house.team()
    await house.reactions.react(by(ADA), team.id, reference=await said(house, team.id), kind=LIKE)

    assert [event.type for event in await house.events()] == ["TextMessageCreated"]


async def test_nothing_is_reacted_to_where_it_was_not_posted(house: House) -> None:
    team, other = await house.team(BOB), await house.team()
    reference = await said(house, team.id)

    for caller, group in ((by(CYD), team.id), (by(ADA), other.id), (TENANT, "other")):
        with pytest.raises(NotFound):
            await house.reactions.react(caller, group, reference=reference, kind=LIKE)
        with pytest.raises(NotFound):
            await house.reactions.count(caller, group, reference=reference)
        with pytest.raises(NotFound):
            await house.reactions.list(caller, group, reference=reference, kind=None, after=0)
    with pytest.raises(NotFound):
        await house.reactions.counts(by(CYD), team.id, after=0)


@pytest.mark.parametrize("comment", ["", " ", "x" * 4_001])
async def test_a_comment_is_neither_empty_nor_longer_than_4000_characters(house: House, comment: str) -> None:
    team = await house.team()
    reference = await said(house, team.id)

    with pytest.raises(Invalid, match=r"^comment:"):
        await house.reactions.react(by(ADA), team.id, reference=reference, kind=COMMENT, comment=comment)
