"""Serving: an installation at work, from the first readiness to the last byte."""

import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tidings.app.compose import opened, running
from tidings.app.front import front
from tidings.app.parts import Parts
from tidings.app.settings import Settings
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.web.server import Certificate, Server

log = logging.getLogger(__name__)

# Any of them turns traces on, as for every program that speaks OpenTelemetry.
TRACES_GO_TO = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that answers. `url` ends in `/` and is what the outside is told."""

    url: str
    parts: Parts


@contextlib.asynccontextmanager
async def served(settings: Settings, *, clock: Clock | None = None, process: int = 0) -> AsyncIterator[Served]:
    """Serve while in the context; on leaving, accept nothing new and finish or give back what is under way.

    `process` is our number among those that share the port.

    Without the role `api` nothing listens: the process delivers only. Raises as `opened` and `Server.listening`.
    """
    async with opened(settings, clock=clock, is_serving=True) as parts, _traced(parts), running(parts):
        if parts.settings.roles.isdisjoint({"api", "receive"}):
            yield _started(parts)
        else:
            async with _listening(parts, process=process):
                yield _started(parts)
        log.info("server.stopped")


@contextlib.asynccontextmanager
async def _traced(parts: Parts) -> AsyncIterator[None]:
    if not any(os.environ.get(name) for name in TRACES_GO_TO):
        yield
        return
    try:
        from tidings.app.traces import tracing  # noqa: PLC0415 - needs what only the extra brings
    except ImportError as error:
        raise Invalid(f"{TRACES_GO_TO[0]} is set, but traces are an extra: pip install 'tidings[otel]'") from error
    async with tracing() as traces:
        parts.hub.watch(kept=traces.kept, attempted=traces.attempted)
        yield


def _started(parts: Parts) -> Served:
    log.info("server.started url=%s roles=%s", parts.settings.base_url, ",".join(sorted(parts.settings.roles)))
    return Served(url=parts.settings.base_url, parts=parts)


@contextlib.asynccontextmanager
async def _listening(parts: Parts, *, process: int) -> AsyncIterator[None]:
    settings = parts.settings
    certificate = None
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate = Certificate(chain=settings.tls_cert, key=settings.tls_key)
    opening = front(parts, process=process)

    def on_stop() -> None:
        parts.inspector.close()
        if opening.console is not None:
            opening.console.close()
        if parts.hub.courier is not None:
            parts.hub.courier.begin_grace()

    server = Server(
        opening.application,
        clock=parts.clock,
        intake=opening.intake,
        counter=opening.counter,
        receive=opening.receive,
        certificate=certificate,
        on_stop=on_stop,
    )
    is_shared = settings.siblings > 0
    async with opening.keeping_up(), server.listening(settings.host, settings.port, is_shared=is_shared):
        yield
