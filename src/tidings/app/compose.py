"""Composition: the one place that knows which parts there are and how they are put together."""

import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from tidings.access.access import Access
from tidings.access.pin_sender import pin_sender
from tidings.app.lazily import lazily_pieces, lazily_query, lazily_tables, open_ahead
from tidings.app.noted import noted
from tidings.app.parts import Parts
from tidings.app.secret_key import open_vault
from tidings.app.settings import Settings
from tidings.console.entrance import Entrance
from tidings.core.alongside import alongside
from tidings.core.clock import Clock
from tidings.core.errors import Unavailable
from tidings.core.secret import Secret
from tidings.core.vault import Vault
from tidings.dashboards.carrying import Carrying
from tidings.dashboards.changes import Changes
from tidings.dashboards.drawing import Drawing
from tidings.dashboards.passing import SINK, Passing
from tidings.dashboards.showing import Showing
from tidings.dialects.discovery import Found, discover
from tidings.dialects.kaizala.catalogue import EVENT_TYPES
from tidings.egress.client import Client
from tidings.egress.guard import Guard
from tidings.egress.porters import Porters
from tidings.egress.resolver import Resolver
from tidings.egress.rules import Own, Rules
from tidings.inbox.apart import Apart
from tidings.inbox.inbox import Inbox, open_inbox
from tidings.inbox.inspector import Inspector
from tidings.inbox.pulling import Pulling
from tidings.outbox.hub import Hub, HubSettings
from tidings.outbox.subscribing import Subscribing
from tidings.reports.links import link_key
from tidings.reports.opening import Ground as ReportsGround
from tidings.reports.opening import Reports, open_reports
from tidings.store.bins import Bins
from tidings.store.database import Database
from tidings.store.history import History
from tidings.store.kept_for import Forgotten, KeptFor
from tidings.store.open import open_database
from tidings.store.pulls import Pulls
from tidings.store.resealing import say_who_seals
from tidings.store.settings import check_vault
from tidings.store.sinks import Sinks
from tidings.store.subscriptions import Subscriptions
from tidings.web.listener import listening
from tidings.workspace.rights import Rights
from tidings.workspace.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from tidings.tables.query import Query
    from tidings.tables.tables import Tables

log = logging.getLogger(__name__)

# Captures live for days; a minute more is nothing.
FORGET_EVERY_S = 60.0
# Paths of our own that callbacks may lead to; nothing else of ours is called.
OWN_PATHS = ("bin/", "receive/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What the parts stand on."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    client: Client
    guard: Guard
    found: Found
    hub: Hub
    subscriptions: Subscriptions
    open_tables: Callable[[], "Tables"]
    scribes: Apart | None
    link_key: Secret

    @property
    def history(self) -> History:
        return History(self.database)


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, clock: Clock | None = None, is_serving: bool = False) -> AsyncIterator[Parts]:
    """Open the store, bring it up to date, check the key, and put the parts together.

    Raises `Invalid` for a setting or key that does not fit, `Conflict` if another process serves this SQLite file.
    """
    clock = clock or Clock()
    settings = _with_a_port(settings)
    async with contextlib.AsyncExitStack() as stack:
        yield _put_together(await _ground(settings, stack, clock=clock, is_serving=is_serving))


async def _ground(settings: Settings, stack: contextlib.AsyncExitStack, *, clock: Clock, is_serving: bool) -> _Ground:
    vault = open_vault(settings.secret_key.reveal(), folder=settings.data_folder)
    database = await open_database(settings.database.reveal(), clock=clock, serving=is_serving)
    stack.push_async_callback(database.close)
    await database.migrate()
    await check_vault(database, vault)
    rules = _rules(settings)
    guard = rules.guard(await stack.enter_async_context(Resolver(clock=clock)))
    porters = settings.porters if is_serving else 0
    client = await stack.enter_async_context(
        Porters(rules, guard=guard, clock=clock, count=porters) if porters else rules.client(guard, clock=clock)
    )
    found, subscriptions = discover(), Subscriptions(database, vault)
    return _Ground(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        client=client,
        guard=guard,
        found=found,
        hub=Hub(
            database,
            subscriptions=subscriptions,
            client=client,
            clock=clock,
            dialects=found.dialects,
            settings=_hub_settings(settings),
        ),
        subscriptions=subscriptions,
        open_tables=lazily_tables(settings, stack),
        scribes=_scribes(settings, stack) if is_serving else None,
        link_key=await link_key(database, vault),
    )


