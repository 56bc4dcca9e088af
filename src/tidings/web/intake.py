"""Intake: `POST /v1/events`, answered on bytes, because it is the busiest thing that the API does."""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, TidingsError, Unavailable
from tidings.core.event import Event
from tidings.outbox.publisher import Draft, Publisher
from tidings.store.database import Kept, Key
from tidings.store.look_ups import name_key
from tidings.web.body import read_body
from tidings.web.login import Login
from tidings.web.permits import Permits
from tidings.web.schemas import Schemas
from tidings.web.submission import Published, Refused, event_of, lines, result_of, several

SCOPE = "publish"
LONGEST_KEY = 255
_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_PLAIN_JSON = {b"application/json", b"application/json; charset=utf-8"}

Headers = Iterable[tuple[bytes, bytes]]
Outcome = Kept | TidingsError


class Intake:
    """Reads events, judges them and hands them to the publisher; what it answers for is on disk."""

    def __init__(self, *, publisher: Publisher, permits: Permits, schemas: Schemas, login: Login, clock: Clock) -> None:
        self._publisher = publisher
        self._permits = permits
        self._schemas = schemas
        self._login = login
        self._clock = clock

    def begin(self, headers: Headers, body: bytes) -> asyncio.Future[Outcome] | None:
        """Submit a single event if all that decides about it is in memory; None sends it the long way, `publish`."""
        token = _plain_token(headers)
        caller = self._login.known(token) if token else None
        if caller is None or SCOPE not in caller.scopes:
            return None
        try:
            draft = self._draft(body.strip(), caller, keys=())
        except TidingsError:
            return None
        event = self._permits.remembered(caller, draft.event)
        return self._publisher.submit(_of(event, draft)) if event else None

    async def publish(self, request: Request) -> Response:
        """The endpoint: one event, an array of them, or NDJSON."""
        caller = await self._login.caller(request.headers, needs=SCOPE)
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise Invalid(f"Idempotency-Key: has {len(key)} characters; send at most {LONGEST_KEY}")
        body = (await read_body(request)).strip()
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _NDJSON:
            judged = await self._judged_each(lines(body), caller, keys=partial(_keys, key, body))
            return await self._publish_several(judged, is_keyed=bool(key))
        if body.startswith(b"["):
            members = several(body)
            judged = await self._judged_each(members, caller, keys=partial(_keys, key, body), is_guarded=True)
            return await self._publish_several(judged, is_keyed=bool(key))
        draft = self._draft(body, caller, keys=_keys(key, body))
        draft = _of(await self._permits.check(caller, draft.event), draft)
        return _json(200, result_of(await self._publisher.publish_one(draft)))

    async def _publish_several(self, judged: Sequence[Draft | TidingsError], *, is_keyed: bool) -> Response:
        outcomes = await self._keep(judged, is_keyed=is_keyed)
        refusals = [outcome for outcome in outcomes if isinstance(outcome, TidingsError)]
        status = 200
        if len(refusals) == len(outcomes):
            status = 422
            # Nothing is wrong with the events: the same request may succeed later.
            if all(isinstance(refusal, Unavailable) for refusal in refusals):
                raise refusals[0]
        elif refusals:
            status = 207
        return _json(status, [_told(outcome, index=index) for index, outcome in enumerate(outcomes)])

    async def _judged_each(
        self, raws: Sequence[bytes], caller: Caller, *, keys: Callable[..., tuple[Key, ...]], is_guarded: bool = False
    ) -> Sequence[Draft | TidingsError]:
        judged: list[Draft | TidingsError] = []
        for index, raw in enumerate(raws):
            try:
                draft = self._draft(raw, caller, keys=keys(index=index), is_guarded=is_guarded)
                event = self._permits.remembered(caller, draft.event) or await self._permits.check(caller, draft.event)
                judged.append(_of(event, draft))
            except TidingsError as error:
                judged.append(error)
        return judged

    async def _keep(self, judged: Sequence[Draft | TidingsError], *, is_keyed: bool) -> Sequence[Outcome]:
        """What became of each, in order."""
        futures: dict[int, asyncio.Future[Outcome]] = {}
        for place, draft in enumerate(judged):
            if isinstance(draft, TidingsError):
                continue
            futures[place] = self._publisher.submit(draft)
            # The key speaks for the whole request: nothing else is kept before it is known to be this request's.
            if is_keyed and len(futures) == 1 and isinstance(first := await _settled(futures[place]), Conflict):
                raise first
        return [
            draft if isinstance(draft, TidingsError) else await _settled(futures[place])
            for place, draft in enumerate(judged)
        ]

    def _draft(self, raw: bytes, caller: Caller, *, keys: tuple[Key, ...], is_guarded: bool = False) -> Draft:
        event = event_of(raw, caller, at=self._clock.now(), is_guarded=is_guarded)
        self._schemas.check(event.type, event.data)
        if event.wire_id:
            keys = (*keys, Key(name_key(event.wire_id), _hash(raw)))
        return Draft(event=event, keys=keys)


def answer_to(kept: Kept) -> bytes:
    """The body that answers a single event."""
    return msgspec.json.encode(result_of(kept))


def _of(event: Event, draft: Draft) -> Draft:
    return draft if event is draft.event else msgspec.structs.replace(draft, event=event)


async def _settled(future: asyncio.Future[Outcome]) -> Outcome:
    try:
        return await future
    except Unavailable as error:
        return error


def _told(outcome: Outcome, *, index: int) -> Published | Refused:
    if isinstance(outcome, Kept):
        return result_of(outcome)
    return Refused(index=index, error_code=outcome.code, message=outcome.message)


def _keys(key: str, body: bytes, *, index: int = 0) -> tuple[Key, ...]:
    # The first event carries the key as a single one would; no header holds a line break, so none is another's key.
    if not key:
        return ()
    return (Key(f"key:{key}\n{index}" if index else f"key:{key}", _hash(body)),)


def _hash(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


def _plain_token(headers: Headers) -> str:
    """The token of a request that has nothing in its headers which needs a closer look; empty for any other."""
    token = ""
    for name, value in headers:
        if name == b"accesstoken":
            token = value.decode("latin-1")
        elif name == b"authorization":
            token = token or (value[7:].decode("latin-1") if value[:7].lower() == b"bearer " else "")
        elif name in {b"idempotency-key", b"origin"} or (name == b"content-type" and value.lower() not in _PLAIN_JSON):
            return ""
    return token


def _json(status: int, answer: Any) -> Response:  # noqa: ANN401 - any structs
    return Response(msgspec.json.encode(answer), status, media_type="application/json")
