"""What Kaizala's callbacks say, laid flat: whose they are, which is newer, and what is one event."""

import msgspec
import pytest

from tests.dialects.orders import (
    AT,
    GROUP,
    ORDER_FORM,
    READER,
    RESPONSE,
    Json,
    cells,
    changes,
    question,
    receipt,
    response,
    the_row,
    write,
)
from tests.dialects.test_conformance import subscription_to
from tidings.core.errors import Unauthenticated
from tidings.core.event import Subject
from tidings.core.receipt import Receipt
from tidings.core.row import Row
from tidings.core.secret import Secret
from tidings.dialects.discovery import discover
from tidings.dialects.kaizala.callback import Kaizala
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.tables.tables import Tables

SAMPLES = discover().samples


def test_only_a_callback_with_the_token_of_its_webhook_is_let_in() -> None:
    with_token = Receipt(source="s", at=AT, headers=(("KZ-Callback-Token", "ours"),), body=b"{}")

    READER.check(with_token, secret=Secret("ours"), now=AT)
    for wrong in ("other", ""):
        with pytest.raises(Unauthenticated, match="kz-callback-token"):
            READER.check(with_token, secret=Secret(wrong), now=AT)


def test_the_order_form_of_the_specification_is_one_wide_row(tables: Tables) -> None:
    write(tables, receipt(response(ORDER_FORM)))

    [row] = tables.rows("responses_orderformdemo")
    assert {name: value for name, value in row.items() if value is not None} == {
        "response_id": RESPONSE,
        "at": AT,
        "group_id": GROUP,
        "action_id": "eb40446b-3dc7-4e8e-8000-44ccc5ae760c",
        "package_id": "com.example.OrderFormDemo",
        "responder": "+910000000001",
        "responder_name": "FooName",
        "is_anonymous": False,
        "is_update": False,
        "retailer_outlet": "ABC Traders",
        "rice_1kg": 1.0,
        "rice_5kg": 2.0,
        "mixed_fruit_juice_250ml": 4.0,
        "location_latitude": 99.1234567,
        "location_longitude": 88.1234567,
        "location_place": "FooAddress",
        "tidings_version": -AT,
    }
    assert [row["answer"] for row in tables.rows("answers")] == ["ABC Traders", "1", "2", "4", "FooAddress"]


def test_versions_of_a_package_share_a_table_and_a_survey_has_its_own() -> None:
    second = response(ORDER_FORM, packageId="com.example.OrderFormDemo.2")
    survey = {**response(ORDER_FORM), "eventType": "SurveyResponse"}

    assert {one.place.name for one in changes(second) if isinstance(one, Row)} == {
        "events",
        "responses_OrderFormDemo",
        "answers",
    }
    assert the_row(survey, "responses_survey_eb40446b").place.origin.startswith("survey:")


def test_nobody_who_answered_anonymously_is_named_in_any_table() -> None:
    named = msgspec.json.encode(changes(response(ORDER_FORM, responderId="u1")))
    anonymous = msgspec.json.encode(
        changes({**response(ORDER_FORM, responderId="u1", isAnonymous=True), "fromUserId": "u1"})
    )

    assert all(word in named for word in (b"+910000000001", b"FooName", b"u1"))
    assert not any(word in anonymous for word in (b"+910000000001", b"FooName", b'"u1"'))


def test_who_made_a_survey_that_is_answered_anonymously_is_named() -> None:
    made = {**response(ORDER_FORM, isAnonymous=True), "eventType": "SurveyCreated"}

    assert cells(the_row(made, "actions"))["from_user"] == "+910000000001"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_of_two_responses_the_one_said_later_stays_in_whatever_order_they_come(
    tables: Tables, order: tuple[int, ...]
) -> None:
    told = [
        receipt(response([question("Rice", "Numeric", answer=number)], isUpdateResponse=number > 0), said_at=str(said))
        for number, said in enumerate((AT, AT + 1, AT + 2))
    ]

    write(tables, *(told[number] for number in order))

    [row] = tables.rows("responses_orderformdemo")
    assert (row["rice"], row["at"]) == (2.0, AT + 2)
    assert [answer["answer_number"] for answer in tables.rows("answers")] == [2.0]


