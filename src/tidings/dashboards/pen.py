"""The pen: the process that draws charts, one request a line; run as `python -m tidings.dashboards.pen`.

A line of input is JSON, `{"format", "spec"}`; the answer is 8 hexadecimal digits, the length of what follows, then `=`
and the picture, or `!` and why there is none.
"""

import contextlib
import resource
import sys
from typing import Any

import msgspec
import vl_convert

# Bytes of the heap; reached long after any chart of ours. What V8 reserves and does not use is not counted.
_MOST_MEMORY = 1 << 30
# Pixels a unit: sharp on today's screens.
_SCALE = 2.0


def draw(order: dict[str, Any]) -> bytes:
    """The picture, drawn without asking anybody for anything. Raises ValueError for what is no spec."""
    if order["format"] == "svg":
        return vl_convert.vegalite_to_svg(order["spec"], allowed_base_urls=[]).encode()
    return vl_convert.vegalite_to_png(order["spec"], allowed_base_urls=[], scale=_SCALE)


def main() -> None:
    """Draw until the input ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    out = sys.stdout.buffer
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        for line in sys.stdin.buffer:
            try:
                sign, told = b"=", draw(msgspec.json.decode(line))
            except ValueError as error:
                sign, told = b"!", str(error).encode()
            out.write(b"%08x%s%s" % (len(told), sign, told))
            out.flush()


if __name__ == "__main__":
    main()
