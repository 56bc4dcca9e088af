"""The console put together: its areas, and the door that leads to them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from tidings.console.assets import Assets
from tidings.console.audit import AuditPages
from tidings.console.connect import Connect
from tidings.console.connectors import ConnectorPages
from tidings.console.dashboards import Dashboards
from tidings.console.deliveries import DeliveryPages
from tidings.console.design import DesignPages
from tidings.console.door import ConsoleDoor
from tidings.console.events import Events
from tidings.console.groups import Groups
from tidings.console.home import Home
from tidings.console.inspector import InspectorPages
from tidings.console.offers import Offers
from tidings.console.page import Pages
from tidings.console.people import PeoplePages
from tidings.console.place import Place
from tidings.console.portal import PortalPages
from tidings.console.portal_door import PortalDoor
from tidings.console.replaying import Replaying
from tidings.console.report_calendar import ReportCalendar
from tidings.console.report_callbacks import ReportCallbacks
from tidings.console.report_connections import ReportConnections
from tidings.console.report_cycles import ReportCycles
from tidings.console.report_editor import ReportEditor
from tidings.console.report_roles import ReportRoles
from tidings.console.report_runs import ReportRuns
from tidings.console.report_scheduling import ReportScheduling
from tidings.console.report_shelf import ReportShelf
from tidings.console.report_tags import ReportTags
from tidings.console.report_tasks import ReportTasks
from tidings.console.report_templates import ReportTemplates
from tidings.console.report_triggers import ReportTriggers
from tidings.console.retention import RetentionPages
from tidings.console.session_cookie import SessionCookie
from tidings.console.sessions import SessionPages
from tidings.console.sign_in import SignIn
from tidings.console.source_flows import SourceFlows
from tidings.console.sources import Sources
from tidings.console.tables import TablePages
from tidings.console.timing import timed
from tidings.console.webhook_changes import WebhookChanges
from tidings.console.webhooks import WebhookPages
from tidings.web.page import Page as WebPage
from tidings.web.peer import Proxies


class _Area(Protocol):
    def places(self) -> Sequence[Place]: ...


class Console:
    """Everything under `/console`."""

    def __init__(self, offers: Offers, *, proxies: Proxies) -> None:
        is_secure = offers.public_url.startswith("https:")
        self._clock = offers.clock
        self._assets = Assets()
        self._paths: frozenset[str] = frozenset()
        self._pages = Pages(self._assets, clock=offers.clock, is_secure=is_secure, has=lambda path: path in self._paths)
        cookie = SessionCookie(is_secure=is_secure)
        # Something in these goes on for as long as somebody looks.
        self._lively = (
            Home(offers, self._pages),
            PeoplePages(offers),
            Groups(offers, self._pages),
            Dashboards(offers, self._pages),
            Replaying(offers),
        )
        areas: Sequence[_Area] = (*self._lively, SignIn(offers, cookie), *_quiet(offers))
        self._portal = PortalDoor(offers, self._pages)
        self.places: Sequence[Place] = [place for area in areas for place in area.places()]
        self._paths = frozenset(place.path for place in self.places)
        self._door = ConsoleDoor(
            self.places,
            pages=self._pages,
            entrance=offers.entrance,
            cookie=cookie,
            proxies=proxies,
            public_url=offers.public_url,
        )

    def pages(self) -> Sequence[WebPage]:
        """What the server's door leads to."""
        pages = (*self._door.pages(), *self._portal.pages())
        return [
            *(replace(page, endpoint=timed(page.endpoint, clock=self._clock)) for page in pages),
            WebPage(
                path="/console/static/{hash}/{name}",
                name="console",
                summary="A file that pages load",
                endpoint=self._assets.serve,
            ),
        ]

    def close(self) -> None:
        """End what goes on for as long as somebody looks."""
        for area in self._lively:
            area.close()


def _quiet(offers: Offers) -> Sequence[_Area]:
    return (
        ConnectorPages(offers),
        AuditPages(offers),
        RetentionPages(offers),
        SessionPages(offers),
        DesignPages(offers),
        WebhookPages(offers),
        WebhookChanges(offers),
        PortalPages(offers),
        Events(offers),
        DeliveryPages(offers),
        TablePages(offers),
        Sources(offers),
        SourceFlows(offers),
        InspectorPages(offers),
        Connect(offers),
        ReportRuns(offers),
        ReportShelf(offers),
        ReportCallbacks(offers),
        ReportTriggers(offers),
        ReportRoles(offers),
        ReportTemplates(offers),
        ReportEditor(offers),
        ReportScheduling(offers),
        ReportTasks(offers),
        ReportCalendar(offers),
        ReportCycles(offers),
        ReportTags(offers),
        ReportConnections(offers),
    )
