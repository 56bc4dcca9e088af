"""Claiming debts, lane by lane: in order where there is one, and no faster than the lane's rate."""

from collections.abc import Mapping, Sequence

import msgspec

from tidings.core.delivery import Debt
from tidings.store.database import Claim, Wanted
from tidings.store.event_row import EventRow
from tidings.store.order import NEVER
from tidings.store.pace import Pace
from tidings.store.sqlite.transaction import Row, Transaction

# How far a claim looks into an ordered lane. What it finds waiting there it need not look at again, so the cost of a
# long queue behind one debt is paid once, some five milliseconds (measured) at a time.
LOOK = 1_000


class _Due(msgspec.Struct, frozen=True, array_like=True):
    event: int
    due: int
    tries: int
    first_at: int


_due = msgspec.json.Decoder(list[_Due])
_events = msgspec.json.Decoder(list[EventRow])
_ordered = msgspec.json.Decoder(list[tuple[int, bool | int]])
_next_due = msgspec.json.Decoder(list[tuple[int, int | None]])


def claim(transaction: Transaction, wanted: Sequence[Wanted], *, owner: int, now: int) -> Claim:
    transaction.require_alive(owner)
    paces = _paces(transaction, wanted)
    found: dict[int, list[_Due]] = {}
    spent: list[Row] = []
    for lane in wanted:
        pace = paces.get(lane.subscription)
        most = lane.most if pace is None else min(lane.most, pace.allowed(now))
        if lane.is_ordered and most:
            most = min(most, _heads(transaction, lane.subscription, now=now))
        taken = found[lane.subscription] = _take(transaction, lane.subscription, most=most, now=now)
        if pace is not None and taken:
            paces[lane.subscription] = pace = pace.after(len(taken), now=now)
            spent.append((lane.subscription, pace.tat))
    debts = _debts(transaction, found)
    transaction.change_for("debt_claimed", [(debt.subscription, debt.event.id, owner) for debt in debts])
    transaction.change_for("lane_paced", spent)
    return Claim(debts=debts, again=_again(transaction, wanted, paces=paces))


def _paces(transaction: Transaction, wanted: Sequence[Wanted]) -> dict[int, Pace]:
    rates = {lane.subscription: lane.rate for lane in wanted if lane.rate}
    tats = dict(transaction.select_for("lane_paces", [(subscription,) for subscription in rates]))
    return {subscription: Pace(rate=rate, tat=tats.get(subscription, 0.0)) for subscription, rate in rates.items()}


def _heads(transaction: Transaction, subscription: int, *, now: int) -> int:
    """How many of the lane's first due debts have none of their order before them; the others are put off."""
    [(found,)] = transaction.run("due_ordered", subscription=subscription, now=now, most=LOOK)
    looked = _ordered.decode(found)
    behind: list[Row] = [(subscription, event) for event, is_behind in looked if is_behind]
    transaction.change_for("debt_waits", behind)
    return len(looked) - len(behind)


def _take(transaction: Transaction, subscription: int, *, most: int, now: int) -> list[_Due]:
    if not most:
        return []
    [(found,)] = transaction.run("due", subscription=subscription, now=now, most=most)
    return _due.decode(found)


def _debts(transaction: Transaction, found: Mapping[int, Sequence[_Due]]) -> list[Debt]:
    """The debts with their events, each of which is read and held once, to however many lanes it is owed."""
    ids: list[Row] = [(event,) for event in {one.event for lane in found.values() for one in lane}]
    rows = [row for (text,) in transaction.select_for("events_due", ids) for row in _events.decode(text)]
    events = {row.id: row.event for row in rows}
    return [
        Debt(event=events[one.event], subscription=subscription, due=one.due, tries=one.tries, first_at=one.first_at)
        for subscription, lane in found.items()
        for one in lane
        if one.event in events
    ]


def _again(transaction: Transaction, wanted: Sequence[Wanted], *, paces: dict[int, Pace]) -> dict[int, int]:
    rows = transaction.select_for("next_due", [(lane.subscription,) for lane in wanted])
    again: dict[int, int] = {}
    for (found,) in rows:
        for subscription, due in _next_due.decode(found):
            if due is not None and due != NEVER:
                pace = paces.get(subscription)
                again[subscription] = due if pace is None else max(due, pace.free_at)
    return again
