"""Rule: who of the cast may ask a route for a thing of Asha's, and with what."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.security.cast import Cast

Sent = object | Callable[[Mapping[str, str]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Of the scope that a route needs nothing is said here: it stands at the route, for a page in `needs`.

    `may` holds for whoever has that scope. Where more ask than are shown Asha's things, `shows` are those.
    `body` and `query` are sent, or made of the things. What is used up is made anew for each who asks: `spends`.
    """

    may: frozenset[Cast]
    shows: frozenset[Cast] | None = None
    body: Sent = None
    query: str = ""
    spends: tuple[str, ...] = ()
    needs: str = ""
    at: Mapping[str, str] = field(default_factory=dict)  # a kind of thing, and the one that stands in its place
    also: tuple[int, ...] = ()  # what may be answered, besides 2xx, to who may ask
    refused: tuple[int, ...] = ()  # what may be answered, besides 403 and 404, to who may not

    def sends(self, things: Mapping[str, str]) -> object:
        return self.body(things) if callable(self.body) else self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A route that no token opens. `because` says what does, and `answers` what it says to who sends nothing good."""

    because: str
    answers: frozenset[int]
    body: object = None
