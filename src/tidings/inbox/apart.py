"""Apart: a scribe in a process of its own, so that what it reads and writes takes no time from those who receive."""

from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO

import msgspec

from tidings.core.errors import TidingsError, Unavailable
from tidings.core.receipt import Receipt
from tidings.inbox.child import Child, answer, messages
from tidings.inbox.scribe import Scribe, Understood, Written

# Seconds for one batch: more than a database may keep a writer waiting.
_PATIENCE_S = 60.0


class _ToRead(msgspec.Struct, frozen=True, tag="read"):
    batch: Sequence[Receipt]
    dialects: Mapping[str, str]


class _ToWrite(msgspec.Struct, frozen=True, tag="write"):
    fresh: Sequence[int]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Either of the two, or why the tables cannot be written now."""

    understood: Understood | None = None
    written: Written | None = None
    unavailable: str = ""


_order = msgspec.msgpack.Decoder(_ToRead | _ToWrite)
_answer = msgspec.msgpack.Decoder(_Answer)


class Apart:
    """Asks the scribe of another process, which begins with the first batch."""

    def __init__(self, module: str, *, tables_url: str) -> None:
        # Where the tables are no command line may tell, for it holds a password.
        self._child = Child(module, first=tables_url.encode())

    async def read(self, batch: Sequence[Receipt], dialects: Mapping[str, str]) -> Understood:
        return (await self._ask(_ToRead(batch, dialects))).understood or Understood(said=[], unreadable=[])

    async def write(self, fresh: Sequence[int]) -> Written:
        return (await self._ask(_ToWrite(fresh))).written or Written(done=[])

    async def close(self) -> None:
        """End the process, what it has begun finished."""
        await self._child.close()

    async def _ask(self, order: _ToRead | _ToWrite) -> _Answer:
        told = _answer.decode(await self._child.ask(msgspec.msgpack.encode(order), within_s=_PATIENCE_S))
        if told.unavailable:
            raise Unavailable(told.unavailable)
        return told


def scribe_for(open_scribe: Callable[[str], Scribe], *, orders: BinaryIO, answers: BinaryIO) -> None:
    """The other side: open a scribe for the tables that the first message names, and serve until the input ends."""
    coming = messages(orders)
    for first in coming:
        scribe = open_scribe(first.decode())
        for message in coming:
            answer(answers, msgspec.msgpack.encode(_answered(scribe, _order.decode(message))))


def _answered(scribe: Scribe, order: _ToRead | _ToWrite) -> _Answer:
    try:
        if isinstance(order, _ToRead):
            return _Answer(understood=scribe.read(order.batch, order.dialects))
        return _Answer(written=scribe.write(order.fresh))
    except TidingsError as error:
        return _Answer(unavailable=error.message)
