"""Publishes reports as Tidings tells of them: `python -m publishing RULES [REPORT]`."""

import logging
import os
import signal
import sys
from pathlib import Path

from .failure import Later, Misconfigured, Refused
from .ledger import Ledger
from .publisher import Publisher
from .receiver import Desk, Server
from .reports import Reports
from .rules import load
from .web import checked_url


def main(arguments: list[str]) -> int:
    """Serve; or publish one report now, wherever it was published before."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if len(arguments) not in {1, 2}:
        sys.stderr.write("python -m publishing RULES [REPORT]\n")
        return 2
    try:
        rules = load(Path(arguments[0]), os.environ)
        publisher = Publisher(
            rules=rules.rules,
            targets=rules.targets,
            reports=Reports(url=checked_url(rules.settings.url), key=rules.api_key),
            ledger=Ledger(Path(rules.settings.ledger)),
        )
        if arguments[1:]:
            publisher.ledger.forget(arguments[1])
            publisher.publish(arguments[1])
            return 0
    except (Misconfigured, Later, Refused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    desk = Desk(publisher)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Server(rules, desk) as server:
        print(f"receives on http://{rules.settings.host}:{server.server_port}/", flush=True)  # noqa: T201
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        finally:
            desk.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
