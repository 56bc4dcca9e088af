"""Where the documentation of Kaizala contradicts itself or what programs saw: each by its number in the reference.

Number 28 is a typing error of the documentation, which nobody can send.
"""

import base64
import re
import struct
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, SECOND
from tidings.core.event import Event, Subject
from tidings.dialects.kaizala.catalogue import EVENT_TYPES, HEARD_AT, Kind
from tidings.outbox.publisher import Draft
from tidings.testing.endpoint import Endpoint

_USER = TokenKind.USER
_NUMBERS = {*range(1, 31)} - {28}
_WITHIN = 400  # callbacks that are looked through before one is said to be missing


class Stage:
    """Asha's group, of which Ravi is a member, and what its webhook heard."""

    def __init__(self, installation: Installation, endpoint: Endpoint) -> None:
        self.api = installation
        self.endpoint = endpoint
        self.asha = self.ravi = self.group = ""

    async def open(self) -> "Stage":
        self.asha = await self.api.sign_in(ASHA, name="Asha")
        self.ravi = await self.api.sign_in(RAVI, name="Ravi")
        self.group = await self.api.group(self.asha, RAVI)
        await self.subscribe()
        return self

    async def subscribe(self, **more: Any) -> str:  # noqa: ANN401 - fields of a webhook
        order = {
            "objectId": self.group,
            "objectType": "Group",
            "eventTypes": list(HEARD_AT[Kind.GROUP]),
            "callBackUrl": self.endpoint.url,
        }
        answer = await self.api.post("/v1/webhook", order | more, token=self.asha)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["webhookId"])

    async def send(self, body: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        return await self.post(f"/v1/groups/{self.group}/actions", body)

    async def post(self, path: str, body: Any, *, token: str = "") -> Any:  # noqa: ANN401 - any JSON
        answer = await self.api.post(path, body, token=token or self.asha)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        answer = await self.api.get(path, token=self.asha)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def job(self) -> Any:  # noqa: ANN401 - any JSON
        return await self.send({"actionType": "Job", "actionBody": {"title": "Crates", "assignedTo": [RAVI]}})

    async def picture(self) -> str:
        attached = {"fileContent": base64.b64encode(_pixel()).decode(), "fileName": "a.png"}
        return str((await self.post("/v1/media/attachment", attached))["mediaResource"])

    async def heard(self, type_: str) -> dict[str, Any]:
        """The first callback of that type."""
        for number in range(1, _WITHIN):
            await self.endpoint.received(number)
            request = self.endpoint.requests[number - 1]
            body = msgspec.json.decode(request.body) if request.method == "POST" else {}
            if body.get("eventType") == type_:
                return dict(body)
        raise AssertionError(type_)


def _text(title: str) -> dict[str, Any]:
    return {"title": title, "type": "Text"}


async def _answer(stage: Stage, action: dict[str, Any], *answers: str) -> None:
    path = f"/v1/groups/{stage.group}/actions/{action['actionId']}/responses"
    await stage.post(path, {"actionBody": {"Answers": list(answers)}}, token=stage.ravi)


def _epoch_ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * SECOND)


def _pixel() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0\0\0"))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


@pytest.fixture
async def stage(installation: Installation, endpoint: Endpoint) -> Stage:
    return await Stage(installation, endpoint).open()


def test_every_discrepancy_has_a_test_with_its_number() -> None:
    numbered = re.findall(r"def test_discrepancy_(\d+)_", Path(__file__).read_text("utf-8"))

    assert set(map(int, numbered)) == _NUMBERS


@pytest.mark.parametrize("name", ["callBackUrl", "callbackUrl", "CallbackUrl"])
async def test_discrepancy_1_callback_is_spelled_in_any_way_and_told_in_one(stage: Stage, name: str) -> None:
    order = {"objectId": stage.group, "objectType": "Group", "eventTypes": ["Announcement"], name: stage.endpoint.url}

    await stage.post("/v1/webhook", order | {name.replace("Url", "Token"): "sesame"})

    told = (await stage.get(f"/v1/webhook?objectId={stage.group}&objectType=Group"))["webhooks"][-1]
    assert (told["callbackUrl"], told["callbackToken"]) == (stage.endpoint.url, "sesame")


