"""Link: one end of the socket between a server and a porter; what one turn of the loop brings forth is one write."""

import asyncio
import struct
from abc import abstractmethod
from typing import cast

_LENGTH = struct.Struct("!I")
# Bytes. What has gathered goes out at once when it is more, so that a message stays about that long.
GATHERED_AT_MOST = 1_000_000


class Link(asyncio.Protocol):
    """Carries messages both ways, each behind four bytes that say how long it is."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport
        self.is_lost = False
        self._is_waking = False
        self._gathered = 0
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._pieces: list[bytes] = []  # of what has not come to its end
        self._received = 0
        self._needed = _LENGTH.size

    @abstractmethod
    def taken(self, message: bytes) -> None:
        """A message has come."""

    @abstractmethod
    def packed(self) -> bytes:
        """The message that is to go out now."""

    @abstractmethod
    def lost(self) -> None:
        """The other end is gone."""

    def wake(self, size: int) -> None:
        """Something of about that size is to go out, at the latest in the next turn of the loop."""
        self._gathered += size
        if self._gathered > GATHERED_AT_MOST:
            self.flush()
        elif not self._is_waking:
            self._is_waking = True
            self._loop.call_soon(self._flush_in_turn)

    def flush(self) -> None:
        """Write what there is, even if it is nothing."""
        self._gathered = 0
        self.tell(self.packed())

    def tell(self, message: bytes) -> None:
        """Write a message of its own."""
        if not self.is_lost:
            self.transport.writelines((_LENGTH.pack(len(message)), message))

    async def may_write(self) -> None:
        """Wait while the other end does not take what was written."""
        await self._may_write.wait()

    @property
    def is_full(self) -> bool:
        return not self._may_write.is_set()

    def _flush_in_turn(self) -> None:
        self._is_waking = False
        self.flush()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._received += len(data)
        if self._received < self._needed:
            return
        if len(self._pieces) > 1:
            data = b"".join(self._pieces)
        begins, self._needed = 0, _LENGTH.size
        while self._received - begins >= _LENGTH.size:
            [length] = _LENGTH.unpack_from(data, begins)
            ends = begins + _LENGTH.size + length
            if ends > self._received:
                self._needed = ends - begins
                break
            self.taken(data[begins + _LENGTH.size : ends])
            begins = ends
        self._pieces = [data[begins:]]
        self._received -= begins

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._may_write.set()
        self.lost()
