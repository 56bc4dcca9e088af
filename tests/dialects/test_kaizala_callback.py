"""Kaizala's callbacks have the documented fields, in their order and of their types, and the captured ones."""

import json
from typing import Any

import msgspec
import pytest

from tidings.core.event import ANY, Actor, Event, Subject
from tidings.core.identifier import identifier_at, outside
from tidings.core.pattern import compile_types
from tidings.core.subscription import Subscription
from tidings.dialects.discovery import discover
from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.workspace.data import DATA

SAMPLES = {name: event for name, event in discover().samples.items() if name in EVENT_TYPES}

ENVELOPE = {
    "subscriptionId": str,
    "objectId": str,
    "objectType": str,
    "eventType": str,
    "eventId": str,
    "data": dict,
    "context": str,
    "fromUser": str,
    "fromUserId": str,
    "fromUserName": str,
    "fromUserProfilePic": str,
    "isBotfromUser": bool,
    "groupId": str,
    "sourceGroupId": str,
}

MEDIA = {"mediaUrl": str, "mediaFileName": str}
QUESTION = {"title": str, "type": str, "options": list}
RESPONSE: dict[str, Any] = {
    "actionId": str,
    "actionPackageId": str,
    "packageId": str,
    "groupId": str,
    "sourceGroupId": str,
    "responseId": str,
    "isUpdateResponse": bool,
    "responder": str,
    "responderId": str,
    "creatorId": str,
    "responderName": str,
    "responderProfilePic": str,
    "isAnonymous": bool,
    "responseDetails": {"responseWithQuestions": [QUESTION]},
    "Properties": list,
}
MEMBER = {"member": str, "memberName": str, "memberProfilePic": str, "type": str, "memberId": str}
GROUP = {"group": str, "groupName": str, "groupImageUrl": str, "type": str}

# By event: what the schema's sample and its table name, and what was captured; order as in the sample.
DOCUMENTED: dict[str, dict[str, Any]] = {
    "TextMessageCreated": {"text": str},
    "AttachmentCreated": {"media": [MEDIA], "actionType": str, "caption": str},
    "Announcement": {"text": str, "title": str, "media": [{"url": str, "fileName": str, **MEDIA}]},
    "JobCreated": {"assignedTo": [str], "title": str, "dueDate": str, "actionId": str, "groupId": str},
    "JobResponse": {
        "actionId": str,
        "groupId": str,
        "responseId": str,
        "responseDetails": {
            "response": {"assignee": str, "assigneeName": str, "assigneeProfilePic": str, "isCompleted": bool}
        },
    },
    "ActionCreated": RESPONSE | {"questions": [QUESTION]},
    "SurveyCreated": RESPONSE | {"questions": [QUESTION]},
    "ActionResponse": RESPONSE,
    "SurveyResponse": RESPONSE,
    "MemberAdded": MEMBER,
    "MemberRemoved": MEMBER,
    # Never published; this is our design.
    "PollCreated": RESPONSE
    | {"questions": [QUESTION], "question": str, "choices": [{"title": str}], "expiryDate": str},
    "PollResponse": RESPONSE,
    "LetsMeetCreated": RESPONSE
    | {
        "questions": [QUESTION],
        "title": str,
        "startingTime": str,
        "duration": int,
        "place": {"latitude": float, "longitude": float, "name": str},
        "agenda": str,
        "isSenderOnly": bool,
    },
    "LetsMeetResponse": RESPONSE,
    "GroupAdded": GROUP,
    "GroupRemoved": GROUP,
}

ANSWERS: dict[str, Any] = {
    "Text": str,
    "Numeric": float,
    "SingleOption": [str],
    "MultiOption": [str],
    "DateTime": int,
    "Location": {"lt": float, "lg": float, "n": str, "acc": float},
    "AttachmentList": [MEDIA],
    "PhoneNumber": {"cc": str, "pn": str},
}


def assert_shaped(value: object, shape: Any, *, place: str) -> None:  # noqa: ANN401 - a shape is JSON-like
    if isinstance(shape, type):
        assert type(value) is shape, place
    elif isinstance(shape, list):
        assert isinstance(value, list), place
        assert value, place
        for item in value:
            assert_shaped(item, shape[0], place=f"{place}[]")
    else:
        assert isinstance(value, dict), place
        assert [key for key in value if key in shape] == list(shape), place
        for key, inner in shape.items():
            assert_shaped(value[key], inner, place=f"{place}.{key}")


