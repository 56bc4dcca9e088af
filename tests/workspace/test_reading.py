import asyncio

import pytest

from tests.workspace.asking import Asking
from tests.workspace.house import ADA, BOB, CYD, TENANT, by
from tidings.core.clock import DAY, MINUTE
from tidings.core.errors import Forbidden, Invalid, NotFound
from tidings.core.event import Actor
from tidings.store.actions import Action, ActionType
from tidings.store.groups import Role, member_added
from tidings.testing.clock import START, ManualClock
from tidings.workspace.bodies import AnnouncementBody, Visibility
from tidings.workspace.reading import MOST_INLINE, Page, Query, Status


async def listed(asking: Asking, **query: object) -> Page:
    """What Bob is shown."""
    asked = Query(**{"most": 30} | query)  # type: ignore[arg-type]  # each test names fields of it
    return await asking.reading.actions(by(BOB), asking.group.id, query=asked)


def names(page: Page) -> list[str]:
    return [seen.action.id for seen in page.actions]


async def answers_seen(asking: Asking, person: Actor, action: Action) -> list[str]:
    """The responses that somebody sees, by who gave them."""
    seen = await asking.reading.action(by(person), action.group_id, action=action.id, has_responses=True, most=9)
    assert seen.responses is not None
    return [answered.response.responder for answered in seen.responses]


async def test_actions_come_newest_first_and_from_a_date_on_oldest_first(
    asking: Asking, manual_clock: ManualClock
) -> None:
    for _ in range(3):
        await asking.survey()
        await manual_clock.advance(MINUTE)
    since = START + MINUTE

    newest = await listed(asking, most=2)
    rest = await listed(asking, most=2, cursor=newest.cursor)
    oldest = await listed(asking, most=1, since=since)
    last = await listed(asking, most=1, since=since, cursor=oldest.cursor)

    assert (names(newest), names(rest), rest.cursor) == (["a3", "a2"], ["a1"], "")
    assert (names(oldest), names(last), last.cursor) == (["a2"], ["a3"], "")


async def test_actions_are_chosen_by_type_or_package(asking: Asking) -> None:
    await asking.survey()
    await asking.job(BOB)
    await asking.custom(version=1)
    await asking.custom(version=2)

    assert names(await listed(asking, type=ActionType.JOB)) == ["a2"]
    assert names(await listed(asking, package="com.example.inspection")) == ["a4", "a3"]
    assert names(await listed(asking, package="com.example.inspection.2")) == ["a4", "a3"]
    assert names(await listed(asking, package="com.example.other")) == []


async def test_what_changed_comes_in_the_order_of_changes_of_which_responses_are_some(
    asking: Asking, manual_clock: ManualClock
) -> None:
    first = await asking.survey()
    await asking.survey()
    await manual_clock.advance(MINUTE)
    await asking.respond(BOB, first, answers=["North yard"])

    everything = await listed(asking, changed_since=0, most=1)
    rest = await listed(asking, changed_since=0, cursor=everything.cursor)
    lately = await listed(asking, changed_since=START + 1)

    assert (names(everything), names(rest), names(lately)) == (["a2"], ["a1"], ["a1"])
    with pytest.raises(Invalid, match="changedSince"):
        await listed(asking, changed_since=0, type=ActionType.SURVEY)


async def test_an_action_is_seen_with_its_author_and_assignees_as_they_are_now(asking: Asking) -> None:
    job = await asking.job(BOB, ADA)
    program = await asking.survey(author="")

    [by_program, by_ada] = (await listed(asking)).actions

    assert (by_ada.action, by_ada.author, by_ada.assignees) == (job, ADA, [BOB, ADA])
    assert (by_program.action.id, by_program.author, by_program.assignees) == (program.id, Actor(), [])


async def test_an_action_is_active_until_it_is_over_or_closed(asking: Asking, manual_clock: ManualClock) -> None:
    await asking.survey(is_closed=True)
    await asking.survey()
    await asking.survey(due_at=None)

    before = [seen.status for seen in (await listed(asking)).actions]
    await manual_clock.advance(DAY)
    after = [seen.status for seen in (await listed(asking)).actions]

    assert before == [Status.ACTIVE, Status.ACTIVE, Status.CLOSED]
    assert after == [Status.ACTIVE, Status.EXPIRED, Status.CLOSED]


@pytest.mark.parametrize(
    ("visibility", "is_seen_by"),
    [
        (Visibility.ALL, {"ada": True, "bob": True, "cyd": True}),
        (Visibility.MEMBERS_AND_SUBSCRIBERS, {"ada": True, "bob": True, "cyd": True}),
        (Visibility.SENDER, {"ada": True, "bob": True, "cyd": False}),
        (Visibility.ADMIN, {"ada": True, "bob": False, "cyd": False}),
    ],
)
async def test_who_may_see_the_responses_of_others_is_what_the_survey_says(
    asking: Asking, visibility: Visibility, is_seen_by: dict[str, bool]
) -> None:
    await asking.house.database.write(member_added(asking.group.id, "cyd", role=Role.MEMBER, at=1))
    survey = await asking.survey(visibility=visibility, author="bob")
    for person in (ADA, BOB, CYD):
        await asking.respond(person, survey, answers=["North yard"])

    seen = {person.id: await answers_seen(asking, person, survey) for person in (ADA, BOB, CYD)}

    assert {name: len(found) == 3 for name, found in seen.items()} == is_seen_by
    assert all(name in found for name, found in seen.items())


