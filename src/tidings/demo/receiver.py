"""The receivers of the demo's callbacks: five programs in one server, each with manners of its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Invalid
from tidings.core.signature import SigningSecret, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a receiver behaves just now."""

    status: HTTPStatus = HTTPStatus.OK
    pause_ms: int = 0


GOOD = Manner()
SLOW = Manner(pause_ms=700)
OVERLOADED = Manner(status=HTTPStatus.SERVICE_UNAVAILABLE)
BROKEN = Manner(status=HTTPStatus.INTERNAL_SERVER_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One request as a receiver saw and answered it. `took_ms` counts from the event to the answer."""

    receiver: str
    delivery: str
    body: bytes
    status: HTTPStatus
    attempt: int
    took_ms: int

    @property
    def is_accepted(self) -> bool:
        return self.status.is_success


class Receivers:
    """An ASGI application. The last part of the path names the receiver; `manners` and `secrets` are by name."""

    def __init__(self, *, clock: Clock, on_callback: Callable[[Callback], None]) -> None:
        self.manners: dict[str, Manner] = {}
        self.secrets: dict[str, SigningSecret] = {}
        self.accepted: set[str] = set()
        self.retries = 0
        self._clock = clock
        self._on_callback = on_callback
        self._attempts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        token = request.query_params.get("validationToken")
        if token is not None:
            return PlainTextResponse(token)
        name = request.url.path.rpartition("/")[2]
        body = await request.body()
        manner = self.manners.get(name, GOOD)
        status = manner.status if self._is_signed(name, request, body) else HTTPStatus.UNAUTHORIZED
        await self._clock.sleep(manner.pause_ms / SECOND)
        self._on_callback(self._noted(name, request, body, status=status))
        return Response(status_code=status)

    def _is_signed(self, name: str, request: Request, body: bytes, /) -> bool:
        secret = self.secrets.get(name)
        headers = {part: request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature")}
        try:
            verify(
                [secret] if secret else [],
                message_id=headers["id"],
                timestamp=headers["timestamp"],
                signature=headers["signature"],
                body=body,
                now=self._clock.now(),
            )
        except Invalid:
            return False
        return True

    def _noted(self, name: str, request: Request, body: bytes, /, *, status: HTTPStatus) -> Callback:
        delivery = request.headers.get("webhook-id", "")
        self._attempts[delivery] += 1
        self.retries += self._attempts[delivery] > 1
        if status.is_success:
            self.accepted.add(delivery)
        return Callback(
            receiver=name,
            delivery=delivery,
            body=body,
            status=status,
            attempt=self._attempts[delivery],
            took_ms=self._clock.now() - int(request.headers.get("tidings-event-time", self._clock.now())),
        )


class _Told(msgspec.Struct, rename="camel"):
    """What the forms of callbacks have in common, as far as a line can show it."""

    data: dict[str, object]
    event_type: str = ""
    type: str = ""


# What says most about an event in a few words, the best first.
_TELLING = ("text", "memberName", "title", "orderId", "why", "caption", "error")


def gist(body: bytes) -> tuple[str, str]:
    """The type of the event in a callback, and its most telling words if it has some."""
    told = msgspec.json.decode(body, type=_Told)
    words = next((str(told.data[key]) for key in _TELLING if told.data.get(key)), "")
    return told.event_type or told.type, words
