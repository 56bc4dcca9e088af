"""Processes and those that they have begun."""

from pathlib import Path


def children_of(pid: int, *, running: str = "") -> list[int]:
    """The processes that a process has begun and that it has not buried, all or those that run `python -m MODULE`."""
    return sorted(int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _is_child(entry, pid, running))


def _is_child(entry: Path, parent: int, module: str) -> bool:
    try:
        # Whichever of its threads began them: `task/*/children` has only those of one.
        status, line = (entry / "status").read_text("utf-8"), (entry / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return f"PPid:\t{parent}\n" in status and (not module or line.endswith(module.encode() + b"\0"))
