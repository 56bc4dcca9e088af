"""The one HTTP client that calls: it dials what the guard judged, and makes an answer of whatever happens."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, Self

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Undeliverable
from tidings.egress.answer import OK, Answer, Failed, Outcome, Timings, outcome_of, retry_after_ms
from tidings.egress.connection import Connection
from tidings.egress.course import Course
from tidings.egress.deadline import Deadlines
from tidings.egress.dialer import Dialer
from tidings.egress.guard import Guard
from tidings.egress.pool import Pool
from tidings.egress.proxy import Proxy
from tidings.egress.request import Request, prefix, render
from tidings.egress.resolver import Unresolved
from tidings.egress.tls import Contexts
from tidings.egress.url import Target, parse

# A TLS connection costs 47 kB; a thousand of them at 100 ms each carry 10,000 requests a second.
CONNECTIONS = 1_000
_SWEEP_EVERY_S = 30.0
# A guess: a few kilobytes each, and reading a URL again costs 20 microseconds.
_DESTINATIONS_KEPT = 4_096

OwnListener = Callable[[str], tuple[str, int, bool] | None]


class _Destination(NamedTuple):
    target: Target
    prefix: bytes
    is_own: bool
    origin: Hashable


class Client:
    """Sends requests, and says what came of each.

    `ca_file` is trusted besides the system's authorities. `proxy` is `http://[user:password@]host:port`; its guard
    must be `proxied`. `own` is asked once for each URL: where it answers (address, port, whether TLS), the request
    goes there without the guard and past the proxy, because the URL is ours. At most `connections` are open at once;
    a request that finds no place waits for one, within its deadline.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        clock: Clock,
        ca_file: Path | None = None,
        proxy: str | None = None,
        own: OwnListener = lambda _: None,
        user_agent: str = "Tidings",
        connections: int = CONNECTIONS,
    ) -> None:
        if guard.proxied != (proxy is not None):
            # Else names would be dialled that nobody has judged.
            raise Invalid("the guard must be `proxied` if, and only if, its client has a proxy")
        self._guard = guard
        self._clock = clock
        self._contexts = Contexts(clock=clock, ca_file=ca_file)
        self._proxy = Proxy.parse(proxy) if proxy else None
        self._own = own
        self._user_agent = user_agent
        self._pool = Pool(clock=clock, most=connections)
        self._destinations: dict[str, _Destination] = {}

    async def __aenter__(self) -> Self:
        self._dialer = Dialer(
            clock=self._clock, contexts=self._contexts, resolver=self._guard.resolver, proxy=self._proxy
        )
        self._deadlines = Deadlines()
        self._sweeping = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeping
        await self._pool.close()
        self._deadlines.close()

    async def send(self, request: Request) -> Answer:
        """Send a request. Whatever the endpoint does is in the answer; `Invalid` is raised for a header of ours.

        An answer counts when it is complete, or when more than 64 kB of it have come; a request is sent a second time
        only if a kept connection was closed before a byte of the answer.
        """
        course = Course()
        deadline = self._deadlines.begin(request.timeout_ms)
        try:
            connection = await self._exchange(request, course)
        except Failed as failed:
            return self._answer(course, failed.outcome, error=failed.error)
        except asyncio.CancelledError:
            if not deadline.explains_cancellation():
                raise
            error = f"no complete answer within {request.timeout_ms / 1_000:g} s, still {course.doing}"
            return self._answer(course, Outcome.TIMED_OUT, error=error)
        except Unresolved as error:
            return self._answer(course, Outcome.NAME_FAILED, error=error.message)
        except Undeliverable as error:
            return self._answer(course, Outcome.FORBIDDEN, error=error.message)
        finally:
            self._deadlines.end(deadline)
        self._pool.keep(connection)
        outcome = outcome_of(connection.status)
        return self._answer(course, outcome, error="" if outcome is OK else _refusal(connection.status))

    async def _exchange(self, request: Request, course: Course) -> Connection:
        destination = self._destinations.get(request.url) or self._destination(request.url)
        data = render(request, destination.prefix)
        # Our own, or a literal one, which was judged with the URL; any other is judged at every attempt.
        judged = destination.target.addresses or await self._judged(destination.target, course)
        course.doing = "waiting for a free connection"
        origin = (destination.origin, request.client_certificate)
        kept = self._pool.pick(origin, judged) or await self._pool.take(origin, judged)
        if kept is not None:
            course.reused = True
            try:
                return await _ask(kept, data, request=request, course=course)
            except Failed:
                if not kept.was_silent:
                    raise
            # The endpoint had closed it, most likely before it saw anything.
            course.reused = False
            course.doing = "waiting for a free connection"
            await self._pool.take(origin, judged, fresh=True)
        connection = await self._fill_place(
            destination, course, judged=judged, client_certificate=request.client_certificate
        )
        await _ask(connection, data, request=request, course=course)
        self._dialer.remember(connection)
        return connection

    async def _judged(self, target: Target, course: Course) -> Sequence[str]:
        began = perf_counter()
        addresses = await self._guard.addresses(target)
        course.name_ms = (perf_counter() - began) * 1_000
        # Behind a proxy the name itself is what is dialled.
        return addresses or (target.host,)

    async def _fill_place(
        self, destination: _Destination, course: Course, *, judged: Sequence[str], client_certificate: str | None
    ) -> Connection:
        try:
            connection = await self._dialer.dial(
                destination.target,
                judged=judged,
                origin=(destination.origin, client_certificate),
                client_certificate=client_certificate,
                is_own=destination.is_own,
                course=course,
            )
        except BaseException:
            self._pool.release()
            raise
        self._pool.add(connection)
        return connection

    def _destination(self, url: str) -> _Destination:
        own = self._own(url)
        target = parse(url) if own else self._guard.check_url(url)
        shared = prefix(target, user_agent=self._user_agent)
        if own:
            address, port, is_tls = own
            target = replace(target, scheme="https" if is_tls else "http", port=port, addresses=(address,))
        origin = (target.scheme, target.host, target.port, own is not None)
        destination = self._destinations[url] = _Destination(target, shared, own is not None, origin)
        if len(self._destinations) > _DESTINATIONS_KEPT:
            del self._destinations[next(iter(self._destinations))]
        return destination

    def _answer(self, course: Course, outcome: Outcome, *, error: str) -> Answer:
        ended = perf_counter()
        connection = course.connection
        if connection is None:
            timings = Timings(course.name_ms, course.connect_ms, course.tls_ms, -1.0, (ended - course.started) * 1_000)
            return Answer(outcome=outcome, error=error, timings=timings)
        first_byte_ms = (connection.first_byte_at - course.asked_at) * 1_000 if connection.first_byte_at else -1.0
        headers = tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in connection.headers])
        return Answer(
            outcome=outcome,
            status=connection.status or None,
            headers=headers,
            body=connection.body,
            error=error,
            timings=Timings(
                course.name_ms, course.connect_ms, course.tls_ms, first_byte_ms, (ended - course.started) * 1_000
            ),
            address=connection.address,
            reused=course.reused,
            retry_after_ms=0 if outcome is OK else retry_after_ms(headers, self._clock.now()),
        )

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(_SWEEP_EVERY_S)
            self._pool.sweep()


async def _ask(connection: Connection, data: bytes, *, request: Request, course: Course) -> Connection:
    course.connection = connection
    course.doing = "waiting for the answer"
    course.asked_at = perf_counter()
    try:
        await connection.ask(data, into=request.into, most=request.most)
    except BaseException:
        if not connection.was_silent:
            course.doing = "reading the answer"
        connection.abort()
        raise
    return connection


def _refusal(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        return f"the endpoint answered {status}; redirects are not followed, give the address that it leads to"
    return f"the endpoint answered {status}"
