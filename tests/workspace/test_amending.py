import asyncio

import pytest

from tests.workspace.board import ASKED, Board
from tests.workspace.house import ADA, BOB, CYD, TENANT, by
from tidings.core.caller import TokenKind
from tidings.core.clock import MINUTE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.store.actions import Action, Place
from tidings.testing.clock import START
from tidings.workspace.amending import Change
from tidings.workspace.properties import SentProperty, read_properties
from tidings.workspace.proposal import NewSurvey
from tidings.workspace.reading import Reading


def state(value: str) -> Change:
    return Change(properties=[SentProperty(name="state", value=value)])


async def values(board: Board, action: Action) -> dict[str, object]:
    found = await board.actions.get(action.id)
    assert found is not None
    return {one.name: one.value for one in read_properties(found.properties)}


async def test_a_change_makes_the_next_version_and_moves_the_action_to_the_end_of_the_changes(board: Board) -> None:
    job, other = await board.job(), await board.job()
    await board.clock.advance(MINUTE)

    changed = await board.amending.change(by(ADA), board.group.id, action=job.id, change=state("seen"))

    assert (changed.version, changed.changed_at) == (2, START + MINUTE)
    assert changed == await board.actions.get(job.id)
    assert [one.id for one in await board.actions.changed(board.group.id, most=9)] == [other.id, job.id]
    assert [event.type for event in await board.house.events()] == ["JobCreated", "JobCreated"]


async def test_a_change_of_another_version_is_refused(board: Board) -> None:
    job = await board.job()
    await board.amending.change(by(ADA), board.group.id, action=job.id, change=Change(version=1, is_closed=True))

    with pytest.raises(Conflict, match=r"^version:"):
        await board.amending.change(by(ADA), board.group.id, action=job.id, change=Change(version=1, is_closed=False))

    found = await board.actions.get(job.id)
    assert found is not None
    assert (found.version, found.is_closed) == (2, True)


async def test_changes_of_any_version_that_come_at_once_are_all_made(board: Board) -> None:
    job = await board.job()
    changes = [Change(properties=[SentProperty(name=f"p{number}", value="x")]) for number in range(4)]

    await asyncio.gather(
        *(board.amending.change(by(ADA), board.group.id, action=job.id, change=change) for change in changes)
    )

    assert set(await values(board, job)) == {"p0", "p1", "p2", "p3"}


async def test_of_changes_to_one_version_that_come_at_once_one_is_made(board: Board) -> None:
    job = await board.job()
    change = Change(version=1, properties=[SentProperty(name="state", value="x")])

    results = await asyncio.gather(
        *(board.amending.change(by(ADA), board.group.id, action=job.id, change=change) for _ in range(4)),
        return_exceptions=True,
    )

    assert sorted(isinstance(one, Conflict) for one in results) == [False, True, True, True]


async def test_a_closed_action_can_be_opened_again(board: Board) -> None:
    job = await board.job()

    closed = await board.amending.change(by(ADA), board.group.id, action=job.id, change=Change(is_closed=True))
    changed = await board.amending.change(by(ADA), board.group.id, action=job.id, change=state("late"))
    opened = await board.amending.change(by(ADA), board.group.id, action=job.id, change=Change(is_closed=False))

    assert [one.is_closed for one in (closed, changed, opened)] == [True, True, False]


async def test_a_refused_change_changes_nothing(board: Board) -> None:
    job = await board.job()
    properties = [SentProperty(name="state", value="x"), SentProperty(name="sum", type="Numeric", value="many")]

    with pytest.raises(Invalid, match=r"^updateProperties\[1\]\.value"):
        await board.amending.change(
            by(ADA), board.group.id, action=job.id, change=Change(properties=properties, is_closed=True)
        )

    assert await board.actions.get(job.id) == job


