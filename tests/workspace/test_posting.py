"""Every type of action is kept as it was asked for, and told as receivers parse it."""

import dataclasses
from typing import Any

import msgspec
import pytest

from tests.workspace.board import ASKED, Board
from tests.workspace.files import TAKEN, png, upload, wav
from tests.workspace.house import ADA, BOB, CYD, TENANT, by
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, HOUR
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.event import Event, Subject
from tidings.store.actions import ActionType
from tidings.testing.clock import START
from tidings.workspace.bodies import (
    AnnouncementBody,
    Choice,
    CustomBody,
    JobBody,
    MeetBody,
    MeetingPlace,
    PollBody,
    SurveyBody,
    Visibility,
    body_of,
    questions_of,
)
from tidings.workspace.instant import iso
from tidings.workspace.packages import NewPackage
from tidings.workspace.properties import SentProperty, read_properties
from tidings.workspace.proposal import (
    NewAnnouncement,
    NewCustom,
    NewJob,
    NewMedia,
    NewMeet,
    NewPoll,
    NewSurvey,
)
from tidings.workspace.questions import Asked

SURVEY = NewSurvey(title="Orders", questions=ASKED)
TOLD_QUESTIONS = [
    {"title": "Shop", "type": "SingleOption", "options": [{"title": "North"}, {"title": "South"}]},
    {"title": "Rice", "type": "Numeric", "options": []},
]


def amount(value: object) -> SentProperty:
    return SentProperty(name="amount", type="Numeric", value=value)


async def told(board: Board) -> tuple[Event, dict[str, Any]]:
    """The one event that there is, and its data."""
    [event] = await board.house.events()
    return event, msgspec.json.decode(event.data)


async def resource(board: Board, content: bytes, name: str, *, content_type: str) -> str:
    return await board.media.add(by(ADA), [upload(content, name, content_type=content_type)])


async def test_a_survey_is_told_with_its_creator_and_its_questions_in_both_places(board: Board) -> None:
    survey = await board.post(SURVEY)

    event, data = await told(board)
    assert (event.type, event.actor) == ("SurveyCreated", ADA)
    assert event.name == survey.id
    assert event.subjects == (Subject("Group", board.group.id), Subject("Action", survey.id))
    assert list(data.items()) == [
        ("actionId", survey.id),
        ("actionPackageId", "com.tidings.survey"),
        ("packageId", "com.tidings.survey"),
        ("groupId", board.group.id),
        ("sourceGroupId", board.group.id),
        ("responseId", survey.id),
        ("isUpdateResponse", False),
        ("responder", ADA.phone),
        ("responderId", "ada"),
        ("creatorId", "00000000-0000-0000-0000-000000000000"),
        ("responderName", "Ada"),
        ("responderProfilePic", ADA.picture),
        ("isAnonymous", False),
        ("responseDetails", {"responseWithQuestions": TOLD_QUESTIONS}),
        ("Properties", []),
        ("questions", TOLD_QUESTIONS),
    ]
    assert (survey.title, survey.due_at, survey.reference != survey.id) == ("Orders", START + DAY, True)


async def test_a_survey_is_kept_with_its_rules(board: Board) -> None:
    survey = await board.post(
        NewSurvey(
            title="Orders",
            questions=ASKED,
            due_in_hours=1.5,
            is_anonymous=True,
            accepts_multiple=True,
            visibility=Visibility.SENDER,
            description="For Monday",
            cover_image="https://example.com/rice.jpg",
        )
    )

    body = body_of(survey)
    assert isinstance(body, SurveyBody)
    assert (body.is_anonymous, body.accepts_multiple, body.is_sender_only) == (True, True, True)
    assert (body.description, body.cover_image) == ("For Monday", "https://example.com/rice.jpg")
    assert survey.due_at == START + HOUR * 3 // 2
    _, data = await told(board)
    assert (data["isAnonymous"], data["responder"]) == (True, ADA.phone)


async def test_a_job_is_told_with_the_numbers_of_its_assignees(board: Board) -> None:
    job = await board.post(NewJob(title="Doors", assigned_to=["+91 00000 00002", BOB.phone, ADA.phone]))

    event, data = await told(board)
    assert event.type == "JobCreated"
    assert event.subjects == (Subject("Group", board.group.id), Subject("Action", job.id))
    assert list(data.items()) == [
        ("assignedTo", [BOB.phone, ADA.phone]),
        ("title", "Doors"),
        ("dueDate", iso(START + DAY)),
        ("actionId", job.id),
        ("groupId", board.group.id),
        ("text", ""),
    ]
    assert body_of(job) == JobBody(assigned_to=("bob", "ada"))


