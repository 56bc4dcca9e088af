"""Inbox: callbacks come in, are kept, understood and laid flat."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from tidings.access.naming import checked_identifier
from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.dialect import Reader
from tidings.core.errors import Invalid
from tidings.core.secret import Secret
from tidings.core.signature import new_secret
from tidings.core.vault import Vault
from tidings.inbox.laying import Laying
from tidings.inbox.receiving import Receiving, checked_addresses
from tidings.inbox.scribe import InThreads, Rows, Scribe, Scribes
from tidings.store.audit import audited
from tidings.store.database import Database
from tidings.store.receipts import Receipts, Source, Sources

_FORGET_AT_ONCE = 1_000
# The senders' own libraries sign with such a secret as it is.
_SIGNS = frozenset({"standard"})
# All that the sender can be told is a URL.
_BEARS_IT_IN_THE_PATH = frozenset({"connectreport"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbox:
    """Its parts, at rest until `running`."""

    sources: Sources
    receipts: Receipts
    receiving: Receiving
    laying: Laying
    readers: Mapping[str, Reader]
    clock: Clock

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep what comes and lay it flat while in the context."""
        async with alongside(self.laying.run()), self.receiving.running():
            yield

    async def create_source(
        self, name: str, *, dialect: str, actor: str, secret: str | None = None, addresses: str = ""
    ) -> Source:
        """Take callbacks under `/receive/{name}`; without a secret a new one. Raises Invalid and Conflict."""
        if dialect not in self.readers:
            raise Invalid(f"dialect: expected one of {', '.join(sorted(self.readers))}")
        source = Source(
            name=checked_identifier(name, field="name"),
            dialect=dialect,
            secret=Secret(secret or _new_secret(dialect)),
            addresses=checked_addresses(addresses),
            created_at=self.clock.now(),
        )
        entry = audited(actor=actor, action="source.created", about=source.name, at=source.created_at)
        await self.sources.add(source, also=(entry,))
        return source

    async def end_source(self, name: str, *, actor: str) -> None:
        """Take nothing more; what was kept stays. Raises NotFound."""
        at = self.clock.now()
        entry = audited(actor=actor, action="source.ended", about=name, at=at)
        await self.sources.end(name, at=at, also=(entry,))

    async def replay(self, *, progress: Callable[[int], None]) -> int:
        """Lay all receipts again, oldest first; how many there were. `progress` is told of each step's number."""
        last = number = 0
        while batch := await self.receipts.after(last, most=_FORGET_AT_ONCE // 2):
            await self.laying.lay(batch)
            last, number = batch[-1].id, number + len(batch)
            progress(len(batch))
        return number

    async def forget(self, *, before: int) -> bool:
        """Forget some receipts from before that instant; whether there may be more. Raises Unavailable."""
        return await self.receipts.forget(before=before, most=_FORGET_AT_ONCE) == _FORGET_AT_ONCE


def open_inbox(
    database: Database,
    *,
    vault: Vault,
    clock: Clock,
    readers: Mapping[str, Reader],
    open_tables: Callable[[], Rows],
    scribes: Scribes | None = None,
) -> Inbox:
    """Put the parts together. Without `scribes` of another process, threads of this one read and write."""
    receipts, sources = Receipts(database), Sources(database, vault)
    receiving = Receiving(receipts, sources, readers=readers, clock=clock)
    scribes = scribes or InThreads(Scribe(readers, open_tables))
    laying = Laying(receipts, sources, scribes=scribes, clock=clock)
    receiving.on_kept = laying.wake
    return Inbox(sources=sources, receipts=receipts, receiving=receiving, laying=laying, readers=readers, clock=clock)


def address_of(source: Source, *, base_url: str) -> str:
    """Where its callbacks go. It holds the secret if nothing else can."""
    address = f"{base_url}receive/{source.name}"
    is_told = source.dialect in _BEARS_IT_IN_THE_PATH
    return f"{address}/{quote(source.secret.reveal(), safe='')}" if is_told else address


def _new_secret(dialect: str) -> str:
    return new_secret().text if dialect in _SIGNS else secrets.token_urlsafe(24)