async def test_the_author_and_the_admins_change_an_action_and_nobody_else(board: Board) -> None:
    adas, bobs = await board.job(), await board.job(caller=by(BOB))

    for caller in (by(ADA), by(BOB), TENANT, by(kind=TokenKind.GROUP, group=board.group.id)):
        await board.amending.change(caller, board.group.id, action=bobs.id, change=state("x"))
    with pytest.raises(Forbidden):
        await board.amending.change(by(BOB), board.group.id, action=adas.id, change=state("x"))
    with pytest.raises(Forbidden):
        await board.amending.remind(by(BOB), board.group.id, action=adas.id)
    with pytest.raises(NotFound):
        await board.amending.change(by(CYD), board.group.id, action=adas.id, change=state("x"))


async def test_what_a_program_posted_is_no_members(board: Board) -> None:
    program = by(kind=TokenKind.GROUP, group=board.group.id)
    survey = await board.post(NewSurvey(title="Orders", questions=ASKED), caller=program)

    with pytest.raises(Forbidden):
        await board.amending.change(by(BOB), board.group.id, action=survey.id, change=state("x"))


async def test_an_action_of_another_group_is_not_there(board: Board) -> None:
    job, other = await board.job(), await board.house.team()

    for action in (job.id, "nothing"):
        with pytest.raises(NotFound, match="no such action"):
            await board.amending.change(by(ADA), other.id, action=action, change=state("x"))


async def test_whoever_has_not_answered_is_waited_for_once_the_group_was_reminded(board: Board) -> None:
    reading = Reading(board.house.database, rights=board.house.rights, clock=board.clock)
    job, survey = await board.job(), await board.post(NewSurvey(title="Orders", questions=ASKED))

    assert await board.amending.silent(by(ADA), board.group.id, action=job.id) == [ADA]
    assert await board.amending.silent(by(ADA), board.group.id, action=survey.id) == [ADA, BOB]
    assert await board.amending.silent(by(ADA), board.group.id, action=survey.id, after="ada") == [BOB]
    with pytest.raises(Forbidden):
        await board.amending.silent(by(BOB), board.group.id, action=survey.id)
    assert await reading.awaiting("bob") == []
    for action in (survey, job):
        await board.clock.advance(MINUTE)
        await board.amending.remind(by(ADA), board.group.id, action=action.id)

    assert [one.id for one in await reading.awaiting("ada")] == [job.id, survey.id]
    [awaited] = await reading.awaiting("bob")
    assert (awaited.id, awaited.reminded_at) == (survey.id, START + MINUTE)
    await board.amending.change(by(ADA), board.group.id, action=survey.id, change=Change(is_closed=True))
    assert await reading.awaiting("bob") == []


async def test_a_reminder_for_some_subscribers_is_not_the_groups(board: Board) -> None:
    reading = Reading(board.house.database, rights=board.house.rights, clock=board.clock)
    city = await board.house.city(BOB)
    survey = (await board.posting.post(by(ADA), city.id, new=NewSurvey(title="Orders", questions=ASKED))).action

    await board.amending.remind(by(ADA), city.id, action=survey.id, subscribers=[BOB.phone])
    assert await reading.awaiting("ada") == []

    await board.amending.remind(by(ADA), city.id, action=survey.id, to_all=True)
    assert [one.id for one in await reading.awaiting("ada")] == [survey.id]


async def test_it_is_kept_who_was_reminded_by_whom_and_when(board: Board) -> None:
    city = await board.house.city(BOB)
    survey = (await board.posting.post(by(ADA), city.id, new=NewSurvey(title="Orders", questions=ASKED))).action
    await board.amending.remind(by(ADA), city.id, action=survey.id)
    await board.clock.advance(MINUTE)
    await board.amending.remind(by(ADA), city.id, action=survey.id, subscribers=[BOB.phone])
    await board.clock.advance(MINUTE)
    await board.amending.remind(TENANT, city.id, action=survey.id, to_all=True)

    latest = await board.amending.reminders(by(ADA), city.id, action=survey.id, most=2)
    before = Place(latest[-1].at, latest[-1].id)
    rest = await board.amending.reminders(by(ADA), city.id, action=survey.id, before=before)

    assert [(one.author, one.audience, one.at) for one in (*latest, *rest)] == [
        ("", '["*"]', START + 2 * MINUTE),
        ("ada", '["bob"]', START + MINUTE),
        ("ada", "[]", START),
    ]
    assert [event.type for event in await board.house.events()] == ["SurveyCreated"]
