"""Protocol: uvicorn's HTTP/1.1, with limits on heads, and with what is busy answered before any framework.

The task, the messages and the checks of ASGI cost as much as everything else that is done for an event.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from uvicorn._types import HTTPScope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from tidings.core.errors import TidingsError
from tidings.store.database import Kept
from tidings.web.arrival import arrival, is_spelled
from tidings.web.counter import Counter, Spot
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
_QUICK_PATHS = {"/v1/events", "/v1/events/"}

_Busy = Spot | Intake | ReceiveDoor

_NOT_HTTP = Refusal(status=400, code="InvalidParameters", message="this is not a valid HTTP/1.1 request")
_HEAD_TOO_LARGE = Refusal(
    status=431, code="TooLarge", message=f"the request's head is larger than {LARGEST_HEAD} bytes; send fewer headers"
)
_HEAD_TOO_SLOW = Refusal(
    status=408, code="Timeout", message=f"the request's head did not arrive within {SLOWEST_HEAD_S:.0f} seconds"
)


class Protocol(HttpToolsProtocol):
    """One connection. The application answers all, or all but what is busy.

    `intake` takes single events, `receive` callbacks, and `counter` has the routes that are busy.
    """

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
        self._held: RequestResponseCycle | None = None
        self._spot: _Busy | None = None
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

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._head_size = 0
        super().on_message_begin()

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
        if self._names is not None:
            self.scope["extensions"] = arrival(self._names, transport=self.transport)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._held is not None and len(self._held.body) > _LARGEST_QUICK_BODY:
            self._let_go()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        cycle = self._taken()
        if cycle is not None:
            self._begin(cycle)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        self._refuse(self._fault)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - an ASGI application
        self._spot = self._busy_spot(cycle.scope) if cycle.scope["method"] == "POST" else None
        is_quick = self._spot is not None and not cycle.waiting_for_100_continue and not self.flow.write_paused
        if not is_quick:
            super()._start_asgi_task(cycle, app)
        elif cycle.more_body:
            self._held = cycle
            self._held_timer = self.loop.call_later(SLOWEST_QUICK_BODY_S, self._let_go)
        else:
            self._begin(cycle)

    def _busy_spot(self, scope: HTTPScope) -> _Busy | None:
        if scope["path"] in _QUICK_PATHS:
            return self._intake
        if scope["path"].startswith(RECEIVE):
            return self._receive
        if self._counter is None or scope["query_string"]:
            return None
        return self._counter.find("POST", scope["raw_path"].decode("latin-1"))

    def _let_go(self) -> None:
        """Leave a request whose body is late or long to the application."""
        cycle = self._taken()
        if cycle is not None:
            super()._start_asgi_task(cycle, self.app)

    def _taken(self) -> RequestResponseCycle | None:
        cycle, self._held = self._held, None
        if self._held_timer is not None:
            self._held_timer.cancel()
            self._held_timer = None
        return cycle

    def _begin(self, cycle: RequestResponseCycle) -> None:
        spot, headers, body = self._spot, cycle.scope["headers"], bytes(cycle.body)
        future: asyncio.Future[Any] | None = None
        if isinstance(spot, Intake):
            future = spot.begin(headers, body)
        elif isinstance(spot, ReceiveDoor):
            future = spot.begin(cycle.scope, body)
        elif spot is not None and self._counter is not None:
            work = self._counter.serve(spot, headers=headers, body=body)
            future = None if work is None else self.loop.create_task(work)
        if future is None:
            super()._start_asgi_task(cycle, self.app)
        else:
            future.add_done_callback(partial(self._answer, cycle))

    def _answer(self, cycle: RequestResponseCycle, future: asyncio.Future[Outcome | bytes | Refusal | None]) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if cycle.disconnected or self.transport.is_closing():
            return
        outcome = error or future.result()
        if outcome is None:
            answer = self._message(200, KEPT, keeps=cycle.keep_alive, fixed=HEAD_OF_KEPT)
        elif isinstance(outcome, Kept):
            answer = self._message(200, answer_to(outcome), keeps=cycle.keep_alive)
        elif isinstance(outcome, bytes):
            answer = self._message(200, outcome, keeps=cycle.keep_alive)
        elif isinstance(outcome, TidingsError | Refusal):
            refusal = outcome if isinstance(outcome, Refusal) else refusal_of(outcome)
            answer = self._message(refusal.status, refusal.body(), keeps=cycle.keep_alive, headers=refusal.headers)
        else:
            # Ours, and nothing that the publisher can act on: a lost connection makes it try again.
            log.error("publish.failed", exc_info=error)
            self.transport.abort()
            return
        self.transport.write(answer)
        cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

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
