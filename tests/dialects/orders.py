"""Callbacks of Kaizala: the order form of the specification, and what is read of them."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.core.receipt import Receipt
from tidings.core.row import Cell, Change, Row
from tidings.dialects.discovery import SAMPLE_AT
from tidings.dialects.kaizala.rows.reader import KaizalaReader
from tidings.tables.tables import Tables

READER = KaizalaReader()
AT = SAMPLE_AT
GROUP = "af461a3c-49cf-47cf-8000-83b5d348318d"
RESPONSE = "75609730-f5d2-4f07-8000-ccca96dd9e76"

Json = dict[str, Any]

# Titles that somebody may write.
HOSTILE = [
    '"; drop table events; --',
    "🍚",
    "100% %s %(x)s :name",
    "\\'",
    "a" * 5_000,
    "at",
    "response_id",
    "",
    "نعم",
    "\t\n",
]


def question(title: object, kind: object = "Text", **rest: object) -> Json:
    return {"title": title, "type": kind, "options": [], **rest}


# "Integrating Kaizala data to your existing dashboards", its sample to the letter but for the names.
ORDER_FORM = [
    question("Retailer Outlet", "SingleOption", answer=["ABC Traders"]),
    question("Rice 1KG", "Numeric", answer=1.0),
    question("Rice 5KG", "Numeric", answer=2.0),
    question("Mixed Fruit Juice 250ml", "Numeric", answer=4.0),
    question("Location", "Location", answer={"lt": 99.1234567, "lg": 88.1234567, "n": "FooAddress"}),
]


def response(questions: Sequence[Json], **data: object) -> Json:
    return {
        "objectId": "com.example.OrderFormDemo",
        "objectType": "ActionPackage",
        "eventType": "ActionResponse",
        "eventId": RESPONSE,
        "data": {
            "actionId": "eb40446b-3dc7-4e8e-8000-44ccc5ae760c",
            "actionPackageId": "com.example.OrderFormDemo",
            "packageId": "com.example.OrderFormDemo",
            "groupId": GROUP,
            "responseId": RESPONSE,
            "isUpdateResponse": False,
            "responder": "+910000000001",
            "responderName": "FooName",
            "responderProfilePic": "",
            "isAnonymous": False,
            "responseDetails": {"responseWithQuestions": questions},
            **data,
        },
        "context": "Any data which is required to be returned in callback",
        "fromUser": "+910000000001",
        "fromUserName": "FooName",
        "fromUserProfilePic": "",
    }


def receipt(callback: object, *, at: int = AT, said_at: str | None = None) -> Receipt:
    headers = (("Tidings-Event-Time", said_at),) if said_at else ()
    return Receipt(source="orders", at=at, headers=headers, body=msgspec.json.encode(callback))


def changes(callback: object) -> Sequence[Change]:
    return READER.read(receipt(callback)).changes


def the_row(callback: object, table: str) -> Row:
    [found] = [one for one in changes(callback) if isinstance(one, Row) and one.place.name.lower() == table]
    return found


def cells(row: Row) -> dict[str, Cell]:
    return {one.name: one.value for one in (*row.key, *row.fields)}


def write(tables: Tables, *receipts: Receipt) -> None:
    for one in receipts:
        tables.write(READER.read(one).changes)
