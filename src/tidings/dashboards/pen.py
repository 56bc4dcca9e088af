"""The pen: the process that draws charts; run as `python -m tidings.dashboards.pen`.

A message is JSON, `{"format", "spec"}`; the answer is `=` and the picture, or `!` and why there is none.
"""

import contextlib
import resource
import sys
from typing import Any

import msgspec

from tidings.inbox.child import answer, messages

# Bytes of the heap; reached long after any chart of ours. What V8 reserves and does not use is not counted.
_MOST_MEMORY = 1 << 30
# What an answer begins with that is a picture.
DRAWN = b"="
# Pixels a unit: sharp on today's screens.
_SCALE = 2.0


def draw(order: dict[str, Any]) -> bytes:
    """The picture, drawn without asking anybody for anything. Raises ValueError for what is no spec."""
    import vl_convert  # noqa: PLC0415 - 70 MB, for this process alone

    if order["format"] == "svg":
        return vl_convert.vegalite_to_svg(order["spec"], allowed_base_urls=[]).encode()
    return vl_convert.vegalite_to_png(order["spec"], allowed_base_urls=[], scale=_SCALE)


def main() -> None:
    """Draw until the input ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        for message in messages(sys.stdin.buffer):
            try:
                told = DRAWN + draw(msgspec.json.decode(message))
            except ValueError as error:
                told = b"!" + str(error).encode()
            answer(sys.stdout.buffer, told)


if __name__ == "__main__":
    main()
