"""Responses over HTTP, and reading them back, as programs of Kaizala's do both."""

from typing import Any

import msgspec
import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tests.workspace.files import png
from tidings.core.event import Event

QUESTIONS: list[dict[str, Any]] = [
    {"title": "Site", "type": "Text"},
    {"title": "Weather", "type": "SingleOption", "options": [{"title": "Sun"}, {"title": "Rain"}]},
    {"title": "Workers", "type": "Numeric"},
    {"title": "Photos", "type": "AttachmentList"},
    {"title": "ResponseLocation", "type": "Location", "isInvisible": True},
    {"title": "ResponseTime", "type": "DateTime", "isInvisible": True},
]
SURVEY = {"actionType": "Survey", "actionBody": {"title": "Inspection", "questions": QUESTIONS}}


class Team:
    """A group of Asha, its admin, and Ravi."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.asha = self.ravi = self.path = ""

    async def gather(self) -> "Team":
        self.asha = await self.installation.sign_in(ASHA, name="Asha")
        self.ravi = await self.installation.sign_in(RAVI, name="Ravi")
        self.path = f"/v1/groups/{await self.installation.group(self.asha, RAVI)}"
        return self

    async def post(self, action: dict[str, Any]) -> str:
        """The id of an action of Asha's."""
        answer = await self.installation.post(f"{self.path}/actions", action, token=self.asha)
        assert answer.status_code == 200, answer.text
        identifier: str = answer.json()["actionId"]
        return identifier

    async def respond(self, action: str, *, token: str = "", status: int = 200, **body: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """What is answered to a response of Ravi's."""
        path = f"{self.path}/actions/{action}/responses"
        answer = await self.installation.post(path, body, token=token or self.ravi)
        assert answer.status_code == status, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def read(self, path: str, *, token: str = "", **query: str) -> dict[str, Any]:
        answer = await self.installation.get(f"{self.path}/{path}", token=token or self.ravi, **query)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def events(self, type_: str) -> list[Event]:
        events, _ = await self.installation.parts.history.events(limit=100)
        return [event for event in events[::-1] if event.type == type_]


@pytest.fixture
async def team(installation: Installation) -> Team:
    return await Team(installation).gather()


async def test_a_survey_is_answered_by_index_and_the_event_is_called_like_the_response(team: Team) -> None:
    survey = await team.post(SURVEY)
    uploaded = await team.installation.http.post(
        "/v1/media", files={"files": ("yard.png", png(), "image/png")}, headers={"accessToken": team.ravi}
    )

    made = await team.respond(
        survey,
        actionType="Survey",
        actionBody={
            "responseName": "Ravi's",
            "responseLocation": {"latitude": 12.5, "longitude": 77.5, "name": "Gate 4"},
            "Answers": ["North yard", "Rain", "14", [uploaded.json()["mediaResource"]]],
        },
    )

    [event] = await team.events("SurveyResponse")
    assert list(made) == ["responseId"]
    assert event.name == made["responseId"] == msgspec.json.decode(event.data)["responseId"]
    answers = msgspec.json.decode(event.data)["responseDetails"]["responseWithQuestions"]
    assert [one.get("answer") for one in answers[:3]] == ["North yard", ["Rain"], 14.0]
    assert answers[3]["answer"][0]["mediaFileName"] == "yard.png"
    assert answers[4]["answer"] == {"lt": 12.5, "lg": 77.5, "n": "Gate 4"}
    assert answers[5]["answer"] == event.at


async def test_a_custom_package_is_answered_by_who_calls_it_a_survey(team: Team) -> None:
    order = await team.post({"id": "com.example.order", "actionBody": {"title": "Order", "questions": QUESTIONS}})

    await team.respond(order, actiontype="survey", actionBody={"Answers": ["-", None, "3"]})

    [event] = await team.events("ActionResponse")
    assert msgspec.json.decode(event.data)["actionPackageId"] == "com.example.order"


async def test_the_path_of_a_response_may_lack_v1_and_end_in_a_space(team: Team) -> None:
    survey = await team.post(SURVEY)
    path = f"{team.path.removeprefix('/v1')}/actions/{survey}/responses%20"

    answer = await team.installation.post(path, {"actionBody": {"answers": ["North"]}}, token=team.ravi)

    assert answer.status_code == 200


async def test_a_job_a_poll_and_an_invitation_are_answered_in_their_own_ways(team: Team) -> None:
    job = await team.post({"actionType": "Job", "actionBody": {"title": "Doors", "assignedTo": [RAVI]}})
    choices = [{"title": "Canteen"}, {"title": "Café"}]
    poll = await team.post({"actionType": "Poll", "actionBody": {"question": "Lunch?", "choices": choices}})
    starting = {"title": "Handover", "startingTime": "2036-03-18T04:30:00Z"}
    meet = await team.post({"actionType": "LetsMeet", "actionBody": starting})

    await team.respond(job, actionType="Job", actionBody={"isCompleted": "true"})
    await team.respond(poll, actionType="Poll", actionBody={"Answers": ["Café"]})
    await team.respond(meet, actionType="LetsMeet", actionBody={"Answers": ["Maybe"]})

    [done] = await team.events("JobResponse")
    assert msgspec.json.decode(done.data)["responseDetails"]["response"]["isCompleted"] is True
    assert len(await team.events("PollResponse")) == len(await team.events("LetsMeetResponse")) == 1
    await team.respond(job, token=team.asha, status=403, actionBody={"isCompleted": True})


async def test_a_second_response_is_refused_with_the_first_ones_id_which_changes_it(team: Team) -> None:
    survey = await team.post(SURVEY)
    first = await team.respond(survey, actionBody={"answers": ["North"]})

    refused = await team.respond(survey, status=409, actionBody={"answers": ["South"]})
    again = await team.respond(survey, responseId=first["responseId"], actionBody={"answers": ["South"]})

    assert refused["details"] == first == again
    updates = [msgspec.json.decode(event.data)["isUpdateResponse"] for event in await team.events("SurveyResponse")]
    assert updates == [False, True]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "actionBody"),
        ({"actionBody": {"answers": "North"}}, "actionBody.answers"),
        ({"actionBody": {"answers": [1, "Snow"]}}, "actionBody.answers[1] (Weather)"),
        ({"actionBody": {"answers": [""] * 7}}, "actionBody.answers[6]"),
        ({"actionBody": {"answers": [], "responseLocation": {"latitude": 1}}}, "actionBody.responseLocation.lg"),
    ],
)
async def test_what_is_no_response_is_refused_with_its_place(team: Team, body: dict[str, Any], place: str) -> None:
    survey = await team.post(SURVEY)

    refused = await team.respond(survey, status=400, **body)

    assert place in refused["message"]


