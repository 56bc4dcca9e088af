"""Paths: the way to a value in an event's JSON.

`data.amount` goes into objects; `data["a.b"]` does so for names with dots, brackets, quotes or `*`. `items[0]` and
`items.0` take an element of an array (in an object `.0` is the name "0"), `items[*]` all of them. So a path reaches no
value, one, or with `[*]` several. A null that is there is a value.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from tidings.core.errors import Invalid
from tidings.core.json_text import DEEPEST

# Characters. A guess that leaves room for every path that a person writes.
LONGEST_PATH = 1024

# A step is the name to look up in an object and the number to look up in an array; neither stands for all elements.
Step = tuple[str | None, int | None]
_ALL: Step = (None, None)
_NUMBER = "0|[1-9][0-9]{0,8}"
_STEP = re.compile(
    rf"""\.(?:(?P<position>{_NUMBER})(?![^.\[])|(?P<name>[^.\[\]"*]+))"""
    rf"""|\[(?:(?P<number>{_NUMBER})|(?P<all>\*)|(?P<quoted>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}))*"))\]"""
)
_PATHS = 'data.amount, data["a.b"], data.items[0] or data.items[*].sku'


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way into a document; made by `parse_path`."""

    text: str
    steps: tuple[Step, ...]

    def values(self, document: object) -> Sequence[object]:
        """What it reaches: nothing if it is missing, one value, or with `[*]` several, in the document's order."""
        reached: Sequence[object] = (document,)
        for step in self.steps:
            if len(reached) == 1:
                reached = _inside(reached[0], step)
            else:
                reached = [inner for value in reached for inner in _inside(value, step)]
        return reached


def parse_path(text: object, *, place: str) -> Path:
    """Read a path; `place` is where it stands, for the message of the Invalid that is raised."""
    if not isinstance(text, str):
        raise Invalid(f"{place}: must be a text like {_PATHS}")
    if len(text) > LONGEST_PATH:
        raise Invalid(f"{place}: has {len(text)} characters; a path has at most {LONGEST_PATH}")
    rest = text if text.startswith("[") else f".{text}"
    steps: list[Step] = []
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise Invalid(f"{place}: {text!r} is not a path from {rest[:20]!r} on; write one like {_PATHS}")
        steps.append(_step(match))
        rest = rest[match.end() :]
    if len(steps) > DEEPEST:
        raise Invalid(f"{place}: has {len(steps)} steps; no event is deeper than {DEEPEST}")
    return Path(text=text, steps=tuple(steps))


def _step(match: re.Match[str]) -> Step:
    if match["quoted"]:
        return json.loads(match["quoted"]), None
    if match["number"]:
        return None, int(match["number"])
    if match["position"]:
        return match["position"], int(match["position"])
    return _ALL if match["all"] else (match["name"], None)


def _inside(value: object, step: Step) -> Sequence[object]:
    name, number = step
    if isinstance(value, dict):
        return (value[name],) if name in value else ()
    if isinstance(value, list):
        if number is not None:
            return value[number : number + 1]
        if step == _ALL:
            return value
    return ()
