"""Failure: what went wrong, by who can mend it. Each text is one sentence for the log."""


class Later(Exception):
    """It may succeed when it is tried again; `wait_s` is for how many seconds the other side asked to be left alone."""

    def __init__(self, reason: str, *, wait_s: int = 0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Refused(Exception):
    """It will never succeed, however often it is tried."""


class Misconfigured(Exception):
    """What the rules or the environment say cannot be meant; raised at the start alone."""
