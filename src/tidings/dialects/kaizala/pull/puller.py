"""The puller of Kaizala's API: groups, members, actions and responses. Messages cannot be read back there."""

from collections.abc import AsyncIterator, Iterable, Mapping
from urllib.parse import quote

import msgspec

from tidings.core.clock import SECOND
from tidings.core.errors import Unauthenticated
from tidings.core.pull import Granted, Order, Remote, Step
from tidings.core.receipt import Receipt
from tidings.core.secret import Secret
from tidings.dialects.kaizala.pull import answers
from tidings.dialects.kaizala.pull.answers import Action
from tidings.dialects.kaizala.pull.callback import action_told, response_told
from tidings.dialects.kaizala.pull.cursor import Cursor, Dates, Manner, read_cursor
from tidings.dialects.kaizala.pull.roster import roster
from tidings.dialects.kaizala.rows.happening import SAID_AT

# What one answer brings at most: a few megabytes of long forms.
_ACTIONS, _RESPONSES = 200, 500
_ROSTER = 500


class KaizalaPuller:
    """Reads a group of Tidings, or of any server with the documented API, with the token of an admin."""

    name: str = "kaizala"

    async def grant(self, remote: Remote, *, application: str, secret: Secret, refresh: Secret) -> Granted:
        """Trade a refresh token for an access token. Raises as `Remote.get` does."""
        shown = {"applicationId": Secret(application), "applicationSecret": secret, "refreshToken": refresh}
        granted = answers.read(await remote.get("v1/accessToken", headers=shown), answers.granted)
        if not granted.access_token:
            raise Unauthenticated("v1/accessToken gave no token; check application id, secret and refresh token")
        return Granted(
            access=Secret(granted.access_token),
            until=granted.access_token_expiry,
            refresh=Secret(granted.refresh_token or ""),
        )

    def headers(self, access: Secret) -> Mapping[str, Secret]:
        return {"accessToken": access}

    async def pull(self, remote: Remote, order: Order) -> AsyncIterator[Step]:
        """Everything that is new, step by step; as `core.pull.Puller` has it."""
        cursor = read_cursor(order.cursor)
        async for step in _roster(remote, order, cursor=cursor):
            yield step
        if cursor.manner is not Manner.DATES:
            async for receipts, after in _changed(remote, order, cursor=cursor):
                cursor = after
                yield Step(receipts=receipts, cursor=cursor.text)
        if cursor.manner is Manner.DATES:
            async for step in _by_date(remote, order, cursor=cursor):
                yield step


async def _roster(remote: Remote, order: Order, *, cursor: Cursor) -> AsyncIterator[Step]:
    found: list[Receipt] = []
    async for receipt in roster(remote, order):
        found.append(receipt)
        if len(found) == _ROSTER:
            yield Step(receipts=found, cursor=cursor.text)
            found = []
    yield Step(receipts=found, cursor=cursor.text)


async def _changed(remote: Remote, order: Order, *, cursor: Cursor) -> AsyncIterator[tuple[list[Receipt], Cursor]]:
    """Actions and responses in the order of their changes, if the server has one."""
    has_more = True
    while has_more:
        course = cursor.actions
        query = {"changedSince": str(course.since), "count": str(_ACTIONS)} | _at(course.page)
        page = answers.read(await remote.get(f"v1/groups/{order.group}/actions", query=query), answers.actions)
        changes = [action.changed_at for action in page.actions if action.changed_at is not None]
        if len(changes) < len(page.actions):
            yield [], msgspec.structs.replace(cursor, manner=Manner.DATES)
            return
        if not page.actions and cursor.manner is Manner.UNKNOWN:
            return  # there is nothing yet, and no telling how it will be told
        after = course.after(page=page.cursor or "", latest=max(changes, default=0))
        cursor = msgspec.structs.replace(cursor, manner=Manner.CHANGES, actions=after)
        yield _told(page.actions, order), cursor
        has_more = bool(page.cursor)
    has_more = True
    while has_more:
        course = cursor.responses
        query = {"changedSince": str(course.since), "limit": str(_RESPONSES)} | _at(course.page)
        told = answers.read(await remote.get(f"v1/groups/{order.group}/responses", query=query), answers.responses)
        receipts = [response_told(one, order) for one in told.responses]
        latest = max((int(one.header(SAID_AT) or 0) for one in receipts), default=0)
        cursor = msgspec.structs.replace(cursor, responses=course.after(page=told.cursor or "", latest=latest))
        yield receipts, cursor
        has_more = bool(told.cursor)


async def _by_date(remote: Remote, order: Order, *, cursor: Cursor) -> AsyncIterator[Step]:
    """Actions from a date on, and the responses to each that is not over, or was not when it was read last."""
    listed: dict[str, Action] = {}
    async for actions in _since(remote, order.group, second=cursor.dates.since):
        fresh = {one.name: one for one in actions if one.name not in listed}
        listed |= fresh
        yield Step(receipts=_told(fresh.values(), order), cursor=cursor.text)
    over = set(cursor.dates.over)
    for action in listed.values():
        if action.name not in over:
            async for step in _responses(remote, order, action=action, cursor=cursor):
                yield step
            if action.is_over:
                over.add(action.name)
    yield Step(receipts=[], cursor=msgspec.structs.replace(cursor, dates=_dates(listed.values(), over)).text)


async def _since(remote: Remote, group: str, *, second: int) -> AsyncIterator[list[Action]]:
    """Page by page; the last one's second begins the next page, because others may have been posted in it."""
    while True:
        query = {"fromDate": str(second), "count": str(_ACTIONS)}
        page = answers.read(await remote.get(f"v1/groups/{group}/actions", query=query), answers.actions)
        yield page.actions
        latest = max((one.at or 0 for one in page.actions), default=0) // SECOND
        if not page.has_more or latest <= second:
            return
        second = latest


async def _responses(remote: Remote, order: Order, *, action: Action, cursor: Cursor) -> AsyncIterator[Step]:
    page: str | None = ""
    while page is not None:
        path = f"v1/groups/{order.group}/actions/{quote(action.name, safe='')}"
        query = {"getDetails": "true"} | _at(page)
        alone = answers.read(await remote.get(path, query=query), answers.action_alone)
        told = [response_told(one, order, action_type=action.action_type) for one in alone.action_details.responses]
        yield Step(receipts=told, cursor=cursor.text)
        page = alone.cursor or None


def _dates(listed: Iterable[Action], over: set[str]) -> Dates:
    """Where the next round begins: with the oldest action that is not over, or with the newest of all."""
    times = [(one.at or 0) // SECOND for one in listed]
    open_since = [(one.at or 0) // SECOND for one in listed if one.name not in over]
    since = min(open_since, default=max(times, default=0))
    return Dates(
        since=since, over=tuple(one.name for one in listed if one.name in over and (one.at or 0) >= since * SECOND)
    )


def _told(actions: Iterable[Action], order: Order) -> list[Receipt]:
    return [receipt for action in actions if (receipt := action_told(action, order)) is not None]


def _at(page: str) -> dict[str, str]:
    return {"cursor": page} if page else {}
