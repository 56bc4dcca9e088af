"""What the demo shows."""

from http import HTTPStatus
from io import StringIO

import pytest
from rich.console import Console

from tidings.demo.receiver import Callback
from tidings.demo.screen import Screen, Tally
from tidings.testing.clock import ManualClock

LONG = "a very long message that goes on and on until no terminal of eighty columns can hold it any more"
COMMAND = f"curl https://example.com/{'x' * 150}"


class Shown:
    """A screen, and what stands on it."""

    def __init__(self, *, width: int = 80, is_terminal: bool = True) -> None:
        self._file = StringIO()
        console = Console(file=self._file, width=width, force_terminal=is_terminal, color_system=None)
        self.screen = Screen(console, clock=ManualClock())

    @property
    def lines(self) -> list[str]:
        return self._file.getvalue().splitlines()


def callback(body: str, *, receiver: str = "crm", status: int = 200, attempt: int = 1) -> Callback:
    return Callback(
        receiver=receiver,
        delivery="d-1",
        body=body.encode(),
        status=HTTPStatus(status),
        attempt=attempt,
        took_ms=1_234,
    )


MESSAGE = f'{{"eventType":"TextMessageCreated","data":{{"text":"{LONG}"}}}}'


@pytest.mark.parametrize("width", [80, 120])
def test_in_a_terminal_every_happening_takes_one_line_of_its_width(width: int) -> None:
    shown = Shown(width=width)

    shown.screen.happened("Asha", f"writes: {LONG}")
    shown.screen.called(callback(MESSAGE, attempt=3))

    assert len(shown.lines) == 2
    assert max(map(len, shown.lines)) <= width
    assert "1.2 s  try 3  TextMessageCreated “a very" in shown.lines[1]


def test_in_a_file_nothing_is_cut() -> None:
    shown = Shown(is_terminal=False)

    shown.screen.happened("Asha", f"writes: {LONG}")

    assert [line.endswith(LONG) for line in shown.lines] == [True]


def test_addresses_and_commands_can_be_copied_in_one_piece() -> None:
    shown = Shown()

    shown.screen.welcome("Hello", addresses={"API": COMMAND}, receivers={"crm": "listens"}, commands={"Try": COMMAND})

    assert [line for line in shown.lines if COMMAND in line] == [f"  API        {COMMAND}", COMMAND]


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("circuit.opened", "✘ billing: 10 failures in a row, its circuit opens; only probes go out"),
        ("circuit.closed", "✔ billing is back: its circuit closes, what waited goes out"),
        ("delivery.failed", "✘ billing: a delivery is given up after its last retry"),
        ("webhook.disabled", "✘ billing is disabled: from now on its events are held, not lost"),
        ("webhook.enabled", "✔ billing is active again: what was held goes out, oldest first"),
    ],
)
def test_operational_events_are_told_in_words_that_fit_a_line(type_: str, words: str) -> None:
    shown = Shown()
    data = '{"callbackUrl":"https://127.0.0.1:1/billing","failures":10}'

    shown.screen.told(callback(f'{{"type":"{type_}","data":{data}}}', receiver="pager"))

    assert [line.rstrip()[10:] for line in shown.lines] == [words]


def test_the_closing_line_says_what_still_waits_and_what_is_lost() -> None:
    shown = Shown()

    shown.screen.farewell(Tally(accepted=5, delivered=7, retried=2, waiting=0, lost=0), rows={})
    shown.screen.farewell(Tally(accepted=5, delivered=7, retried=2, waiting=3, lost=1), rows={})

    assert [line for line in shown.lines if "events" in line] == [
        "5 events accepted · 7 callbacks delivered · 2 retried · 0 lost",
        "5 events accepted · 7 callbacks delivered · 2 retried · 3 still waiting · 1 lost",
    ]


def test_before_the_closing_line_the_tables_are_told_with_their_rows() -> None:
    shown = Shown()

    shown.screen.farewell(
        Tally(accepted=5, delivered=7, retried=2, waiting=0, lost=0), rows={"messages": 3, "responses_order": 12}
    )

    assert [line.split() for line in shown.lines[2:4]] == [["messages", "3"], ["responses_order", "12"]]
