"""Serving: an installation at work, from the first readiness to the last byte."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tidings.app.compose import Parts, opened, running
from tidings.app.front import front
from tidings.app.settings import Settings
from tidings.core.clock import Clock
from tidings.web.server import Certificate, Server

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers. `url` ends in `/` and is what the outside is told."""

    url: str
    parts: Parts


@contextlib.asynccontextmanager
async def served(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Served]:
    """Serve while in the context; on leaving, accept nothing new and finish or give back what is under way.

    Without the role `api` nothing listens: the process delivers only. Raises as `opened` and `Server.listening`.
    """
    async with opened(settings, clock=clock, is_serving=True) as parts, running(parts):
        if parts.settings.roles.isdisjoint({"api", "receive"}):
            yield _started(parts)
        else:
            async with _listening(parts):
                yield _started(parts)
        log.info("server.stopped")


def _started(parts: Parts) -> Served:
    log.info("server.started url=%s roles=%s", parts.settings.base_url, ",".join(sorted(parts.settings.roles)))
    return Served(url=parts.settings.base_url, parts=parts)


@contextlib.asynccontextmanager
async def _listening(parts: Parts) -> AsyncIterator[None]:
    settings = parts.settings
    certificate = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate = Certificate(chain=settings.tls_cert, key=settings.tls_key)
    opening = front(parts)

    def on_stop() -> None:
        parts.inspector.close()
        if parts.hub.courier is not None:
            parts.hub.courier.begin_grace()

    server = Server(
        opening.application,
        clock=parts.clock,
        intake=opening.intake,
        certificate=certificate,
        on_stop=on_stop,
    )
    async with opening.keeping_up(), server.listening(settings.host, settings.port):
        yield
