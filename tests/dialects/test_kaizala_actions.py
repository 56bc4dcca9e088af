"""Posting and changing actions over HTTP, as Kaizala's programs do."""

from typing import Any

import httpx
import msgspec
import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tests.workspace.files import png
from tidings.core.clock import DAY, HOUR
from tidings.store.actions import Actions
from tidings.workspace.instant import iso

QUESTIONS = [
    {"title": "Shop", "type": "SingleOption", "options": [{"title": "North"}, {"title": "South"}]},
    {"title": "Rice", "type": "Numeric", "isInvisible": "false"},
]
BODIES: dict[str, Any] = {
    "Announcement": {"title": "Canteen", "message": "Closed"},
    "Job": {"title": "Doors", "assignedTo": [RAVI]},
    "Poll": {"question": "Where?", "choices": [{"title": "Canteen"}, {"title": "Café"}]},
    "LetsMeet": {"title": "Handover", "startingTime": "2026-03-18T04:30:00Z"},
    "Survey": {"title": "Orders", "questions": QUESTIONS},
}
HOURS = {"Job": ("dueDate", DAY), "Survey": ("dueDate", DAY), "Poll": ("expiryInHours", 30 * DAY)}
DUE = {"Job": "dueDate", "Poll": "expiryDate"}


class Team:
    """A group of Asha, its admin, and Ravi."""

    def __init__(self, installation: Installation, *, asha: str, group: str) -> None:
        self.installation = installation
        self.asha = asha
        self.group = group
        self.actions = f"/v1/groups/{group}/actions"

    async def post(self, body: object, *, path: str = "", token: str = "") -> httpx.Response:
        return await self.installation.post(path or self.actions, body, token=token or self.asha)

    async def put(self, path: str, body: object) -> httpx.Response:
        return await self.installation.put(f"{self.actions}/{path}", body, token=self.asha)

    async def media(self) -> str:
        """The mediaResource of a picture."""
        files = {"files": ("plan.png", png(), "image/png")}
        answer = await self.installation.http.post("/v1/media", files=files, headers={"accessToken": self.asha})
        made: str = answer.json()["mediaResource"]
        return made

    async def told(self) -> tuple[str, dict[str, Any]]:
        """The type and the data of the last event."""
        [event], _ = await self.installation.parts.history.events(limit=1)
        return event.type, msgspec.json.decode(event.data)


@pytest.fixture
async def team(installation: Installation) -> Team:
    asha = await installation.sign_in(ASHA, name="Asha")
    return Team(installation, asha=asha, group=await installation.group(asha, RAVI))


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
async def test_an_action_is_posted_by_its_type_in_any_case(team: Team, name: str, spell: type[str]) -> None:
    answer = await team.post({"actionType": spell(name), "actionBody": BODIES[name]})

    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["referenceId", "actionId"]
    assert (await team.told())[0] in (f"{name}Created", name)


async def test_discrepancy_17_names_in_an_action_count_in_any_case(team: Team) -> None:
    for body in (
        {"actiontype": "announcement", "ActionBody": {"Title": "Canteen", "Message": "Closed"}},
        {"ACTIONTYPE": "poll", "actionbody": {"Question": "Where?", "Choices": [{"Title": "Canteen"}]}},
        {"actionType": "survey", "actionBody": {"title": "Orders", "Questions": [{"TITLE": "Rice", "TYPE": "text"}]}},
    ):
        answer = await team.post(body)
        assert answer.status_code == 200, answer.text


async def test_discrepancy_19_actions_are_posted_with_and_without_v1(team: Team) -> None:
    body = {"actionType": "Job", "actionBody": BODIES["Job"]}

    for path in (f"/groups/{team.group}/actions", f"//v1/groups/{team.group}/actions/"):
        assert (await team.post(body, path=path)).status_code == 200


async def test_discrepancy_24_announcements_can_be_posted(team: Team) -> None:
    resource = await team.media()
    body = BODIES["Announcement"] | {"mediaResources": [resource]}

    answer = await team.post({"actionType": "Announcement", "actionBody": body})

    type_, data = await team.told()
    assert (answer.status_code, type_) == (200, "Announcement")
    assert (data["title"], data["text"], data["media"][0]["fileName"]) == ("Canteen", "Closed", "plan.png")


@pytest.mark.parametrize("name", ["duration", "DurationInMins", "durationInMins"])
@pytest.mark.parametrize("minutes", [45, "45"])
async def test_discrepancy_16_a_meeting_lasts_so_many_minutes_by_either_name(
    team: Team, name: str, minutes: object
) -> None:
    await team.post({"actionType": "LetsMeet", "actionBody": BODIES["LetsMeet"] | {name: minutes}})

    assert (await team.told())[1]["duration"] == 45


