"""Finding by key: whoever asks in the same moment is answered in one round trip."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import asyncpg

from tidings.store.database import Value
from tidings.store.postgresql.connection import PATIENCE_S, Connections, meant

_Rows = list[asyncpg.Record]


class _Question(NamedTuple):
    values: Mapping[str, Value]
    answer: asyncio.Future[_Rows]
    until: float  # of the loop's time


class ByKey:
    """Looks once at a time for each statement; what is asked during one look goes together into the next.

    To take a connection and wait for its answer costs ten times what it costs to find a row.
    """

    def __init__(self, connections: Connections, *, turns: asyncio.Semaphore) -> None:
        self._connections = connections
        self._turns = turns
        self._asked: dict[str, list[_Question]] = {}  # of each statement for which a look is under way
        self._looks: set[asyncio.Task[None]] = set()

    async def find(self, name: str, /, **values: Value) -> _Rows:
        """The rows of a statement as they are now or later, each with a column too many at its end."""
        loop = asyncio.get_running_loop()
        question = _Question(values, loop.create_future(), loop.time() + PATIENCE_S)
        if name in self._asked:
            self._asked[name].append(question)
        else:
            self._asked[name] = [question]
            # A task of its own: whoever asked first may go away, and the others still want their answers.
            look = loop.create_task(self._look(name))
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)
        return await question.answer

    async def close(self) -> None:
        """Answer everybody."""
        if self._looks:
            await asyncio.wait(self._looks)

    async def _look(self, name: str) -> None:
        while asked := self._asked[name]:
            self._asked[name] = []
            await self._answer(name, asked)
        del self._asked[name]

    async def _answer(self, name: str, asked: Sequence[_Question]) -> None:
        try:
            with meant(None):
                # Waiting for a turn counts: behind others whom nobody answers, these are told as soon as those are.
                async with asyncio.timeout_at(asked[0].until), self._turns:
                    rows = await self._connections.run(
                        lambda session: session.fetch_each(name, [one.values for one in asked])
                    )
        except asyncpg.DataError as error:
            if len(asked) == 1:
                _fail(asked, error)
                return
            for one in asked:  # one of them cannot be asked; the others can
                await self._answer(name, [one])
        except Exception as error:  # noqa: BLE001 - a worker's loop: whatever it is, it is those who asked
            _fail(asked, error)
        else:
            for one, found in zip(asked, rows, strict=True):
                if not one.answer.done():
                    one.answer.set_result(found)


def _fail(asked: Sequence[_Question], error: Exception) -> None:
    for one in asked:
        if not one.answer.done():
            one.answer.set_exception(error)