def subscription(*, subject: Subject, context: str | None = None) -> Subscription:
    return Subscription(
        id="9b2f6f0a-4d5c-4a38-8a8e-6f0c3b1d7e24",
        subject=subject,
        types=compile_types(["ActionResponse"]),
        url="https://example.com/hook",
        context=context,
        format="kaizala",
        expires_at=1,
    )


def written(event: Event, *, subject: Subject | None = None, context: str | None = None) -> dict[str, Any]:
    body = Kaizala().write(event, subscription(subject=subject or event.subjects[0], context=context))
    document: dict[str, Any] = json.loads(body)
    return document


def test_there_is_a_sample_and_a_shape_for_every_event_type() -> None:
    assert set(SAMPLES) == set(DOCUMENTED) == set(DATA) == set(EVENT_TYPES)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_envelope_has_the_documented_and_the_captured_fields_in_order(name: str) -> None:
    document = written(SAMPLES[name], context="Any data")

    assert_shaped(document, ENVELOPE, place=name)
    assert list(document)[: len(ENVELOPE)] == list(ENVELOPE)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_data_has_the_documented_fields_in_order_and_of_their_types(name: str) -> None:
    assert_shaped(written(SAMPLES[name])["data"], DOCUMENTED[name], place=name)


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_the_samples_are_what_the_types_of_data_write(name: str) -> None:
    data = msgspec.json.decode(SAMPLES[name].data, type=DATA[name])

    assert msgspec.json.encode(data) == SAMPLES[name].data


def test_each_type_of_question_has_its_captured_form_of_answer() -> None:
    questions = written(SAMPLES["ActionResponse"])["data"]["responseDetails"]["responseWithQuestions"]

    assert {question["type"] for question in questions} == set(ANSWERS)
    for question in questions:
        if "answer" in question:
            assert_shaped(question["answer"], ANSWERS[question["type"]], place=question["title"])


def test_an_unanswered_question_stays_in_its_place_without_an_answer() -> None:
    questions = written(SAMPLES["ActionResponse"])["data"]["responseDetails"]["responseWithQuestions"]

    assert [question["title"] for question in questions if "answer" not in question] == ["Remarks"]


def test_the_time_of_a_response_is_in_an_invisible_question() -> None:
    last = written(SAMPLES["SurveyResponse"])["data"]["responseDetails"]["responseWithQuestions"][-1]

    assert list(last) == ["isInvisible", "title", "type", "options", "answer"]
    assert (last["isInvisible"], last["title"], last["type"]) == (True, "ResponseTime", "DateTime")


@pytest.mark.parametrize("name", ["ActionCreated", "SurveyCreated", "PollCreated", "LetsMeetCreated"])
def test_what_is_created_has_its_questions_in_both_places_and_no_answers(name: str) -> None:
    data = written(SAMPLES[name])["data"]

    assert data["questions"] == data["responseDetails"]["responseWithQuestions"]
    assert not any("answer" in question for question in data["questions"])


