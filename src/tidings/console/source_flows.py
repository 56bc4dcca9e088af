"""Source flows: what is fetched for a source at intervals, and where its rows are sent on."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.clock import DAY, HOUR, MINUTE
from tidings.core.errors import Invalid, TidingsError
from tidings.core.secret import Secret
from tidings.dashboards.carrying import ListAddress
from tidings.store.pulls import no_such_pull
from tidings.store.receipts import no_such_source
from tidings.store.sinks import no_such_sink

_EVERY = ((MINUTE, "Every minute"), (5 * MINUTE, "Every 5 minutes"), (HOUR, "Every hour"), (DAY, "Every day"))
_DEFAULT_EVERY = str(5 * MINUTE)
_URL, _LIST = "url", "list"


class SourceFlows:
    """Makes and ends pulls and sinks."""

    def __init__(self, offers: Offers) -> None:
        self._sources = offers.inbox.sources
        self._pulling = offers.pulling
        self._passing = offers.passing
        self._showing = offers.showing

    def places(self) -> Sequence[Place]:
        pulls, sinks = "/sources/{name}/pulls", "/sources/{name}/sinks"
        return [
            Place(path=f"{pulls}/new", does=self._new_pull, needs=Right.OPERATE),
            Place(path=pulls, does=self._make_pull, needs=Right.OPERATE, method="POST"),
            Place(path=f"{pulls}/{{pull}}/end", does=self._end_pull, needs=Right.OPERATE, method="POST"),
            Place(path=f"{sinks}/new", does=self._new_sink, needs=Right.OPERATE),
            Place(path=sinks, does=self._make_sink, needs=Right.OPERATE, method="POST"),
            Place(path=f"{sinks}/{{sink}}/end", does=self._end_sink, needs=Right.OPERATE, method="POST"),
        ]

    async def _new_pull(self, visit: Visit) -> Response:
        return await self._pull_form(visit)

    async def _pull_form(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        every = [(str(length), title) for length, title in _EVERY]
        name = await self._source(visit)
        return visit.page("sources/pull.html", error=error, source=name, every=every, default_every=_DEFAULT_EVERY)

    async def _make_pull(self, visit: Visit) -> Response:
        source, form = await self._source(visit), visit.form
        try:
            made = await self._pulling.create(
                form.text("name") or source,
                source=source,
                remote=form.needed("remote"),
                application=form.needed("application"),
                secret=form.needed("secret"),
                refresh_token=form.needed("token"),
                group=form.needed("group"),
                every_ms=form.number("every"),
                actor=visit.person.id,
            )
        except TidingsError as error:
            return await self._pull_form(visit, error=error)
        return visit.go(
            _address(source), said=f"{made.name} is fetched from now on; a server with the role pull does it."
        )

    async def _end_pull(self, visit: Visit) -> Response:
        source, name = await self._source(visit), visit.path["pull"]
        pull = await self._pulling.pulls.get(name)
        if pull is None or pull.source != source:
            raise no_such_pull()
        await self._pulling.end(name, actor=visit.person.id)
        return visit.go(_address(source), said=f"{name} is fetched no more; what was fetched is kept.")

    async def _new_sink(self, visit: Visit) -> Response:
        return await self._sink_form(visit)

    async def _sink_form(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        sheets = await self._showing.sheets()
        tables = [("", "All tables"), *((name, name) for name in sheets)]
        kinds = [(_URL, "Any HTTPS address"), (_LIST, "A list of SharePoint")]
        name = await self._source(visit)
        return visit.page("sources/sink.html", error=error, source=name, tables=tables, kinds=kinds)

    async def _make_sink(self, visit: Visit) -> Response:
        source, form = await self._source(visit), visit.form
        try:
            made, secret = await self._passing.create(
                form.needed("name"),
                to=_destination(visit),
                actor=visit.person.id,
                table=form.text("table"),
                source=source,
                token=form.text("token") or None,
            )
        except TidingsError as error:
            return await self._sink_form(visit, error=error)
        if form.text("to") == _LIST:
            return visit.go(_address(source), said=f"{made.name} gets every new row from now on.")
        # Not a page of its own: the secret is told this once.
        return visit.page("sources/sink_made.html", status=201, source=source, sink=made, secret=secret.text)

    async def _end_sink(self, visit: Visit) -> Response:
        source, name = await self._source(visit), visit.path["sink"]
        sink = await self._passing.sinks.get(name)
        if sink is None or sink.source not in {"", source}:
            raise no_such_sink()
        await self._passing.end(name, actor=visit.person.id)
        return visit.go(_address(source), said=f"{name} gets nothing any more.")

    async def _source(self, visit: Visit) -> str:
        found = await self._sources.get(visit.path["name"])
        if found is None:
            raise no_such_source()
        return found.name


def _address(source: str) -> str:
    return f"/console/sources/{quote(source)}"


def _destination(visit: Visit) -> str | ListAddress:
    form = visit.form
    match form.text("to"):
        case "url":
            return form.needed("url")
        case "list":
            return ListAddress(
                tenant=form.needed("tenant"),
                client=form.needed("client"),
                secret=Secret(form.needed("client_secret")),
                site=form.needed("site"),
                list=form.needed("list"),
            )
        case _:
            raise Invalid("to: choose one of the list")
