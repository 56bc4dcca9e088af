"""Keeping publications: events, debts, keys, and what must be true exactly if the event is kept."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import msgspec

from tidings.core.errors import Conflict, TidingsError
from tidings.store.database import Kept, Publication, Stale
from tidings.store.event_row import event_values
from tidings.store.sqlite.transaction import Row, Transaction


class _Known(msgspec.Struct, frozen=True):
    """A key that was used before, and for what."""

    hash: bytes
    first: Kept


def keep(
    transaction: Transaction, publications: Sequence[Publication], *, version: int, owner: int
) -> list[Kept | TidingsError]:
    if transaction.run("subscriptions_version") != [(version,)]:
        raise Stale
    if any(debt.is_handed_over for one in publications for debt in one.owed):
        transaction.require_alive(owner)
    known = _known_keys(transaction, publications)
    try:
        # A savepoint a publication costs as much as its statement, so they are set only once one has failed.
        with transaction.savepoint() if any(one.also for one in publications) else nullcontext():
            answers, kept = _decided(transaction, publications, known=dict(known), also=_also)
    except TidingsError:
        answers, kept = _decided(transaction, publications, known=known, also=_also_or_not)
    transaction.change_for("event_kept", [(id_, *event_values(one.event)) for id_, one in kept])
    transaction.change_for("debt_made", _debts(kept, owner))
    transaction.change_for("key_kept", _keys(kept))
    return answers


def _decided(
    transaction: Transaction,
    publications: Sequence[Publication],
    *,
    known: dict[tuple[str, str], _Known],
    also: Callable[[Transaction, Publication], TidingsError | None],
) -> tuple[list[Kept | TidingsError], list[tuple[int, Publication]]]:
    """What becomes of each, and which are to be kept under which identifier; what goes with those is done."""
    answers: list[Kept | TidingsError] = []
    kept: list[tuple[int, Publication]] = []
    for id_, publication in enumerate(publications, transaction.identifiers(len(publications))):
        # Nearly always there is neither a key nor anything else.
        answer = _seen_before(publication, known) if publication.keys else None
        if answer is None and publication.also:
            answer = also(transaction, publication)
        if answer is None:
            event = publication.event
            answer = Kept(id=id_, wire_id=event.wire_id, deliveries=len(publication.owed))
            kept.append((id_, publication))
            for key in publication.keys:
                known[event.source, key.text] = _Known(key.hash, answer)
        answers.append(answer)
    return answers, kept


def _known_keys(transaction: Transaction, publications: Sequence[Publication]) -> dict[tuple[str, str], _Known]:
    asked: list[Row] = [(one.event.source, key.text) for one in publications for key in one.keys]
    rows = transaction.select_for("keys_known", asked)
    return {
        (connector, key): _Known(hash_, Kept(id=id_, wire_id=wire_id, deliveries=deliveries, is_duplicate=True))
        for connector, key, hash_, id_, wire_id, deliveries in rows
    }


def _seen_before(publication: Publication, known: dict[tuple[str, str], _Known]) -> Kept | TidingsError | None:
    """What was kept under one of the keys; the error if that was something else; None if all of them are new."""
    first: Kept | None = None
    for key in publication.keys:
        before = known.get((publication.event.source, key.text))
        if before is None:
            continue
        if before.hash != key.hash:
            return Conflict("this was published before with another content; give what is new a new id or key")
        first = msgspec.structs.replace(before.first, is_duplicate=True)
    return first


def _also(transaction: Transaction, publication: Publication) -> None:
    """Run what goes with the event; raises what hinders it."""
    for statement in publication.also:
        transaction.state(statement)


def _also_or_not(transaction: Transaction, publication: Publication) -> TidingsError | None:
    """Run what goes with the event; the error if that cannot be, and then none of it was."""
    try:
        with transaction.savepoint():
            _also(transaction, publication)
    except TidingsError as error:
        return error
    return None


def _debts(kept: Sequence[tuple[int, Publication]], owner: int) -> list[Row]:
    return [
        (id_, debt.subscription, one.event.at, owner if debt.is_handed_over else 0, debt.order_key)
        for id_, one in kept
        for debt in one.owed
    ]


def _keys(kept: Sequence[tuple[int, Publication]]) -> list[Row]:
    return [
        (one.event.source, key.text, key.hash, id_, one.event.wire_id, len(one.owed), one.event.at)
        for id_, one in kept
        for key in one.keys
    ]
