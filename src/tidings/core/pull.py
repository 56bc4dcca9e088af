"""Pull: how a source is asked for what it did not tell."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

import msgspec

from tidings.core.receipt import Receipt
from tidings.core.row import Cell
from tidings.core.secret import Secret


class Known(Protocol):
    """What stands in the tables."""

    async def __call__(self, table: str, /, *, column: str, value: str) -> Sequence[Mapping[str, Cell]]:
        """All rows of a table in which a column has that value; none if there is no such table."""
        ...


class Remote(Protocol):
    """Another system, behind its base URL."""

    async def get(
        self, path: str, *, query: Mapping[str, str] = ..., headers: Mapping[str, Secret] | None = None
    ) -> bytes:
        """The body of a good answer; without headers, asked with the token that we have.

        Raises Unauthenticated, Forbidden, NotFound, Throttled, and Unavailable for whatever else was answered or not.
        """
        ...


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """An access token, until when it is good (epoch milliseconds), and a new refresh token, empty to keep the old."""

    access: Secret
    until: int
    refresh: Secret


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch: for a source, of a group, from where a cursor (JSON, empty at first) ends. `at` is now."""

    source: str
    group: str
    cursor: str
    at: int
    known: Known


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What one request brought, as receipts, and the cursor to go on with when they are kept."""

    receipts: Sequence[Receipt]
    cursor: str


class Puller(Protocol):
    """Fetches what a source did not tell by itself. Implementations: the packages in `tidings.dialects`.

    The receipts are such as the source would have sent, so that its reader makes the same rows of them.
    """

    name: str

    async def grant(self, remote: Remote, *, application: str, secret: Secret, refresh: Secret) -> Granted:
        """Get an access token. Raises as `Remote.get` does."""
        ...

    def headers(self, access: Secret) -> Mapping[str, Secret]:
        """What shows an access token."""
        ...

    def pull(self, remote: Remote, order: Order) -> AsyncIterator[Step]:
        """Everything that is new, step by step. Raises as `Remote.get` does, and Invalid for a strange answer."""
        ...
