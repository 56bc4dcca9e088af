"""Counter: where busy routes are answered at once, if nothing but token, path and body decides about them.

A request object, an ASGI exchange and a response cost as much again as what is done for a message.
"""

import logging
import uuid
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tidings.core import json_text, lenient_json
from tidings.core.caller import Caller
from tidings.core.errors import Invalid, TidingsError
from tidings.core.route import Call, Route
from tidings.web.login import Login
from tidings.web.refusal import Refusal, refusal_of
from tidings.web.table import Table
from tidings.web.throttle import Throttle

log = logging.getLogger(__name__)

Headers = Iterable[tuple[bytes, bytes]]
# What makes a request one that a browser, or a framework, has to do with.
_NEEDS_A_LOOK = frozenset({b"origin", b"expect", b"content-encoding"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    route: Route
    decoder: msgspec.json.Decoder[Any]


Spot = tuple[_Place, dict[str, str]]


class Counter:
    """Answers the busy ones among those routes."""

    def __init__(self, routes: Sequence[Route], *, login: Login, throttle: Throttle | None = None) -> None:
        self._login = login
        self._throttle = throttle
        self._table: Table[_Place] = Table()
        for route in routes:
            if route.is_busy:
                place = _Place(route=route, decoder=msgspec.json.Decoder(route.body))
                self._table.add(place, method=route.method, path=route.path)

    def find(self, method: str, path: str) -> Spot | None:
        """Where a request leads, if that is a busy route."""
        return self._table.find(path).get(method)

    def serve(self, spot: Spot, *, headers: Headers, body: bytes) -> Coroutine[Any, Any, bytes | Refusal] | None:
        """What answers a request without a query; None if it has to go the long way."""
        place, values = spot
        token = plain_token(headers)
        caller = self._login.known(token) if token else None
        if caller is None or place.route.needs not in caller.scopes or "\x00" in "".join(values.values()):
            return None
        return self._answer(spot, caller, body=body)

    async def _answer(self, spot: Spot, caller: Caller, *, body: bytes) -> bytes | Refusal:
        place, values = spot
        route = place.route
        try:
            if self._throttle is not None:
                self._throttle.admit(caller.connector)
            read = lenient_json.read_typed if route.is_lenient else json_text.read_typed
            decoded = read(present(body), place.decoder, limit=route.largest)
            return msgspec.json.encode(await route.handler(Call(caller=caller, path=values, body=decoded)))
        except TidingsError as error:
            return refusal_of(error)
        except Exception:  # noqa: BLE001 - as the door has it: this is its outermost place for what is busy
            return failed(f"{route.method} {route.path}")


def present(body: bytes) -> bytes:
    """The body, if there is one. Raises Invalid."""
    if not body.strip():
        raise Invalid("the body is empty; send JSON")
    return body


def failed(what: str) -> Refusal:
    """Log the exception that is being handled, which nobody expected; the answer that names the line in the log."""
    incident = str(uuid.uuid4())
    log.exception("request.failed id=%s request=%s", incident, what)  # noqa: LOG004 - called by handlers alone
    return Refusal(
        status=500,
        code="ServiceException",
        message=f"Service Exception; the log of the server tells more under {incident}",
        details={"id": incident},
    )


def plain_token(headers: Headers) -> str:
    """The token of a request whose headers hold nothing that needs a closer look; empty for any other."""
    token = ""
    for name, value in headers:
        if name == b"accesstoken":
            token = value.decode("latin-1")
        elif name == b"authorization":
            token = token or (value[7:].decode("latin-1") if value[:7].lower() == b"bearer " else "")
        elif name in _NEEDS_A_LOOK:
            return ""
    return token