@pytest.mark.parametrize("name", ["callBackContext", "callbackContext"])
async def test_discrepancy_2_the_context_comes_back_however_it_was_spelled(stage: Stage, name: str) -> None:
    await stage.api.delete(f"/v1/webhook/{await stage.subscribe()}", token=stage.asha)
    await stage.subscribe(**{name: "ours", "eventTypes": ["MemberAdded"]})

    await stage.api.put(f"/v1/groups/{stage.group}/members", {"members": [MEERA]}, token=stage.asha)

    callbacks = [await stage.heard("MemberAdded")]
    callbacks += [msgspec.json.decode(one.body) for one in await stage.endpoint.received(5) if one.method == "POST"]
    assert "ours" in {one.get("context") for one in callbacks}


@pytest.mark.parametrize("name", ["eventTypes", "events"])
async def test_discrepancy_3_event_types_are_told_as_events_and_taken_as_both(stage: Stage, name: str) -> None:
    order = {"objectId": stage.group, "objectType": "Group", name: ["Announcement"], "callBackUrl": stage.endpoint.url}

    await stage.post("/v1/webhook", order)

    told = (await stage.get(f"/v1/webhook?objectId={stage.group}&objectType=Group"))["webhooks"]
    assert ["Announcement"] in [one["events"] for one in told]


async def test_discrepancy_4_an_announcements_media_have_the_names_of_the_sample_and_of_the_table(stage: Stage) -> None:
    media = await stage.picture()

    await stage.send(
        {"actionType": "Announcement", "actionBody": {"title": "T", "message": "M", "MediaResources": [media]}}
    )

    [file] = (await stage.heard("Announcement"))["data"]["media"]
    assert (file["url"], file["fileName"]) == (file["mediaUrl"], file["mediaFileName"])
    assert file["fileName"] == "a.png"


async def test_discrepancy_5_member_added_is_called_so(stage: Stage) -> None:
    await stage.api.put(f"/v1/groups/{stage.group}/members", {"members": [MEERA]}, token=stage.asha)

    assert (await stage.heard("MemberAdded"))["data"]["member"] == MEERA


async def test_discrepancy_6_a_job_response_tells_its_assignee_nested_and_flat(stage: Stage) -> None:
    job = await stage.job()
    path = f"/v1/groups/{stage.group}/actions/{job['actionId']}/responses"
    await stage.post(path, {"actionType": "Job", "actionBody": {"isCompleted": "true"}}, token=stage.ravi)

    data = (await stage.heard("JobResponse"))["data"]

    nested = data["responseDetails"]["response"]
    assert nested == {name: data[name] for name in nested}
    assert (nested["assignee"], nested["isCompleted"]) == (RAVI, True)


async def test_discrepancy_7_response_details_is_an_object(stage: Stage) -> None:
    survey = await stage.send({"actionType": "Survey", "actionBody": {"title": "S", "questions": [_text("Why?")]}})
    await _answer(stage, survey, "Because")

    details = (await stage.heard("SurveyResponse"))["data"]["responseDetails"]

    assert details["responseWithQuestions"][0]["answer"] == "Because"


async def test_discrepancy_8_what_is_created_has_its_questions_in_both_places(stage: Stage) -> None:
    await stage.send({"actionType": "Survey", "actionBody": {"title": "S", "questions": [_text("Why?")]}})

    data = (await stage.heard("SurveyCreated"))["data"]

    assert data["questions"] == data["responseDetails"]["responseWithQuestions"] == [_text("Why?") | {"options": []}]


async def test_discrepancy_9_a_job_has_a_title_and_an_empty_text(stage: Stage) -> None:
    await stage.job()

    data = (await stage.heard("JobCreated"))["data"]
    assert (data["title"], data["text"]) == ("Crates", "")


async def test_discrepancy_10_addresses_have_plain_ampersands(stage: Stage) -> None:
    data = msgspec.json.encode({"media": [{"mediaUrl": "https://x.example.com/a.jpg?a=1&b=2", "mediaFileName": "a"}]})
    event = Event(type="AttachmentCreated", subjects=(Subject("Group", stage.group),), data=data, at=1)

    await stage.api.parts.hub.publisher.publish_one(Draft(event=event))

    assert (await stage.heard("AttachmentCreated"))["data"]["media"][0]["mediaUrl"].endswith("?a=1&b=2")
    assert b"&amp;" not in stage.endpoint.requests[-1].body


