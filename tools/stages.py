"""Stages: how a server's time under Python's lock divides among the stages of an event, by a profile of py-spy.

py-spy record --gil --rate 400 --duration 10 --format raw --output PROFILE --pid SERVER
python tools/stages.py PROFILE…
"""

import re
import sys
from collections import Counter
from pathlib import Path

# The first of them that is met from the innermost call outwards is the stage.
STAGES = {
    "sign": ("Signer.sign",),
    "match": ("Publisher._match",),
    "write the callback": ("Caller.request",),
    "send and read the answer": ("Client.send", "Connection.", "Pool."),
    "record": ("Courier._learn", "Recorder."),
    "choose what to send, tasks": ("Courier.",),
    "queue, hand over": ("Publisher.",),
    "answer the request": ("Protocol._answer",),
    "requests by way of the framework": ("RequestResponseCycle.run_asgi",),
    "read, judge the event": ("Intake.begin", "Intake._judged"),
    "read the request": ("Protocol.data_received",),
    "store": ("Writer._work",),
}
REST = "the loop, and the rest"
# What stands at the bottom of every stack, and what is over before the load begins.
_NO_STAGE = re.compile(r"running|_forever|import")


def stage_of(stack: str) -> str | None:
    """The stage of a line of the profile; None for a start's."""
    if "importlib" in stack:
        return None
    for frame in reversed(stack.split(";")):
        for stage, marks in STAGES.items():
            if any(mark in frame for mark in marks) and not _NO_STAGE.search(frame):
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
