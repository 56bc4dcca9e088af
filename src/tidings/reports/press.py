"""The press: the process that prints reports; run as `python -m tidings.reports.press`.

A message is a `Printing` as MessagePack. The answer is `=` and the files; or the reason after `!`, `#` (the process is
spent, and to be replaced) or `?` (this machine cannot).
"""

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import ReportFormat
from tidings.inbox.child import answer, messages
from tidings.reports.pages import page
from tidings.reports.printing import DONE, IMPOSSIBLE, REFUSED, SPENT, Printing
from tidings.reports.sandbox import Spent

# Bytes of the heap: a table of 295 pages takes half of it (measured), so that the limit of pages comes first.
_MOST_MEMORY = 2 << 30
# Of all processes the system is to end this one first when memory is short: it is begun again, and nothing is lost.
_ENDED_FIRST = "1000"
# Reports can wait; deliveries on the same processors go first.
_NICE = 10
# Seconds, after which it is told once more that its time is over: C code may have swallowed the first time.
_AGAIN_S = 1.0
_LATE = "the time that the report has is over; ask for fewer rows, or give it more"


def printed(order: Printing) -> dict[ReportFormat, bytes]:
    """The files. Raises Invalid, Unavailable and Spent."""
    made: dict[ReportFormat, bytes] = {}
    wanted = order.formats
    if ReportFormat.PPTX in wanted:
        from tidings.reports.slides import slides  # noqa: PLC0415 - for those alone who want slides

        made[ReportFormat.PPTX] = slides(order)
    if wanted - {ReportFormat.PPTX}:
        written = page(order)
        if ReportFormat.HTML in wanted:
            made[ReportFormat.HTML] = written.encode(errors="replace")
        if wanted & {ReportFormat.PDF, ReportFormat.PNG}:
            made |= _on_paper(written, order)
    return made


def _on_paper(written: str, order: Printing) -> dict[ReportFormat, bytes]:
    from tidings.reports import paper  # noqa: PLC0415 - for those alone who want paper

    sheets = paper.pdf(written, at=order.at)
    made = {ReportFormat.PDF: sheets} if ReportFormat.PDF in order.formats else {}
    if ReportFormat.PNG in order.formats:
        made[ReportFormat.PNG] = paper.picture(sheets)
    return made


def told(message: bytes) -> bytes:
    """The answer to an order."""
    order = msgspec.msgpack.decode(message, type=Printing)
    try:
        return DONE + msgspec.msgpack.encode(_in_time(order))
    except Invalid as error:
        return REFUSED + error.message.encode(errors="replace")
    except Unavailable as error:
        return IMPOSSIBLE + error.message.encode()
    except Spent as error:
        return SPENT + str(error).encode(errors="replace")
    except MemoryError:
        return SPENT + f"the report wants more than {_MOST_MEMORY >> 20} MB of memory; ask for fewer rows".encode()
    except RecursionError:
        return REFUSED + b"the report nests too deeply; put fewer things into each other"
    except Exception as error:  # noqa: BLE001 - what the libraries make of a hostile page; it must not cost the process
        return SPENT + f"the report cannot be laid out: {type(error).__name__}".encode()


def _in_time(order: Printing) -> dict[ReportFormat, bytes]:
    clock = Clock()
    end = clock.monotonic() + order.within_s
    signal.setitimer(signal.ITIMER_REAL, order.within_s, _AGAIN_S)
    try:
        made = printed(order)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if clock.monotonic() >= end:
        raise Spent(_LATE)  # WeasyPrint keeps errors of pictures to itself, and leaves the pictures out
    return made


def _over(_number: int, _frame: FrameType | None) -> None:
    raise Spent(_LATE)


def main() -> None:
    """Print until the input ends."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_ENDED_FIRST)
    signal.signal(signal.SIGALRM, _over)
    # What libraries print must not stand between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        for message in messages(sys.stdin.buffer):
            answer(answers, told(message))


if __name__ == "__main__":
    main()
