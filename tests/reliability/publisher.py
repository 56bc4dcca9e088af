"""Publisher: several connections that publish one request after the other and believe nothing but a 2xx."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import msgspec

from tests.reliability.ledger import Acknowledged, Ledger
from tests.reliability.program import Program
from tests.web.conversation import Answer, Conversation, request, talk
from tidings.core.alongside import alongside
from tidings.core.clock import Clock

APPLICATION = "reliability"
TYPE = "trial.made"
# How many events a line sends in a request, and whether it insists, under an idempotency key, until all are kept; the
# others go on with the next ones, whatever became of these.
LINES = ((1, False), (1, True), (10, False), (10, True)) * 2
# Seconds. A publisher that is told to come back later does; not as late as it was told, because the test waits for it.
COMES_BACK_AFTER_S = 0.1
# Deliveries. Load is what the tests need, not a backlog that takes minutes to work off.
MOST_MISSING = 3_000
_OK, _SOME_REFUSED, _UNAVAILABLE = 200, 207, 503


class Event(msgspec.Struct, frozen=True):
    """An event as it is published."""

    data: dict[str, object]
    type: str = TYPE
    subjects: tuple[dict[str, str], ...] = ({"objectType": "Application", "objectId": APPLICATION},)


class Publisher:
    """Speaks to one program; `deliveries` is what each event must be answered with."""

    def __init__(self, ledger: Ledger, *, program: Program, port: int, token: str, deliveries: int) -> None:
        self.refusals: list[Answer] = []
        self._ledger = ledger
        self._program = program
        self._port = port
        self._deliveries = deliveries
        self._headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        self._clock = Clock()
        self._awaited: list[tuple[int, asyncio.Future[None]]] = []

    @contextlib.asynccontextmanager
    async def publishing(self, name: str = "line") -> AsyncIterator[None]:
        """Publish as fast as it goes while in the context. Names must not repeat within a ledger."""
        works = [
            self._speak(f"{name}-{place}", batch=batch, insists=insists) for place, (batch, insists) in enumerate(LINES)
        ]
        async with alongside(*works):
            yield

    async def acknowledged(self, more: int, *, within: float = 40.0) -> None:
        """Wait for so many more acknowledgements."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((len(self._ledger.acknowledged) + more, done))
        async with asyncio.timeout(within):
            await done

    async def ask_once(self, line: str) -> Answer:
        """What one event is answered with; entered into the ledger if it is kept."""
        async with talk(self._port) as talking:
            return await self._ask(talking, [_event(line, 0)], headers=self._headers)

    async def _speak(self, line: str, *, batch: int, insists: bool) -> None:
        number = 0
        while True:
            await self._program.is_up.wait()
            with contextlib.suppress(OSError, TimeoutError):
                async with talk(self._port) as talking:
                    while True:
                        while self._ledger.missing > MOST_MISSING:
                            await self._clock.sleep(COMES_BACK_AFTER_S)
                        is_kept = False
                        headers = self._headers | ({"idempotency-key": f"{line}-{number}"} if insists else {})
                        try:
                            events = [_event(line, number + place) for place in range(batch)]
                            is_kept = await self._is_kept(talking, events, headers=headers)
                        finally:
                            number += batch if is_kept or not insists else 0

    async def _is_kept(self, talking: Conversation, events: Sequence[Event], *, headers: dict[str, str]) -> bool:
        """Whether the server took everything; if not, the next try waits a little."""
        answer = await self._ask(talking, events, headers=headers)
        if answer.status == _OK:
            return True
        self.refusals.append(answer)
        if answer.status != _SOME_REFUSED and (answer.status, "retry-after" in answer.headers) != (_UNAVAILABLE, True):
            self._ledger.complaints.append(f"refused with {answer.status} {answer.body!r}")
        await self._clock.sleep(COMES_BACK_AFTER_S)
        return False

    async def _ask(self, talking: Conversation, events: Sequence[Event], *, headers: dict[str, str]) -> Answer:
        """The answer, its acknowledgements entered into the ledger. Raises ConnectionError if there is none."""
        body = msgspec.json.encode(events if len(events) > 1 else events[0])
        sent_at = self._clock.monotonic()
        await talking.say(request("POST /v1/events", headers=headers, body=body))
        answer = await talking.hear()
        if len(answer.body) != int(answer.headers.get("content-length", -1)):
            raise ConnectionError("it ended within the answer")
        if answer.status in {_OK, _SOME_REFUSED}:
            self._enter(events, answer.json if len(events) > 1 else [answer.json], sent_at=sent_at)
        return answer

    def _enter(self, events: Sequence[Event], results: Sequence[dict[str, object]], *, sent_at: float) -> None:
        now = self._clock.monotonic()
        for event, result in zip(events, results, strict=True):
            if "eventId" not in result:
                continue
            name = str(result["eventId"])
            if result["deliveries"] != self._deliveries:
                self._ledger.complaints.append(f"{name} was owed to {result['deliveries']}")
            line, number = str(event.data["line"]), int(str(event.data["number"]))
            self._ledger.acknowledge(Acknowledged(event=name, line=line, number=number, sent_at=sent_at, at=now))
        for count, done in self._awaited:
            if len(self._ledger.acknowledged) >= count and not done.done():
                done.set_result(None)


def _event(line: str, number: int) -> Event:
    return Event(data={"line": line, "number": number, "filling": "x" * 500})
