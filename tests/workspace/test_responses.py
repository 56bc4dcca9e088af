import asyncio

import msgspec
import pytest

from tests.workspace.asking import Asking
from tests.workspace.files import png, upload
from tests.workspace.house import ADA, BOB, CYD, TENANT, by
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, MINUTE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound, TidingsError
from tidings.core.event import NOBODY, Subject
from tidings.store.actions import ActionType
from tidings.testing.clock import START, ManualClock
from tidings.workspace.bodies import AnnouncementBody

GROUP_TOKEN = TokenKind.GROUP
HERE = {"latitude": 12.5, "longitude": 77.5, "name": "Gate 4"}


async def told(asking: Asking) -> dict[str, object]:
    """The data of the last event."""
    event = (await asking.house.events())[-1]
    data: dict[str, object] = msgspec.json.decode(event.data)
    return data


async def test_a_response_to_a_survey_is_told_with_every_question(asking: Asking) -> None:
    survey = await asking.survey()
    photo = await asking.media.add(by(BOB), [upload(png(), "yard.png", content_type="image/png")])

    response = await asking.respond(BOB, survey, answers=["North yard", "rain", [photo]])

    [event] = await asking.house.events()
    assert (event.type, event.name, event.actor) == ("SurveyResponse", response, BOB)
    assert event.subjects == (Subject("Group", asking.group.id), Subject("Action", survey.id))
    data = msgspec.json.decode(event.data)
    questions = data.pop("responseDetails")["responseWithQuestions"]
    assert list(data.items()) == [
        ("actionId", survey.id),
        ("actionPackageId", "com.tidings.survey"),
        ("packageId", "com.tidings.survey"),
        ("groupId", asking.group.id),
        ("sourceGroupId", asking.group.id),
        ("responseId", response),
        ("isUpdateResponse", False),
        ("responder", BOB.phone),
        ("responderId", "bob"),
        ("creatorId", "00000000-0000-0000-0000-000000000000"),
        ("responderName", "Bob"),
        ("responderProfilePic", ""),
        ("isAnonymous", False),
        ("Properties", []),
    ]
    [photos] = questions[2].pop("answer")
    assert photos["mediaFileName"] == "yard.png"
    assert photos["mediaUrl"].startswith("https://tidings.example.com/media/")
    weather = {"title": "Weather", "type": "SingleOption", "options": [{"title": "Sun"}, {"title": "Rain"}]}
    assert questions == [
        {"title": "Site", "type": "Text", "options": [], "answer": "North yard"},
        weather | {"answer": ["Rain"]},
        {"title": "Photos", "type": "AttachmentList", "options": []},
        {"title": "Place", "type": "Location", "options": []},
        {"isInvisible": True, "title": "ResponseTime", "type": "DateTime", "options": [], "answer": START},
    ]


async def test_a_response_to_a_package_is_told_to_whoever_hears_the_package_or_a_group_above(asking: Asking) -> None:
    harbour = await asking.house.team()
    await asking.house.sub_groups.add(by(ADA), harbour.id, children=[asking.group.id])
    order = await asking.custom(version=2)

    await asking.respond(BOB, order, answers=["North yard"])

    event = (await asking.house.events())[-1]
    assert event.type == "ActionResponse"
    assert event.subjects == (
        Subject("Group", asking.group.id),
        Subject("Group", harbour.id),
        Subject("Action", order.id),
        Subject("ActionPackage", "com.example.inspection"),
        Subject("ActionPackage", "com.example.inspection.2"),
    )
    data = msgspec.json.decode(event.data)
    assert (data["actionPackageId"], data["packageId"]) == ("com.example.inspection", "com.example.inspection.2")


async def test_a_job_is_done_by_its_assignee(asking: Asking) -> None:
    job = await asking.job(BOB)

    response = await asking.respond(BOB, job, is_completed=True)

    assignee = {
        "assignee": BOB.phone,
        "assigneeName": "Bob",
        "assigneeProfilePic": "",
        "isCompleted": True,
    }
    assert list((await told(asking)).items()) == [
        ("actionId", job.id),
        ("groupId", asking.group.id),
        ("responseId", response),
        ("responseDetails", {"response": assignee}),
        ("title", "Harbour"),
        ("text", "All floors"),
        *assignee.items(),
    ]
    with pytest.raises(Forbidden, match="assigned"):
        await asking.respond(ADA, job, is_completed=True)
    with pytest.raises(Invalid, match="isCompleted"):
        await asking.respond(BOB, job)


