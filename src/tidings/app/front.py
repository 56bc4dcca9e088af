"""Front: the HTTP door of an installation, with everything that opens behind it."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from starlette.types import ASGIApp

from tidings.app.figures import named_figures
from tidings.app.parts import Parts
from tidings.app.settings import shown
from tidings.console.console import Console
from tidings.console.offers import Offers
from tidings.core.alongside import alongside
from tidings.core.descriptors import DESCRIPTORS
from tidings.core.errors import Unavailable
from tidings.core.pattern import compile_types
from tidings.core.route import Route
from tidings.core.subscription import DEFAULT_VALIDITY_MS, Subscription
from tidings.dashboards.connecting import Connecting
from tidings.dashboards.feeds import Feeds
from tidings.dashboards.odata.root import Service
from tidings.dialects.connectreport.api.connect_report import ConnectReportApi
from tidings.dialects.connectreport.callback import REPORT_TYPES
from tidings.dialects.connectreport.connector import WebConnector
from tidings.dialects.kaizala.api.accounts import AccountApi
from tidings.dialects.kaizala.api.kaizala import KaizalaApi
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.dialects.kaizala.wire.account import AccessGranted
from tidings.outbox.notices import OPERATIONAL_TYPES
from tidings.store.event_types import EventTypes
from tidings.store.lanes import Lanes
from tidings.store.look_ups import LookUps
from tidings.store.media import MediaStore
from tidings.store.webhooks import Webhooks
from tidings.web.bins import BinDoor
from tidings.web.connect import ConnectApi
from tidings.web.counter import Counter
from tidings.web.dashboards import DashboardsApi
from tidings.web.deliveries import DeliveriesApi
from tidings.web.door import Door, opened
from tidings.web.event_types import EventTypesApi
from tidings.web.events import EventsApi
from tidings.web.feeds import FeedPages
from tidings.web.health import Check, health_pages
from tidings.web.intake import Intake
from tidings.web.intake_page import intake_page
from tidings.web.login import Login
from tidings.web.media_page import MediaPage
from tidings.web.metrics import Figure, Kind, Latency, metrics_page
from tidings.web.odata import ODataPages
from tidings.web.openapi import Sample, describe
from tidings.web.page import Page
from tidings.web.peer import Proxies
from tidings.web.permits import Permits
from tidings.web.receive import ReceiveDoor
from tidings.web.reference import reference_pages
from tidings.web.report_documents import ReportDocuments
from tidings.web.schemas import Schemas
from tidings.web.sign_in import SignInPages
from tidings.web.tables_login import TablesLogin
from tidings.web.throttle import Throttle
from tidings.web.web_connector import WebConnectorPages

VERSION = version("tidings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What a server serves by its roles, and what must be kept up to date meanwhile.

    `routes` and `pages` are all that the application leads to.
    """

    application: ASGIApp
    routes: Sequence[Route]
    pages: Sequence[Page]
    intake: Intake | None
    counter: Counter
    receive: ReceiveDoor | None
    schemas: Schemas
    document: Callable[[], Mapping[str, Any]]
    console: Console | None

    @contextlib.asynccontextmanager
    async def keeping_up(self) -> AsyncIterator[None]:
        """Know the registered types from here on, as other processes change them too."""
        await self.schemas.refresh()
        async with alongside(self.schemas.keep_fresh()):
            yield


def front(parts: Parts, *, process: int = 0) -> Front:
    """Put the door together, for that one of the processes at our port."""
    login = Login(known=parts.access.known, authenticate=parts.access.authenticate)
    proxies, throttle = Proxies(parts.settings.trusted_proxies), _throttle(parts)
    schemas = Schemas(EventTypes(parts.database), parts.clock)
    intake = _intake(parts, login, schemas=schemas)
    has_api, catches = "api" in parts.settings.roles, "receive" in parts.settings.roles
    bins = _bins(parts, login, proxies=proxies)
    receive = ReceiveDoor(parts.inbox.receiving, proxies=proxies, clock=parts.clock)
    boards = DashboardsApi(parts.showing, parts.drawing, login=TablesLogin(login, throttle=throttle))
    routes = [*_routes(parts, schemas), *bins.routes(), *boards.routes()] if has_api else []
    pages = [
        *([intake_page(intake), MediaPage(MediaStore(parts.database)).page(), *bins.files()] if has_api else []),
        *([*_sign_in(parts, proxies).pages(), *_feeds(parts, login, throttle=throttle)] if has_api else []),
        *([boards.page(), *_report_pages(parts, login, throttle=throttle)] if has_api else []),
        *([*bins.pages(), *receive.pages()] if catches else []),
        *health_pages(_checks(parts)),
        _metrics(parts, process=process),
    ]
    # Pages for people are no part of the API, and nothing that is added later is.
    document = _described(parts, routes, pages=tuple(pages))
    console = _console(parts, proxies) if has_api else None
    pages += reference_pages(document, front="console/" if console else "docs")
    pages += console.pages() if console else []
    door = Door(routes=routes, pages=pages, login=login, throttle=throttle, proxies=proxies)
    return Front(
        application=opened(door),
        routes=routes,
        pages=pages,
        intake=intake if has_api else None,
        counter=Counter(routes, login=login, throttle=throttle),
        receive=receive if catches else None,
        schemas=schemas,
        document=document,
        console=console,
    )