async def test_a_poll_is_told_as_a_survey_of_one_question_and_as_itself(board: Board) -> None:
    image = await resource(board, png(), "Café.png", content_type="image/png")
    poll = await board.post(
        NewPoll(question="Where?", choices=[Choice(title="Canteen"), Choice(title="Café", image=image)])
    )

    event, data = await told(board)
    [question, when] = data["questions"]
    assert event.type == "PollCreated"
    assert (data["actionId"], data["responseId"], data["packageId"]) == (poll.id, poll.id, "com.tidings.poll")
    assert data["responseDetails"] == {"responseWithQuestions": [question, when]}
    assert question == {
        "title": "Where?",
        "type": "SingleOption",
        "options": [{"title": "Canteen"}, {"title": "Café"}],
    }
    assert when == {"isInvisible": True, "title": "ResponseTime", "type": "DateTime", "options": []}
    assert list(data)[-3:] == ["question", "choices", "expiryDate"]
    assert (data["question"], data["expiryDate"]) == ("Where?", iso(START + 30 * DAY))
    [first, second] = data["choices"]
    assert (list(first), second["title"]) == (["title"], "Café")
    assert second["image"].startswith("https://tidings.example.com/media/")
    body = body_of(poll)
    assert isinstance(body, PollBody)
    assert [one.title for one in questions_of(poll)] == ["Where?", "ResponseTime"]


async def test_an_invitation_is_told_as_a_survey_of_one_question_and_as_itself(board: Board) -> None:
    meet = await board.post(
        NewMeet(
            title="Handover",
            starting_at=START + DAY,
            place=MeetingPlace(latitude=12.5, longitude=77.5, name="Gate 4"),
            agenda="Keys",
            is_sender_only=True,
        )
    )

    event, data = await told(board)
    assert (event.type, data["packageId"]) == ("LetsMeetCreated", "com.tidings.letsmeet")
    assert [one["title"] for one in data["questions"][0]["options"]] == ["Yes", "Maybe", "No"]
    assert {name: data[name] for name in list(data)[-6:]} == {
        "title": "Handover",
        "startingTime": iso(START + DAY),
        "duration": 30,
        "place": {"latitude": 12.5, "longitude": 77.5, "name": "Gate 4"},
        "agenda": "Keys",
        "isSenderOnly": True,
    }
    assert isinstance(body_of(meet), MeetBody)
    assert meet.due_at is None


async def test_a_meeting_without_a_place_is_told_without_one(board: Board) -> None:
    await board.post(NewMeet(title="Call", starting_at=START, duration_minutes=0.4))

    _, data = await told(board)
    assert "place" not in data
    assert (data["agenda"], data["duration"]) == ("", 1)


async def test_discrepancy_4_files_of_an_announcement_have_both_pairs_of_names(board: Board) -> None:
    image = await resource(board, png(), "plan.png", content_type="image/png")

    posted = await board.post(NewAnnouncement(title="Canteen", text="Closed", resources=[image]))

    event, data = await told(board)
    [file] = data.pop("media")
    assert event.type == "Announcement"
    assert event.subjects == (Subject("Group", board.group.id),)
    assert data == {"text": "Closed", "title": "Canteen"}
    assert file["url"] == file["mediaUrl"]
    assert file["url"].startswith("https://tidings.example.com/media/")
    assert file["fileName"] == file["mediaFileName"] == "plan.png"
    body = body_of(posted)
    assert isinstance(body, AnnouncementBody)
    assert (body.media[0].width, body.media[0].height) == (40, 30)


@pytest.mark.parametrize("type_", [ActionType.IMAGE, ActionType.AUDIO, ActionType.DOCUMENT, ActionType.VIDEO])
async def test_files_are_told_as_an_attachment_of_their_type(board: Board, type_: ActionType) -> None:
    family = {"Image": "image/", "Audio": "audio/", "Video": "video/", "Document": "application/"}[type_]
    (name, content_type), content = next(item for item in TAKEN.items() if item[0][1].startswith(family))
    made = await resource(board, content, name, content_type=content_type)

    posted = await board.post(NewMedia(type=type_, resources=[made], caption="Look"))

    event, data = await told(board)
    [file] = data.pop("media")
    assert event.type == "AttachmentCreated"
    assert event.subjects == (Subject("Group", board.group.id),)
    assert data == {"actionType": type_.value, "caption": "Look"}
    assert list(file) == ["mediaUrl", "mediaFileName"]
    assert questions_of(posted) == ()


async def test_an_album_has_several_pictures(board: Board) -> None:
    uploads = [upload(png(), f"{n}.png", content_type="image/png") for n in (1, 2)]
    album = await board.media.add(by(ADA), uploads)

    await board.post(NewMedia(type=ActionType.ALBUM, resources=[album]))

    _, data = await told(board)
    assert [one["mediaFileName"] for one in data["media"]] == ["1.png", "2.png"]
    assert (data["actionType"], data["caption"]) == ("Album", "")


async def test_files_of_another_kind_are_refused(board: Board) -> None:
    sound = await resource(board, wav(), "song.wav", content_type="audio/wav")

    for type_ in (ActionType.IMAGE, ActionType.ALBUM, ActionType.VIDEO):
        with pytest.raises(Invalid, match=r"^actionBody\.mediaResource: expected"):
            await board.post(NewMedia(type=type_, resources=[sound]))

    assert await board.house.events() == []