@pytest.mark.parametrize("name", HOURS)
@pytest.mark.parametrize("hours", [None, 2, "2", 2.0])
async def test_discrepancy_30_hours_become_an_instant(team: Team, name: str, hours: object) -> None:
    field, absent = HOURS[name]

    answer = await team.post({"actionType": name, "actionBody": BODIES[name] | {field: hours}})

    action = await Actions(team.installation.parts.database).get(answer.json()["actionId"])
    assert action is not None
    assert action.due_at == action.created_at + (absent if hours is None else 2 * HOUR)
    if name != "Survey":
        assert (await team.told())[1][DUE[name]] == iso(action.due_at)


async def test_discrepancies_8_and_29_questions_stand_in_both_places_and_date_is_datetime(team: Team) -> None:
    await team.post(
        {"actionType": "Survey", "actionBody": {"title": "T", "questions": [{"title": "When?", "type": "Date"}]}}
    )

    _, data = await team.told()
    asked = [{"title": "When?", "type": "DateTime", "options": []}]
    assert data["questions"] == data["responseDetails"]["responseWithQuestions"] == asked


async def test_discrepancy_9_a_job_without_text_is_told_with_an_empty_one(team: Team) -> None:
    await team.post({"actionType": "Job", "actionBody": BODIES["Job"]})
    assert (await team.told())[1]["text"] == ""

    await team.post({"actionType": "Job", "actionBody": BODIES["Job"] | {"text": "All floors"}})
    assert (await team.told())[1]["text"] == "All floors"


@pytest.mark.parametrize("type_", ["Image", "image", "Album"])
async def test_media_are_answered_with_their_reference_alone(team: Team, type_: str) -> None:
    body = {"mediaResource": await team.media(), "caption": "The yard"}

    answer = await team.post({"actionType": type_, "actionBody": body})

    assert list(answer.json()) == ["referenceId"]
    told, data = await team.told()
    assert (told, data["actionType"], data["caption"]) == ("AttachmentCreated", type_.capitalize(), "The yard")
    got = await team.installation.http.get(data["media"][0]["mediaUrl"])
    assert got.content == png()


async def test_everything_that_the_table_of_bodies_has_is_understood(team: Team) -> None:
    survey = {
        "title": "Orders",
        "questions": [*QUESTIONS, {"title": "Tea", "type": "MultiSelect", "options": ["Green", "Black"]}],
        "isAnonymous": "true",
        "isSenderOnly": True,
        "acceptMultipleResponses": "True",
        "Visibility": "0",
        "Description": "For Monday",
        "CoverImage": "https://example.com/rice.jpg",
    }
    meet = BODIES["LetsMeet"] | {
        "startingTime": 1_773_808_200_000,
        "place": {"latitude": "12.5", "longitude": -77.5, "name": "Gate 4"},
        "agenda": "Keys",
        "isSenderOnly": "true",
    }

    assert (await team.post({"actionType": "Survey", "actionBody": survey})).status_code == 200
    _, data = await team.told()
    assert (data["isAnonymous"], data["questions"][2]["options"]) == (True, [{"title": "Green"}, {"title": "Black"}])
    assert (await team.post({"actionType": "LetsMeet", "actionBody": meet})).status_code == 200
    _, data = await team.told()
    assert data["startingTime"] == "2026-03-18T04:30:00Z"
    assert data["place"] == {"latitude": 12.5, "longitude": -77.5, "name": "Gate 4"}
    assert data["isSenderOnly"]


@pytest.mark.parametrize("sent", ["Sender", "sender", 1, "1"])
async def test_visibility_is_a_name_or_a_number(team: Team, sent: object) -> None:
    body = BODIES["Survey"] | {"visibility": sent}

    answer = await team.post({"actionType": "Survey", "actionBody": body})

    read = await team.installation.get(f"{team.actions}/{answer.json()['actionId']}", token=team.asha)
    assert read.json()["actionDetails"]["isSenderOnly"] is True


