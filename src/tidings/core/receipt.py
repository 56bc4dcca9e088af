"""Receipt: a request that reached us, kept to the byte."""

import msgspec


class Receipt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a source sent. `headers` stand in the order in which they came, names as they were written.

    `id` is 0 until the store has kept it, and grows with time; `at` is when it arrived, in epoch milliseconds.
    """

    id: int = 0
    source: str
    at: int
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes
    peer: str = ""

    def header(self, name: str) -> str:
        """The first header of that name in any case; empty if there is none."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return ""
