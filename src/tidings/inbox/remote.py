"""Remote: another system's API, asked with a token that renews itself."""

import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlencode

import msgspec

from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.errors import Forbidden, NotFound, Throttled, TidingsError, Unauthenticated, Unavailable
from tidings.core.pull import Puller
from tidings.core.secret import Secret
from tidings.egress.answer import Answer, Outcome
from tidings.egress.request import Request
from tidings.store.pulls import Hold, Pull, Pulls, Tokens

# Kaizala's own documentation suggests a minute for its clients; half of it leaves the hold on a pull time enough.
_TIMEOUT_MS = 30 * SECOND
# Two hundred actions of five hundred questions each; whoever answers more is not believed.
_LARGEST_ANSWER = 32 << 20
# A token that ends while a page is on its way is of no use.
_RENEW_BEFORE_MS = 5 * MINUTE
_DEFAULT_WAIT_S = 60
_NONE: Mapping[str, str] = MappingProxyType({})

Send = Callable[[Request], Awaitable[Answer]]


@dataclass(slots=True, kw_only=True)
class Session:
    """One process's talk with the remote of a pull that it holds."""

    pull: Pull
    hold: Hold
    puller: Puller
    pulls: Pulls
    send: Send
    clock: Clock

    async def get(
        self, path: str, *, query: Mapping[str, str] = _NONE, headers: Mapping[str, Secret] | None = None
    ) -> bytes:
        """As `core.pull.Remote` has it. A token is renewed in time, and once more if the remote wants none of it."""
        if headers is not None:
            return await self._ask(path, headers=headers, query=query)
        if self.clock.now() >= self.pull.tokens.access_until - _RENEW_BEFORE_MS:
            await self._renew()
        try:
            return await self._ask(path, headers=self._shown(), query=query)
        except Unauthenticated:
            await self._renew()
            return await self._ask(path, headers=self._shown(), query=query)

    def _shown(self) -> Mapping[str, Secret]:
        return self.puller.headers(self.pull.tokens.access)

    async def _renew(self) -> None:
        former = self.pull.tokens.refresh
        granted = await self.puller.grant(
            self, application=self.pull.application, secret=self.pull.secret, refresh=former
        )
        tokens = Tokens(access=granted.access, access_until=granted.until, refresh=granted.refresh or former)
        await self.pulls.renew(self.hold, tokens)
        self.pull = msgspec.structs.replace(self.pull, tokens=tokens)

    async def _ask(self, path: str, *, headers: Mapping[str, Secret], query: Mapping[str, str]) -> bytes:
        body = io.BytesIO()
        answer = await self.send(
            Request(
                url=f"{self.pull.remote}{path}{f'?{urlencode(query)}' if query else ''}",
                method="GET",
                headers=[(name, value.reveal()) for name, value in headers.items()],
                timeout_ms=_TIMEOUT_MS,
                into=body,
                most=_LARGEST_ANSWER,
            )
        )
        if answer.outcome is Outcome.OK:
            return body.getvalue()
        raise _refusal(path, answer)


def _refusal(path: str, answer: Answer) -> TidingsError:
    wait_s = answer.retry_after_ms // SECOND or _DEFAULT_WAIT_S
    match answer.status if answer.outcome in {Outcome.REFUSED, Outcome.GONE} else None:
        case None:
            return Unavailable(f"{path} was not answered: {answer.error}", retry_after=wait_s)
        case HTTPStatus.UNAUTHORIZED:
            return Unauthenticated(f"{path} was answered with 401; check application id, secret and refresh token")
        case HTTPStatus.FORBIDDEN:
            return Forbidden(f"{path} was answered with 403; use the token of somebody who is admin of the group")
        case HTTPStatus.NOT_FOUND:
            return NotFound(f"{path} was answered with 404; check the address, the group, and whose token it is")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return Throttled(f"{path} was answered with 429: too many calls", retry_after=wait_s)
        case status:
            return Unavailable(f"{path} was answered with {status}", retry_after=wait_s)