async def test_power_automate_says_in_the_query_what_it_posts(team: Team, installation: Installation) -> None:
    body = {"subscribers": RAVI, "actionBody": {"Title": "News", "Message": "Rain", "MediaResources": ""}}
    city = (
        await installation.post(
            "/v1/groups", {"name": "City", "groupType": "ConnectGroup"}, token=await installation.tenant()
        )
    ).json()["groupId"]
    order = {"id": "com.example.order", "actionBody": {"questions": QUESTIONS}}

    async def posted(query: str, sent: object, *, group: str = team.group) -> httpx.Response:
        token = team.asha if group == team.group else await installation.tenant()
        return await team.post(sent, path=f"/groups/{group}/actions?{query}", token=token)

    announced = await posted("actionType=announcement&sendToAll=Yes", body, group=city)
    assert announced.status_code == 200, announced.text
    assert announced.json()["failedResult"][0]["subscriber"] == RAVI
    assert (await posted("actionType=Action%20Package", order)).status_code == 200
    assert (await posted("id=com.example.order", {"actionBody": {}})).status_code == 200
    assert (await team.told())[1]["packageId"] == "com.example.order"
    assert (await posted("actionType=announcement&sendToAll=No", {"actionBody": body["actionBody"]})).status_code == 200


async def test_several_resources_and_numbers_may_stand_in_one_text(team: Team) -> None:
    resources = f"{await team.media()}, {await team.media()}"
    announcement = {"Message": "Look", "MediaResources": resources}

    assert (await team.post({"actionType": "announcement", "actionBody": announcement})).status_code == 200
    assert len((await team.told())[1]["media"]) == 2
    job = {"title": "Doors", "assignedTo": f"{RAVI},{ASHA}"}
    assert (await team.post({"actionType": "job", "actionBody": job})).status_code == 200
    assert (await team.told())[1]["assignedTo"] == [RAVI, ASHA]


async def test_a_custom_action_names_its_package_with_or_without_a_version(team: Team) -> None:
    order = {
        "title": "Rice",
        "validity": 24,
        "questions": QUESTIONS,
        "properties": [{"name": "state", "type": 0, "value": "open"}],
    }

    assert (await team.post({"id": "com.example.order", "actionBody": order})).status_code == 200
    second = await team.post({"id": "com.example.order.2", "actionType": "survey", "actionBody": order})
    assert second.status_code == 200, second.text

    type_, data = await team.told()
    assert type_ == "ActionCreated"
    assert (data["actionPackageId"], data["packageId"]) == ("com.example.order", "com.example.order.2")
    assert data["actionId"] == data["responseId"] == second.json()["actionId"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "actionType: expected one of Image, "),
        ({"actionType": "Checklist", "actionBody": {}}, "actionType: expected one of Image, "),
        ({"actionType": "PhotoWithLocation", "actionBody": {}}, "actionType: "),
        ({"actionType": "Custom", "actionBody": {}}, "actionType: "),
        ({"actionType": "Action Package", "actionBody": {}}, "actionType: "),
        ({"actionType": "Job"}, "actionBody: is missing; send it"),
        ({"actionType": "Job", "actionBody": []}, "actionBody: "),
        ({"actionType": "Job", "actionBody": {"title": "Doors"}}, "actionBody.assignedTo: is missing; send it"),
        (
            {"actionType": "Job", "actionBody": {"title": "Doors", "assignedTo": [MEERA]}},
            f"actionBody.assignedTo: {MEERA}",
        ),
        ({"actionType": "Job", "actionBody": {"title": 5, "assignedTo": [RAVI]}}, "actionBody.title: "),
        ({"actionType": "Survey", "actionBody": BODIES["Survey"] | {"visibility": 4}}, "actionBody.visibility: "),
        ({"actionType": "Survey", "actionBody": BODIES["Survey"] | {"visibility": "me"}}, "actionBody.visibility: "),
        ({"actionType": "Survey", "actionBody": BODIES["Survey"] | {"dueDate": "soon"}}, "actionBody.dueDate: "),
        (
            {"actionType": "Survey", "actionBody": {"title": "T", "questions": [{"title": "Rice"}]}},
            "actionBody.questions[0].type: is missing",
        ),
        (
            {"actionType": "Survey", "actionBody": {"title": "T", "questions": [{"title": "Rice", "type": "Sum"}]}},
            "actionBody.questions[0].type: ",
        ),
        ({"actionType": "LetsMeet", "actionBody": {"title": "T", "startingTime": "soon"}}, "actionBody.startingTime: "),
        ({"actionType": "LetsMeet", "actionBody": {"title": "T", "startingTime": -1}}, "actionBody.startingTime: "),
        (
            {"actionType": "LetsMeet", "actionBody": {"title": "T", "startingTime": 2**42 + 1}},
            "actionBody.startingTime: ",
        ),
        (
            {"actionType": "LetsMeet", "actionBody": BODIES["LetsMeet"] | {"place": {"latitude": 91, "longitude": 0}}},
            "actionBody.place.lt: ",
        ),
        ({"actionType": "Image", "actionBody": {"mediaResource": "x"}}, "actionBody.mediaResource: "),
        ({"id": "a/b", "actionBody": {}}, "id: "),
    ],
)
async def test_what_is_no_action_is_refused_by_its_place(team: Team, body: object, message: str) -> None:
    answer = await team.post(body)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "InvalidParameters")
    assert answer.json()["message"].startswith(message)


