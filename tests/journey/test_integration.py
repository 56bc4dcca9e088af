"""A whole integration, as programs written against Kaizala have it: only the base URL is ours."""

import base64
import io
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from PIL import Image

from tests.journey.conftest import ADMIN, House
from tests.web.conversation import ask
from tidings.core.clock import SECOND
from tidings.testing.endpoint import Captured, Endpoint

RAVI, MEERA = "+910000000002", "+910000000003"
ORDER_FORM = "com.example.OrderForm"
QUESTIONS: list[dict[str, Any]] = [
    {"title": "Retailer outlet", "type": "SingleOption", "options": [{"title": "Harbour"}, {"title": "Market"}]},
    {"title": "Rice 1 kg", "type": "Numeric", "options": []},
    {"title": "Remarks", "type": "Text", "options": []},
    {"title": "Shelf", "type": "AttachmentList", "options": []},
    {"title": "Place", "type": "Location", "options": []},
    {"title": "ResponseTime", "type": "DateTime", "options": [], "isInvisible": True},
]
GROUP_TYPES = [
    "ActionCreated", "ActionResponse", "SurveyCreated", "SurveyResponse", "JobCreated", "JobResponse", "PollCreated",
    "PollResponse", "LetsMeetCreated", "LetsMeetResponse", "TextMessageCreated", "AttachmentCreated", "Announcement",
    "MemberAdded", "MemberRemoved", "GroupAdded", "GroupRemoved",
]  # fmt: skip


