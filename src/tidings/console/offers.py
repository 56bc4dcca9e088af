"""Offers: the parts of an installation that pages are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tidings.access.access import Access
from tidings.console.entrance import Entrance
from tidings.console.fact import Fact
from tidings.core.clock import Clock
from tidings.core.dialect import Dialect, Reader
from tidings.core.event import Event
from tidings.core.schedule import RetrySchedule
from tidings.dashboards.changes import Changes
from tidings.dashboards.connecting import Connecting
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.passing import Passing
from tidings.dashboards.showing import Showing
from tidings.inbox.inbox import Inbox
from tidings.inbox.inspector import Inspector
from tidings.inbox.pulling import Pulling
from tidings.outbox.hub import Hub
from tidings.outbox.subscribing import Subscribing
from tidings.reports.opening import Reports
from tidings.store.database import Database
from tidings.store.history import History
from tidings.store.lanes import Lanes
from tidings.store.look_ups import LookUps
from tidings.store.subscriptions import Subscriptions
from tidings.workspace.workspace import Workspace

if TYPE_CHECKING:
    from tidings.tables.query import Query
    from tidings.tables.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """`public_url` ends in a slash. `settings` are those of the installation, as `tidings doctor` prints them.

    `portal_origins` are those whose pages may frame the portal.
    """

    clock: Clock
    database: Database
    entrance: Entrance
    access: Access
    workspace: Workspace
    subscriptions: Subscriptions
    subscribing: Subscribing
    history: History
    lanes: Lanes
    look_ups: LookUps
    hub: Hub
    inspector: Inspector
    inbox: Inbox
    pulling: Pulling
    showing: Showing
    drawing: Drawing
    changes: Changes
    passing: Passing
    reports: Reports
    connecting: Connecting
    open_tables: Callable[[], "Tables"]
    open_query: Callable[[], "Query"]
    dialects: Mapping[str, Dialect]
    readers: Mapping[str, Reader]
    samples: Mapping[str, Event]
    public_url: str
    portal_origins: Sequence[str]
    retry_schedule: RetrySchedule
    retention_ms: int
    receipt_retention_ms: int
    report_retention_ms: int
    settings: Sequence[Fact]
