"""A text that must not be shown: it prints as `***`."""

import hmac

from tidings.core.errors import Unavailable


class Secret:
    """Holds a text; only `reveal` gives it. Compared in constant time, and with other secrets only."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_octets(self), _octets(other))

    def __hash__(self) -> int:
        return hash(self._text)


class Unopened(Secret):
    """A secret that no key of ours opens. Whoever would use it is told why; all else goes on without it."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        super().__init__("")
        self.why = why

    def reveal(self) -> str:
        """Raises Unavailable."""
        raise Unavailable(self.why)

    def __bool__(self) -> bool:
        return True


def _octets(secret: Secret) -> bytes:
    # What comes from the environment may hold bytes that are not UTF-8, as lone surrogates.
    return secret.reveal().encode("utf-8", "surrogatepass")