async def test_actions_are_read_back_in_both_spellings_of_time(team: Team) -> None:
    survey = await team.post(SURVEY)

    page = await team.read("actions", actionType="survey", fromDate="", count="5")

    [action] = page["actions"]
    assert page["hasMore"] is False
    assert {"referenceId", "actionType", "sender", "creationTime", "sentAt", "actionBody"} <= action.keys()
    assert (action["actionId"], action["actionType"], action["sender"]) == (survey, "Survey", ASHA)
    assert isinstance(action["creationTime"], int)
    assert action["sentAt"].endswith("Z")
    body = action["actionBody"]
    assert (body["title"], body["isAnonymous"], body["isSenderOnly"]) == ("Inspection", False, False)
    assert [question["title"] for question in body["questions"]] == [question["title"] for question in QUESTIONS]
    assert "responses" not in body


@pytest.mark.parametrize("unit", [1, 1_000])
async def test_a_date_to_read_from_is_in_seconds_or_milliseconds(team: Team, unit: int) -> None:
    survey = await team.post(SURVEY)
    [action] = (await team.read("actions"))["actions"]

    since = await team.read("actions", fromDate=str(action["creationTime"] * unit))
    after = await team.read("actions", fromDate=str((action["creationTime"] + 1) * unit))

    assert [one["actionId"] for one in since["actions"]] == [survey]
    assert after["actions"] == []