def _described(parts: Parts, routes: Sequence[Route], *, pages: Sequence[Page]) -> Callable[[], Mapping[str, Any]]:
    """What OpenAPI says of them, put together when it is first asked for."""
    samples, url = _samples(parts), parts.settings.base_url
    return cache(partial(describe, version=VERSION, url=url, routes=routes, pages=pages, samples=samples))


def _console(parts: Parts, proxies: Proxies) -> Console:
    offers = Offers(
        clock=parts.clock,
        database=parts.database,
        entrance=parts.entrance,
        access=parts.access,
        workspace=parts.workspace,
        subscriptions=parts.subscriptions,
        subscribing=parts.subscribing,
        history=parts.history,
        lanes=Lanes(parts.database),
        look_ups=LookUps(parts.database),
        hub=parts.hub,
        inspector=parts.inspector,
        inbox=parts.inbox,
        pulling=parts.pulling,
        showing=parts.showing,
        drawing=parts.drawing,
        changes=parts.changes,
        passing=parts.passing,
        reports=parts.reports,
        connecting=Connecting(parts.access, parts.open_query, base_url=parts.settings.base_url),
        open_tables=parts.open_tables,
        open_query=parts.open_query,
        dialects=parts.found.dialects,
        readers=parts.found.readers,
        samples=parts.found.samples,
        public_url=parts.settings.base_url,
        retry_schedule=parts.settings.retry_schedule,
        retention_ms=parts.settings.retention,
        receipt_retention_ms=parts.settings.receipt_retention,
        report_retention_ms=parts.settings.report_retention,
        settings=shown(parts.settings),
        portal_origins=parts.settings.portal_origins,
    )
    return Console(offers, proxies=proxies)


def _intake(parts: Parts, login: Login, *, schemas: Schemas) -> Intake:
    permits = Permits(parts.workspace.rights.may_publish, parts.clock)
    return Intake(publisher=parts.hub.publisher, permits=permits, schemas=schemas, login=login, clock=parts.clock)


def _bins(parts: Parts, login: Login, *, proxies: Proxies) -> BinDoor:
    return BinDoor(
        parts.inspector,
        login=login,
        proxies=proxies,
        clock=parts.clock,
        public_url=parts.settings.base_url,
        readers=parts.found.readers,
        inbox=parts.inbox if "receive" in parts.settings.roles else None,
        is_open=parts.settings.bin_open,
    )


def _throttle(parts: Parts) -> Throttle:
    return Throttle(
        parts.clock,
        per_connector=parts.settings.calls_per_connector,
        per_tenant=parts.settings.calls_per_tenant,
    )


def _feeds(parts: Parts, login: Login, *, throttle: Throttle) -> Sequence[Page]:
    admitted = TablesLogin(login, throttle=throttle)
    odata = ODataPages(Service(parts.open_query), login=admitted, public_url=parts.settings.public_url)
    return [*FeedPages(Feeds(parts.open_query), login=admitted).pages(), *odata.pages()]


def _report_pages(parts: Parts, login: Login, *, throttle: Throttle) -> Sequence[Page]:
    connector = WebConnector(parts.open_query, showing=parts.showing, drawing=parts.drawing)
    return [
        ReportDocuments(parts.reports, login=login, throttle=throttle).page(),
        *WebConnectorPages(connector, login=login, throttle=throttle).pages(),
    ]


def _sign_in(parts: Parts, proxies: Proxies) -> SignInPages:
    accounts = AccountApi(access=parts.access, endpoint_url=parts.settings.base_url)
    return SignInPages(parts.access, proxies=proxies, granted=accounts.granted, answers=AccessGranted)


def _routes(parts: Parts, schemas: Schemas) -> Sequence[Route]:
    kept_types, reserved = EventTypes(parts.database), [*EVENT_TYPES, *REPORT_TYPES, *OPERATIONAL_TYPES]
    types = EventTypesApi(kept_types, schemas=schemas, clock=parts.clock, reserved=reserved)
    kits = ConnectApi(Connecting(parts.access, parts.open_query, base_url=parts.settings.base_url))
    kaizala = KaizalaApi(
        access=parts.access,
        workspace=parts.workspace,
        subscribing=parts.subscribing,
        subscriptions=parts.subscriptions,
        lanes=Lanes(parts.database),
        history=parts.history,
        samples=parts.found.samples,
        endpoint_url=parts.settings.base_url,
    )
    reports = ConnectReportApi(
        reports=parts.reports,
        subscribing=parts.subscribing,
        subscriptions=parts.subscriptions,
        webhooks=Webhooks(parts.database),
    )
    look_ups = LookUps(parts.database)
    events = EventsApi(parts.history, look_ups)
    deliveries = DeliveriesApi(
        history=parts.history,
        look_ups=look_ups,
        subscriptions=parts.subscriptions,
        rights=parts.workspace.rights,
        clock=parts.clock,
        on_owed=parts.hub.owed,
    )
    ours = (events, deliveries, types, kits)
    return [*kaizala.routes(), *reports.routes(), *(route for api in ours for route in api.routes())]


