"""The scribe's process: `python -m tidings.app.scribe`, begun and told what to do by a process that receives."""

import contextlib
import logging
import signal
import sys

from tidings.app.once import Once
from tidings.dialects.discovery import discover
from tidings.inbox.apart import scribe_for
from tidings.inbox.scribe import Rows, Scribe


def main() -> None:
    """Serve until the input ends."""
    # What is said to the process group is meant for the server, which ends us in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    with contextlib.ExitStack() as stack, contextlib.suppress(BrokenPipeError):

        def open_scribe(tables_url: str) -> Scribe:
            def open_tables() -> Rows:
                from tidings.tables.tables import open_tables  # noqa: PLC0415 - half a second, after the first answer

                return stack.enter_context(open_tables(tables_url))

            return Scribe(discover().readers, Once(open_tables))

        scribe_for(open_scribe, orders=sys.stdin.buffer, answers=sys.stdout.buffer)


if __name__ == "__main__":
    main()