@pytest.mark.parametrize(("as_text", "unit"), [(True, 1), (False, 1), (True, SECOND), (False, SECOND)])
async def test_discrepancy_11_validity_is_text_or_number_seconds_or_milliseconds(
    stage: Stage, unit: int, *, as_text: bool
) -> None:
    until = (stage.api.parts.clock.now() // SECOND + DAY // SECOND) * SECOND
    validity = until // unit

    webhook = await stage.subscribe(validity=str(validity) if as_text else validity)

    told = (await stage.get(f"/v1/webhook?objectId={stage.group}&objectType=Group"))["webhooks"]
    assert next(one["validity"] for one in told if one["id"] == webhook) == until


async def test_discrepancy_12_the_result_of_adding_members_is_a_text(stage: Stage) -> None:
    answer = await stage.api.put(f"/v1/groups/{stage.group}/members", {"members": [MEERA]}, token=stage.asha)

    assert answer.json() == {"result": "true"}


async def test_discrepancy_13_an_action_tells_when_it_was_sent_in_both_ways(stage: Stage) -> None:
    await stage.job()

    [action] = (await stage.get(f"/v1/groups/{stage.group}/actions"))["actions"]

    assert isinstance(action["creationTime"], int)
    assert action["sentAt"].endswith("Z")


@pytest.mark.parametrize("name", ["PhotoWithLocation", "photoWithLocation", "ShareLocation"])
async def test_discrepancy_14_photos_with_location_and_locations_are_two_types_to_ask_for(
    stage: Stage, name: str
) -> None:
    await stage.job()

    assert await stage.get(f"/v1/groups/{stage.group}/actions?actionType={name}") == {"actions": [], "hasMore": False}


async def test_discrepancy_15_addresses_of_pictures_are_spelled_with_a_small_l(stage: Stage) -> None:
    assert "groupImageUrl" in await stage.get(f"/v1/groups/{stage.group}")


@pytest.mark.parametrize("name", ["duration", "DurationInMins"])
async def test_discrepancy_16_a_meeting_lasts_what_either_name_says(stage: Stage, name: str) -> None:
    body = {"title": "Stand-up", "startingTime": "2030-01-02T09:00:00Z", name: 15}

    await stage.send({"actionType": "LetsMeet", "actionBody": body})

    assert (await stage.heard("LetsMeetCreated"))["data"]["duration"] == 15


async def test_discrepancy_17_choices_and_messages_count_in_any_case(stage: Stage) -> None:
    poll = {"Question": "Lunch?", "Choices": [{"Title": "Yes"}, {"title": "No"}]}

    await stage.send({"actiontype": "poll", "actionBody": poll})
    await stage.post(f"/v1/groups/{stage.group}/messages", {"Message": "Hello"})

    assert [one["title"] for one in (await stage.heard("PollCreated"))["data"]["choices"]] == ["Yes", "No"]
    assert (await stage.heard("TextMessageCreated"))["data"]["text"] == "Hello"


async def test_discrepancy_18_a_webhook_is_deleted_by_the_id_in_the_path(stage: Stage) -> None:
    webhook = await stage.subscribe()

    assert (await stage.api.delete(f"/v1/webhook/{webhook}", token=stage.asha)).json() == {}
    assert (await stage.api.delete("/v1/webhook", token=stage.asha)).status_code == 405


async def test_discrepancy_19_groups_are_found_with_and_without_the_version(stage: Stage) -> None:
    path = f"/groups/{stage.group}"

    assert await stage.get(path) == await stage.get(f"/v1{path}")
    sent = await stage.post(
        f"{path}/actions", {"actionType": "Job", "actionBody": {"title": "T", "assignedTo": [RAVI]}}
    )
    assert await stage.get(f"{path}/actions/{sent['actionId']}")


@pytest.mark.parametrize("name", ["groupName", "name"])
async def test_discrepancy_20_sub_groups_are_told_alone_and_in_a_list_and_made_by_either_name(
    stage: Stage, name: str
) -> None:
    made = await stage.post(f"/v1/groups/{stage.group}/subGroups", {name: "North", "welcomeMessage": "Hi"})

    told = await stage.get(f"/v1/groups/{stage.group}/subGroups")

    assert made.keys() >= {"groupId", "groupName"}
    assert [one["groupId"] for one in told["subGroups"]] == [made["groupId"]]
    assert told["groups"][0]["groupId"] == told["groupId"] == stage.group


@pytest.mark.parametrize("name", ["showDetail", "showDetails", "showdetails"])
async def test_discrepancy_21_details_are_shown_by_either_name(stage: Stage, name: str) -> None:
    [group] = (await stage.get(f"/v1/groups?{name}=true"))["groups"]

    assert group["userCount"] == 2


async def test_discrepancy_22_a_message_may_have_four_thousand_characters(stage: Stage) -> None:
    path = f"/v1/groups/{stage.group}/messages"

    await stage.post(path, {"message": "a" * 4_000})

    assert (await stage.api.post(path, {"message": "a" * 4_001}, token=stage.asha)).status_code == 400


async def test_discrepancy_23_subscribers_are_listed_by_get_and_by_post(stage: Stage) -> None:
    tenant = await stage.api.tenant()
    made = await stage.post("/v1/groups", {"name": "News", "groupType": "ConnectGroup", "admins": [ASHA]}, token=tenant)
    path = f"/v1/groups/{made['groupId']}/subscribers"
    await stage.api.put(f"{path}/add", {"subscribers": [MEERA]}, token=stage.asha)

    by_get, by_post = await stage.get(path), await stage.post(path, {"count": 50})

    assert by_get == by_post
    assert [one["mobileNumber"] for one in by_get["subscribers"]] == [MEERA]


async def test_discrepancy_24_announcements_can_be_posted(stage: Stage) -> None:
    sent = await stage.send({"actionType": "announcement", "actionBody": {"Title": "Prices", "Message": "New"}})

    assert sent["referenceId"]


async def test_discrepancy_25_an_access_token_is_good_for_a_day(stage: Stage) -> None:
    parts, connector = stage.api.parts, stage.api.connector
    refresh = await parts.access.create_refresh_token(connector.id, actor="test", kind=_USER, phone=ASHA)
    headers = {"applicationId": connector.id, "applicationSecret": connector.secret, "refreshToken": refresh.token}
    before = parts.clock.now()

    answer = (await stage.api.http.get("/v1/accessToken", headers=headers)).json()

    assert before + DAY <= answer["accessTokenExpiry"] <= parts.clock.now() + DAY


async def test_discrepancy_26_the_refresh_token_is_empty_until_it_is_due(stage: Stage) -> None:
    parts, connector = stage.api.parts, stage.api.connector
    refresh = await parts.access.create_refresh_token(connector.id, actor="test", kind=_USER, phone=ASHA)
    headers = {"applicationId": connector.id, "applicationSecret": connector.secret, "refreshToken": refresh.token}

    assert (await stage.api.http.get("/v1/accessToken", headers=headers)).json()["refreshToken"] == ""


async def test_discrepancy_27_the_list_of_webhooks_is_json(stage: Stage) -> None:
    answer = await stage.api.get(f"/v1/webhook?objectId={stage.group}&objectType=Group", token=stage.asha)

    [told] = msgspec.json.decode(answer.content)["webhooks"]
    assert told["active"] is True


@pytest.mark.parametrize("name", ["Date", "DateTime"])
async def test_discrepancy_29_a_question_for_a_date_is_called_either_way(stage: Stage, name: str) -> None:
    survey = {"title": "S", "questions": [{"title": "When?", "type": name}]}

    await stage.send({"actionType": "Survey", "actionBody": survey})

    assert (await stage.heard("SurveyCreated"))["data"]["questions"][0]["type"] == "DateTime"


async def test_discrepancy_30_hours_become_an_instant(stage: Stage) -> None:
    before = stage.api.parts.clock.now()

    await stage.send({"actionType": "Job", "actionBody": {"title": "T", "assignedTo": [RAVI], "dueDate": "48"}})

    due = (await stage.heard("JobCreated"))["data"]["dueDate"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", due)
    assert abs(_epoch_ms(due) - before - 2 * DAY) < 60 * SECOND


def test_the_levels_are_those_of_the_documentation() -> None:
    assert set(HEARD_AT[Kind.GROUP]) == set(EVENT_TYPES)
    assert set(HEARD_AT[Kind.ACTION_PACKAGE]) == {"ActionCreated", "ActionResponse"}
