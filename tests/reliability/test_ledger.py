"""The ledger itself: it must see what it is there to see."""

from tests.reliability.ledger import Accident, Acknowledged, Arrival, Ledger


def acknowledged(number: int, *, at: float, event: str = "", line: str = "a") -> Acknowledged:
    return Acknowledged(event=event or f"event-{number}", line=line, number=number, sent_at=at - 0.1, at=at)


def arrival(
    number: int,
    *,
    at: float = 9.0,
    sent_at: float | None = None,
    to: str = "plain",
    event: str = "",
    webhook_id: str = "",
    succeeded: bool = True,
) -> Arrival:
    event = event or f"event-{number}"
    return Arrival(
        subscription=to,
        webhook_id=webhook_id or f"{to}/{event}",
        event=event,
        line="a",
        number=number,
        succeeded=succeeded,
        sent_at=at if sent_at is None else sent_at,
        at=at,
    )


def ledger(*entries: Acknowledged | Arrival | Accident, ordered: bool = False) -> Ledger:
    one = Ledger(["plain"], ordered=["plain"] if ordered else [])
    for entry in entries:
        if isinstance(entry, Acknowledged):
            one.acknowledge(entry)
        elif isinstance(entry, Arrival):
            one.arrive(entry)
        else:
            one.accidents.append(entry)
    return one


def test_what_arrives_once_in_order_is_no_fault() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1), acknowledged(2, at=2), arrival(2), ordered=True)

    assert one.missing == 0
    assert one.findings().faults == []
    assert one.findings().repeated == 0


def test_what_was_acknowledged_and_never_arrived_is_lost() -> None:
    one = ledger(acknowledged(1, at=1), acknowledged(2, at=2), arrival(2))

    assert one.missing == 1
    assert one.findings().lost == ["plain: event-1 never arrived"]


def test_what_arrived_but_was_not_answered_with_success_is_lost() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1, succeeded=False))

    assert one.findings().lost


def test_an_arrival_may_be_quicker_than_the_acknowledgement() -> None:
    one = ledger(arrival(1), acknowledged(1, at=1))

    assert one.missing == 0


def test_an_arrival_that_was_never_acknowledged_is_no_fault() -> None:
    assert ledger(arrival(1)).findings().faults == []


def test_each_subscription_is_owed_the_event() -> None:
    one = Ledger(["plain", "other"])
    one.acknowledge(acknowledged(1, at=1))
    one.arrive(arrival(1, to="other"))

    assert one.findings().lost == ["plain: event-1 never arrived"]


def test_a_retry_is_no_repetition() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1, succeeded=False), arrival(1))

    assert one.findings().repeated == 0


def test_a_repetition_without_an_accident_is_unexplained() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1, at=2), arrival(1, at=3))

    assert one.findings().repeated == 1
    assert one.findings().unexplained


def test_an_accident_between_two_arrivals_explains_the_second() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1, at=2), Accident(began=2.5, ended=2.5), arrival(1, at=12))

    assert one.findings().repeated == 1
    assert one.findings().faults == []


def test_an_accident_before_the_first_arrival_explains_nothing() -> None:
    one = ledger(acknowledged(1, at=1), Accident(began=1.5, ended=1.6), arrival(1, at=2), arrival(1, at=3))

    assert one.findings().unexplained


def test_an_accident_while_the_first_was_on_its_way_explains_the_second() -> None:
    accident = Accident(began=1.5, ended=1.6)
    one = ledger(acknowledged(1, at=1), accident, arrival(1, sent_at=1.4, at=2), arrival(1, at=3))

    assert one.findings().repeated == 1
    assert one.findings().faults == []


def test_an_accident_long_after_the_answer_explains_nothing() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1, at=2), Accident(began=20, ended=20), arrival(1, at=21))

    assert one.findings().unexplained


def test_an_event_that_overtakes_its_predecessor_is_out_of_order() -> None:
    one = ledger(acknowledged(1, at=1), acknowledged(2, at=2), arrival(2), arrival(1), ordered=True)

    assert one.findings().out_of_order == ["plain: event-2 was sent before event-1 had succeeded"]


def test_an_attempt_before_the_predecessor_succeeded_is_out_of_order() -> None:
    one = ledger(
        acknowledged(1, at=1),
        acknowledged(2, at=2),
        arrival(1, succeeded=False),
        arrival(2, succeeded=False),
        arrival(1),
        arrival(2),
        ordered=True,
    )

    assert one.findings().out_of_order


def test_events_that_were_under_way_at_the_same_time_have_no_order() -> None:
    one = ledger(acknowledged(1, at=1), acknowledged(2, at=1.05), arrival(2), arrival(1), ordered=True)

    assert one.findings().out_of_order == []


def test_the_order_holds_past_those_that_were_under_way_together() -> None:
    together = acknowledged(1, at=1), acknowledged(2, at=1)
    one = ledger(*together, acknowledged(3, at=2), arrival(2), arrival(3), arrival(1), ordered=True)

    assert one.findings().out_of_order == ["plain: event-3 was sent before event-1 had succeeded"]


def test_who_insists_is_answered_twice_and_the_first_answer_counts() -> None:
    one = ledger(acknowledged(1, at=1), acknowledged(2, at=2), acknowledged(1, at=3), arrival(1), arrival(2))

    assert len(one.acknowledged) == 2


def test_lines_have_no_order_among_each_other() -> None:
    one = ledger(acknowledged(1, at=1), acknowledged(2, at=2, line="b"), ordered=True)
    one.arrive(arrival(2))
    one.arrive(arrival(1))

    assert one.findings().out_of_order == []


def test_one_name_for_two_events_is_corrupt() -> None:
    one = ledger(acknowledged(1, at=1), arrival(1), arrival(1, event="other"))

    assert one.findings().corrupt == ["a 1 is two events, one of them other"]


def test_one_webhook_id_for_two_deliveries_is_corrupt() -> None:
    one = ledger(arrival(1, webhook_id="same"), arrival(2, webhook_id="same"))

    assert one.findings().corrupt == ["webhook-id same is two deliveries, one of them of event-2"]


def test_a_webhook_id_that_changes_is_corrupt() -> None:
    one = ledger(arrival(1, succeeded=False), arrival(1, webhook_id="another"))

    assert one.findings().corrupt == ["plain: event-1 changed its webhook-id"]


def test_complaints_are_findings() -> None:
    one = ledger()
    one.complaints.append("a signature was wrong")

    assert one.findings().faults == ["a signature was wrong"]
