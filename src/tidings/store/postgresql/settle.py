"""Settling and claiming: what passes between debts and their rows, as arrays."""

from collections.abc import Sequence

import asyncpg

from tidings.core.delivery import Debt, State
from tidings.core.event import Event
from tidings.store.database import Claim, LaneChange, Settlement, Wanted
from tidings.store.event_row import EventRow, json_text
from tidings.store.postgresql.session import Argument, numbers

# What a settlement does to the debt; see the function `settle` of migration 0001_hub_functions.
_GOES_ON, _ENDS, _ENDS_IF_MINE = 0, 1, 2


def settlement_arguments(settlements: Sequence[Settlement], lanes: Sequence[LaneChange]) -> dict[str, Argument]:
    attempts = [one.attempt for one in settlements]
    results = [one.result for one in settlements]
    changes = sorted(lanes, key=lambda change: change.subscription)
    return {
        "events": numbers([one.event for one in attempts]),
        "subscriptions": numbers([one.subscription for one in attempts]),
        "ats": numbers([one.at for one in attempts]),
        "outcomes": [one.outcome for one in attempts],
        "states": [one.state for one in attempts],
        "probes": numbers([int(one.is_probe) for one in attempts]),
        "statuses": numbers([one.status for one in attempts]),
        "errors": [one.error for one in attempts],
        "addresses": [one.address for one in attempts],
        "headers": [json_text(one.headers) for one in attempts],
        "answers": [one.answer for one in attempts],
        "timings": [json_text(one.timings) for one in attempts],
        "next_ats": numbers([one.next_at for one in attempts]),
        "finishing": numbers([_finishing(result.state, is_final=result.is_final) for result in results]),
        "dues": numbers([result.due for result in results]),
        "tries": numbers([result.tries for result in results]),
        "first_ats": numbers([one.first_at for one in settlements]),
        "lanes": [change.subscription for change in changes],
        "lanes_delivered": [change.delivered for change in changes],
        "lanes_failed": [change.failed for change in changes],
        "lanes_succeeded": [change.succeeded_at for change in changes],
        "lanes_refused": [change.refused_at for change in changes],
        "circuits": [change.circuit for change in changes],
    }


def _finishing(state: State, *, is_final: bool) -> int:
    if state is State.DELIVERED:
        return _ENDS
    return _ENDS_IF_MINE if is_final else _GOES_ON


def claim_arguments(wanted: Sequence[Wanted]) -> dict[str, Argument]:
    # In one order everywhere, so that two processes that lock the state of rates do not deadlock.
    lanes = sorted(wanted, key=lambda lane: lane.subscription)
    return {
        "lanes": [lane.subscription for lane in lanes],
        "mosts": [lane.most for lane in lanes],
        "ordered": [int(lane.is_ordered) for lane in lanes],
        "rates": [lane.rate for lane in lanes],
    }


def claimed(rows: Sequence[asyncpg.Record]) -> Claim:
    """What the function `claim` gives: debts with their events; without one, lanes that must be asked again."""
    debts: list[Debt] = []
    again: dict[int, int] = {}
    events: dict[int, Event] = {}  # each is read and held once, to however many lanes it is owed
    for identifier, *columns, subscription, due, tries, first_at in rows:
        if identifier is None:
            again[subscription] = due
            continue
        event = events.get(identifier)
        if event is None:
            event = events[identifier] = EventRow(identifier, *columns).event
        debts.append(Debt(event=event, subscription=subscription, due=due, tries=tries, first_at=first_at))
    return Claim(debts=debts, again=again)
