"""Weighing: what processes that others began have used, with all that they have begun themselves."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tidings.bench.process import TICKS_A_SECOND, children_of, peak_rss_mb
from tidings.core.errors import Invalid, Unavailable

_PROC = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A process that is looked at; its name is its program's."""

    pid: int
    name: str

    def used_us(self) -> int:
        """Processor time in microseconds, also of those beneath that have ended. Raises Unavailable if it has ended."""
        beneath = 0
        for pid in _beneath(self.pid):
            with suppress(OSError):  # it may end while we look
                beneath += _used_us(pid)
        try:
            return beneath + _used_us(self.pid)
        except OSError as error:
            raise Unavailable(f"the process {self.pid}, {self.name}, has ended") from error

    def peak_rss_mb(self) -> float:
        """The most memory that it has had, and each beneath it that is there now."""
        peak = 0.0
        for pid in [self.pid, *_beneath(self.pid)]:
            with suppress(OSError, StopIteration):  # one that is ending has no memory any more
                peak += peak_rss_mb(pid)
        return peak


def weighed(pids: Sequence[int]) -> Sequence[Weighed]:
    """Processes by their numbers. Raises Invalid for one that is not there or not to be seen."""
    found: dict[str, Weighed] = {}
    for pid in pids:
        try:
            name = (_PROC / str(pid) / "comm").read_text().strip()
            _used_us(pid)
        except OSError as error:
            raise Invalid(f"--pid {pid}: there is no such process that we may look at") from error
        found[name if name not in found else f"{name} {pid}"] = Weighed(pid=pid, name=name)
    return [Weighed(pid=one.pid, name=name) for name, one in found.items()]


def used_us(processes: Sequence[Weighed]) -> Mapping[str, int]:
    """What each has used, by its name."""
    return {one.name: one.used_us() for one in processes}


def _beneath(pid: int) -> list[int]:
    children = children_of(pid)
    return children + [one for child in children for one in _beneath(child)]


def _used_us(pid: int) -> int:
    """Its own time and that of the children whose end it has noticed: those are no longer there to be asked."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * 1_000_000 // TICKS_A_SECOND
