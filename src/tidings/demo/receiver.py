"""The receivers of the demo's callbacks: programs in one server, each with manners of its own."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

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
        return _is_success(self.status)


class Receivers:
    """Each listens at a path of its name; `manners` and `secrets` are by name, `application` serves them all.

    `accepted` holds the deliveries that were answered with 2xx, `retries` counts attempts after the first.
    """

    def __init__(self, *, clock: Clock, on_callback: Callable[[Callback], None]) -> None:
        self.manners: dict[str, Manner] = {}
        self.secrets: dict[str, SigningSecret] = {}
        self.accepted: set[str] = set()
        self.retries = 0
        self.application = Starlette(routes=[Route("/{name}", self._answer, methods=["GET", "POST"])])
        self._clock = clock
        self._on_callback = on_callback
        self._attempts: Counter[str] = Counter()

    async def _answer(self, request: Request) -> Response:
        token = request.query_params.get("validationToken")
        if token is not None:
            return PlainTextResponse(token)
        manner = self.manners.get(request.path_params["name"], GOOD)
        status = manner.status if await self._is_signed(request) else HTTPStatus.UNAUTHORIZED
        await self._clock.sleep(manner.pause_ms / SECOND)
        self._on_callback(await self._noted(request, status))
        return Response(status_code=status)

    async def _is_signed(self, request: Request) -> bool:
        secret = self.secrets.get(request.path_params["name"])
        headers = {part: request.headers.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature")}
        try:
            verify(
                [secret] if secret else [],
                message_id=headers["id"],
                timestamp=headers["timestamp"],
                signature=headers["signature"],
                body=await request.body(),
                now=self._clock.now(),
            )
        except Invalid:
            return False
        return True

    async def _noted(self, request: Request, status: HTTPStatus) -> Callback:
        delivery = request.headers.get("webhook-id", "")
        self._attempts[delivery] += 1
        self.retries += self._attempts[delivery] > 1
        if _is_success(status):
            self.accepted.add(delivery)
        now = self._clock.now()
        return Callback(
            receiver=request.path_params["name"],
            delivery=delivery,
            body=await request.body(),
            status=status,
            attempt=self._attempts[delivery],
            took_ms=now - int(request.headers.get("tidings-event-time", now)),
        )


def _is_success(status: HTTPStatus) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


class _Question(msgspec.Struct):
    title: str = ""
    answer: Any = None


class _Details(msgspec.Struct, rename="camel"):
    response_with_questions: list[_Question] = []


class _Data(msgspec.Struct, rename="camel"):
    """What is answered, or is to be."""

    response_details: _Details = msgspec.field(default_factory=_Details)


class _Told(msgspec.Struct, rename="camel"):
    """What the forms of callbacks have in common, as far as a line can show it."""

    data: dict[str, Any]
    event_type: str = ""
    type: str = ""


# What says most about an event in a few words, the best first.
_TELLING = ("text", "memberName", "title", "orderId", "why", "caption", "error")


def gist(body: bytes) -> tuple[str, str]:
    """The type of the event in a callback, and its most telling words if it has some."""
    told = msgspec.json.decode(body, type=_Told)
    words = next((str(told.data[key]) for key in _TELLING if told.data.get(key)), "")
    return told.event_type or told.type, words or _filled_in(told.data)


def _filled_in(data: dict[str, Any]) -> str:
    """The answers, or the questions if nobody has answered yet."""
    questions = msgspec.convert(data, _Data).response_details.response_with_questions
    answers = [_in_words(one.answer) for one in questions if one.answer is not None]
    return ", ".join(answers or [one.title for one in questions])


def _in_words(answer: Any) -> str:  # noqa: ANN401 - any JSON
    match answer:
        case int() | float():
            return f"{answer:g}"
        case list():
            return ", ".join(map(_in_words, answer))
        case {"n": name}:
            return str(name)
        case _:
            return str(answer)