@contextlib.asynccontextmanager
async def running(parts: Parts) -> AsyncIterator[None]:
    """Publish, deliver and look after things while in the context."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(parts.hub.running())
        sealing = say_who_seals(parts.database, parts.vault, clock=parts.clock)
        await stack.enter_async_context(alongside(parts.access.run(), sealing, _forget(parts), *noted(parts)))
        if "receive" in parts.settings.roles:
            await stack.enter_async_context(alongside(parts.changes.run(), parts.passing.run()))
            await stack.enter_async_context(parts.inbox.running())
        if "pull" in parts.settings.roles:
            await stack.enter_async_context(alongside(parts.pulling.run()))
        if "api" in parts.settings.roles:
            await stack.enter_async_context(alongside(open_ahead(parts)))
        if parts.settings.roles & {"api", "report"}:
            await stack.enter_async_context(parts.drawing.running())
            await stack.enter_async_context(parts.reports.maker.running())
        if "report" in parts.settings.roles:
            await stack.enter_async_context(parts.reports.at_work())
        yield


async def _forget(parts: Parts) -> None:
    receipts = KeptFor(parts.database, Forgotten.RECEIPTS, most_ms=parts.settings.receipt_retention)
    while True:
        try:
            await parts.inspector.forget()
            await parts.workspace.media.forget_unfinished()
            while await parts.inbox.forget(before=parts.clock.now() - await receipts.ms()):
                continue
        except Unavailable as error:
            log.warning("forget_failed error=%r", error.message)
        await parts.clock.sleep(FORGET_EVERY_S)


def is_own(settings: Settings, url: str) -> bool:
    """Whether a URL leads to one of our own addresses that catch callbacks."""
    return url.startswith(_own_urls(settings))


def _own_urls(settings: Settings) -> tuple[str, ...]:
    return tuple(settings.base_url + path for path in OWN_PATHS)


def _rules(settings: Settings) -> Rules:
    return Rules(
        allow=[str(block) for block in settings.egress_allow],
        plain_http=settings.egress_http,
        ca_file=str(settings.egress_ca or ""),
        proxy=settings.egress_proxy.reveal(),
        own=Own(
            beginnings=_own_urls(settings),
            address=_reachable(settings.host),
            port=settings.port,
            is_tls=settings.tls_cert is not None,
        ),
        user_agent=f"Tidings/{version('tidings')}",
    )


def _put_together(ground: _Ground) -> Parts:
    settings, database, clock = ground.settings, ground.database, ground.clock
    inbox = _inbox(ground)
    open_query = lazily_query(ground.open_tables, clock=clock)
    showing = Showing(lazily_pieces(open_query))
    changes = Changes(showing, ground.hub.publisher, clock=clock)
    subscribing = _subscribing(ground)
    passing = _passing(ground, inbox, subscribing=subscribing)
    access, drawing = _access(ground), Drawing(clock)

    def on_laid(names: frozenset[str]) -> None:
        changes.note(names)
        passing.wake()

    inbox.laying.on_laid = on_laid
    return Parts(
        settings=settings,
        clock=clock,
        database=database,
        vault=ground.vault,
        client=ground.client,
        found=ground.found,
        subscriptions=ground.subscriptions,
        history=ground.history,
        hub=ground.hub,
        subscribing=subscribing,
        access=access,
        workspace=_workspace(ground),
        inspector=Inspector(Bins(database), clock),
        inbox=inbox,
        pulling=_pulling(ground, inbox, open_query=open_query),
        showing=showing,
        drawing=drawing,
        changes=changes,
        passing=passing,
        reports=_reports(ground, drawing=drawing, showing=showing),
        entrance=Entrance(database, access=access, clock=clock),
        open_tables=ground.open_tables,
        open_query=open_query,
    )


def _inbox(ground: _Ground) -> Inbox:
    return open_inbox(
        ground.database,
        vault=ground.vault,
        clock=ground.clock,
        readers=ground.found.readers,
        open_tables=ground.open_tables,
        scribes=ground.scribes,
    )


def _pulling(ground: _Ground, inbox: Inbox, *, open_query: Callable[[], "Query"]) -> Pulling:
    pulling = Pulling(
        Pulls(ground.database, ground.vault),
        inbox.receipts,
        sources=inbox.sources,
        readers=ground.found.readers,
        pullers=ground.found.pullers,
        send=ground.client.send,
        open_query=open_query,
        clock=ground.clock,
    )
    pulling.on_kept = inbox.laying.wake
    return pulling


def _passing(ground: _Ground, inbox: Inbox, *, subscribing: Subscribing) -> Passing:
    sinks = Sinks(ground.database, ground.vault)
    carrying = Carrying(sinks, send=ground.client.send, open_tables=ground.open_tables, clock=ground.clock)
    if ground.hub.courier is not None:
        ground.hub.courier.carriers[SINK] = carrying.carry
    return Passing(
        sinks=sinks,
        sources=inbox.sources,
        receipts=inbox.receipts,
        readers=ground.found.readers,
        open_tables=ground.open_tables,
        subscribing=subscribing,
        carrying=carrying,
        clock=ground.clock,
    )


def _reports(ground: _Ground, *, drawing: Drawing, showing: Showing) -> Reports:
    return open_reports(
        ReportsGround(
            database=ground.database,
            vault=ground.vault,
            clock=ground.clock,
            hub=ground.hub,
            subscriptions=ground.subscriptions,
            drawing=drawing,
            showing=showing,
            send=ground.client.send,
            tables_url=Secret(ground.settings.tables_url),
            public_url=ground.settings.base_url,
            link_key=ground.link_key,
            retention_ms=ground.settings.report_retention,
        )
    )


def _scribes(settings: Settings, stack: contextlib.AsyncExitStack) -> Apart:
    apart = Apart("tidings.app.scribe", tables_url=settings.tables_url)
    stack.push_async_callback(apart.close)
    return apart


def _subscribing(ground: _Ground) -> Subscribing:
    settings, found = ground.settings, ground.found
    return Subscribing(
        subscriptions=ground.subscriptions,
        history=ground.history,
        publisher=ground.hub.publisher,
        directory=ground.hub.directory,
        client=ground.client,
        guard=ground.guard,
        clock=ground.clock,
        formats=found.dialects.keys(),
        default_format=found.default_format,
        handshake=settings.handshake,
        is_own=lambda url: is_own(settings, url),
    )


def _access(ground: _Ground) -> Access:
    settings = ground.settings
    sender = pin_sender(settings.pin_sender.reveal(), send=ground.client.send, ca_file=settings.egress_ca)
    return Access(ground.database, vault=ground.vault, clock=ground.clock, pin_sender=sender)


def _workspace(ground: _Ground) -> Workspace:
    return open_workspace(
        ground.database,
        rights=Rights(ground.database, subscriptions=ground.subscriptions, clock=ground.clock, group_types=EVENT_TYPES),
        publisher=ground.hub.publisher,
        directory=ground.hub.directory,
        client=ground.client,
        clock=ground.clock,
        public_url=ground.settings.base_url,
        media_max=ground.settings.media_max,
    )


def _hub_settings(settings: Settings) -> HubSettings:
    return HubSettings(
        schedule=settings.retry_schedule,
        retention_ms=settings.retention,
        is_delivering="deliver" in settings.roles,
    )


def _with_a_port(settings: Settings) -> Settings:
    if settings.port:
        return settings
    with listening(settings.host, 0) as listener:
        return replace(settings, port=listener.getsockname()[1])


def _reachable(host: str) -> str:
    # What listens everywhere is dialled at home.
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not a bind