async def test_an_action_of_a_package_asks_what_the_package_asks(board: Board) -> None:
    await board.package()
    await board.package()

    order = await board.post(NewCustom(package="com.example.order", valid_for_hours=2))

    event, data = await told(board)
    assert event.type == "ActionCreated"
    assert event.subjects == (
        Subject("Group", board.group.id),
        Subject("Action", order.id),
        Subject("ActionPackage", "com.example.order"),
        Subject("ActionPackage", "com.example.order.2"),
    )
    assert (data["actionPackageId"], data["packageId"]) == ("com.example.order", "com.example.order.2")
    assert data["questions"] == data["responseDetails"]["responseWithQuestions"] == TOLD_QUESTIONS
    assert (order.title, order.package_version, order.due_at) == ("Order", 2, START + 2 * HOUR)
    body = body_of(order)
    assert isinstance(body, CustomBody)
    assert body.accepts_multiple


async def test_the_first_version_is_told_without_a_number(board: Board) -> None:
    await board.package()
    await board.package()

    order = await board.post(NewCustom(package="com.example.order.1", title="Rice"))

    event, data = await told(board)
    assert event.subjects[1:] == (Subject("Action", order.id), Subject("ActionPackage", "com.example.order"))
    assert (data["packageId"], order.title, order.due_at) == ("com.example.order", "Rice", None)


async def test_questions_that_come_along_make_a_package_that_is_not_there(board: Board) -> None:
    await board.post(NewCustom(package="com.example.order", title="Order", questions=ASKED))

    found = await board.packages.find("com.example.order")
    assert (found.version, found.name, found.author) == (1, "Order", "ada")


async def test_questions_that_come_along_are_the_actions_own_where_the_package_is_there(board: Board) -> None:
    await board.package()

    order = await board.post(NewCustom(package="com.example.order", questions=[Asked("Tea", "Text")]))

    assert [one.title for one in questions_of(order)] == ["Tea"]
    assert (await board.packages.find("com.example.order")).version == 1


async def test_an_unknown_package_without_questions_is_not_there(board: Board) -> None:
    with pytest.raises(NotFound, match="POST /v1/actionPackages"):
        await board.post(NewCustom(package="com.example.order"))

    assert await board.house.events() == []


async def test_nobody_makes_versions_of_somebody_elses_package_by_posting(board: Board) -> None:
    await board.package(caller=TENANT)
    elsewhere = dataclasses.replace(by(BOB), connector="bank")

    with pytest.raises(Conflict, match="somebody else's"):
        await board.post(NewCustom(package="com.example.order.9", questions=ASKED), caller=elsewhere)


async def test_properties_of_the_package_are_the_actions_unless_it_brings_its_own(board: Board) -> None:
    properties = [SentProperty(name="state", value="open"), amount(1)]
    await board.packages.create(by(ADA), NewPackage(id="com.example.order", questions=ASKED, properties=properties))

    order = await board.post(NewCustom(package="com.example.order", properties=[amount("7")]))

    assert {one.name: one.value for one in read_properties(order.properties)} == {"state": "open", "amount": 7.0}


async def test_a_group_above_hears_of_it(board: Board) -> None:
    above = await board.house.city()
    await board.house.sub_groups.add(TENANT, above.id, children=[board.group.id])

    job = await board.job()

    events = [event for event in await board.house.events() if event.type == "JobCreated"]
    assert [event.subjects for event in events] == [
        (Subject("Group", board.group.id), Subject("Group", above.id), Subject("Action", job.id))
    ]


async def test_any_member_may_post_and_nobody_else(board: Board) -> None:
    assert (await board.job(caller=by(BOB))).author == "bob"

    with pytest.raises(NotFound):
        await board.job(caller=by(CYD))
    with pytest.raises(NotFound):
        await board.job(caller=by(ADA, kind=TokenKind.GROUP, group="other"))


async def test_a_program_without_a_person_posts_as_nobody(board: Board) -> None:
    survey = await board.post(SURVEY, caller=by(kind=TokenKind.GROUP, group=board.group.id))

    _, data = await told(board)
    assert survey.author == ""
    assert [data[name] for name in ("responder", "responderId", "responderName", "responderProfilePic")] == [""] * 4


async def test_only_admins_pick_subscribers_and_some_may_fail(board: Board) -> None:
    city = await board.house.city(BOB)

    posted = await board.posting.post(by(ADA), city.id, new=SURVEY, subscribers=[BOB.phone, CYD.phone])
    everybody = await board.posting.post(TENANT, city.id, new=SURVEY, is_for_all=True)

    assert (posted.action.audience, list(posted.audience.failed)) == ('["bob"]', [CYD.phone])
    assert everybody.action.audience == '["*"]'
    with pytest.raises(NotFound):
        await board.posting.post(by(BOB), city.id, new=SURVEY)
    with pytest.raises(Forbidden):
        await board.posting.post(by(BOB), board.group.id, new=SURVEY, is_for_all=True)
