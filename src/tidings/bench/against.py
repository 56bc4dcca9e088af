"""Against: the same load and the same receiver, with a webhook server of another make between them."""

import contextlib
import ipaddress
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from tidings.bench.adapter import Adapter, from_environment, read_adapter
from tidings.bench.carrying import HOST, Target, Told, a_second, carried_through, module_of, webhooks
from tidings.bench.figures import Compared, Latency
from tidings.bench.foreign import Foreign
from tidings.bench.load import Publish, Published
from tidings.bench.process import Process, cpu_us, started
from tidings.bench.receiver import Open
from tidings.bench.run import MOST_DELIVERIES, Plan
from tidings.bench.weighing import Weighed, used_us, weighed
from tidings.bench.work import Of
from tidings.core.clock import Clock
from tidings.core.errors import Invalid
from tidings.core.report import ReportFormat

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """The other server: its adapter, where it is, which processes are its own, and where the receiver is for it."""

    adapter: Path
    url: str
    pids: Sequence[int] = ()
    receive_at: str = HOST


async def measure_against(plan: Plan, against: Against, *, tell: Told) -> Compared:
    """Run it, telling each step. Raises Invalid for what cannot be, Unavailable for a server that does not answer."""
    _check(plan, against)
    adapter = read_adapter(against.adapter)
    foreign = Foreign(adapter=adapter, names=_names(adapter, against.url))
    processes = weighed(against.pids)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tidings-bench-")))
        opening = Open(events=plan.events, fan_out=plan.fan_out, host=against.receive_at, stamp=adapter.publish.stamp)
        target = await webhooks(stack, folder=folder, opening=opening)
        tell(f"making what {adapter.name} needs")
        await stack.enter_async_context(foreign.set_up(target.urls))
        url, request = foreign.request(payload=plan.payload, is_batch=plan.batch > 1)
        parts = urlsplit(url)
        order = Publish(
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            request=request,
            events=plan.events,
            concurrency=plan.concurrency,
            batch=plan.batch,
            rate=plan.rate,
            is_tls=parts.scheme == "https",
        )
        load = await stack.enter_async_context(started("load", *module_of("load"), folder=folder))
        # Nothing, so that its start is over when it is weighed.
        await load.ask(replace(order, events=0, concurrency=0), Published)
        run = _Run(plan=plan, name=adapter.name, processes=processes, load=load, target=target)
        figures = await run.measured(order, tell=tell)
    # Only now is everything taken down.
    return replace(figures, left=foreign.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """Everything is set up and waits for the load."""

    plan: Plan
    name: str
    processes: Sequence[Weighed]
    load: Process
    target: Target

    async def measured(self, order: Publish, *, tell: Told) -> Compared:
        before = self._used()
        published, arrivals = await carried_through(
            order, load=self.load, target=self.target, fan_out=self.plan.fan_out, tell=tell
        )
        accepted = self.plan.events - len(published.refused)
        used = self._used()
        return Compared(
            engine=self.name,
            of=self.plan.of,
            events=self.plan.events,
            fan_out=self.plan.fan_out,
            accepted_per_s=a_second(accepted, published.last_us - published.first_us),
            delivered_per_s=a_second(arrivals.arrived, arrivals.last_us - published.first_us),
            latency_ms=Latency(p50=arrivals.p50_ms, p99=arrivals.p99_ms),
            cpu_us_per_event={name: round((used[name] - before[name]) / max(1, accepted), 1) for name in used},
            peak_rss_mb=round(sum(one.peak_rss_mb() for one in self.processes), 1),
            lost=max(0, accepted * self.plan.fan_out - arrivals.arrived),
            duplicates=arrivals.duplicates,
            refused=len(published.refused),
            why=published.why,
            foreign=arrivals.foreign,
        )

    def _used(self) -> dict[str, int]:
        ours = (self.load, *self.target.processes)
        return {**used_us(self.processes), **{f"our {one.name}": cpu_us(one.pid) for one in ours}}


def _check(plan: Plan, against: Against) -> None:
    of_ours = (plan.of, plan.database, plan.is_tls, plan.format, plan.workers)
    if of_ours != (Of.EVENTS, "", False, ReportFormat.CSV, 1):
        raise Invalid(
            "--against: --of, --database, --format, --tls and --workers are for our own server; leave them out"
        )
    if plan.events * plan.fan_out > MOST_DELIVERIES:
        raise Invalid(f"--events times --fan-out: at most {MOST_DELIVERIES:,} deliveries can be counted")
    parts = urlsplit(against.url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Invalid(f"--url: {against.url!r} is no address of a server; write http://HOST:PORT")
    try:
        is_reachable = not ipaddress.IPv4Address(against.receive_at).is_unspecified
    except ValueError:
        is_reachable = False
    if not is_reachable:
        raise Invalid("--receive-at: write an IPv4 address of this machine by which the server reaches it")


def _names(adapter: Adapter, url: str) -> dict[str, str]:
    now = datetime.fromtimestamp(Clock().now() / 1_000, UTC)
    return {
        **from_environment(adapter, os.environ),
        "url": url.rstrip("/"),
        "run": secrets.token_hex(6),
        "now": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
