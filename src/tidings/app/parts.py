"""Parts: everything that an installation is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidings.access.access import Access
from tidings.app.settings import Settings
from tidings.console.entrance import Entrance
from tidings.core.clock import Clock
from tidings.core.vault import Vault
from tidings.dashboards.changes import Changes
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.passing import Passing
from tidings.dashboards.showing import Showing
from tidings.dialects.discovery import Found
from tidings.egress.client import Client
from tidings.inbox.inbox import Inbox
from tidings.inbox.inspector import Inspector
from tidings.inbox.pulling import Pulling
from tidings.outbox.hub import Hub
from tidings.outbox.subscribing import Subscribing
from tidings.reports.opening import Reports
from tidings.store.database import Database
from tidings.store.history import History
from tidings.store.subscriptions import Subscriptions
from tidings.workspace.workspace import Workspace

if TYPE_CHECKING:
    from tidings.tables.query import Query
    from tidings.tables.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that an installation is made of, open but at rest: nothing runs by itself yet."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    client: Client
    found: Found
    subscriptions: Subscriptions
    history: History
    hub: Hub
    subscribing: Subscribing
    access: Access
    workspace: Workspace
    inspector: Inspector
    inbox: Inbox
    pulling: Pulling
    showing: Showing
    drawing: Drawing
    changes: Changes
    passing: Passing
    reports: Reports
    entrance: Entrance
    open_tables: Callable[[], "Tables"]
    open_query: Callable[[], "Query"]