class Ears:
    """What a receiver heard, by event type."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def heard(self, type_: str) -> list[dict[str, Any]]:
        callbacks = (one for one in self._endpoint.requests if one.method == "POST")
        return [body for body in map(_body, callbacks) if body["eventType"] == type_]


def _body(request: Captured) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(request.body)
    return body


class Program:
    """A program with its token, which says things as sloppily as such programs do."""

    def __init__(self, house: House, token: str) -> None:
        self.token = token
        self._house = house

    async def say(
        self, line: str, body: str | bytes = b"", *, content_type: str = "application/json", expect: int = 200
    ) -> Any:  # noqa: ANN401 - any JSON
        raw = body.encode() if isinstance(body, str) else body
        headers = {"accessToken": self.token, "content-type": content_type}
        answer = await ask(self._house.parts.settings.port, line, headers=headers, body=raw)
        assert answer.status == expect, answer.body
        return answer.json


async def signed_in(house: House, phone: str, *, name: str) -> Program:
    """A program of that person, through a connector of its own."""
    parts = house.parts
    connector = await parts.access.create_connector(f"Program of {name}", actor="test")
    await parts.access.create_person(phone, actor="test", name=name)
    program = Program(house, "")
    await program.say("POST //v1/generatePin", f"{{mobileNumber: '{phone}', applicationId: '{connector.id}'}}")
    pin = await parts.access.waiting_pin(phone)
    login = await program.say(
        "POST /v1/loginWithPinAndApplicationId",
        str({"mobileNumber": phone, "applicationId": connector.id, "pin": int(pin) if pin[0] != "0" else pin}),
    )
    headers = {
        "applicationId": connector.id,
        "applicationSecret": connector.secret,
        "refreshToken": login["refreshToken"],
    }
    answer = await ask(parts.settings.port, "GET /v1/accessToken", headers=headers)
    assert answer.json["scope"]
    return Program(house, answer.json["accessToken"])


@pytest.fixture
async def asha(house: House) -> Program:
    return await signed_in(house, ADMIN, name="Asha")


@pytest.fixture
async def ravi(house: House) -> Program:
    return await signed_in(house, RAVI, name="Ravi")


async def _picture(program: Program) -> str:
    image = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(image, "JPEG")
    body = (
        b'--edge\r\ncontent-disposition: form-data; name="files"; filename="shelf.jpg"\r\n'
        b"content-type: image/jpeg\r\n\r\n" + image.getvalue() + b"\r\n--edge--\r\n"
    )
    answer = await program.say("POST /v1/media", body, content_type="multipart/form-data; boundary=edge")
    return str(answer["mediaResource"])


def _webhook(kind: str, object_id: str, *, url: str, types: list[str]) -> str:
    # As Python programs send it: not JSON at all.
    return str({"objectId": object_id, "objectType": kind, "eventTypes": types, "callBackUrl": url, "Active": True})


async def test_what_is_said_in_a_group_is_heard_there(house: House, asha: Program) -> None:
    async with Endpoint(tls=house.tls) as endpoint:
        ears = Ears(endpoint)
        group = await _group(asha, endpoint)
        media = await _picture(asha)

        await asha.say(f"POST /groups/{group}/messages", '{"Message": "it\'s early"}')
        await asha.say(
            f"POST /v1/groups/{group}/actions",
            f"{{actiontype: 'image', actionBody: {{mediaResource: '{media}', caption: 'The shelf'}}}}",
        )
        await asha.say(
            f"POST /v1/groups/{group}/actions",
            "{actionType: 'announcement', actionBody: {Title: 'Prices', Message: 'New ones', "
            f"MediaResources: ['{media}']}}}}",
        )
        await house.reaches(_count(endpoint, 3))

        [message] = ears.heard("TextMessageCreated")
        assert message["data"] == {"text": "it's early"}
        [attachment] = ears.heard("AttachmentCreated")
        assert attachment["data"].keys() == {"media", "actionType", "caption"}
        assert attachment["data"]["media"][0]["mediaFileName"] == "shelf.jpg"
        [announcement] = ears.heard("Announcement")
        assert announcement["data"]["media"][0].keys() == {"url", "fileName", "mediaUrl", "mediaFileName"}


async def test_members_come_and_go_and_a_sub_group_is_heard_above(house: House, asha: Program, ravi: Program) -> None:
    async with Endpoint(tls=house.tls) as endpoint:
        ears = Ears(endpoint)
        group = await _group(asha, endpoint)

        await asha.say(f"PUT /v1/groups/{group}/members", f"{{members:\u00a0['{MEERA}']}}")
        members = (await asha.say(f"GET /v1/groups/{group}/members", "{}"))["members"]
        meera = next(one["id"] for one in members if one["mobileNumber"] == MEERA)
        sub = await asha.say(f"POST /v1/groups/{group}/subgroups", "{name: 'North', welcomeMessage: ''}")
        await asha.say(f"POST /v1/groups/{sub['groupId']}/messages", "{message: 'from the north'}")
        await asha.say(f"DELETE /v1/groups/{group}/subGroups/{sub['groupId']}")
        await asha.say(f"DELETE /v1/groups/{group}/members/{meera}")
        await house.reaches(_count(endpoint, 5))

        [joined], [left] = ears.heard("MemberAdded"), ears.heard("MemberRemoved")
        assert joined["data"]["member"] == left["data"]["member"] == MEERA
        [came], [went] = ears.heard("GroupAdded"), ears.heard("GroupRemoved")
        assert came["data"]["group"] == went["data"]["group"] == sub["groupId"]
        [message] = ears.heard("TextMessageCreated")
        assert message["data"]["text"] == "from the north"
        assert (message["groupId"], message["sourceGroupId"]) == (group, sub["groupId"])
        assert ravi.token != asha.token


async def test_a_job_is_told_of_and_done(house: House, asha: Program, ravi: Program) -> None:
    async with Endpoint(tls=house.tls) as endpoint, Endpoint(tls=house.tls) as at_action:
        group = await _group(asha, endpoint)
        job = await asha.say(
            f"POST /v1/groups/{group}/actions",
            f"{{actionType: 'Job', actionBody: {{title: 'Count the crates', assignedTo: ['{RAVI}'], dueDate: '24'}}}}",
        )
        await asha.say(
            "POST /v1/webhook", _webhook("Action", job["actionId"], url=at_action.url, types=["JobResponse"])
        )
        answered = await ravi.say(
            f"POST /groups/{group}/actions/{job['actionId']}/responses%20",
            "{'actionType': 'job', 'actionBody': {'isCompleted': True}}",
        )
        await house.reaches(lambda: Ears(endpoint).heard("JobResponse") and Ears(at_action).heard("JobResponse"))

        [made], [done] = Ears(endpoint).heard("JobCreated"), Ears(endpoint).heard("JobResponse")
        assert made["data"]["assignedTo"] == [RAVI]
        assert (made["data"]["actionId"], made["data"]["groupId"], made["data"]["text"]) == (job["actionId"], group, "")
        assert done["eventId"] == done["data"]["responseId"] == answered["responseId"]
        nested = done["data"]["responseDetails"]["response"]
        assert nested == {name: done["data"][name] for name in nested}
        assert (nested["assignee"], nested["isCompleted"], done["data"]["title"]) == (RAVI, True, "Count the crates")
        [own] = Ears(at_action).heard("JobResponse")
        assert (own["objectType"], own["objectId"], own["data"]) == ("Action", job["actionId"], done["data"])

        read = await asha.say(f"GET /v1/groups/{group}/actions/{job['actionId']}")
        assert (read["actionType"], read["actionDetails"]["responseCount"]) == ("Job", 1)


class OrderForm:
    """The form that was sent to a group, and the webhook at its package."""

    def __init__(self, group: str, action: str) -> None:
        self.path = f"/v1/groups/{group}/actions/{action}"
        self.id = action

    @classmethod
    async def sent(cls, program: Program, group: str, *, endpoint: Endpoint) -> "OrderForm":
        form = {"id": ORDER_FORM, "name": "Order form", "questions": QUESTIONS}
        await program.say("POST /v1/actionPackages", msgspec.json.encode(form))
        types = ["ActionCreated", "ActionResponse"]
        await program.say("POST /v1/webhook", _webhook("ActionPackage", ORDER_FORM, url=endpoint.url, types=types))
        action = await program.say(
            f"POST /v1/groups/{group}/actions", f"{{id: '{ORDER_FORM}', actionBody: {{title: 'May'}}}}"
        )
        return cls(group, action["actionId"])

    async def filled_in(self, program: Program, *answers: Any, instead_of: str = "") -> str:  # noqa: ANN401 - any JSON
        """The response's id."""
        which = {"responseId": instead_of} if instead_of else {"actiontype": "survey"}
        body = {"id": ORDER_FORM, "actionBody": {"Answers": list(answers)}} | which
        return str((await program.say(f"POST {self.path}/responses", str(body)))["responseId"])


