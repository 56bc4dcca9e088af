"""Workspace: everything that people and programs do in groups, put together."""

from dataclasses import dataclass

from tidings.core.clock import Clock
from tidings.outbox.directory import Directory
from tidings.outbox.publisher import Publisher
from tidings.store.database import Database
from tidings.workspace.groups import Groups
from tidings.workspace.messages import Messages
from tidings.workspace.rights import Rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Its parts; each keeps a change together with the event that tells of it."""

    rights: Rights
    groups: Groups
    messages: Messages


def open_workspace(
    database: Database, *, rights: Rights, publisher: Publisher, directory: Directory, clock: Clock, public_url: str
) -> Workspace:
    """Put the parts together; `public_url` ends in `/`."""
    return Workspace(
        rights=rights,
        groups=Groups(database, publisher=publisher, directory=directory, rights=rights, clock=clock),
        messages=Messages(publisher=publisher, rights=rights, clock=clock),
    )
