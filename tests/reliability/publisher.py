"""Publisher: several connections that publish one request after the other and believe nothing but a 2xx."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

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
MOST_MISSING = 1_000
_LOOKS = 10
_OK, _SOME_REFUSED, _UNAVAILABLE = 200, 207, 503


class Event(msgspec.Struct, frozen=True):
    """An event as it is published."""

    data: dict[str, object]
    type: str = TYPE
    subjects: tuple[dict[str, str], ...] = ({"objectType": "Application", "objectId": APPLICATION},)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """A request of a line; what is sent again has its place in the order `since` the first time."""

    line: str
    number: int
    batch: int
    insists: bool
    since: float

    @property
    def key(self) -> dict[str, str]:
        return {"idempotency-key": f"{self.line}-{self.number}"} if self.insists else {}

    def next(self, *, since: float) -> "_Sending":
        return replace(self, number=self.number + self.batch, since=since)


class Publisher:
    """Speaks to one program; `deliveries` is what each event must be answered with."""

    def __init__(
        self, ledger: Ledger, *, program: Program, port: int, token: str, deliveries: int, host: str = "127.0.0.1"
    ) -> None:
        self.kept = 0  # how many events this program answered for
        self.most_missing = MOST_MISSING
        self.refusals: list[Answer] = []
        self._host = host
        self._ledger = ledger
        self._program = program
        self._port = port
        self._deliveries = deliveries
        self.token = token
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

    async def acknowledged(self, more: int, *, within: float = 90.0) -> None:
        """Wait for so many more acknowledgements."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((len(self._ledger.acknowledged) + more, done))
        _, late = await asyncio.wait([done], timeout=within)
        assert not late, f"{len(self._ledger.acknowledged)} acknowledged, {self._ledger.missing} missing, and no more"

    @property
    def _headers(self) -> dict[str, str]:
        return {"content-type": "application/json", "authorization": f"Bearer {self.token}"}

    async def publish_one(self) -> int:
        """An event beside the others, which the ledger knows nothing of; to how many webhooks it is owed."""
        async with talk(self._port, host=self._host) as talking:
            body = msgspec.json.encode(_event("", 0))
            await talking.say(request("POST /v1/events", headers=self._headers, body=body))
            return int((await talking.hear()).json["deliveries"])

    async def _speak(self, line: str, *, batch: int, insists: bool) -> None:
        sending = _Sending(line=line, number=0, batch=batch, insists=insists, since=self._clock.monotonic())
        while True:
            await self._program.is_up.wait()
            with contextlib.suppress(OSError, TimeoutError):
                async with talk(self._port, host=self._host) as talking:
                    while True:
                        await self._pause_for_receivers()
                        is_kept = False
                        try:
                            is_kept = await self._is_kept(talking, sending)
                        finally:
                            if is_kept or not insists:
                                sending = sending.next(since=self._clock.monotonic())

    async def _pause_for_receivers(self) -> None:
        """For a second at most: nothing arrives while a server cannot read what it owes, and it is to be asked then."""
        for _ in range(_LOOKS):
            if self._ledger.missing <= self.most_missing:
                return
            await self._clock.sleep(COMES_BACK_AFTER_S)

    async def _is_kept(self, talking: Conversation, sending: "_Sending") -> bool:
        """Whether the server took everything; if not, the next try waits a little. Raises ConnectionError."""
        events = [_event(sending.line, sending.number + place) for place in range(sending.batch)]
        body = msgspec.json.encode(events if sending.batch > 1 else events[0])
        headers = self._headers | sending.key
        if talking.reader.at_eof() or talking.reader.exception():  # uvloop has other errors for writing to such a one
            raise ConnectionError("it ended since the last answer")
        await talking.say(request("POST /v1/events", headers=headers, body=body))
        answer = await talking.hear()
        if len(answer.body) != int(answer.headers.get("content-length", -1)):
            raise ConnectionError("it ended within the answer")
        if answer.status in {_OK, _SOME_REFUSED}:
            self._enter(events, answer.json if sending.batch > 1 else [answer.json], sent_at=sending.since)
        if answer.status == _OK:
            return True
        self.refusals.append(answer)
        if answer.status != _SOME_REFUSED and (answer.status, "retry-after" in answer.headers) != (_UNAVAILABLE, True):
            self._ledger.complaints.append(f"refused with {answer.status} {answer.body!r}")
        await self._clock.sleep(COMES_BACK_AFTER_S)
        return False

    def _enter(self, events: Sequence[Event], results: Sequence[dict[str, object]], *, sent_at: float) -> None:
        now = self._clock.monotonic()
        for event, result in zip(events, results, strict=True):
            if "eventId" not in result:
                continue
            name = str(result["eventId"])
            self.kept += 1
            if result["deliveries"] != self._deliveries:
                self._ledger.complaints.append(f"{name} was owed to {result['deliveries']}")
            line, number = str(event.data["line"]), int(str(event.data["number"]))
            self._ledger.acknowledge(Acknowledged(event=name, line=line, number=number, sent_at=sent_at, at=now))
        for count, done in self._awaited:
            if len(self._ledger.acknowledged) >= count and not done.done():
                done.set_result(None)


def _event(line: str, number: int) -> Event:
    return Event(data={"line": line, "number": number, "filling": "x" * 500})