async def test_an_order_form_is_told_with_its_questions_at_its_package(house: House, asha: Program) -> None:
    async with Endpoint(tls=house.tls) as in_group, Endpoint(tls=house.tls) as at_package:
        group = await _group(asha, in_group)

        await OrderForm.sent(asha, group, endpoint=at_package)
        await house.reaches(lambda: Ears(at_package).heard("ActionCreated"))

        [made] = Ears(at_package).heard("ActionCreated")
        asked = made["data"]["responseDetails"]["responseWithQuestions"]
        assert made["data"]["questions"] == asked
        assert [one["title"] for one in asked] == [one["title"] for one in QUESTIONS]
        assert not any("answer" in one for one in asked)


async def test_an_order_is_told_with_its_answers_and_so_is_a_change(house: House, asha: Program, ravi: Program) -> None:
    async with Endpoint(tls=house.tls) as in_group, Endpoint(tls=house.tls) as at_package:
        form = await OrderForm.sent(asha, await _group(asha, in_group), endpoint=at_package)

        place = {"lt": 9.1, "lg": 8.2, "n": "Quay"}
        first = await form.filled_in(ravi, "Market", "2", None, [await _picture(ravi)], place)
        again = await form.filled_in(ravi, "Harbour", 3, instead_of=first)
        await house.reaches(lambda: len(Ears(at_package).heard("ActionResponse")) == 2)
        await house.reaches(lambda: len(Ears(in_group).heard("ActionResponse")) == 2)

        assert again == first
        new, changed = sorted(Ears(at_package).heard("ActionResponse"), key=lambda one: one["data"]["isUpdateResponse"])
        assert new["eventId"] == changed["eventId"] == first
        assert (new["objectId"], new["data"]["actionPackageId"]) == (ORDER_FORM, ORDER_FORM)
        outlet, rice, remarks, picture, spot, time = new["data"]["responseDetails"]["responseWithQuestions"]
        assert (outlet["answer"], rice["answer"]) == (["Market"], 2.0)
        assert "answer" not in remarks
        assert picture["answer"][0]["mediaFileName"] == "shelf.jpg"
        assert spot["answer"] == place
        assert time["isInvisible"]
        assert isinstance(time["answer"], int)
        assert changed["data"]["responseDetails"]["responseWithQuestions"][0]["answer"] == ["Harbour"]


