"""Stages: how a server's time under Python's lock divides among the stages of an event, by a profile of py-spy.

py-spy record --gil --rate 400 --duration 14 --format raw --output PROFILE --pid SERVER
python tools/stages.py PROFILE…
"""

import re
import sys
from collections import Counter
from pathlib import Path

# The first of them that is met from the innermost call outwards is the stage: a file, a folder, or a function.
STAGES = {
    "sign": ("core/signature.py",),
    "match": ("core/matching.py", "Publisher._match"),
    "write the callback": ("outbox/callback.py",),
    "send the callback, read its answer": ("tidings/egress/",),
    "record": ("outbox/recorder.py", "outbox/verdict.py", "Courier._learn"),
    "store (rows, statements)": ("tidings/store/",),
    "choose what to send, tasks": (
        "outbox/courier",
        "outbox/sending",
        "outbox/lane",
        "outbox/turns",
        "outbox/roster",
        "outbox/agenda",
    ),
    "queue, hand over": ("outbox/publisher.py",),
    "answer the request": ("Protocol._answer",),
    "requests that take the way of the framework": ("RequestResponseCycle.run_asgi",),
    "read and judge the event": ("web/intake.py", "web/submission.py", "web/events.py"),
    "read the request": ("web/protocol.py", "web/head.py"),
}
REST = "the loop, and the rest"
# What is over before the load begins.
_START = re.compile(r"importlib|app/compose\.py|store/statements\.py:\d+\);_read|cli/main\.py:\d+\)$")


def stage_of(stack: str) -> str | None:
    """The stage of a line of the profile; None for a start's."""
    if _START.search(stack):
        return None
    for frame in reversed(stack.split(";")):
        for stage, marks in STAGES.items():
            if any(mark in frame for mark in marks):
                return stage
    return REST


def shares(profile: Path) -> dict[str, float]:
    """Percent of the samples, the largest first."""
    counts: Counter[str] = Counter()
    for line in profile.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        stage = stage_of(stack)
        if stage is not None:
            counts[stage] += int(count)
    whole = max(1, counts.total())
    return {stage: 100 * count / whole for stage, count in counts.most_common()}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        sys.stdout.write(f"{name}\n")
        for stage, share in shares(Path(name)).items():
            sys.stdout.write(f"{share:6.1f} %  {stage}\n")