@pytest.mark.parametrize("choice", ["café", 1, ["Café"]])
async def test_a_poll_is_answered_by_a_choice(asking: Asking, choice: object) -> None:
    poll = await asking.poll()

    await asking.respond(BOB, poll, answers=[choice])

    [event] = await asking.house.events()
    data = msgspec.json.decode(event.data)
    assert event.type == "PollResponse"
    assert data["actionPackageId"] == "com.tidings.poll"
    assert data["responseDetails"]["responseWithQuestions"][0]["answer"] == ["Café"]
    assert data["responseDetails"]["responseWithQuestions"][1]["answer"] == START


async def test_an_invitation_is_answered_with_yes_no_or_maybe(asking: Asking) -> None:
    meet = await asking.meet()

    await asking.respond(BOB, meet, answers=["maybe"])

    [event] = await asking.house.events()
    assert event.type == "LetsMeetResponse"
    assert msgspec.json.decode(event.data)["responseDetails"]["responseWithQuestions"][0]["answer"] == ["Maybe"]


@pytest.mark.parametrize("answers", [[], [None], ["Perhaps"]])
async def test_who_answers_a_poll_or_an_invitation_makes_a_choice(asking: Asking, answers: list[object]) -> None:
    for action in (await asking.poll(), await asking.meet()):
        with pytest.raises(Invalid, match=r"actionBody\.answers\[0\]"):
            await asking.respond(BOB, action, answers=answers)


async def test_who_responds_again_is_told_which_response_to_change(asking: Asking) -> None:
    survey = await asking.survey()
    first = await asking.respond(BOB, survey, answers=["North yard"])

    with pytest.raises(Conflict, match=first) as refused:
        await asking.respond(BOB, survey, answers=["South yard"])

    assert refused.value.details == {"responseId": first}
    assert len(await asking.house.events()) == 1


async def test_a_response_that_is_changed_keeps_its_name_and_is_told_as_an_update(
    asking: Asking, manual_clock: ManualClock
) -> None:
    survey = await asking.survey()
    first = await asking.respond(BOB, survey, answers=["North yard"])
    await manual_clock.advance(MINUTE)

    again = await asking.respond(BOB, survey, answers=["South yard"], response_id=first)

    events = await asking.house.events()
    data = [msgspec.json.decode(event.data) for event in events]
    assert again == first
    assert [event.name for event in events] == [first, first]
    assert [one["isUpdateResponse"] for one in data] == [False, True]
    questions = data[1]["responseDetails"]["responseWithQuestions"]
    assert (questions[0]["answer"], questions[4]["answer"]) == ("South yard", START + MINUTE)


async def test_a_response_of_somebody_else_cannot_be_changed(asking: Asking) -> None:
    survey = await asking.survey()
    first = await asking.respond(BOB, survey, answers=["North yard"])

    with pytest.raises(NotFound, match="responseId"):
        await asking.respond(ADA, survey, answers=["South yard"], response_id=first)

    assert len(await asking.house.events()) == 1


async def test_a_package_takes_any_number_of_responses(asking: Asking) -> None:
    order = await asking.custom()

    names = {await asking.respond(BOB, order, answers=[f"Order {number}"]) for number in range(3)}

    assert len(names) == 3
    action = await asking.actions.get(order.id)
    assert action is not None
    assert action.responses == 3


async def test_of_two_first_responses_at_once_exactly_one_is_kept_told_and_counted(asking: Asking) -> None:
    survey = await asking.survey()

    results = await asyncio.gather(
        *(asking.respond(BOB, survey, answers=[f"Yard {number}"]) for number in range(8)), return_exceptions=True
    )

    [kept] = [result for result in results if isinstance(result, str)]
    assert [event.name for event in await asking.house.events()] == [kept]
    action = await asking.actions.get(survey.id)
    assert action is not None
    assert action.responses == 1


async def test_responses_to_many_actions_at_once_are_all_kept(asking: Asking) -> None:
    orders = [await asking.custom() for _ in range(5)]
    in_turns = [order for turn in range(20) for order in (orders if turn % 2 else orders[::-1])]

    await asyncio.gather(*(asking.respond(BOB, order, answers=["North yard"]) for order in in_turns))

    counts = [action.responses for order in orders if (action := await asking.actions.get(order.id))]
    assert counts == [20] * 5


async def test_a_response_raises_when_its_action_changed_last(asking: Asking, manual_clock: ManualClock) -> None:
    survey = await asking.survey()
    await manual_clock.advance(MINUTE)
    first = await asking.respond(BOB, survey, answers=["North yard"])
    await manual_clock.advance(MINUTE)

    await asking.respond(BOB, survey, answers=["South yard"], response_id=first)

    action = await asking.actions.get(survey.id)
    assert action is not None
    assert (action.changed_at, action.responses) == (START + 2 * MINUTE, 1)


