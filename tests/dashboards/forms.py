"""Responses to a form with a question of every type, as Kaizala tells them."""

from typing import Any

import msgspec

from tidings.core.receipt import Receipt
from tidings.core.row import Change
from tidings.dialects.kaizala.rows.reader import KaizalaReader

AT = 1_705_276_800_000  # 2024-01-15T00:00:00Z
TABLE = "responses_orderform"
QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Outlet", "SingleOption"),
    ("Rice 1KG", "Numeric"),
    ("Extras", "MultiOption"),
    ("Deliver on", "DateTime"),
    ("Place", "Location"),
    ("Remark", "Text"),
    ("Photo", "AttachmentList"),
    ("Phone", "PhoneNumber"),
)


def told(event_type: str, data: dict[str, Any], *, event: str, at: int = AT, group: str = "g1") -> list[Change]:
    """What a callback is laid into."""
    body = {
        "objectId": group,
        "objectType": "Group",
        "eventType": event_type,
        "eventId": event,
        "data": data,
        "fromUser": "+910000000001",
        "fromUserId": "u1",
        "fromUserName": "Asha",
    }
    headers = (("tidings-event-time", str(at)),)
    receipt = Receipt(source="test", at=at, headers=headers, body=msgspec.json.encode(body))
    return list(KaizalaReader().read(receipt).changes)


def response(
    name: str,
    *answers: Any,  # noqa: ANN401 - answers of any type
    at: int = AT,
    group: str = "g1",
    responder: str = "+910000000001",
) -> list[Change]:
    """One response; None is no answer."""
    asked = [
        {"title": title, "type": type_} | ({} if answer is None else {"answer": answer})
        for (title, type_), answer in zip(QUESTIONS, (*answers, *[None] * len(QUESTIONS)), strict=False)
    ]
    data = {
        "actionId": "a1",
        "actionPackageId": "com.example.OrderForm",
        "groupId": group,
        "responseId": name,
        "responder": responder,
        "responderName": f"Name of {responder}",
        "responseDetails": {"responseWithQuestions": asked},
    }
    return told("ActionResponse", data, event=name, at=at, group=group)
