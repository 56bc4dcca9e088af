"""The demo's screen: a line for each thing of note, for a terminal of any width or for a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from tidings.core.clock import SECOND, Clock
from tidings.demo.receiver import Callback, gist


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What came of a run. `waiting` is still owed or held, `lost` is what should have arrived and is nowhere."""

    accepted: int
    delivered: int
    retried: int
    waiting: int
    lost: int


class Screen:
    """Writes lines. In a terminal they are cut where they do not fit, never wrapped; commands, and files, are whole."""

    def __init__(self, console: Console, *, clock: Clock) -> None:
        self._console = console
        self._clock = clock

    def welcome(
        self, title: str, *, addresses: Mapping[str, str], receivers: Mapping[str, str], commands: Mapping[str, str]
    ) -> None:
        """Say where everything is, who listens, and what to try."""
        self._console.print(Panel(Text(title, style="bold"), expand=False))
        for rows, style in ((addresses, "cyan"), (receivers, "")):
            self._console.print()
            for name, value in rows.items():
                self._whole(f"  {name:<11}", value, style=style)
        for purpose, command in commands.items():
            self._console.print()
            self._console.print(Text(purpose, style="bold"))
            self._whole("", command, style="green")
        self._console.print()

    def happened(self, who: str, what: str) -> None:
        """Somebody did something that an event tells of."""
        self._line(Text.assemble((who, "bold"), " ", what))

    def turned(self, what: str, *, is_good: bool) -> None:
        """Something changed for the better or the worse."""
        mark, colour = ("✔", "green") if is_good else ("✘", "red")
        self._line(Text(f"{mark} {what}", style=f"bold {colour}"))

    def called(self, callback: Callback) -> None:
        """A receiver got a callback."""
        type_, words = gist(callback.body)
        colour = "green" if callback.is_accepted else "red"
        line = Text.assemble(
            "  → ",
            f"{callback.receiver:<10}",
            (f"{callback.status:d}", colour),
            f"{_duration(callback.took_ms):>8}  ",
            (f"try {callback.attempt}  " if callback.attempt > 1 else "", "yellow"),
            (type_, "cyan"),
            f" “{words}”" if words else "",
        )
        self._line(line)

    def told(self, callback: Callback) -> None:
        """An operational event arrived: Tidings itself has something to say about a webhook."""
        notice = msgspec.json.decode(callback.body, type=_Notice)
        name = notice.data.callback_url.rpartition("/")[2]
        words, is_good = _WORDS[notice.type]
        self.turned(words.format(name=name, data=notice.data), is_good=is_good)

    def farewell(self, tally: Tally, *, rows: Mapping[str, int]) -> None:
        """How many rows each table has, and the closing line."""
        self._console.print()
        self._console.print(Text("What was received stands in tables; they have so many rows:", style="bold"))
        for name, number in rows.items():
            self._console.print(Text.assemble(f"  {name:<26}", (f"{number:>5}", "cyan")))
        counts = [
            f"{tally.accepted} events accepted",
            f"{tally.delivered} callbacks delivered",
            f"{tally.retried} retried",
        ]
        if tally.waiting:
            counts.append(f"{tally.waiting} still waiting")
        lost = (f"{tally.lost} lost", "bold red" if tally.lost else "bold green")
        self._console.print()
        self._console.print(Text.assemble((" · ".join([*counts, ""]), "bold"), lost), soft_wrap=True)

    def _line(self, text: Text) -> None:
        now = datetime.fromtimestamp(self._clock.now() / SECOND, UTC).astimezone()
        line = Text(f"{now:%H:%M:%S}  ", style="dim").append_text(text)
        if self._console.is_terminal:
            self._console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(line, soft_wrap=True)

    def _whole(self, before: str, text: str, *, style: str) -> None:
        # Without wrapping: what is to be copied must be found in one piece.
        self._console.print(Text(before).append(text, style=style), soft_wrap=True)


class _About(msgspec.Struct, rename="camel"):
    callback_url: str
    failures: int = 0


class _Notice(msgspec.Struct):
    type: str
    data: _About


# What operational events mean for a reader, and whether it is good news.
_WORDS = {
    "circuit.opened": ("{name}: {data.failures} failures in a row, its circuit opens; only probes go out", False),
    "circuit.closed": ("{name} is back: its circuit closes, what waited goes out", True),
    "delivery.failed": ("{name}: a delivery is given up after its last retry", False),
    "webhook.disabled": ("{name} is disabled: from now on its events are held, not lost", False),
    "webhook.enabled": ("{name} is active again: what was held goes out, oldest first", True),
}


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < SECOND else f"{milliseconds / SECOND:.1f} s"