async def test_who_answered_an_anonymous_survey_is_told_to_nobody_and_yet_answers_once(asking: Asking) -> None:
    survey = await asking.survey(is_anonymous=True)

    first = await asking.respond(BOB, survey, answers=["North yard"])

    [event] = await asking.house.events()
    data = msgspec.json.decode(event.data)
    responder = ("responder", "responderId", "responderName", "responderProfilePic")
    assert event.actor == NOBODY
    assert data["isAnonymous"] is True
    assert [data[name] for name in responder] == [""] * 4
    with pytest.raises(Conflict):
        await asking.respond(BOB, survey, answers=["South yard"])
    await asking.respond(BOB, survey, answers=["South yard"], response_id=first)


async def test_a_program_answers_surveys_and_packages_as_often_as_it_likes(asking: Asking) -> None:
    program = by(kind=GROUP_TOKEN, group=asking.group.id)

    for action in (await asking.survey(), await asking.custom()):
        one, other = [await asking.respond(program, action, answers=["ERP"]) for _ in range(2)]
        await asking.respond(program, action, answers=["ERP again"], response_id=one)
        assert one != other

    events = await asking.house.events()
    assert len(events) == 6
    assert {event.actor for event in events} == {NOBODY}
    assert {msgspec.json.decode(event.data)["responder"] for event in events} == {""}


async def test_a_program_has_no_vote(asking: Asking) -> None:
    actions = (await asking.poll(), await asking.meet(), await asking.job(BOB))

    for program in (TENANT, by(kind=GROUP_TOKEN, group=asking.group.id)):
        for action in actions:
            with pytest.raises(Forbidden):
                await asking.respond(program, action, answers=[0], is_completed=True)


async def test_an_action_that_is_closed_or_over_takes_no_responses(asking: Asking, manual_clock: ManualClock) -> None:
    closed = [await asking.survey(is_closed=True), await asking.job(BOB, is_closed=True)]
    over = [await asking.survey(), await asking.job(BOB), await asking.poll()]
    endless = await asking.custom(due_at=None)
    await manual_clock.advance(DAY)

    for action, why in [*((one, "closed") for one in closed), *((one, "time is over") for one in over)]:
        with pytest.raises(Conflict, match=why):
            await asking.respond(BOB, action, answers=["Canteen"], is_completed=True)

    await asking.respond(BOB, endless, answers=["late"])


async def test_where_one_was_is_filled_in_only_where_the_form_has_room_for_it(asking: Asking) -> None:
    survey = await asking.survey()

    await asking.respond(BOB, survey, answers=["North yard"], location=HERE)

    details = (await told(asking))["responseDetails"]
    assert isinstance(details, dict)
    assert "answer" not in details["responseWithQuestions"][3]
    with pytest.raises(Invalid, match=r"actionBody\.responseLocation"):
        await asking.respond(ADA, survey, answers=["North yard"], location={"latitude": "far"})


async def test_a_wrong_answer_is_refused_before_anything_is_kept(asking: Asking) -> None:
    survey = await asking.survey()

    for answers, place in [
        (["North", "Snow"], r"actionBody\.answers\[1\] \(Weather\)"),
        (["North", None, ["bm9uc2Vuc2U="]], r"actionBody\.answers\[2\]"),
        ([None] * 6, r"actionBody\.answers\[5\]"),
    ]:
        with pytest.raises(Invalid, match=place):
            await asking.respond(BOB, survey, answers=answers)

    assert await asking.house.events() == []


async def test_an_announcement_asks_nothing(asking: Asking) -> None:
    news = await asking.post(ActionType.ANNOUNCEMENT, AnnouncementBody(text="Welcome"))

    with pytest.raises(Invalid, match="asks nothing"):
        await asking.respond(BOB, news, answers=["Thanks"])


async def test_who_is_not_in_the_group_is_told_of_no_action(asking: Asking) -> None:
    survey = await asking.survey()
    elsewhere = msgspec.structs.replace(survey, group_id="other")
    unknown = msgspec.structs.replace(survey, id="other")

    for caller, action in ((by(CYD), survey), (by(BOB), elsewhere), (by(BOB), unknown), (TENANT, elsewhere)):
        with pytest.raises(NotFound):
            await asking.respond(caller, action, answers=["North yard"])


async def test_a_subscriber_answers_what_was_sent_to_them(asking: Asking) -> None:
    city = await asking.house.city(CYD)
    asked: dict[str, TidingsError | str] = {}

    for audience in ("[]", '["*"]', '["cyd"]', '["bob"]'):
        survey = await asking.survey(group_id=city.id, audience=audience)
        try:
            asked[audience] = await asking.respond(CYD, survey, answers=["North yard"])
        except NotFound as error:
            asked[audience] = error

    assert [isinstance(outcome, str) for outcome in asked.values()] == [False, True, True, False]