async def test_an_unknown_package_says_how_to_make_it(team: Team) -> None:
    answer = await team.post({"id": "com.example.none", "actionBody": {}})

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "NotFound")
    assert "POST /v1/actionPackages" in answer.json()["message"]


async def test_kaizalas_two_calls_change_properties(team: Team) -> None:
    order = {"questions": QUESTIONS, "properties": [{"name": "state", "type": "Text", "value": "open"}]}
    action = (await team.post({"id": "com.example.order", "actionBody": order})).json()["actionId"]

    first = await team.put(
        action,
        {
            "version": -1,
            "sendNotificationToSubscribers": "false",
            "sendToAllSubscribers": True,
            "updateProperties": [{"name": "state", "type": "Text", "value": "seen"}],
        },
    )
    second = await team.put(
        f"{action}/properties",
        {
            "version": "2",
            "notificationTargetGroup": None,
            "actionProperties": [{"propertyType": "Custom", "name": "amount", "type": 1, "value": "7"}],
        },
    )

    assert first.json() == {"actionId": action, "version": 2, "status": "Active"}
    assert second.json() == {"actionId": action, "version": 3, "status": "Active"}
    late = await team.put(f"{action}/properties", {"version": 2, "actionProperties": []})
    assert (late.status_code, late.json()["errorCode"]) == (409, "Conflict")


async def test_an_action_is_closed_and_opened_again(team: Team) -> None:
    action = (await team.post({"actionType": "Survey", "actionBody": BODIES["Survey"]})).json()["actionId"]

    for sent, status in (("closed", "Closed"), ("Active", "Active")):
        assert (await team.put(action, {"status": sent})).json()["status"] == status


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("", {"version": "newest"}, "version: "),
        ("", {"version": -2}, "version: "),
        ("", {"status": "Expired"}, "status: "),
        ("", {"updateProperties": [{"name": "p", "type": 9, "value": "x"}]}, "updateProperties[0].type: "),
        ("/properties", {"actionProperties": [{"name": "p", "updateType": 7}]}, "actionProperties[0].updateType: "),
        ("/properties", {}, "actionProperties: is missing"),
    ],
)
async def test_what_is_no_change_is_refused_by_its_place(team: Team, path: str, body: object, message: str) -> None:
    action = (await team.post({"actionType": "Job", "actionBody": BODIES["Job"]})).json()["actionId"]

    answer = await team.put(f"{action}{path}", body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["message"].startswith(message)


async def test_reminders_are_answered_with_an_object_and_listed(team: Team) -> None:
    action = (await team.post({"actionType": "Job", "actionBody": BODIES["Job"]})).json()["actionId"]
    path = f"{team.actions}/{action}/reminder"

    answers = [await team.post(body, path=path) for body in ({}, {"subscribers": [], "sendToAllSubscribers": "false"})]

    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {}), (200, {})]
    first = (await team.installation.get(path, token=team.asha, limit="1")).json()
    rest = (await team.installation.get(path, token=team.asha, limit="9", cursor=first["cursor"])).json()
    assert len(first["reminders"]) == len(rest["reminders"]) == 1
    assert "cursor" not in rest
    assert first["reminders"][0].keys() == {"senderId", "sentAt", "subscribers"}


async def test_to_somebody_outside_a_group_its_actions_are_not_there(team: Team, installation: Installation) -> None:
    action = (await team.post({"actionType": "Job", "actionBody": BODIES["Job"]})).json()["actionId"]
    meera = await installation.sign_in(MEERA)
    path = f"{team.actions}/{action}"

    answers = [
        await installation.post(team.actions, {"actionType": "Survey", "actionBody": BODIES["Survey"]}, token=meera),
        await installation.put(path, {}, token=meera),
        await installation.put(f"{path}/properties", {"actionProperties": []}, token=meera),
        await installation.post(f"{path}/reminder", {}, token=meera),
        await installation.get(f"{path}/reminder", token=meera),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
