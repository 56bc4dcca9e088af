"""Intake: `POST /v1/events`, answered on bytes, because it is the busiest thing that the API does."""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidings.core.caller import Caller
from tidings.core.clock import Clock
from tidings.core.errors import Conflict, Invalid, TidingsError, Unavailable
from tidings.core.event import Event
from tidings.outbox.publisher import Draft, Outcome, Publisher
from tidings.store.database import Kept, Key
from tidings.store.look_ups import name_key
from tidings.web.body import read_body
from tidings.web.login import Login
from tidings.web.permits import Permit, Permits
from tidings.web.schemas import Schemas
from tidings.web.submission import Published, Refused, Said, Several, data_of, event_of, read, result_of

SCOPE = "publish"
LONGEST_KEY = 255
_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_PLAIN_JSON = {b"application/json", b"application/json; charset=utf-8"}

_encode = msgspec.json.Encoder().encode

Headers = Iterable[tuple[bytes, bytes]]
_Named = tuple[str, bytes]  # an Idempotency-Key and what it was sent with


class Intake:
    """Reads events, judges them and hands them to the publisher; what it answers for is on disk."""

    def __init__(self, *, publisher: Publisher, permits: Permits, schemas: Schemas, login: Login, clock: Clock) -> None:
        self._publisher = publisher
        self._permits = permits
        self._schemas = schemas
        self._login = login
        self._clock = clock

    def begin(self, token: str, body: bytes) -> asyncio.Future[Sequence[Outcome]] | None:
        """Submit a single event if all that decides about it is in memory; None sends it the long way, `publish`."""
        caller = self._login.known(token)
        if caller is None or SCOPE not in caller.scopes:
            return None
        raw = body.strip()
        try:
            said = read(raw)
            permit = self._permits.remembered(caller, said)
            if permit is None:
                return None
            return self._publisher.submit((self._draft(said, permit, at=self._clock.now(), raw=raw),))
        except TidingsError:
            return None

    async def publish(self, request: Request) -> Response:
        """The endpoint: one event, an array of them, or NDJSON."""
        caller = await self._login.caller(request.headers, needs=SCOPE)
        key = request.headers.get("idempotency-key", "")
        if len(key) > LONGEST_KEY:
            raise Invalid(f"Idempotency-Key: has {len(key)} characters; send at most {LONGEST_KEY}")
        body = (await read_body(request)).strip()
        # A repetition is known by the hash of the whole request.
        named = (key, _hash(body)) if key else None
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() in _NDJSON:
            return await self._publish_several(Several(body, is_array=False), caller, named=named)
        if body.startswith(b"["):
            return await self._publish_several(Several(body, is_array=True), caller, named=named)
        said = read(body)
        permit = await self._asked(said, caller, raw=body)
        draft = self._draft(said, permit, at=self._clock.now(), raw=body, named=named)
        return _json(200, result_of(await self._publisher.publish_one(draft)))

    async def _publish_several(self, several: Several, caller: Caller, *, named: _Named | None) -> Response:
        judged = await self._judged_each(several, caller, named=named)
        outcomes = await self._keep(judged, is_keyed=named is not None)
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
        self, several: Several, caller: Caller, *, named: _Named | None
    ) -> Sequence[Draft | TidingsError]:
        judged: list[Draft | TidingsError] = []
        at = self._clock.now()
        for index in range(len(several)):
            try:
                said = several.said(index)
                permit = self._permits.remembered(caller, said)
                if permit is None:
                    permit = await self._asked(said, caller, raw=several.raw(index))
                    at = self._clock.now()
                raw = several.raw(index) if said.event_id else b""
                judged.append(self._draft(said, permit, at=at, raw=raw, named=named, index=index))
            except TidingsError as error:
                judged.append(error)
        return judged

    async def _keep(self, judged: Sequence[Draft | TidingsError], *, is_keyed: bool) -> Sequence[Outcome]:
        """What became of each, in order."""
        drafts = [draft for draft in judged if isinstance(draft, Draft)]
        # The key speaks for the whole request: nothing else is kept before it is known to be this request's.
        alone = 1 if is_keyed else 0
        outcomes = await self._publisher.publish_each(drafts[:alone])
        if outcomes and isinstance(outcomes[0], Conflict):
            raise outcomes[0]
        outcomes += await self._publisher.publish_each(drafts[alone:])
        if len(drafts) == len(judged):
            return outcomes
        told = iter(outcomes)
        return [draft if isinstance(draft, TidingsError) else next(told) for draft in judged]

    async def _asked(self, said: Said, caller: Caller, *, raw: bytes) -> Permit:
        """Have the whole of an event checked, and ask whether it may be published."""
        event = event_of(raw, caller, at=self._clock.now())
        self._schemas.check(event.type, event.data)
        return await self._permits.check(caller, said, event=event)

    def _draft(
        self, said: Said, permit: Permit, *, at: int, raw: bytes, named: _Named | None = None, index: int = 0
    ) -> Draft:
        data = data_of(said)
        self._schemas.check(said.type, data)
        keys = () if named is None else (_key(named, index=index),)
        if said.event_id:
            keys = (*keys, Key(name_key(said.event_id), _hash(raw)))
        event = Event(
            type=said.type,
            subjects=permit.subjects,
            data=data,
            at=at,
            actor=permit.actor,
            wire_id=said.event_id or "",
            source=permit.caller.connector,
        )
        return Draft(event=event, keys=keys)


def answer_to(kept: Kept) -> bytes:
    """The body that answers a single event."""
    return _encode(result_of(kept))


def _told(outcome: Outcome, *, index: int) -> Published | Refused:
    if isinstance(outcome, Kept):
        return result_of(outcome)
    return Refused(index=index, error_code=outcome.code, message=outcome.message)


def _key(named: _Named, *, index: int) -> Key:
    # The first event carries the key as a single one would; no header holds a line break, so none is another's key.
    key, hash_ = named
    return Key(f"key:{key}\n{index}" if index else f"key:{key}", hash_)


def _hash(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=16).digest()


def plain_token(headers: Headers) -> str:
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
