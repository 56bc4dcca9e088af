"""Login: who sends a request, by the token in its headers."""

from collections.abc import Awaitable, Callable, Mapping

from tidings.core.caller import Caller
from tidings.core.errors import Forbidden, Unauthenticated
from tidings.core.route import Call

# The error text that programs written against Kaizala look for (Kaizala API reference 1.0).
TOKEN_MISSING = "Token missing. Header should have token as value of ACCESSTOKEN"  # noqa: S105 - a sentence
# What is no token where it stands alone.
_SCHEMES = frozenset({"bearer", "basic", "digest", "negotiate"})


class Login:
    """Knows callers by their tokens; `known` looks in memory only, `authenticate` asks the store as well."""

    def __init__(
        self, *, known: Callable[[str], Caller | None], authenticate: Callable[[str], Awaitable[Caller]]
    ) -> None:
        self.known = known
        self._authenticate = authenticate

    async def caller(self, headers: Mapping[str, str], *, needs: str) -> Caller:
        """The caller, who may do what `needs` names. Raises Unauthenticated and Forbidden."""
        token = token_in(headers)
        caller = self.known(token) or await self._authenticate(token)
        if needs not in caller.scopes:
            raise Forbidden(f"this token may not do that; it needs the scope {needs!r}")
        return caller


def token_in(headers: Mapping[str, str]) -> str:
    """The token that a request brings: as Kaizala's header, as ConnectReport's, as Bearer, or as Authorization alone.

    ConnectReport's administrators send it without a scheme (its reference, A.3). Raises Unauthenticated for none.
    """
    token = headers.get("accesstoken", "").strip() or headers.get("x-api-key", "").strip()
    if not token:
        scheme, _, value = headers.get("authorization", "").strip().partition(" ")
        token = value.strip() if scheme.lower() == "bearer" else ""
        if not value and scheme.lower() not in _SCHEMES:
            token = scheme
    if not token:
        raise Unauthenticated(TOKEN_MISSING)
    return token


def caller_of(call: Call) -> Caller:
    """The caller of a route that needs one. Raises Unauthenticated."""
    if call.caller is None:
        raise Unauthenticated(TOKEN_MISSING)
    return call.caller
