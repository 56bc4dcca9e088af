"""Descriptors: each file and connection takes one, and a process may have only so many."""

import errno
import logging
import os
import resource

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable

log = logging.getLogger(__name__)

# Seconds. What was missed is told at once; this finds what nobody of us could miss, and when there are some again.
_LOOK_EVERY_S = 2.0
_NONE_LEFT = frozenset({errno.EMFILE, errno.ENFILE})


class Descriptors:
    """Those of this process. That there is none left is told where one is missed, once until a look finds some."""

    def __init__(self) -> None:
        self._are_missed = False

    def missed(self, error: OSError) -> bool:
        """Whether something could not be opened because there is none left."""
        is_missed = error.errno in _NONE_LEFT
        if is_missed:
            self._tell()
        return is_missed

    def took(self, number: int) -> None:
        """A connection was accepted; if with the last one, those that call next are hung up on, and libuv is silent."""
        if number == _limit() - 1:
            self._tell()

    def check(self) -> None:
        """Raises Unavailable if there is none left."""
        if not self._are_some_left():
            raise Unavailable(_told())

    def _are_some_left(self) -> bool:
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            return not self.missed(error)
        return True

    async def watch(self, clock: Clock) -> None:
        """Log when there is none left, and when there are some again; for ever."""
        while True:
            await clock.sleep(_LOOK_EVERY_S)
            if self._are_some_left() and self._are_missed:
                self._are_missed = False
                log.warning("descriptors.available")

    def _tell(self) -> None:
        if not self._are_missed:
            self._are_missed = True
            log.error("descriptors.exhausted error=%r", _told())


# One for the process, as the system has it.
DESCRIPTORS = Descriptors()


def raise_limit() -> None:
    """Take as many as we are allowed to: the usual 1,024 are fewer than our connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _limit() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def _told() -> str:
    return (
        f"no connection can be accepted or opened: all descriptors are in use, {_limit()} for this process; "
        "raise the limit (ulimit -n, LimitNOFILE=)"
    )
