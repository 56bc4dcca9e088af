"""What only PostgreSQL does: partitions, the bell between machines, advisory locks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import asyncpg
import pytest

from tests.store.factories import NOW, claimed, event, kept, publication, settlement
from tidings.core.clock import DAY, Clock
from tidings.core.delivery import State
from tidings.core.errors import Conflict, Invalid, Unavailable
from tidings.core.identifier import identifier_at
from tidings.store.database import Kept, Key, LaneChange, Owed, Publication, Stale, Statement, Wanted
from tidings.store.postgresql.database import PostgresqlDatabase, open_postgresql

Opener = Callable[[], Awaitable[PostgresqlDatabase]]
