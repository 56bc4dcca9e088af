"""The scribe's process: `python -m tidings.app.scribe`, begun and told what to do by a process that receives."""

import contextlib
import gc
import logging
import signal
import sys

from tidings.app.once import Once
from tidings.dialects.discovery import discover
from tidings.inbox.apart import scribe_for
from tidings.inbox.scribe import Rows, Scribe

# Objects, before Python looks for cycles: as in a server.
_COLLECT_AFTER = 20_000


def main() -> None:
    """Serve until the input ends."""
    # What is said to the process group is meant for the server, which ends us in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with contextlib.ExitStack() as stack, contextlib.suppress(BrokenPipeError):

        def open_scribe(tables_url: str) -> Scribe:
            readers = discover().readers
            # What is there by now stays; and what a batch is made of has no cycles.
            gc.freeze()
            gc.set_threshold(_COLLECT_AFTER)

            def open_tables() -> Rows:
                from tidings.tables.tables import open_tables  # noqa: PLC0415 - half a second, after the first answer

                return stack.enter_context(open_tables(tables_url))

            return Scribe(readers, Once(open_tables))

        scribe_for(open_scribe, orders=sys.stdin.buffer, answers=sys.stdout.buffer)


if __name__ == "__main__":
    main()