async def test_a_count_leaves_the_rest_for_later(team: Team) -> None:
    posted = [await team.post(SURVEY) for _ in range(3)]

    first = await team.read("actions", count="2")
    rest = await team.read("actions", count="2", cursor=first["cursor"])

    assert (first["hasMore"], rest["hasMore"], "cursor" in rest) == (True, False, False)
    assert sorted(one["actionId"] for one in first["actions"] + rest["actions"]) == sorted(posted)


async def test_the_responses_to_a_package_in_a_group_are_fetched_at_once(team: Team) -> None:
    order = await team.post({"id": "com.example.order", "actionBody": {"title": "Order", "questions": QUESTIONS}})
    await team.post(SURVEY)
    made = await team.respond(order, actionBody={"answers": ["North", "Sun"]})

    page = await team.read("actions", Id="com.example.order", getDetails="true", GroupScope="true")

    [action] = page["actions"]
    assert (action["id"], action["packageId"]) == ("com.example.order", "com.example.order")
    body = action["actionBody"]
    assert body.keys() >= {"actionId", "title", "isSenderOnly", "isAnonymous", "acceptMultipleResponses", "questions"}
    [response] = body["responses"]
    assert (body["actionId"], response["responseId"], body["hasMoreResponses"]) == (order, made["responseId"], False)


async def test_a_job_is_read_back_with_how_far_it_is(team: Team) -> None:
    job = await team.post({"actionType": "Job", "actionBody": {"title": "Doors", "assignedTo": [RAVI, ASHA]}})
    await team.respond(job, actionBody={"isCompleted": True})

    action = await team.read(f"actions/{job}")

    details = action["actionDetails"]
    assert (action["actionType"], action["sender"], action["sentAt"][-1]) == ("Job", ASHA, "Z")
    assert (details["title"], details["status"], details["dueDate"][-1]) == ("Doors", "Active", "Z")
    assert (details["responseCount"], details["assigneeCount"]) == (1, 2)
    assert [(one["assignee"], one["isCompleted"]) for one in details["responses"]] == [(RAVI, True)]


async def test_a_survey_is_read_back_with_its_responses_if_details_are_wanted(team: Team) -> None:
    survey = await team.post(SURVEY)
    await team.respond(survey, actionBody={"answers": ["North"]})
    await team.respond(survey, token=team.asha, actionBody={"answers": ["South"]})

    plain = await team.read(f"actions/{survey}")
    first = await team.read(f"actions/{survey}", getDetails="True", limit="1")
    rest = await team.read(f"actions/{survey}", getDetails="True", cursor=first["cursor"])

    assert "responses" not in plain["actionDetails"]
    assert (first["hasMore"], rest["hasMore"]) == (True, False)
    responders = [one["responder"] for page in (first, rest) for one in page["actionDetails"]["responses"]]
    assert responders == [RAVI, ASHA]