def test_without_a_header_the_hidden_answer_tells_when_it_was_said() -> None:
    hidden = question("ResponseTime", "DateTime", answer=AT - 5, isInvisible=True)

    assert cells(the_row(response([hidden]), "responses_orderformdemo"))["at"] == AT - 5
    seen = {**hidden, "isInvisible": False}
    assert cells(the_row(response([seen]), "responses_orderformdemo"))["at"] == AT


def test_a_response_that_is_sent_again_does_not_take_its_updates_place(tables: Tables) -> None:
    original, update = response([question("Rice", answer="a")]), response([question("Rice", answer="b")])
    update["data"]["isUpdateResponse"] = True

    write(tables, receipt(original), receipt(update, at=AT + 1), receipt(original, at=AT + 2))

    [row] = tables.rows("responses_orderformdemo")
    assert (row["rice"], row["at"], row["is_update"]) == ("b", AT + 1, True)


def test_an_updated_response_is_another_event_although_its_id_is_the_same(tables: Tables) -> None:
    write(tables, receipt(response(ORDER_FORM)), receipt(response(ORDER_FORM, isUpdateResponse=True)))

    events = list(tables.rows("events"))
    assert [row["wire_id"] for row in events] == [RESPONSE, RESPONSE]


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_webhooks_of_a_group_its_parent_and_its_action_tell_of_one_event(name: str) -> None:
    event = SAMPLES[name]
    parent = subscription_to(event, object_id="the parent group")
    action = msgspec.structs.replace(event, subjects=(*event.subjects, Subject("Action", "a")))
    at_action = subscription_to(msgspec.structs.replace(action, subjects=action.subjects[::-1]))

    rows = []
    for told, subscription in ((event, subscription_to(event)), (event, parent), (action, at_action)):
        body = Kaizala().write(told, subscription)
        rows.append(READER.read(Receipt(source="s", at=AT, body=body)).changes)

    assert rows[0] == rows[1] == rows[2]


@pytest.mark.parametrize("said_at", ["", "0", "9" * 400, "²", "1e999", "nan", "soon", str(2**63)])
def test_a_header_that_is_no_instant_tells_nothing(said_at: str) -> None:
    [event, *_] = READER.read(receipt(response([]), said_at=said_at)).changes

    assert isinstance(event, Row)
    assert cells(event)["at"] == AT


def test_of_a_type_that_is_not_kaizalas_the_event_is_kept_whatever_its_data() -> None:
    foreign = {"eventType": "order.created", "eventId": "1", "data": {"media": 5, "text": []}}

    [row] = changes(foreign)
    assert cells(row)["type"] == "order.created" if isinstance(row, Row) else False


def test_a_jobs_response_is_read_from_either_place_and_its_update_replaces_it(tables: Tables) -> None:
    def told(**data: object) -> Json:
        return {"eventType": "JobResponse", "eventId": "e", "data": {"actionId": "j", "responseId": "r", **data}}

    write(tables, receipt(told(assignee="+910000000001", isCompleted=True)))
    nested = {"response": {"assignee": "+910000000001", "isCompleted": [False]}}
    write(tables, receipt(told(responseDetails=nested), at=AT + 1))

    [row] = tables.rows("job_responses")
    assert (row["assignee"], row["is_completed"], row["at"]) == ("+910000000001", False, AT + 1)


def test_who_answers_yes_no_and_yes_again_said_three_things() -> None:
    yes, no = response([question("Sure?", "Text", answer="yes")]), response([question("Sure?", "Text", answer="no")])
    said = [receipt(body, said_at=str(AT + place)) for place, body in enumerate((yes, no, yes))]

    assert len({READER.read(one).once for one in said}) == 3
    assert READER.read(said[0]).once == READER.read(said[0]).once
