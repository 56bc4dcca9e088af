"""Unopened: which subscriptions a process holds by itself, because it has no key for their secrets."""


class Unopened:
    """They are known in memory, not in the table: a process with the key goes on with them at once."""

    def __init__(self) -> None:
        self._numbers: set[int] = set()
        self._told: str | None = ""

    def note(self, number: int, *, is_opened: bool) -> None:
        if is_opened == (number in self._numbers):
            self._numbers ^= {number}
            self._told = None

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    @property
    def told(self) -> str:
        """Their numbers as statements look for them: `,7,12,`, or nothing."""
        if self._told is None:
            self._told = "".join([",", *(f"{number}," for number in sorted(self._numbers))]) if self._numbers else ""
        return self._told
