"""Descriptors: each file and connection takes one, and a process may have only so many."""

import errno
import logging
import os
import resource

from tidings.core.clock import Clock
from tidings.core.errors import Unavailable

log = logging.getLogger(__name__)

# Seconds. Whoever is refused meanwhile finds the reason in the log a moment later.
_LOOK_EVERY_S = 2.0


def raise_limit() -> None:
    """Take as many as we are allowed to: the usual 1,024 are fewer than our connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def check_descriptors() -> None:
    """Raises Unavailable if there is none left."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        if error.errno not in {errno.EMFILE, errno.ENFILE}:
            raise
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        raise Unavailable(
            f"no connection can be accepted or opened: all descriptors are in use, {limit} for this process; "
            "raise the limit (ulimit -n, LimitNOFILE=)"
        ) from error


async def watch_descriptors(clock: Clock) -> None:
    """Log when there is none left, and when there are some again; for ever."""
    is_short = False
    while True:
        await clock.sleep(_LOOK_EVERY_S)
        try:
            check_descriptors()
        except Unavailable as error:
            if not is_short:
                log.error("descriptors.exhausted error=%r", error.message)  # noqa: TRY400 - a traceback says nothing more
            is_short = True
        else:
            if is_short:
                log.warning("descriptors.available")
            is_short = False