async def test_what_is_pulled_is_what_was_pushed(team: Team) -> None:
    survey, anonymous = await team.post(SURVEY), await team.post(_anonymous())
    job = await team.post({"actionType": "Job", "actionBody": {"title": "Doors", "assignedTo": [RAVI]}})
    first = await team.respond(survey, actionBody={"answers": ["North", "Sun", 3]})
    await team.respond(anonymous, actionBody={"answers": ["South"]})
    await team.respond(job, actionBody={"isCompleted": False})
    await team.respond(survey, responseId=first["responseId"], actionBody={"answers": ["East", None, 2.5]})

    page = await team.read("responses", token=team.asha)

    pushed = {event.name: event for type_ in ("SurveyResponse", "JobResponse") for event in await team.events(type_)}
    assert len(page["responses"]) == len(pushed) == 3
    for row in page["responses"]:
        event = pushed[row["responseId"]]
        data = msgspec.json.decode(event.data)
        assert {name: row[name] for name in data} == data
        assert (row["eventType"], row["updatedAt"], row["fromUser"], row["fromUserId"]) == (
            event.type,
            event.at,
            event.actor.phone,
            event.actor.id,
        )
    assert "cursor" not in page


async def test_only_admins_pull_all_responses(team: Team) -> None:
    answer = await team.installation.get(f"{team.path}/responses", token=team.ravi)

    assert answer.status_code == 403


async def test_what_changed_since_is_pulled_with_the_action_that_was_answered(team: Team) -> None:
    survey = await team.post(SURVEY)
    [before] = (await team.read("actions"))["actions"]
    await team.respond(survey, actionBody={"answers": ["North"]})

    [after] = (await team.read("actions", changedSince=str(before["changedAt"])))["actions"]

    assert (after["responseCount"], after["changedAt"] >= before["changedAt"]) == (1, True)


async def test_every_kind_of_action_is_read_back_like_it_was_posted(team: Team) -> None:
    uploaded = await team.installation.http.post(
        "/v1/media", files={"files": ("yard.png", png(), "image/png")}, headers={"accessToken": team.asha}
    )
    resource = uploaded.json()["mediaResource"]
    await team.installation.post(
        f"{team.path}/actions",
        {"actionType": "Image", "actionBody": {"mediaResource": resource, "caption": "The yard"}},
        token=team.asha,
    )
    await team.post({"actionType": "Announcement", "actionBody": {"title": "News", "message": "All is well"}})
    choices = [{"title": "Canteen"}, {"title": "Café"}]
    await team.post({"actionType": "Poll", "actionBody": {"question": "Lunch?", "choices": choices}})
    meeting = {"title": "Handover", "startingTime": "2036-03-18T04:30:00Z", "duration": 45, "agenda": "Keys"}
    await team.post({"actionType": "LetsMeet", "actionBody": meeting})

    bodies = {one["actionType"]: one["actionBody"] for one in (await team.read("actions"))["actions"]}

    assert (bodies["Image"]["caption"], bodies["Image"]["mediaFileName"]) == ("The yard", "yard.png")
    assert bodies["Announcement"] == {"title": "News", "message": "All is well", "media": []}
    assert (bodies["Poll"]["question"], bodies["Poll"]["choices"]) == ("Lunch?", choices)
    assert meeting.items() <= bodies["LetsMeet"].items()


async def test_types_that_nobody_can_post_here_are_not_there_and_unknown_ones_are_refused(team: Team) -> None:
    shared = await team.read("actions", actionType="PhotoWithLocation")
    refused = await team.installation.get(f"{team.path}/actions", token=team.ravi, actionType="Carrots")

    assert shared == {"actions": [], "hasMore": False}
    assert (refused.status_code, "actionType" in refused.json()["message"]) == (400, True)


async def test_to_somebody_outside_there_is_nothing_to_read_or_answer(team: Team) -> None:
    survey = await team.post(SURVEY)
    meera = await team.installation.sign_in(MEERA)

    answers = [
        await team.installation.get(f"{team.path}/actions", token=meera),
        await team.installation.get(f"{team.path}/actions/{survey}", token=meera),
        await team.installation.get(f"{team.path}/responses", token=meera),
        await team.installation.post(f"{team.path}/actions/{survey}/responses", {"actionBody": {}}, token=meera),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


def _anonymous() -> dict[str, Any]:
    return {"actionType": "Survey", "actionBody": {"title": "Secret", "questions": QUESTIONS, "isAnonymous": True}}
