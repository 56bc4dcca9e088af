"""Trial: an installation with its webhooks, a publisher and receivers outside, and the ledger of both."""

import asyncio
import contextlib
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.reliability.ledger import Accident, Findings, Ledger
from tests.reliability.program import Program
from tests.reliability.publisher import APPLICATION, TYPE, Publisher
from tests.reliability.receiver import OK, Receiver
from tests.web.conversation import ask
from tidings.app.compose import opened
from tidings.app.parts import Parts
from tidings.app.settings import load, variable
from tidings.core.clock import Clock
from tidings.core.event import Subject
from tidings.core.vault import new_key
from tidings.outbox.terms import Terms
from tidings.store.history import History
from tidings.store.open import open_database

log = logging.getLogger(__name__)

# One of each way that a delivery can take: handed over in memory, in order by the line, and at a bounded pace.
WEBHOOKS: dict[str, dict[str, Any]] = {
    "plain": {},
    "ordered": {"order_key": "data.line"},
    "paced": {"rate": 5_000.0},
}
# So patient with an endpoint that is silent that nobody who waited for it would stop within `STOPS_WITHIN_S`.
PATIENT = {name: more | {"timeout_ms": 60_000} for name, more in WEBHOOKS.items()}
# Seconds. The leases of the dead run out after ten on PostgreSQL; the rest is for a busy machine to send what waited.
SETTLES_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.05
_CLOCK = Clock()


@dataclass(slots=True, kw_only=True)
class Trial:
    """`port` is that of the first server; each further one has its own."""

    folder: Path
    database: str
    ledger: Ledger
    receiver: Receiver
    port: int
    token: str = ""
    connector: str = ""
    webhooks: Mapping[str, dict[str, Any]] = field(default_factory=lambda: WEBHOOKS)
    settings: dict[str, str] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)

    def server(self, port: int = 0, *, prefix: Sequence[str] = (), **settings: str) -> Program:
        more = {variable(name): value for name, value in settings.items()}
        return self._program("serve", self.settings | {"TIDINGS_PORT": str(port or self.port)} | more, prefix=prefix)

    def worker(self) -> Program:
        return self._program("worker", self.settings)

    def publisher(self, program: Program, *, port: int = 0, host: str = "127.0.0.1") -> Publisher:
        return Publisher(
            self.ledger,
            program=program,
            port=port or self.port,
            token=self.token,
            deliveries=len(self.webhooks),
            host=host,
        )

    def opened(self) -> contextlib.AbstractAsyncContextManager[Parts]:
        """The installation as a command sees it, which tells no server what it does."""
        return opened(load(self.settings, folder=self.folder))

    async def prepare(self) -> None:
        async with self.opened() as parts:
            connector = await parts.access.create_connector("trial", actor="test")
            self.connector = connector.id
            self.token = await parts.access.create_key(connector.id, actor="test", scopes=("publish",))
            for name, more in self.webhooks.items():
                await self.subscribe(parts, name=name, **more)

    async def subscribe(self, parts: Parts, *, name: str, **more: Any) -> None:  # noqa: ANN401 - terms of all kinds
        """Make a webhook for all events."""
        terms = Terms(types=(TYPE,), url=self.receiver.url(name), **more)
        subject = Subject("Application", APPLICATION)
        _, secret = await parts.subscribing.create(subject, terms, connector=self.connector, owner="")
        self.receiver.secrets[name] = secret.text

    async def kill(self, program: Program) -> None:
        with self.accident():
            await program.kill()

    @contextlib.contextmanager
    def accident(self) -> Iterator[None]:
        """What happens inside excuses that deliveries are repeated."""
        began = _CLOCK.monotonic()
        try:
            yield
        finally:
            self.ledger.accidents.append(Accident(began=began, ended=_CLOCK.monotonic()))

    async def findings(self) -> Findings:
        """Wait until everything has arrived and nothing is owed any more; then what the ledger says."""
        with contextlib.suppress(TimeoutError):
            await until(lambda: not self.ledger.missing)
            await self.nothing_is_owed()
        findings = self.ledger.findings()
        log.info(
            "trial.ended database=%s acknowledged=%s callbacks=%s accidents=%s lost=%s repeated=%s unexplained=%s",
            self.database.partition(":")[0],
            len(self.ledger.acknowledged),
            len(self.ledger.arrivals),
            len(self.ledger.accidents),
            len(findings.lost),
            findings.repeated,
            len(findings.unexplained),
        )
        return findings

    async def nothing_is_owed(self) -> None:
        """Also of what was kept without its publisher hearing of it."""
        database = await open_database(self.database, clock=_CLOCK)

        async def is_settled() -> bool:
            owed = await History(database).standing()
            return not owed.pending + owed.retrying + owed.held

        try:
            await until(is_settled)
        finally:
            await database.close()

    def _program(self, command: str, settings: dict[str, str], *, prefix: Sequence[str] = ()) -> Program:
        program = Program(command, folder=self.folder, settings=settings, prefix=prefix)
        self.programs.append(program)
        return program


@contextlib.asynccontextmanager
async def trial(
    folder: Path,
    database: str,
    *,
    seed: int = 1,
    host: str = "127.0.0.1",
    webhooks: Mapping[str, dict[str, Any]] = WEBHOOKS,
    is_prepared: bool = True,
) -> AsyncIterator[Trial]:
    """An installation that has its webhooks and a key; nothing runs yet but the receiver, which listens at `host`.

    Unless `is_prepared` its database is empty, and the rest is for the caller to make.
    """
    ledger = Ledger(webhooks, ordered=[name for name, more in webhooks.items() if "order_key" in more])
    receiver = Receiver(ledger, seed=seed, host=host)
    async with receiver.endpoint:
        one = Trial(
            folder=folder, database=database, ledger=ledger, receiver=receiver, port=free_port(), webhooks=webhooks
        )
        settings = {
            "database": database,
            "secret_key": new_key(),
            "egress_allow": f"{host}/32",
            "egress_http": "on",
            # Long enough that nothing is given up, short enough that a test sees the retries.
            "retry_schedule": ",".join(["200ms"] * 20),
        }
        one.settings = {variable(name): value for name, value in settings.items()}
        if is_prepared:
            await one.prepare()
        try:
            yield one
        finally:
            for program in one.programs:
                await program.end()


async def until(condition: Callable[[], object], *, within: float = SETTLES_WITHIN_S) -> None:
    """Wait for something that nobody reports, or for what has to be asked for. Raises TimeoutError."""
    async with asyncio.timeout(within):
        while True:
            said = condition()
            if await said if inspect.isawaitable(said) else said:
                return
            await _CLOCK.sleep(_LOOK_EVERY_S)


async def becomes_ready(port: int, *, host: str = "127.0.0.1") -> None:
    """Wait until the server there says that it is ready.

    After an accident it may truly not be for ten seconds: so long it waits for a connection that went silent.
    """

    async def is_ready() -> bool:
        return (await ask(port, "GET /readyz", host=host)).status == OK

    await until(is_ready)
