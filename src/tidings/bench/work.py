"""Work: what a run may be made of, what must be there before it, and the request that the load repeats."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import msgspec

from tidings.app.parts import Parts
from tidings.bench.load import STAMP, Request
from tidings.bench.stamp import LENGTH
from tidings.core.caller import Caller, TokenKind
from tidings.core.event import Subject
from tidings.outbox.terms import Terms
from tidings.workspace.groups import NewGroup
from tidings.workspace.packages import NewPackage
from tidings.workspace.proposal import NewCustom
from tidings.workspace.questions import Asked, QuestionType

# The table of the callbacks' form; its name follows from the form's.
TABLE = "responses_orderform"
_EVENT_TYPE, _FORM = "bench.happened", "com.example.OrderForm"
_PHONE, _NAME = "+910000000001", "Asha Nair"
# Who did it, in the audit.
_US = "bench"


class Of(StrEnum):
    """What is measured."""

    EVENTS = "events"  # an application's own, published
    MESSAGES = "messages"  # posted to a group
    RESPONSES = "responses"  # to a form of two questions in a group
    CALLBACKS = "callbacks"  # of a form of five questions, received and laid into tables
    REPORTS = "reports"  # of tasks that are due in the same minute, while events are published beside


async def prepare(of: Of, parts: Parts, *, payload: int, urls: Sequence[str]) -> Request:
    """Make what the requests need, and a webhook at each URL. The text that is stamped has `payload` characters."""
    text = STAMP + "x" * max(0, payload - LENGTH)
    match of:
        case Of.EVENTS | Of.REPORTS:
            return await _events(parts, text=text, urls=urls)
        case Of.MESSAGES | Of.RESPONSES:
            async with parts.hub.publisher.running():
                return await _in_group(of, parts, text=text, urls=urls)
        case Of.CALLBACKS:
            return await _callbacks(parts, text=text)


async def _events(parts: Parts, *, text: str, urls: Sequence[str]) -> Request:
    connector = await parts.access.create_connector("bench", actor=_US)
    application = Subject("Application", connector.id)
    for url in urls:
        await parts.subscribing.create(
            application, Terms(types=(_EVENT_TYPE,), url=url), connector=connector.id, owner=""
        )
    key = await parts.access.create_key(connector.id, actor=_US, scopes=("publish",))
    event = {
        "type": _EVENT_TYPE,
        "subjects": [{"objectType": application.kind, "objectId": application.id}],
        "data": {"text": text},
    }
    return Request(path="/v1/events", headers={"authorization": f"Bearer {key}"}, body=_json(event))


async def _in_group(of: Of, parts: Parts, *, text: str, urls: Sequence[str]) -> Request:
    """A person posts or responds in a group of their own."""
    connector = await parts.access.create_connector("bench", actor=_US)
    await parts.access.create_person(_PHONE, actor=_US, name=_NAME)
    refresh = await parts.access.create_refresh_token(connector.id, actor=_US, kind=TokenKind.USER, phone=_PHONE)
    access = await parts.access.access_token(
        application_id=connector.id, application_secret=connector.secret, refresh_token=refresh.token
    )
    caller = await parts.access.authenticate(access.token)
    group = await parts.workspace.groups.create(caller, NewGroup(name="Order desk"))
    if of is Of.RESPONSES:
        type_, path = "ActionResponse", await _form(parts, caller, group=group.id)
        body = _json({"id": _FORM, "actionBody": {"Answers": [text, 2]}})
    else:
        type_, path, body = "TextMessageCreated", f"/v1/groups/{group.id}/messages", _json({"message": text})
    for url in urls:
        await parts.subscribing.create(
            Subject("Group", group.id),
            Terms(types=(type_,), url=url),
            connector=connector.id,
            owner=caller.person.id,
        )
    return Request(path=path, headers={"accessToken": access.token}, body=body)


async def _form(parts: Parts, caller: Caller, *, group: str) -> str:
    """Post a form of two questions; where responses to it go."""
    questions = (Asked("Remarks", QuestionType.TEXT), Asked("Rice 1 kg", QuestionType.NUMERIC))
    await parts.workspace.packages.create(caller, NewPackage(id=_FORM, name="Order form", questions=questions))
    posted = await parts.workspace.posting.post(caller, group, new=NewCustom(package=_FORM))
    return f"/v1/groups/{group}/actions/{posted.action.id}/responses"


async def _callbacks(parts: Parts, *, text: str) -> Request:
    source = await parts.inbox.create_source("bench", dialect="kaizala", actor=_US)
    headers = {"kz-callback-token": source.secret.reveal(), "tidings-event-time": str(parts.clock.now())}
    return Request(path=f"/receive/{source.name}", headers=headers, body=_json(_callback(text)))


def _callback(text: str) -> dict[str, Any]:
    """An order, as a webhook at the form's package is told of it."""
    return {
        "subscriptionId": "bench",
        "objectId": _FORM,
        "objectType": "ActionPackage",
        "eventType": "ActionResponse",
        "eventId": STAMP,
        "data": {
            "actionId": "order-form",
            "actionPackageId": _FORM,
            "packageId": _FORM,
            "groupId": "order-desk",
            "sourceGroupId": "order-desk",
            "responseId": STAMP,
            "isUpdateResponse": False,
            "isAnonymous": False,
            "responder": _PHONE,
            "responderName": _NAME,
            "responderProfilePic": "",
            "responseDetails": {"responseWithQuestions": _answered(text)},
            "Properties": [],
        },
        "fromUser": _PHONE,
        "fromUserName": _NAME,
        "fromUserProfilePic": "",
    }


def _answered(text: str) -> list[dict[str, Any]]:
    answers = (
        ("Retailer outlet", "SingleOption", ["Harbour Stores"]),
        ("Rice 1 kg", "Numeric", 12.0),
        ("Rice 5 kg", "Numeric", 4.0),
        ("Remarks", "Text", text),
        ("Location", "Location", {"lt": 9.966, "lg": 76.242, "n": "Quay 2"}),
    )
    return [
        {
            "title": title,
            "type": type_,
            "options": [{"title": "Harbour Stores"}] * (type_ == "SingleOption"),
            "answer": answer,
        }
        for title, type_, answer in answers
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
