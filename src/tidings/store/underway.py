"""Underway: receipts that this process has claimed and not done with, and what those said that it has read."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

_EVER_MS = 2**62


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says. Of equal ones (`once`) of a source within `window_ms` the later are duplicates."""

    id: int
    source: str
    at: int
    type: str
    once: str
    window_ms: int = _EVER_MS


class Underway:
    """Keeps in mind what no other process needs to know; it is lost with the process, which then begins anew."""

    def __init__(self) -> None:
        self._taken: dict[int, int] = {}
        self._said: dict[int, Said] = {}
        self._alike: defaultdict[tuple[str, str], dict[int, int]] = defaultdict(dict)

    def take(self, identifiers: Iterable[int], *, at: int) -> None:
        """These are claimed."""
        self._taken |= dict.fromkeys(identifiers, at)

    def taken(self, *, since: int) -> list[int]:
        """Those that were claimed since then and are not done; the others are given up."""
        self._taken = {identifier: at for identifier, at in self._taken.items() if at >= since}
        return list(self._taken)

    def hear(self, said: Sequence[Said]) -> None:
        """These were read."""
        for one in said:
            self._said[one.id] = one
            self._alike[one.source, one.once][one.id] = one.at

    def was_told(self, said: Said) -> bool:
        """Whether an earlier one, read and not done, says the same within the window."""
        alike = self._alike[said.source, said.once]
        return bool(said.once) and any(
            identifier < said.id and at >= said.at - said.window_ms for identifier, at in alike.items()
        )

    def once(self, identifier: int) -> str:
        """What it says, by which repetitions are known; empty if nobody could read it."""
        said = self._said.get(identifier)
        return said.once if said else ""

    def forget(self, identifiers: Iterable[int]) -> None:
        """These are done."""
        for identifier in identifiers:
            self._taken.pop(identifier, None)
            said = self._said.pop(identifier, None)
            if said is not None:
                alike = self._alike[said.source, said.once]
                alike.pop(identifier, None)
                if not alike:
                    del self._alike[said.source, said.once]
