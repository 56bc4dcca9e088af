"""The one HTTP client that calls: it dials what the guard judged, and makes an answer of whatever happens."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
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
_ASKING = "waiting for the answer"
# A named tuple's own constructor is a function in Python, which takes twice as long.
_timings = partial(tuple.__new__, Timings)

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
        self._again: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(
            clock=self._clock, contexts=self._contexts, resolver=self._guard.resolver, proxy=self._proxy
        )
        self._deadlines = Deadlines(self._expire)
        self._sweeping = asyncio.create_task(self._sweep())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeping
        for task in self._again:
            task.cancel()
        await self._pool.close()
        for task in self._again:  # those that the end of their connections has brought forth
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)
        self._deadlines.close()

    async def send(self, request: Request) -> Answer:
        """Send a request. Whatever the endpoint does is in the answer; `Invalid` is raised for a header of ours.

        An answer counts when it is complete, or when more than 64 kB of it have come; a request is sent a second time
        only if a kept connection was closed before a byte of the answer.
        """
        course = Course(request=request, limit_ms=request.timeout_ms, started=perf_counter())
        self._deadlines.begin(course)
        return await self._carry_out(course)

    def begin(self, request: Request, tell: Callable[[Answer], None]) -> Course | None:
        """As `send`, but without a task, by a connection that is kept: `tell` is called with the answer, later.

        None, and nothing is sent, if no connection is kept, or a name must be looked up. What has begun ends by itself
        or by `abandon`.
        """
        destination = self._destinations.get(request.url)
        judged = destination and (destination.target.addresses or self._guard.known(destination.target))
        if not destination or not judged:
            return None
        data = render(request, destination.prefix)
        kept = self._pool.pick((destination.origin, request.client_certificate), judged)
        if kept is None:
            return None
        now = perf_counter()
        course = Course(
            request=request,
            limit_ms=request.timeout_ms,
            started=now,
            tell=tell,
            connection=kept,
            reused=True,
            asked_at=now,
            doing=_ASKING,
        )
        # Before its time runs: if this raises, nothing has begun that could expire.
        kept.begin(data, partial(self._ended, course))
        self._deadlines.begin(course)
        return course

    def abandon(self, course: Course) -> None:
        """Break off what has begun; nobody is told."""
        if course.task is not None:
            course.task.cancel()
        else:
            self._deadlines.end(course)
            _connection(course).abandon()

    def _ended(self, course: Course, failed: Failed | None) -> None:
        connection = _connection(course)
        if failed is None:
            self._deadlines.end(course)
            self._pool.keep(connection)
            course.tell(self._answered(course))
            return
        connection.abort()
        if connection.was_silent:
            task = self._loop.create_task(self._begin_again(course))
            self._again.add(task)
            task.add_done_callback(self._again.discard)
        else:
            self._deadlines.end(course)
            course.tell(self._answer(course, failed.outcome, error=failed.error))

    async def _begin_again(self, course: Course) -> None:
        if course.is_watched:  # else it was abandoned, or its time is over
            course.tell(await self._carry_out(course, fresh=True))

    def _expire(self, course: Course) -> None:
        if course.task is not None:
            course.task.cancel()
        else:
            _connection(course).abandon()
            course.tell(self._late(course))

    async def _carry_out(self, course: Course, *, fresh: bool = False) -> Answer:
        task = course.task = asyncio.current_task(self._loop)
        assert task is not None  # noqa: S101 - coroutines are run by tasks
        course.cancelled_before = task.cancelling()
        try:
            connection = await self._exchange(course, fresh=fresh)
        except Failed as failed:
            return self._answer(course, failed.outcome, error=failed.error)
        except asyncio.CancelledError:
            if not course.explains_cancellation():
                raise
            return self._late(course)
        except Unresolved as error:
            return self._answer(course, Outcome.NAME_FAILED, error=error.message)
        except Undeliverable as error:
            return self._answer(course, Outcome.FORBIDDEN, error=error.message)
        finally:
            self._deadlines.end(course)
        self._pool.keep(connection)
        return self._answered(course)

    async def _exchange(self, course: Course, *, fresh: bool) -> Connection:
        request = course.request
        destination = self._destinations.get(request.url) or self._destination(request.url)
        data = render(request, destination.prefix)
        # Our own, or a literal one, which was judged with the URL; any other is judged at every attempt.
        judged = destination.target.addresses or await self._judged(destination.target, course)
        course.doing = "waiting for a free connection"
        kept = await self._pool.take((destination.origin, request.client_certificate), judged, fresh=fresh)
        course.reused = kept is not None
        if kept is not None:
            try:
                return await _ask(kept, data, course=course)
            except Failed:
                if not kept.was_silent:
                    raise
            # The endpoint had closed it, most likely before it saw anything.
            return await self._exchange(course, fresh=True)
        connection = await self._fill_place(
            destination, course, judged=judged, client_certificate=request.client_certificate
        )
        await _ask(connection, data, course=course)
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

    def _answered(self, course: Course) -> Answer:
        status = _connection(course).status
        outcome = outcome_of(status)
        return self._answer(course, outcome, error="" if outcome is OK else _refusal(status))

    def _late(self, course: Course) -> Answer:
        connection = course.connection
        doing = course.doing if connection is None or connection.was_silent else "reading the answer"
        error = f"no complete answer within {course.limit_ms / 1_000:g} s, still {doing}"
        return self._answer(course, Outcome.TIMED_OUT, error=error)

    def _answer(self, course: Course, outcome: Outcome, *, error: str) -> Answer:
        total_ms = (perf_counter() - course.started) * 1_000
        connection = course.connection
        if connection is None:
            timings = _timings((course.name_ms, course.connect_ms, course.tls_ms, -1.0, total_ms))
            return Answer(outcome=outcome, error=error, timings=timings)
        first_byte_ms = (connection.first_byte_at - course.asked_at) * 1_000 if connection.first_byte_at else -1.0
        headers = connection.headers
        return Answer(
            outcome=outcome,
            status=connection.status or None,
            headers=headers,
            body=connection.body,
            error=error,
            timings=_timings((course.name_ms, course.connect_ms, course.tls_ms, first_byte_ms, total_ms)),
            address=connection.address,
            reused=course.reused,
            retry_after_ms=0 if outcome is OK else retry_after_ms(headers, self._clock.now()),
        )

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(_SWEEP_EVERY_S)
            self._pool.sweep()


async def _ask(connection: Connection, data: bytes, *, course: Course) -> Connection:
    course.connection = connection
    course.doing = _ASKING
    course.asked_at = perf_counter()
    try:
        await connection.ask(data, into=course.request.into, most=course.request.most)
    except BaseException:
        connection.abort()
        raise
    return connection


def _connection(course: Course) -> Connection:
    """What a request was asked by, once it was."""
    assert course.connection is not None  # noqa: S101 - so its callers have seen to it
    return course.connection


def _refusal(status: int) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        return f"the endpoint answered {status}; redirects are not followed, give the address that it leads to"
    return f"the endpoint answered {status}"
