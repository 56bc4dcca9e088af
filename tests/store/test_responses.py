import asyncio

import msgspec
import pytest

from tidings.core.errors import Conflict, NotFound
from tidings.core.event import Actor
from tidings.store.actions import Action, ActionType, Place, action_posted
from tidings.store.database import Database
from tidings.store.people import person_created
from tidings.store.responses import GivenResponse, Response, Responses, response_given, response_updated

ADA = Actor(id="ada", phone="+910000000001", name="Ada", picture="https://example.com/ada.jpg")
BOT = Actor(id="bot", phone="+910000000002", name="Robot", is_bot=True)


def given(name: str, *, by: str = "ada", at: int = 1, action: str = "a1", answers: str = "[]") -> GivenResponse:
    return GivenResponse(
        id=name, action=action, group_id="team", responder=by, connector="shop", answers=answers, at=at
    )


@pytest.fixture
async def responses(database: Database) -> Responses:
    await database.write(person_created(ADA, at=1), person_created(BOT, at=1))
    return Responses(database)


async def test_a_response_is_read_back_with_who_gave_it(responses: Responses, database: Database) -> None:
    await database.write(response_given(given("r1", by="bot", at=5, answers='["Rain"]'), is_only_one=True))

    assert await responses.of_action("a1", most=9) == [
        Response(
            id="r1",
            action="a1",
            responder="bot",
            phone="+910000000002",
            name="Robot",
            picture="",
            is_bot=True,
            answers='["Rain"]',
            updates=0,
            created_at=5,
            changed_at=5,
        )
    ]


async def test_a_program_has_no_name(responses: Responses, database: Database) -> None:
    await database.write(response_given(given("r1", by=""), is_only_one=False))

    [response] = await responses.of_action("a1", most=9)

    assert (response.responder, response.phone, response.name, response.is_bot) == ("", "", "", False)


async def test_where_one_is_allowed_a_second_is_refused_and_the_first_is_found(
    responses: Responses, database: Database
) -> None:
    await database.write(response_given(given("r1"), is_only_one=True))

    with pytest.raises(Conflict, match="responseId"):
        await database.write(response_given(given("r2"), is_only_one=True))

    await database.write(response_given(given("r3", by="bot"), is_only_one=True))
    await database.write(response_given(given("r4", action="a2"), is_only_one=True))
    assert [one.id for one in await responses.of_action("a1", most=9)] == ["r1", "r3"]
    assert await responses.only_one("a1", responder="ada") == "r1"
    assert not await responses.only_one("a1", responder="cyd")


async def test_of_two_first_responses_at_once_one_wins(responses: Responses, database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(response_given(given(f"r{n}"), is_only_one=True)) for n in range(8)), return_exceptions=True
    )

    assert sorted(isinstance(result, Conflict) for result in results) == [False] + [True] * 7
    assert len(await responses.of_action("a1", most=9)) == 1


async def test_where_several_are_allowed_each_is_kept(responses: Responses, database: Database) -> None:
    for number in range(3):
        await database.write(response_given(given(f"r{number}", at=number), is_only_one=False))

    assert [one.id for one in await responses.of_action("a1", most=9)] == ["r0", "r1", "r2"]


async def test_an_update_replaces_the_answers_and_keeps_when_it_was_given(
    responses: Responses, database: Database
) -> None:
    await database.write(response_given(given("r1", at=5), is_only_one=True))

    await database.write(response_updated(given("r1", at=9, answers="[1]")))
    await database.write(response_updated(given("r1", at=7, answers="[2]")))

    [response] = await responses.of_action("a1", most=9)
    assert (response.answers, response.updates, response.created_at, response.changed_at) == ("[2]", 2, 5, 9)


@pytest.mark.parametrize(
    "other",
    [
        given("r1", by="bot"),
        given("r1", action="a2"),
        given("r2"),
        given("r1", by=""),
        msgspec.structs.replace(given("p1", by=""), connector="other"),
    ],
)
async def test_what_is_somebody_elses_is_not_updated(
    responses: Responses, database: Database, other: GivenResponse
) -> None:
    await database.write(
        response_given(given("r1", answers="[0]"), is_only_one=True),
        response_given(given("p1", by="", answers="[0]"), is_only_one=False),
    )

    with pytest.raises(NotFound, match="responseId"):
        await database.write(response_updated(other))

    assert {one.answers for one in await responses.of_action("a1", most=9)} == {"[0]"}


async def test_a_programs_response_is_updated_by_the_program(responses: Responses, database: Database) -> None:
    await database.write(response_given(given("p1", by=""), is_only_one=False))

    await database.write(response_updated(given("p1", by="", answers="[1]")))

    [response] = await responses.of_action("a1", most=9)
    assert response.answers == "[1]"


async def test_lists_go_on_where_they_ended(responses: Responses, database: Database) -> None:
    for name, at in (("r3", 1), ("r1", 2), ("r2", 2), ("r4", 3)):
        await database.write(response_given(given(name, at=at, by="bot" if name == "r4" else "ada"), is_only_one=False))
    await database.write(response_updated(given("r3", at=9)))

    oldest = await responses.of_action("a1", most=2)
    rest = await responses.of_action("a1", most=9, after=Place(2, "r1"))
    own = await responses.of_action("a1", most=9, responder="ada", after=Place(1, "r3"))
    changed = await responses.changed("team", most=9, after=Place(2))
    last = await responses.changed("team", most=9, after=Place(3, "r4"))

    assert [one.id for one in oldest] == ["r3", "r1"]
    assert [one.id for one in rest] == ["r2", "r4"]
    assert [one.id for one in own] == ["r1", "r2"]
    assert [one.id for one in changed] == ["r1", "r2", "r4", "r3"]
    assert [one.id for one in last] == ["r3"]
    assert await responses.changed("other", most=9) == []


async def test_actions_and_people_are_found_by_many_ids_at_once(responses: Responses, database: Database) -> None:
    jobs = [
        Action(
            id=name,
            reference=name,
            group_id="team",
            type=ActionType.JOB,
            author="ada",
            title="Doors",
            body="{}",
            created_at=1,
            changed_at=1,
        )
        for name in ("a1", "a2", 'a"3')
    ]
    await database.write(*map(action_posted, jobs))

    assert await responses.actions(["a2", 'a"3', "a2", "none"]) == {"a2": jobs[1], 'a"3': jobs[2]}
    assert await responses.people(["bot", "none", "ada"]) == {"ada": ADA, "bot": BOT}
    assert await responses.people([]) == {}