async def test_an_order_is_read_back_as_its_last_change_was_told(house: House, asha: Program, ravi: Program) -> None:
    async with Endpoint(tls=house.tls) as in_group, Endpoint(tls=house.tls) as at_package:
        group = await _group(asha, in_group)
        form = await OrderForm.sent(asha, group, endpoint=at_package)
        first = await form.filled_in(ravi, "Market", 2)
        await form.filled_in(ravi, "Harbour", 3, instead_of=first)
        await house.reaches(lambda: len(Ears(at_package).heard("ActionResponse")) == 2)

        listed = await asha.say(f"GET /v1/groups/{group}/actions?Id={ORDER_FORM}&getDetails=true&GroupScope=true", "{}")
        whole = await asha.say(f"GET {form.path.removeprefix('/v1')}?getDetails=true")

        [instance] = listed["actions"]
        assert instance["actionBody"]["actionId"] == form.id
        [kept] = whole["actionDetails"]["responses"]
        assert kept["responseId"] == first
        [changed] = [one for one in Ears(at_package).heard("ActionResponse") if one["data"]["isUpdateResponse"]]
        assert kept["responseDetails"] == changed["data"]["responseDetails"]


async def test_a_survey_a_poll_and_a_meeting_are_sent_answered_and_listed(
    house: House, asha: Program, ravi: Program
) -> None:
    async with Endpoint(tls=house.tls) as endpoint:
        ears = Ears(endpoint)
        group = await _group(asha, endpoint)
        survey = await asha.say(
            f"POST /v1/groups/{group}/actions",
            "{actionType: 'survey', actionBody: {title: 'Mood', questions: [{title: 'How?', type: 'SingleOption', "
            "options: [{title: 'Good'}, {title: 'Bad'}]}], isAnonymous: 'true'}}",
        )
        poll = await asha.say(
            f"POST /v1/groups/{group}/actions",
            "{actionType: 'Poll', actionBody: {question: 'Lunch?', Choices: [{title: 'Yes'}, {title: 'No'}]}}",
        )
        meet = await asha.say(
            f"POST /v1/groups/{group}/actions",
            "{actionType: 'LetsMeet', actionBody: {title: 'Stand-up', startingTime: '2030-01-02T09:00:00Z', "
            "DurationInMins: '15', place: {latitude: 1.5, longitude: 2.5, name: 'Quay'}}}",
        )
        for made, answers in ((survey, ["Good"]), (poll, ["No"]), (meet, ["Yes"])):
            await house.clock.advance(SECOND)
            await ravi.say(
                f"POST /v1/groups/{group}/actions/{made['actionId']}/responses",
                str({"actionBody": {"Answers": answers}}),
            )
        await house.reaches(
            lambda: all(ears.heard(one) for one in ("SurveyResponse", "PollResponse", "LetsMeetResponse"))
        )

        [response] = ears.heard("SurveyResponse")
        assert (response["fromUser"], response["data"]["responder"], response["data"]["isAnonymous"]) == ("", "", True)
        [choice] = ears.heard("PollResponse")
        assert choice["data"]["responder"] == RAVI
        [meeting] = ears.heard("LetsMeetCreated")
        assert meeting["data"]["duration"] == 15
        listed = await asha.say(f"GET /v1/groups/{group}/actions?count=2")
        assert (len(listed["actions"]), listed["hasMore"]) == (2, True)
        assert {one["actionType"] for one in listed["actions"]} <= {"Survey", "Poll", "LetsMeet"}


async def test_an_uploaded_picture_is_there_for_whoever_has_its_address(house: House, asha: Program) -> None:
    resource = msgspec.json.decode(base64.b64decode(await _picture(asha)))

    [file] = resource["Files"]
    path = file["Url"].removeprefix(house.parts.settings.base_url)
    answer = await ask(house.parts.settings.port, f"GET /{path}")

    assert (resource["ActionType"], file["Name"], file["Width"], file["Height"]) == (3, "shelf.jpg", 40, 30)
    assert (answer.status, answer.headers["content-type"], len(answer.body)) == (200, "image/jpeg", file["Size"])


async def _group(program: Program, endpoint: Endpoint) -> str:
    made = await program.say("POST /v1/groups/", f"{{name: 'Sales', welcomeMessage: 'Hello', members: ['{RAVI}',],}}")
    group = str(made["groupId"])
    await program.say("POST /v1/webhook", _webhook("Group", group, url=endpoint.url, types=GROUP_TYPES))
    return group


def _count(endpoint: Endpoint, callbacks: int) -> Callable[[], bool]:
    return lambda: sum(one.method == "POST" for one in endpoint.requests) >= callbacks