def _checks(parts: Parts) -> Mapping[str, Check]:
    async def store() -> None:
        await parts.database.read(int, "subscriptions_version")

    async def tenure() -> None:
        if parts.hub.tenure.trouble:
            raise Unavailable(parts.hub.tenure.trouble)
        if parts.hub.courier is not None and not parts.hub.tenure.is_fresh:
            raise Unavailable("the last beat is too old, so nothing is sent; it goes on when the store has answered")

    async def descriptors() -> None:
        DESCRIPTORS.check()

    return {"store": store, "tenure": tenure, "descriptors": descriptors}


def _metrics(parts: Parts, *, process: int) -> Page:
    return metrics_page(
        version=VERSION,
        figures=[*_figures(parts), *named_figures(parts)],
        latencies=_latencies(parts),
        process=str(process) if parts.settings.siblings else "",
    )


def _figures(parts: Parts) -> Sequence[Figure]:
    publisher, courier = parts.hub.publisher, parts.hub.courier

    async def standing() -> dict[str, float]:
        owed = await parts.history.standing()
        return {"pending": owed.pending, "retrying": owed.retrying, "held": owed.held}

    figures = [
        Figure(name="tidings_accepted_total", meaning="Events kept", read=lambda: publisher.accepted),
        Figure(name="tidings_duplicates_total", meaning="Events that were there", read=lambda: publisher.duplicates),
        Figure(
            name="tidings_owed",
            meaning="Deliveries that are not finished, counted up to 250,000",
            read=standing,
            kind=Kind.GAUGE,
            label="state",
        ),
        *_receiving_figures(parts),
    ]
    if courier is None:
        return figures
    return [
        *figures,
        Figure(name="tidings_delivered_total", meaning="Attempts answered with 2xx", read=lambda: courier.delivered),
        Figure(name="tidings_failed_attempts_total", meaning="All other attempts", read=lambda: courier.refused),
        Figure(name="tidings_in_flight", meaning="Requests under way", read=lambda: courier.in_flight, kind=Kind.GAUGE),
        Figure(
            name="tidings_held_in_memory",
            meaning="Deliveries leased to this process that wait",
            read=lambda: courier.roster.held,
            kind=Kind.GAUGE,
        ),
        Figure(
            name="tidings_circuits",
            meaning="Circuits of webhooks that something is owed to",
            read=courier.roster.circuits,
            kind=Kind.GAUGE,
            label="state",
        ),
    ]


def _receiving_figures(parts: Parts) -> Sequence[Figure]:
    receiving, laying = parts.inbox.receiving, parts.inbox.laying
    if "receive" not in parts.settings.roles:
        return []
    return [
        Figure(name="tidings_received_total", meaning="Callbacks of sources kept", read=lambda: receiving.received),
        Figure(name="tidings_receipts_laid_total", meaning="Of those, laid flat", read=lambda: laying.laid),
        Figure(
            name="tidings_receipts_unreadable_total",
            meaning="Of those, not understood",
            read=lambda: laying.unreadable,
        ),
        Figure(
            name="tidings_receipts_refused_total",
            meaning="Callbacks that did not prove to be of their source",
            read=receiving.forged.total,
        ),
    ]


def _latencies(parts: Parts) -> Sequence[Latency]:
    courier = parts.hub.courier
    if courier is None:
        return []
    return [
        Latency(
            name="tidings_attempt_seconds",
            meaning="From the start of an attempt to its end",
            histogram=courier.attempt_ms,
        ),
        Latency(
            name="tidings_arrival_seconds",
            meaning="From an event to the 2xx of its subscriber",
            histogram=courier.arrival_ms,
        ),
    ]


def _samples(parts: Parts) -> Iterator[Sample]:
    for event in parts.found.samples.values():
        subject = event.subjects[0]
        dialect = parts.found.dialects[parts.found.default_for.get(subject.kind, "standard")]
        subscription = Subscription(
            id="0d5e5a36-9a52-4a5f-8a6a-2f6c1e7b8c90",
            subject=subject,
            types=compile_types([event.type]),
            url="https://example.com/callbacks",
            format=dialect.name,
            context="Whatever the webhook was made with",
            expires_at=event.at + DEFAULT_VALIDITY_MS,
        )
        body = dialect.write(event, subscription)
        yield Sample(
            name=event.type, summary=f"{event.type}, as {dialect.name}", content_type=dialect.content_type, body=body
        )