@pytest.mark.parametrize(("is_sender_only", "seen"), [(False, ["ada", "bob"]), (True, ["bob"])])
async def test_who_else_comes_is_seen_unless_only_the_sender_is_told(
    asking: Asking, manual_clock: ManualClock, *, is_sender_only: bool, seen: list[str]
) -> None:
    meet = await asking.meet(is_sender_only=is_sender_only)
    for person in (ADA, BOB):
        await asking.respond(person, meet, answers=["Yes"])
        await manual_clock.advance(MINUTE)

    assert await answers_seen(asking, BOB, meet) == seen


async def test_a_subscriber_sees_their_own_response_unless_it_was_said_that_they_see_more(asking: Asking) -> None:
    city = await asking.house.city(BOB, CYD)
    closed = await asking.survey(group_id=city.id, audience='["*"]')
    opened = await asking.survey(group_id=city.id, audience='["*"]', visibility=Visibility.MEMBERS_AND_SUBSCRIBERS)
    for survey in (closed, opened):
        for person in (BOB, CYD):
            await asking.respond(person, survey, answers=["North yard"])

    assert await answers_seen(asking, CYD, closed) == ["cyd"]
    assert sorted(await answers_seen(asking, CYD, opened)) == ["bob", "cyd"]
    with pytest.raises(NotFound):
        await asking.reading.actions(by(CYD), city.id, query=Query(most=9))


async def test_responses_are_paged_for_one_action(asking: Asking, manual_clock: ManualClock) -> None:
    order = await asking.custom()
    given = []
    for _ in range(3):
        given.append(await asking.respond(BOB, order, answers=["North yard"]))
        await manual_clock.advance(MINUTE)

    async def page(cursor: str) -> tuple[list[str], str]:
        seen = await asking.reading.action(
            by(ADA), asking.group.id, action=order.id, has_responses=True, most=2, cursor=cursor
        )
        assert seen.responses is not None
        return [answered.response.id for answered in seen.responses], seen.cursor

    first, cursor = await page("")
    rest, end = await page(cursor)

    assert (first + rest, end) == (given, "")
    with pytest.raises(Invalid, match="cursor"):
        await page("somewhere")


async def test_a_list_has_the_oldest_responses_of_each_action_if_they_are_asked_for(asking: Asking) -> None:
    order = await asking.custom()
    await asking.post(ActionType.ANNOUNCEMENT, AnnouncementBody(text="Welcome"))
    await asyncio.gather(*(asking.respond(BOB, order, answers=["North"]) for _ in range(MOST_INLINE + 1)))

    announced, ordered = (await listed(asking, has_responses=True)).actions
    _, plain = (await listed(asking)).actions

    assert (announced.responses, plain.responses) == (None, None)
    assert ordered.responses is not None
    assert len(ordered.responses) == MOST_INLINE
    assert ordered.cursor


async def test_one_action_has_its_responses_if_they_are_asked_for_and_a_job_always(asking: Asking) -> None:
    survey, job = await asking.survey(), await asking.job(BOB)
    await asking.respond(BOB, job, is_completed=True)

    seen = {
        one.id: await asking.reading.action(by(BOB), asking.group.id, action=one.id, has_responses=False, most=9)
        for one in (survey, job)
    }

    assert seen[survey.id].responses is None
    assert seen[job.id].responses is not None
    assert len(seen[job.id].responses or ()) == 1


async def test_admins_read_all_responses_of_a_group_in_the_order_of_their_changes(
    asking: Asking, manual_clock: ManualClock
) -> None:
    survey, job = await asking.survey(visibility=Visibility.ADMIN), await asking.job(BOB)
    first = await asking.respond(BOB, survey, answers=["North yard"])
    await manual_clock.advance(MINUTE)
    second = await asking.respond(BOB, job, is_completed=True)
    await manual_clock.advance(MINUTE)
    await asking.respond(BOB, survey, answers=["South yard"], response_id=first)

    page = await asking.reading.responses(by(ADA), asking.group.id, most=1)
    rest = await asking.reading.responses(TENANT, asking.group.id, most=1, cursor=page.cursor)
    lately = await asking.reading.responses(by(ADA), asking.group.id, most=9, changed_since=START + 2 * MINUTE)

    assert [answered.response.id for answered in page.responses] == [second]
    assert [(answered.response.id, answered.form.event_type) for answered in rest.responses] == [
        (first, "SurveyResponse")
    ]
    assert rest.cursor == ""
    assert [answered.response.id for answered in lately.responses] == [first]
    with pytest.raises(Forbidden):
        await asking.reading.responses(by(BOB), asking.group.id, most=9)


async def test_who_is_not_in_the_group_reads_nothing(asking: Asking) -> None:
    survey = await asking.survey()

    with pytest.raises(NotFound):
        await asking.reading.actions(by(CYD), asking.group.id, query=Query(most=9))
    with pytest.raises(NotFound):
        await asking.reading.action(by(CYD), asking.group.id, action=survey.id, has_responses=True, most=9)
    with pytest.raises(NotFound):
        await asking.reading.responses(by(CYD), asking.group.id, most=9)
