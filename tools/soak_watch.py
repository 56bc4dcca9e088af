"""Watching a soak: what is sampled each second, and whether it levelled off."""

import contextlib
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

_PROC = Path("/proc")


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One second. Memory is in MB by process group, each shared page counted in parts (PSS); sizes are in MB."""

    second: float
    acknowledged: int
    arrived: int
    owed: int
    memory: Mapping[str, float]
    resident: float  # the server's, as `ps` says it
    descriptors: int
    threads: int
    database: float
    log: float
    tables: Mapping[str, float]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What must level off: of the last third no more than the second third's, a share and some more."""

    what: str
    unit: str
    of: Callable[[Sample], float]
    by: Callable[[Sequence[float]], float]
    share: float
    more: float


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the verdict."""

    what: str
    is_good: bool
    said: str


# Memory and descriptors are judged by their middle, because both come and go with what is under way: a tenth is what
# Python's allocator and a burst of connections make of a level load; a leak of 100 bytes an event is above it within
# minutes. Sizes are judged by their highest, a fifth apart: a day is forgotten at once, so that they go like a saw, and
# thirds do not begin at the same tooth.
RULES = (
    Rule(
        what="memory of the server",
        unit="MB",
        of=lambda sample: sample.memory["server"],
        by=statistics.median,
        share=1.1,
        more=8,
    ),
    Rule(
        what="memory of PostgreSQL",
        unit="MB",
        of=lambda sample: sample.memory.get("postgresql", 0),
        by=statistics.median,
        share=1.1,
        more=8,
    ),
    Rule(
        what="descriptors",
        unit="",
        of=lambda sample: sample.descriptors,
        by=statistics.median,
        share=1.1,
        more=16,
    ),
    Rule(what="threads", unit="", of=lambda sample: sample.threads, by=statistics.median, share=1, more=2),
    Rule(what="log written ahead", unit="MB", of=lambda sample: sample.log, by=max, share=1.2, more=17),
    Rule(what="database", unit="MB", of=lambda sample: sample.database, by=max, share=1.2, more=8),
)


# Of the events of the second third, how many must be taken in the last one: the machine may be busier then.
_SLOWEST = 0.7


def verdict(samples: Sequence[Sample], *, lost: Mapping[str, int]) -> list[Finding]:
    """Whether nothing was lost, and each that must level off did, the last third against the second."""
    gone = sum(lost.values())
    said = ", ".join(f"{name} {count:,}" for name, count in lost.items())
    findings = [Finding(what="lost", is_good=not gone, said=f"{gone:,} ({said})")]
    third = len(samples) // 3
    if not third:
        return [*findings, Finding(what="samples", is_good=False, said=f"{len(samples)} are too few to compare thirds")]
    findings.append(_goes_on(samples, third))
    for rule in RULES:
        before = rule.by([rule.of(sample) for sample in samples[third : 2 * third]])
        after = rule.by([rule.of(sample) for sample in samples[2 * third :]])
        most = before * rule.share + rule.more
        said = f"{before:,.0f} → {after:,.0f} {rule.unit}".strip() + f", at most {most:,.0f}"
        if before or after:
            findings.append(Finding(what=rule.what, is_good=after <= most, said=said))
    return findings


def _goes_on(samples: Sequence[Sample], third: int) -> Finding:
    """A server that has ended does not grow either."""
    before = samples[2 * third].acknowledged - samples[third].acknowledged
    after = samples[-1].acknowledged - samples[2 * third].acknowledged
    most = f"{before:,} → {after:,}, at least {before * _SLOWEST:,.0f}"
    return Finding(what="events taken", is_good=0 < before * _SLOWEST <= after, said=most)


def weighed(pids: Iterable[int]) -> tuple[float, float, int, int]:
    """Memory (PSS and RSS, MB), descriptors and threads of processes; those that end meanwhile are left out."""
    shared, resident, descriptors, threads = 0.0, 0.0, 0, 0
    for pid in pids:
        with contextlib.suppress(OSError):
            rollup = _fields(_PROC / str(pid) / "smaps_rollup")
            shared += rollup["Pss"] / 1_024
            resident += rollup["Rss"] / 1_024
            descriptors += len(list((_PROC / str(pid) / "fd").iterdir()))
            threads += _fields(_PROC / str(pid) / "status")["Threads"]
    return shared, resident, descriptors, threads


def _fields(path: Path) -> dict[str, int]:
    """The figures of such a file, by name."""
    pairs = (line.partition(":") for line in path.read_text().splitlines())
    return {name: int(text.split()[0]) for name, _, text in pairs if text.split() and text.split()[0].isdigit()}
