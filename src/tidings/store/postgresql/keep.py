"""Keeping publications: all at once as arrays, or one after the other where one's fate hangs on another's."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import asyncpg

from tidings.core.errors import Conflict, Invalid, TidingsError, Unavailable
from tidings.store.database import Kept, Publication, Statement
from tidings.store.event_row import event_values
from tidings.store.postgresql.connection import Connections
from tidings.store.postgresql.keep_with import with_arguments
from tidings.store.postgresql.session import Argument, Session, is_plain, numbers

Answers = list[Kept | TidingsError]


async def keep(connections: Connections, publications: Sequence[Publication], *, version: int, owner: int) -> Answers:
    if not publications:
        return []
    if not _needs_order(publications):
        try:
            return await connections.run(lambda session: _at_once(session, publications, version=version, owner=owner))
        except (asyncpg.DataError, _OneFails):
            pass  # One of them cannot be kept; the others can.
    return await connections.run(lambda session: _in_turn(session, publications, version=version, owner=owner))


class _OneFails(Exception):
    """A publication cannot be kept as it is: which one is found out one after the other."""


def _needs_order(publications: Sequence[Publication]) -> bool:
    """Whether one publication's fate hangs on another's, by a key of both, or by statements that do so."""
    keys = [(one.event.source, key.text) for one in publications for key in one.keys]
    return len(set(keys)) < len(keys) or not all(is_plain(one) for each in publications for one in each.also)


async def _at_once(session: Session, publications: Sequence[Publication], *, version: int, owner: int) -> Answers:
    if not any(one.also for one in publications):
        return await _together(session, publications, version=version, owner=owner)
    if (also := with_arguments(publications)) is not None:
        try:
            return await _together(session, publications, version=version, owner=owner, also=also)
        except asyncpg.CheckViolationError:
            raise  # no partition for now
        except asyncpg.IntegrityConstraintViolationError as error:
            raise _OneFails from error
    async with session.transaction():
        answers = await _together(session, publications, version=version, owner=owner)
        for one, answer in zip(publications, answers, strict=True):
            if one.also and (not isinstance(answer, Kept) or answer.is_duplicate):
                raise _OneFails
        for alike in _by_names(publications).values():
            for same in zip(*alike, strict=True):
                if not await session.state_all(same):
                    raise _OneFails
    return answers


def _by_names(publications: Sequence[Publication]) -> Mapping[tuple[str, ...], list[Sequence[Statement]]]:
    """The statements of publications that have the same ones, in one order in every batch (see `_waits_for`)."""
    found: dict[tuple[str, ...], list[Sequence[Statement]]] = defaultdict(list)
    for one in sorted(publications, key=_waits_for):
        if one.also:
            found[tuple(statement.name for statement in one.also)].append(one.also)
    return found


async def _in_turn(session: Session, publications: Sequence[Publication], *, version: int, owner: int) -> Answers:
    async with session.transaction():
        await session.hold_subscriptions([also for one in publications for also in one.also])
        await session.fetch("subscriptions_expected", expected=version)
        # In one order in every batch: else two of them wait for each other, each with a row that the other needs.
        order = sorted(range(len(publications)), key=lambda place: _waits_for(publications[place]))
        answers = {place: await _alone(session, publications[place], owner=owner) for place in order}
        return [answers[place] for place in range(len(publications))]


def _waits_for(publication: Publication) -> tuple[str, str]:
    """The row that others change too: what the first statement of a publication is about."""
    if not publication.also:
        return "", ""
    first = publication.also[0]
    return first.name, str(first.values.get("id", ""))


async def _alone(session: Session, publication: Publication, *, owner: int) -> Kept | TidingsError:
    try:
        async with session.transaction():
            [answer] = await _together(session, [publication], version=None, owner=owner)
            if isinstance(answer, Kept) and not answer.is_duplicate:
                for statement in publication.also:
                    await session.state(statement)
            return answer
    except Unavailable:
        raise
    except TidingsError as error:
        return error
    except asyncpg.DataError:
        return Invalid("the event holds text that PostgreSQL cannot keep; leave out characters that are not Unicode")


async def _together(
    session: Session,
    publications: Sequence[Publication],
    *,
    version: int | None,
    owner: int,
    also: Mapping[str, Argument] | None = None,
) -> Answers:
    arguments = keep_arguments(publications, owner=owner)
    if also is None:
        rows = await session.fetch("publications_kept", expected=version, owner=owner, **arguments)
    else:
        rows = await session.fetch("publications_kept_with", expected=version, owner=owner, **arguments, **also)
    answers: dict[int, Kept | TidingsError] = {}
    for place, id_, is_same, wire_id, deliveries in rows:
        publication = publications[place - 1]
        if is_same is None:
            answers[place] = Kept(id=id_, wire_id=publication.event.wire_id, deliveries=len(publication.owed))
        elif not is_same:
            answers[place] = Conflict(
                "this was published before with another content; give what is new a new id or key"
            )
        elif place not in answers:
            answers[place] = Kept(id=id_, wire_id=wire_id, deliveries=deliveries, is_duplicate=True)
    return [answers[place] for place in range(1, len(publications) + 1)]


def keep_arguments(publications: Sequence[Publication], *, owner: int) -> dict[str, Argument]:
    types, ats, sources, wire_ids, subjects, actors, datas = zip(
        *(event_values(one.event) for one in publications), strict=True
    )
    # Places count from 1, as PostgreSQL's arrays do.
    owed = [(place, debt) for place, one in enumerate(publications, 1) for debt in one.owed]
    keys = [(place, one, key) for place, one in enumerate(publications, 1) for key in one.keys]
    return {
        "types": types,
        "ats": numbers(ats),
        "sources": sources,
        "wire_ids": wire_ids,
        "subjects": subjects,
        "actors": actors,
        "datas": datas,
        "owed_places": numbers([place for place, _ in owed]),
        "owed_subscriptions": numbers([debt.subscription for _, debt in owed]),
        "owed_keys": [debt.order_key for _, debt in owed],
        "owed_owners": numbers([owner if debt.is_handed_over else 0 for _, debt in owed]),
        "key_places": [place for place, _, _ in keys],
        "key_connectors": [one.event.source for _, one, _ in keys],
        "key_texts": [key.text for _, _, key in keys],
        "key_hashes": [key.hash for _, _, key in keys],
        "key_deliveries": [len(one.owed) for _, one, _ in keys],
    }
