"""Tally: which events there were, in a file that one process writes and others read at any moment."""

import mmap
import os
import struct
from itertools import zip_longest
from pathlib import Path

# Room for an hour at any rate that is likely; a file takes as much of the disk as was written to.
MOST_EVENTS = 50_000_000
# Before the events: how many are marked, how often one was marked again, and the number after the highest.
_HEAD = struct.Struct("QQQ")


class Tally:
    """Events by number, and how often each was marked, up to 255 times."""

    def __init__(self, path: Path) -> None:
        """Opens the file, made if need be."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.ftruncate(descriptor, _HEAD.size + MOST_EVENTS)
        self._bytes = mmap.mmap(descriptor, 0)
        os.close(descriptor)

    def mark(self, number: int) -> None:
        """Note that event once more."""
        before = self._bytes[_HEAD.size + number]
        self._bytes[_HEAD.size + number] = min(255, before + 1)
        marked, again, end = _HEAD.unpack_from(self._bytes)
        _HEAD.pack_into(self._bytes, 0, marked + (not before), again + bool(before), max(end, number + 1))

    @property
    def marked(self) -> int:
        """How many events there are."""
        return int(_HEAD.unpack_from(self._bytes)[0])

    @property
    def again(self) -> int:
        """How often an event came that was there."""
        return int(_HEAD.unpack_from(self._bytes)[1])

    @property
    def end(self) -> int:
        """The number after the highest."""
        return int(_HEAD.unpack_from(self._bytes)[2])

    def marks(self, first: int, *, step: int) -> bytes:
        """The marks of every so many events, from one on."""
        return self._bytes[_HEAD.size + first : _HEAD.size + self.end : step]


def lost(acknowledged: Tally, arrived: Tally, *, first: int, step: int) -> int:
    """Of every so many events, how many were acknowledged and did not arrive."""
    pairs = zip_longest(acknowledged.marks(first, step=step), arrived.marks(first, step=step), fillvalue=0)
    return sum(1 for was_acknowledged, has_arrived in pairs if was_acknowledged and not has_arrived)
