"""Protocol: uvicorn's HTTP/1.1, with limits on heads, and with what is busy answered before any framework.

The task, the messages and the checks of ASGI cost as much as everything else that is done for an event.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from tidings.core.descriptors import DESCRIPTORS
from tidings.core.errors import TidingsError
from tidings.store.database import Kept
from tidings.web.arrival import arrival, is_spelled
from tidings.web.counter import Counter, Headers, Spot
from tidings.web.familiar import Familiar
from tidings.web.head import NOT_HTTP, fault_in, target_of
from tidings.web.intake import Intake, answer_to, plain_token
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

_HEAD_TOO_LARGE = Refusal(
    status=431, code="TooLarge", message=f"the request's head is larger than {LARGEST_HEAD} bytes; send fewer headers"
)
_HEAD_TOO_SLOW = Refusal(
    status=408, code="Timeout", message=f"the request's head did not arrive within {SLOWEST_HEAD_S:.0f} seconds"
)


class _Exchange:
    """A request that no framework sees. To uvicorn, which keeps requests in their order, it is one of its cycles."""

    __slots__ = ("begin", "body", "disconnected", "keep_alive", "message_event", "more_body", "response_complete")

    def __init__(self, begin: _Begin | None, *, keep_alive: bool) -> None:
        self.begin = begin  # None once that is done
        self.keep_alive = keep_alive
        self.body = bytearray()
        self.more_body = True
        self.message_event = _UNHEARD
        self.disconnected = False
        self.response_complete = False


class Protocol(HttpToolsProtocol):
    """One connection. The application answers all, or all but what is busy.

    `intake` takes single events, of which `familiar` knows heads that all connections had, `receive` callbacks, and
    `counter` has the routes that are busy.
    """

    cycle: Any  # the latest request: uvicorn's cycle or our exchange, None before the first

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - uvicorn's own
        familiar: Familiar,
        intake: Intake | None = None,
        counter: Counter | None = None,
        receive: ReceiveDoor | None = None,
        **kwargs: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(*args, **kwargs)
        self._familiar = familiar
        self._intake = intake
        self._counter = counter
        self._receive = receive
        self._held: _Exchange | None = None  # one whose body is still to come
        self._held_timer: asyncio.TimerHandle | None = None
        self._names: list[bytes] | None = None
        self._is_between = True  # whether the next byte is a request's first
        self._is_declined = False
        self._is_in_head = False
        self._head_size = 0  # of the pieces after the first; that one may hold the end of another request
        self._piece = b""
        self._is_first_piece = False
        self._barren_size = 0  # of the pieces that brought neither a head nor a body: trailers, and what chunks carry
        self._fault = NOT_HTTP
        self._head_timer: asyncio.TimerHandle | None = None
        self._quiet_since: float | None = None
        self._default: list[tuple[bytes, bytes]] = []  # uvicorn's headers, a new list each second
        self._default_lines = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        DESCRIPTORS.took(transport.get_extra_info("socket").fileno())
        self._head_timer = self.loop.call_later(SLOWEST_HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._taken()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._quiet_since = None
        self._is_first_piece = self._is_between
        if self._is_between and self._is_begun(data):
            return
        self._piece = data
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > LARGEST_HEAD:
                self._refuse(_HEAD_TOO_LARGE)
                return
        self._barren_size += len(data)
        self._read(data)
        self._piece = b""
        self._is_declined = False
        if not self._is_in_head:
            self._stop_timer()
            if self._barren_size > LARGEST_HEAD and not self.transport.is_closing():
                self._refuse(_HEAD_TOO_LARGE)
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(SLOWEST_HEAD_S, self._give_up)
        if self._held is not None and self._held_timer is None:
            self._held_timer = self.loop.call_later(SLOWEST_QUICK_BODY_S, self._let_go)

    def _read(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # The parser takes the body for another request. To leave the offer alone (RFC 9110, 7.8) is to read the
            # request again without it.
            names = self._names or [name for name, _ in self.headers]
            version = self.parser.get_http_version().encode()
            lines = [b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)]
            lines += [
                b"%b: %b" % (name, value)
                for name, (lower, value) in zip(names, self.headers, strict=True)
                if lower != b"upgrade"
            ]
            self.parser = httptools.HttpRequestParser(self)
            self._read(b"\r\n".join([*lines, b"", data[upgrade.args[0] :]]))
        except httptools.HttpParserError:
            self._refuse(self._fault)

    def _is_begun(self, data: bytes) -> bool:
        """Whether this was a request whose head is known, and is on its way; the parser has then not seen it."""
        known = self._familiar.request_in(data)
        if known is None or self._intake is None or not self._is_free():
            return False
        future = self._intake.begin(*known)
        if future is None:
            self._is_declined = True
            return False
        self._stop_timer()
        self.cycle = exchange = _Exchange(None, keep_alive=True)
        future.add_done_callback(partial(self._answer, exchange))
        return True

    def on_message_begin(self) -> None:
        self._is_between = False
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
        if not self._is_in_head:
            return  # a trailer, which is not to be taken for a header (RFC 9110, 6.5.1)
        # All that uvicorn's own does, which would be one call more for each header of each request.
        lower = name.lower()
        if lower == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((lower, value))
        if self._names is not None:
            self._names.append(name)

    def on_headers_complete(self) -> None:
        if self._head_size + len(self._piece) > LARGEST_HEAD:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > LARGEST_HEAD:
                self._fault = _HEAD_TOO_LARGE
                raise OverflowError  # ends the parsing
        method, version = self.parser.get_method(), self.parser.get_http_version()
        fault = fault_in(self.headers, method=method, version=version)
        if fault is not None:
            self._fault = fault
            raise ValueError
        if self.parser.should_upgrade():
            return
        self._is_in_head = False
        self._barren_size = 0
        begin = self._busy() if method == b"POST" else None
        if begin is None:
            self._go_the_long_way()
        else:
            keep_alive = version != "1.0" and self.parser.should_keep_alive()
            self.cycle = self._held = _Exchange(begin, keep_alive=keep_alive)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._barren_size = 0
        if self._held is not None and len(self._held.body) > _LARGEST_QUICK_BODY:
            self._let_go()

    def on_message_complete(self) -> None:
        if self._is_in_head:
            return  # to be read again
        if self._held is not None and self._held.begin is not None:
            future = self._held.begin(bytes(self._held.body))
            if future is None:
                self._let_go()
            else:
                future.add_done_callback(partial(self._answer, self._held))
                if self._is_first_piece and self._held.keep_alive and self.url in _QUICK_PATHS:
                    self._familiar.remember(self._piece, headers=self.headers, size=len(self._held.body))
                self._taken()
        super().on_message_complete()
        self._is_between = True

    def _is_free(self) -> bool:
        """Whether nothing is under way that must be answered, or read by the client, before."""
        return (self.cycle is None or self.cycle.response_complete) and not self.flow.write_paused

    def _busy(self) -> _Begin | None:
        """Where a request leads, if that is busy, and if nothing hinders that it is answered there."""
        if self._is_declined or self.expect_100_continue or not self._is_free():
            return None
        if self.url in _QUICK_PATHS:
            token = plain_token(self.headers)
            return partial(self._intake.begin, token) if self._intake is not None and token else None
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
        self.url = target_of(url, method=self.parser.get_method())
        self.expect_100_continue = expects
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

    def _answer(self, exchange: _Exchange, future: asyncio.Future[Any]) -> None:
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if exchange.disconnected or self.transport.is_closing():
            return
        outcome = error or future.result()
        if isinstance(outcome, list):
            [outcome] = outcome
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
        if self._default is not self.server_state.default_headers:
            self._default = self.server_state.default_headers
            self._default_lines = b"".join([b"%b: %b\r\n" % header for header in self._default])
        lines = [STATUS_LINE[status], self._default_lines, fixed]
        lines += [f"{name}: {value}\r\n".encode("latin-1") for name, value in headers.items()]
        if not keeps:
            lines.append(b"connection: close\r\n")
        lines.append(b"content-length: %d\r\n\r\n%b" % (len(body), body))
        return b"".join(lines)

    def on_response_complete(self) -> None:
        # All that uvicorn's own does, with a timer for each connection instead of one for each of its requests.
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, application = self.pipeline.pop()
            self._start_asgi_task(cycle, application)
            return
        self._quiet_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_when_quiet_for(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._quiet_since is None:
            return  # the end of what is under way begins anew
        left = self._quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_when_quiet_for(left)
        else:
            super().timeout_keep_alive_handler()

    def _look_when_quiet_for(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

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