@pytest.mark.parametrize(
    "name", ["ActionResponse", "SurveyResponse", "JobResponse", "PollResponse", "LetsMeetResponse"]
)
def test_the_event_id_of_a_response_is_the_responses_id(name: str) -> None:
    document = written(SAMPLES[name])

    assert document["eventId"] == document["data"]["responseId"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_the_object_is_the_subscriptions(place: int) -> None:
    event = SAMPLES["ActionResponse"]
    subject = event.subjects[place]

    document = written(event, subject=subject)

    assert (document["objectType"], document["objectId"]) == (subject.kind, subject.id)
    assert document["groupId"] == document["sourceGroupId"] == event.subjects[0].id


def test_a_webhook_on_all_packages_is_told_which_one_it_was() -> None:
    event = SAMPLES["ActionResponse"]

    document = written(event, subject=Subject("ActionPackage", ANY))

    assert (document["objectType"], document["objectId"]) == ("ActionPackage", "com.example.siteinspection")


def test_context_is_there_only_when_the_webhook_has_one() -> None:
    assert "context" not in written(SAMPLES["TextMessageCreated"])
    assert written(SAMPLES["TextMessageCreated"], context="")["context"] == ""


@pytest.mark.parametrize("name", ["ActionResponse", "JobCreated"])
def test_a_webhook_on_a_group_above_is_told_its_own_group_and_where_it_happened(name: str) -> None:
    event = SAMPLES[name]
    here, above = event.subjects[0], Subject("Group", "above@1")
    heard = msgspec.structs.replace(event, subjects=(here, above, *event.subjects[1:]))

    document, at_home = written(heard, subject=above), written(event)

    assert (document["objectId"], document["groupId"], document["sourceGroupId"]) == (above.id, above.id, here.id)
    assert document["data"] == at_home["data"] | {"groupId": above.id}
    assert list(document["data"]) == list(at_home["data"])
    assert written(heard, subject=here) == at_home


def test_a_webhook_on_an_action_or_a_package_is_told_where_it_happened() -> None:
    event = SAMPLES["ActionResponse"]
    here, *others = event.subjects
    heard = msgspec.structs.replace(event, subjects=(here, Subject("Group", "above"), *others))

    for subject in others:
        document = written(heard, subject=subject)
        assert (document["groupId"], document["sourceGroupId"], document["data"]["groupId"]) == (here.id,) * 3


def test_data_that_names_no_group_is_told_to_the_byte_to_the_groups_above() -> None:
    above = Subject("Group", "above")
    event = Event(type="TextMessageCreated", subjects=(Subject("Group", "g"), above), data=b'{"text": "A"}', at=0)

    body = Kaizala().write(event, subscription(subject=above))

    assert event.data in body
    assert json.loads(body)["sourceGroupId"] == "g"


def test_what_stands_beside_the_group_in_data_keeps_its_bytes_for_the_groups_above() -> None:
    above, data = Subject("Group", "above"), b'{"rate": 1.50,"groupId":"g","who":"\\u0041"}'
    event = Event(type="JobCreated", subjects=(Subject("Group", "g"), above), data=data, at=0)

    body = Kaizala().write(event, subscription(subject=above))

    assert b'"data":{"rate":1.50,"groupId":"above","who":"\\u0041"}' in body


def test_an_event_outside_any_group_names_none() -> None:
    event = Event(type="ActionResponse", subjects=(Subject("Action", "a"),), data=b"{}", at=0)

    assert written(event).keys().isdisjoint({"groupId", "sourceGroupId"})


def test_an_event_without_a_name_of_its_own_is_called_by_ours() -> None:
    event = Event(id=identifier_at(1), type="Announcement", subjects=(Subject("Group", "g"),), data=b"{}", at=0)

    assert written(event)["eventId"] == outside(identifier_at(1))


def test_a_bots_event_says_so() -> None:
    event = msgspec.structs.replace(SAMPLES["Announcement"], actor=Actor(name="Weather", is_bot=True))

    document = written(event)

    assert document["isBotfromUser"] is True
    assert (document["fromUser"], document["fromUserName"]) == ("", "Weather")


def test_the_member_is_repeated_in_the_envelope_where_a_receiver_reads_it() -> None:
    document = written(SAMPLES["MemberAdded"])

    assert list(document)[-4:] == ["type", "member", "memberName", "profilePic"]
    assert document["member"] == document["data"]["member"]
    assert document["profilePic"] == document["data"]["memberProfilePic"]


def test_a_member_event_with_other_data_than_documented_is_told_all_the_same() -> None:
    event = Event(type="MemberAdded", subjects=(Subject("Group", "g"),), data=b'{"member":1}', at=0)

    document = written(event)

    assert document["data"] == {"member": 1}
    assert "member" not in document


def test_the_event_schemas_order_of_a_text_message_is_kept_to_the_byte() -> None:
    event = Event(
        type="TextMessageCreated",
        subjects=(Subject("Group", "g@1"),),
        data='{"text":"Grüß \\u0041"}'.encode(),
        at=0,
        wire_id="e",
        actor=Actor(phone="+910000000001", id="u", name="N", picture="https://example.com/n.jpg"),
    )

    body = Kaizala().write(event, subscription(subject=event.subjects[0], context="c"))

    assert (
        body
        == (
            '{"subscriptionId":"9b2f6f0a-4d5c-4a38-8a8e-6f0c3b1d7e24","objectId":"g@1","objectType":"Group",'
            '"eventType":"TextMessageCreated","eventId":"e","data":{"text":"Grüß \\u0041"},"context":"c",'
            '"fromUser":"+910000000001","fromUserId":"u","fromUserName":"N",'
            '"fromUserProfilePic":"https://example.com/n.jpg","isBotfromUser":false,"groupId":"g@1","sourceGroupId":"g@1"}'
        ).encode()
    )
