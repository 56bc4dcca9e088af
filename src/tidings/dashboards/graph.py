"""Graph: Microsoft's API, asked by an application, with a token that renews itself."""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal
from urllib.parse import quote, urlencode

import msgspec

from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.secret import Secret
from tidings.egress.answer import Answer, Outcome
from tidings.egress.request import Request

# Graph's own limit.
MOST_IN_A_BATCH = 20
_TIMEOUT_MS = 30 * SECOND
# Twenty items of two columns, or all columns of a list; whoever answers more is not believed.
_LARGEST_ANSWER = 8 << 20
# A token that ends while a batch is on its way is of no use.
_RENEW_BEFORE_MS = 5 * MINUTE
_LONGEST_CODE = 60
_ANSWERED = frozenset({Outcome.OK, Outcome.REFUSED, Outcome.GONE})
# Graph says so of itself when it is busy, when somebody else was at the same thing, or when it broke.
_PASSING = frozenset({0, 408, 409, 412, 423, 429, 500, 502, 503, 504})

Send = Callable[[Request], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An application of a tenant, and where it gets its tokens and speaks to Graph; both URLs without a last `/`."""

    tenant: str
    client: str
    secret: Secret
    authority: str
    graph: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request of a batch; `url` begins behind the version. `body` is JSON."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    url: str
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What Graph said to one request; `status` is 0 if it said nothing, and `error` is a few words on what failed."""

    status: int = 0
    body: bytes = field(default=b"", repr=False)
    error: str = ""
    retry_after_ms: int = 0

    @property
    def is_good(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _PASSING


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


class _Fault(msgspec.Struct, frozen=True):
    code: str = ""


class _Faulty(msgspec.Struct, frozen=True):
    # The authority says it in a word, Graph in an object.
    error: str | _Fault = ""


class _Told(msgspec.Struct, frozen=True):
    id: str
    status: int
    headers: dict[str, str] = {}
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Batched(msgspec.Struct, frozen=True):
    responses: list[_Told]


class Graph:
    """Asks; what goes wrong is in the reply. Whatever is asked ends by `until`, seconds of the clock's `monotonic`."""

    def __init__(self, login: Login, *, send: Send, clock: Clock) -> None:
        self._login = login
        self._send = send
        self._clock = clock
        self._token = Secret("")
        self._renew_at = 0
        self._renewing = asyncio.Lock()

    async def get(self, path: str, *, until: float) -> Reply:
        return await self._ask("GET", path, until=until)

    async def post(self, path: str, body: object, *, until: float) -> Reply:
        return await self._ask("POST", path, body=msgspec.json.encode(body), until=until)

    async def batch(self, parts: Sequence[Part], *, until: float) -> list[Reply]:
        """Replies in the order of the requests, which Graph may take in any order."""
        replies: list[Reply] = []
        while len(replies) < len(parts):
            some = parts[len(replies) : len(replies) + MOST_IN_A_BATCH]
            requests = [_written(number, part) for number, part in enumerate(some)]
            whole = await self.post("/$batch", {"requests": requests}, until=until)
            if not whole.is_good:
                # The next ones would be refused, too.
                return replies + [whole] * (len(parts) - len(replies))
            replies += _in_order(whole.body, count=len(some))
        return replies

    async def _ask(self, method: Literal["GET", "POST"], path: str, *, until: float, body: bytes = b"") -> Reply:
        """Ask with a token that is good, and once more with a new one if Graph wants none of it."""
        url = f"{self._login.graph}/v1.0{path}"
        reply = Reply()
        for _ in range(2):
            refused = await self._renew(until=until)
            if refused is not None:
                return refused
            token = self._token
            headers = [("authorization", f"Bearer {token.reveal()}"), ("content-type", "application/json")]
            reply = await self._sent(url, method=method, headers=headers, body=body, until=until)
            if reply.status != HTTPStatus.UNAUTHORIZED:
                break
            if self._token is token:  # else somebody has renewed it meanwhile
                self._renew_at = 0
        return reply

    async def _renew(self, *, until: float) -> Reply | None:
        """Have a token that is good for a while; what was answered if there is none."""
        async with self._renewing:
            if self._clock.now() < self._renew_at:
                return None
            login = self._login
            form = {
                "grant_type": "client_credentials",
                "client_id": login.client,
                "client_secret": login.secret.reveal(),
                "scope": f"{login.graph}/.default",
            }
            url = f"{login.authority}/{quote(login.tenant, safe='')}/oauth2/v2.0/token"
            headers = [("content-type", "application/x-www-form-urlencoded")]
            reply = await self._sent(url, headers=headers, body=urlencode(form).encode(), until=until)
            try:
                granted = msgspec.json.decode(reply.body, type=_Granted) if reply.is_good else None
            except msgspec.DecodeError:
                granted = None
            if granted is None:
                # Its answer may repeat what it was asked.
                return Reply(
                    status=0 if reply.is_good else reply.status,
                    error=f"no token was given: {reply.error or 'the answer is none'}",
                    retry_after_ms=reply.retry_after_ms,
                )
            self._token = Secret(granted.access_token)
            lasts_ms = granted.expires_in * SECOND
            self._renew_at = self._clock.now() + max(lasts_ms - _RENEW_BEFORE_MS, lasts_ms // 2)
            return None

    async def _sent(
        self,
        url: str,
        *,
        headers: Sequence[tuple[str, str]],
        body: bytes,
        until: float,
        method: Literal["GET", "POST"] = "POST",
    ) -> Reply:
        left_ms = int((until - self._clock.monotonic()) * SECOND)
        if left_ms <= 0:
            return Reply(error="the time was over")
        into = io.BytesIO()
        request = Request(
            url=url,
            method=method,
            headers=headers,
            body=body,
            timeout_ms=min(left_ms, _TIMEOUT_MS),
            into=into,
            most=_LARGEST_ANSWER,
        )
        answer = await self._send(request)
        if answer.status is None or answer.outcome not in _ANSWERED:
            return Reply(error=answer.error)
        return _reply(answer.status, into.getvalue(), retry_after_ms=answer.retry_after_ms)


def _written(number: int, part: Part) -> dict[str, object]:
    written: dict[str, object] = {"id": str(number), "method": part.method, "url": part.url}
    headers = dict(part.headers)
    if part.body is not None:
        written["body"] = part.body
        headers["Content-Type"] = "application/json"
    return written | ({"headers": headers} if headers else {})


def _in_order(body: bytes, *, count: int) -> Iterator[Reply]:
    try:
        told = {one.id: _told(one) for one in msgspec.json.decode(body, type=_Batched).responses}
    except msgspec.DecodeError:
        told = {}
    return (told.get(str(number), Reply(error="Graph said nothing of it")) for number in range(count))


def _told(one: _Told) -> Reply:
    wait = next((value for name, value in one.headers.items() if name.lower() == "retry-after"), "")
    # Ten digits are three hundred years; more is a way to make us count.
    wait_ms = int(wait[:10]) * SECOND if wait.isascii() and wait.isdigit() else 0
    return _reply(one.status, bytes(one.body), retry_after_ms=wait_ms)


def _reply(status: int, body: bytes, *, retry_after_ms: int) -> Reply:
    is_good = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    error = "" if is_good else f"{status} {_code(body)[:_LONGEST_CODE]}".rstrip()
    return Reply(status=status, body=body, error=error, retry_after_ms=retry_after_ms)


def _code(body: bytes) -> str:
    """What went wrong, in a word; the message beside it may hold values."""
    try:
        error = msgspec.json.decode(body, type=_Faulty).error
    except msgspec.DecodeError:
        return ""
    return error if isinstance(error, str) else error.code
