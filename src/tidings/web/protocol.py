"""Protocol: uvicorn's HTTP/1.1, with limits on heads, and with what is busy answered before any framework.

The task, the messages and the checks of ASGI cost as much as everything else that is done for an event.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tidings.core.errors import TidingsError
from tidings.store.database import Kept
from tidings.web.arrival import arrival, is_spelled
from tidings.web.counter import Counter, Headers, Spot
from tidings.web.intake import Intake, Outcome, answer_to
from tidings.web.receive import HEAD_OF_KEPT, KEPT, ReceiveDoor
from tidings.web.receive import PATH as RECEIVE
from tidings.web.refusal import Refusal, refusal_of

log = logging.getLogger(__name__)

# Bytes and seconds (ENGINE, rule 7): more than any client's tokens and cookies need.
LARGEST_HEAD = 32 * 1024
SLOWEST_HEAD_S = 10.0
# Bytes. Above it uvicorn stops reading until the application asks for more.
_LARGEST_QUICK_BODY = 64 * 1024
# Seconds. What takes longer is nobody's who is in a hurry, and the application has a limit of its own.
SLOWEST_QUICK_BODY_S = 5.0
_FIXED = b"content-type: application/json\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
_QUICK_PATHS = {b"/v1/events", b"/v1/events/"}
_RECEIVE = RECEIVE.encode()
# uvicorn tells each of its cycles what comes. Nobody waits to hear it of ours.
_UNHEARD = asyncio.Event()

# Given the body, what answers the request; None sends it the long way.
_Begin = Callable[[bytes], "asyncio.Future[Any] | None"]

_NOT_HTTP = Refusal(status=400, code="InvalidParameters", message="this is not a valid HTTP/1.1 request")
_HEAD_TOO_LARGE = Refusal(
    status=431, code="TooLarge", message=f"the request's head is larger than {LARGEST_HEAD} bytes; send fewer headers"
)
_HEAD_TOO_SLOW = Refusal(
    status=408, code="Timeout", message=f"the request's head did not arrive within {SLOWEST_HEAD_S:.0f} seconds"
)


class _Exchange:
    """A request that no framework sees. To uvicorn, which keeps requests in their order, it is one of its cycles."""

    __slots__ = ("begin", "body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self, begin: _Begin, *, keep_alive: bool) -> None:
        self.begin = begin
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.message_event = _UNHEARD
        self.disconnected = False
        self.response_complete = False


class Protocol(HttpToolsProtocol):
    """One connection. The application answers all, or all but what is busy.

    `intake` takes single events, `receive` callbacks, and `counter` has the routes that are busy.
    """

    cycle: Any  # the latest request: uvicorn's cycle or our exchange, None before the first

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - uvicorn's own
        intake: Intake | None = None,
        counter: Counter | None = None,
        receive: ReceiveDoor | None = None,
        **kwargs: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._intake = intake
        self._counter = counter
        self._receive = receive
        self._held: _Exchange | None = None  # one whose body is still to come
        self._held_timer: asyncio.TimerHandle | None = None
        self._names: list[bytes] | None = None
        self._is_in_head = False
        self._head_size = 0  # of the pieces after the first; that one may hold the end of another request
        self._piece_size = 0
        self._fault = _NOT_HTTP
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(SLOWEST_HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._piece_size = len(data)
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self._refuse(_HEAD_TOO_LARGE)
                return
        super().data_received(data)
        if not self._is_in_head:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(SLOWEST_HEAD_S, self._give_up)
        if self._held is not None and self._held_timer is None:
            self._held_timer = self.loop.call_later(SLOWEST_QUICK_BODY_S, self._let_go)

    def on_message_begin(self) -> None:
        # uvicorn makes the scope here already, which what is busy does without.
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._is_in_head = True
        self._head_size = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._names = [] if is_spelled(self.url) else None

    def on_header(self, name: bytes, value: bytes) -> None:
        # All that uvicorn's own does, which would be one call more for each header of each request.
        lower = name.lower()
        if lower == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((lower, value))
        if self._names is not None:
            self._names.append(name)

    def on_headers_complete(self) -> None:
        if self._head_size + self._piece_size > LARGEST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > LARGEST_HEAD:
                self._fault = _HEAD_TOO_LARGE
                # Ends the parsing; uvicorn then calls `send_400_response`.
                raise OverflowError
        self._is_in_head = False
        begin = self._busy() if self.parser.get_method() == b"POST" else None
        if begin is None:
            self._go_the_long_way()
        else:
            keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
            self.cycle = self._held = _Exchange(begin, keep_alive=keep_alive)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._held is not None and len(self._held.body) > _LARGEST_QUICK_BODY:
            self._let_go()

    def on_message_complete(self) -> None:
        if self._held is not None:
            future = self._held.begin(bytes(self._held.body))
            if future is None:
                self._let_go()
            else:
                future.add_done_callback(partial(self._answer, self._held))
                self._taken()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        self._refuse(self._fault)

    def _busy(self) -> _Begin | None:
        """Where a request leads, if that is busy, and if nothing hinders that it is answered there."""
        is_next = self.cycle is None or self.cycle.response_complete
        if not is_next or self.expect_100_continue or self.flow.write_paused:
            return None
        if self.url in _QUICK_PATHS:
            return None if self._intake is None else partial(self._intake.begin, self.headers)
        path, _, query = self.url.partition(b"?")
        # A target may be written in other ways, too; those are the framework's.
        if not path.startswith(b"/") or b"#" in self.url or not self.url.isascii():
            return None
        if path.startswith(_RECEIVE):
            return None if self._receive is None else partial(self._receive.begin, self._scope(path, query))
        if self._counter is None or query:
            return None
        spot = self._counter.find("POST", path.decode())
        if spot is None:
            return None
        return partial(self._serve, counter=self._counter, spot=spot, headers=self.headers)

    def _serve(
        self, body: bytes, *, counter: Counter, spot: Spot, headers: Headers
    ) -> asyncio.Future[bytes | Refusal] | None:
        work = counter.serve(spot, headers=headers, body=body)
        return None if work is None else self.loop.create_task(work)

    def _scope(self, path: bytes, query: bytes) -> dict[str, Any]:
        """What of a request's scope decides about a callback."""
        scope = {"raw_path": path, "query_string": query, "headers": self.headers, "client": self.client}
        return scope if self._names is None else scope | {"extensions": arrival(self._names, transport=self.transport)}

    def _go_the_long_way(self) -> None:
        """Have the application answer the request whose head is complete."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        if self._names is not None:
            self.scope["extensions"] = arrival(self._names, transport=self.transport)
        super().on_headers_complete()

    def _let_go(self) -> None:
        """Leave a request that cannot be answered at once, or whose body is late or long, to the application."""
        exchange = self._taken()
        if exchange is not None:
            self.cycle = None  # nothing is under way
            self._go_the_long_way()
            super().on_body(bytes(exchange.body))

    def _taken(self) -> _Exchange | None:
        exchange, self._held = self._held, None
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None
        return exchange

    def _answer(self, exchange: _Exchange, future: asyncio.Future[Outcome | bytes | Refusal | None]) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if exchange.disconnected or self.transport.is_closing():
            return
        outcome = error or future.result()
        if outcome is None:
            answer = self._message(200, KEPT, keeps=exchange.keep_alive, fixed=HEAD_OF_KEPT)
        elif isinstance(outcome, Kept):
            answer = self._message(200, answer_to(outcome), keeps=exchange.keep_alive)
        elif isinstance(outcome, bytes):
            answer = self._message(200, outcome, keeps=exchange.keep_alive)
        elif isinstance(outcome, TidingsError | Refusal):
            refusal = outcome if isinstance(outcome, Refusal) else refusal_of(outcome)
            answer = self._message(refusal.status, refusal.body(), keeps=exchange.keep_alive, headers=refusal.headers)
        else:
            # Ours, and nothing that the publisher can act on: a lost connection makes it try again.
            log.error("publish.failed", exc_info=error)
            self.transport.abort()
            return
        self.transport.write(answer)
        exchange.response_complete = True
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _message(
        self,
        status: int,
        body: bytes,
        *,
        keeps: bool,
        headers: Mapping[str, str] = MappingProxyType({}),
        fixed: bytes = _FIXED,
    ) -> bytes:
        lines = [STATUS_LINE[status], *(b"%b: %b\r\n" % header for header in self.server_state.default_headers), fixed]
        lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in headers.items()]
        if not keeps:
            lines.append(b"connection: close\r\n")
        lines.append(b"content-length: %d\r\n\r\n%b" % (len(body), body))
        return b"".join(lines)

    def _refuse(self, refusal: Refusal) -> None:
        """Say no to something that is not a request, and hang up."""
        self._stop_timer()
        self.transport.write(self._message(refusal.status, refusal.body(), keeps=False))
        self.transport.close()

    def _give_up(self) -> None:
        self._head_timer = None
        if self._is_in_head:
            self._refuse(_HEAD_TOO_SLOW)
        else:
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
