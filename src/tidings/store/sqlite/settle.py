"""Settling: recording attempts, and what became of the debts."""

from collections.abc import Sequence

from tidings.core.delivery import Attempt, State
from tidings.store.database import LaneChange, Settlement
from tidings.store.event_row import json_text
from tidings.store.sqlite.transaction import Row, Transaction

_Delivery = tuple[int, int]
_DELIVERED = State.DELIVERED  # see `core.subscription` for why


def settle(
    transaction: Transaction, settlements: Sequence[Settlement], *, lanes: Sequence[LaneChange], owner: int
) -> None:
    settled = _delivered(transaction, [_delivery(one) for one in settlements if one.result.state is _DELIVERED])
    # Nearly always there are none.
    others = [one for one in settlements if one.result.state is not _DELIVERED]
    settled |= _given_up(transaction, [one for one in others if one.result.is_final], owner=owner)
    postponed = [one for one in others if not one.result.is_final]
    transaction.change_for(
        "debt_postponed",
        [(*_delivery(one), one.result.due, one.result.tries, one.first_at, owner) for one in postponed],
    )
    # Nearly always each is the end of another delivery.
    are_ends = len(settled) == len(settlements)
    attempts = [
        _row(one.attempt, id_=id_, is_final=are_ends or _has_last_word(one, settled))
        for id_, one in enumerate(settlements, transaction.identifiers(len(settlements)))
    ]
    transaction.change_for("attempt_kept", attempts)
    transaction.change_for(
        "lane_changed",
        [(one.subscription, one.delivered, one.failed, one.succeeded_at, one.refused_at, one.circuit) for one in lanes],
    )


def cancel(transaction: Transaction, debts: Sequence[_Delivery]) -> None:
    """End deliveries without an attempt, whoever has them."""
    transaction.change_for("debt_deleted", debts)
    attempts = [
        Attempt(event=event, subscription=subscription, at=transaction.now, outcome="none", state=State.CANCELLED)
        for subscription, event in debts
    ]
    rows = [
        _row(one, id_=id_, is_final=True) for id_, one in enumerate(attempts, transaction.identifiers(len(attempts)))
    ]
    transaction.change_for("attempt_kept", rows)


def _delivered(transaction: Transaction, deliveries: Sequence[_Delivery]) -> dict[_Delivery, State]:
    """What is delivered hereby. That holds whoever reports it, and overrules any other end."""
    found = dict.fromkeys(deliveries, _DELIVERED)
    if transaction.change_for("debt_deleted", list(found)) < len(found):
        for subscription, event, id_, state in transaction.select_for("finals_known", list(found)):
            if state == _DELIVERED:
                del found[subscription, event]
            else:
                transaction.run("final_overruled", id=id_)
    return found


def _given_up(transaction: Transaction, settlements: Sequence[Settlement], *, owner: int) -> dict[_Delivery, State]:
    """What ends undelivered hereby: only what is still the owner's. One by one, for such ends are rare."""
    return {
        _delivery(one): one.result.state
        for one in settlements
        if transaction.change("debt_ended", subscription=one.attempt.subscription, event=one.attempt.event, owner=owner)
    }


def _has_last_word(settlement: Settlement, settled: dict[_Delivery, State]) -> bool:
    """Two reports of one end are two attempts, and one last word."""
    delivery = _delivery(settlement)
    if settled.get(delivery) is not settlement.result.state:
        return False
    del settled[delivery]
    return True


def _delivery(settlement: Settlement) -> _Delivery:
    return settlement.attempt.subscription, settlement.attempt.event


def _row(attempt: Attempt, *, id_: int, is_final: bool) -> Row:
    return (
        id_,
        attempt.event,
        attempt.subscription,
        attempt.at,
        attempt.outcome,
        attempt.state,
        int(is_final),
        int(attempt.is_probe),
        attempt.status,
        attempt.error,
        attempt.address,
        json_text(attempt.headers),
        attempt.answer,
        json_text(attempt.timings),
        attempt.next_at,
    )
