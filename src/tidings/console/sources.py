"""Sources: what comes in from elsewhere, what became of it, and where it goes."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.receipt_view import view_of_receipt
from tidings.console.rights import Right
from tidings.console.source_words import words_for
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.inbox.inbox import address_of
from tidings.store.cursor import read_cursor
from tidings.store.receipts import NEWEST, Source, State, no_such_source

_A_PAGE = 25
_MOST_PULLS = _MOST_SINKS = 100
# Receipts that are laid again at a click; whoever has more clicks again.
_REPLAYED_AT_ONCE = 500
_SECRET = "•••"  # noqa: S105 - what stands for one


class Sources:
    """Lists them, makes and ends them, and shows what each received."""

    def __init__(self, offers: Offers) -> None:
        self._inbox = offers.inbox
        self._pulling = offers.pulling
        self._sinks = offers.passing.sinks
        self._access = offers.access
        self._readers = offers.readers
        self._clock = offers.clock
        self._public_url = offers.public_url

    def places(self) -> Sequence[Place]:
        return [
            Place(path="/sources", does=self._list, needs=Right.LOOK),
            Place(path="/sources", does=self._create, needs=Right.OPERATE, method="POST"),
            Place(path="/sources/new", does=self._new, needs=Right.OPERATE),
            Place(path="/sources/{name}", does=self._show, needs=Right.LOOK),
            Place(path="/sources/{name}/end", does=self._end, needs=Right.OPERATE, method="POST"),
            Place(path="/sources/{name}/replay", does=self._replay_unreadable, needs=Right.OPERATE, method="POST"),
            Place(path="/sources/{name}/receipts/{id}", does=self._receipt, needs=Right.LOOK),
            Place(path="/sources/{name}/receipts/{id}/body", does=self._body, needs=Right.OPERATE),
            Place(path="/sources/{name}/receipts/{id}/replay", does=self._replay, needs=Right.OPERATE, method="POST"),
        ]

    async def _list(self, visit: Visit) -> Response:
        listed = await self._inbox.sources.list(after=visit.query.get("cursor", ""), most=_A_PAGE + 1)
        shown = listed[:_A_PAGE]
        newest = {one.name: await self._inbox.receipts.glimpses(one.name, most=1) for one in shown}
        return visit.page(
            "sources/list.html",
            block="rows",
            sources=shown,
            newest={name: glimpses[0] for name, glimpses in newest.items() if glimpses},
            words_for=words_for,
            cursor=shown[-1].name if len(listed) > _A_PAGE else "",
            refused=list(reversed(self._inbox.receiving.refused)),
        )

    async def _new(self, visit: Visit) -> Response:
        return self._form(visit)

    def _form(self, visit: Visit, *, error: TidingsError | None = None) -> Response:
        dialects = [(name, words_for(name).title) for name in sorted(self._readers, key=lambda one: one != "kaizala")]
        return visit.page("sources/new.html", dialects=dialects, error=error)

    async def _create(self, visit: Visit) -> Response:
        try:
            made = await self._inbox.create_source(
                visit.form.needed("name"),
                dialect=visit.form.needed("dialect"),
                actor=visit.person.id,
                secret=visit.form.text("secret") or None,
                addresses=visit.form.text("addresses"),
            )
        except TidingsError as error:
            return self._form(visit, error=error)
        # Not a page of its own: the secret is told this once.
        return visit.page(
            "sources/made.html",
            status=201,
            source=made,
            address=address_of(made, base_url=self._public_url),
            secret=made.secret.reveal(),
            words=words_for(made.dialect),
        )

    async def _show(self, visit: Visit) -> Response:
        source = await self._source(visit)
        is_unreadable = visit.query.get("only") == "unreadable"
        before = read_cursor(visit.query.get("cursor", ""), start=NEWEST)
        listed = await self._inbox.receipts.glimpses(
            source.name, unreadable=is_unreadable, before=before, most=_A_PAGE + 1
        )
        shown = listed[:_A_PAGE]
        sinks = await self._sinks.of_source(source.name, most=_MOST_SINKS)
        return visit.page(
            "sources/source.html",
            block="receipts",
            source=source,
            is_ended=await self._inbox.sources.get(source.name) is None,
            words=words_for(source.dialect),
            address=_without_secret(source, base_url=self._public_url),
            receipts=shown,
            is_unreadable=is_unreadable,
            has_cursor="cursor" in visit.query,
            cursor=shown[-1].id if len(listed) > _A_PAGE else 0,
            refused=[one for one in reversed(self._inbox.receiving.refused) if one.source == source.name],
            forged=self._inbox.receiving.forged[source.name],
            pulls=await self._pulling.pulls.of_source(source.name, most=_MOST_PULLS),
            can_pull=self._pulling.can(source.dialect),
            sinks=sinks,
            standings={one.name: one for one in await self._sinks.standings(most=_MOST_SINKS)} if sinks else {},
        )

    async def _end(self, visit: Visit) -> Response:
        await self._inbox.end_source(visit.path["name"], actor=visit.person.id)
        return visit.go("/console/sources", said=f"{visit.path['name']} takes nothing any more; what it sent is kept.")

    async def _receipt(self, visit: Visit) -> Response:
        source = await self._source(visit)
        entry = await self._inbox.receipts.one(source.name, _number(visit.path["id"]))
        view = view_of_receipt(entry, may_see_all=visit.may(Right.OPERATE))
        return visit.page("sources/receipt.html", source=source, entry=entry, receipt=entry.receipt, view=view)

    async def _body(self, visit: Visit) -> Response:
        """To the byte."""
        entry = await self._inbox.receipts.one(visit.path["name"], _number(visit.path["id"]))
        response = visit.data(entry.receipt.body, "application/octet-stream")
        response.headers["content-disposition"] = f'attachment; filename="receipt-{entry.receipt.id}.bin"'
        return response

    async def _replay(self, visit: Visit) -> Response:
        name, number = visit.path["name"], _number(visit.path["id"])
        entry = await self._inbox.receipts.one(name, number)
        await self._inbox.laying.lay([entry.receipt])
        await self._access.audit(visit.person.id, "receipt.replayed", about=f"{name}/{number}")
        after = await self._inbox.receipts.one(name, number)
        is_good = after.state is not State.UNREADABLE
        said = "It was laid flat again." if is_good else f"It still cannot be understood: {after.reason[:200]}"
        return visit.go(f"/console/sources/{quote(name)}/receipts/{number}", said=said, is_good=is_good)

    async def _replay_unreadable(self, visit: Visit) -> Response:
        source = await self._source(visit)
        unread = await self._inbox.receipts.glimpses(source.name, unreadable=True, most=_REPLAYED_AT_ONCE)
        for identifier in reversed([one.id for one in unread]):
            # One by one, so that no more than one of them is in memory.
            await self._inbox.laying.lay(await self._inbox.receipts.these([identifier]))
        await self._access.audit(visit.person.id, "receipts.replayed", about=source.name)
        left = await self._inbox.receipts.glimpses(source.name, unreadable=True, most=_REPLAYED_AT_ONCE)
        there = {one.id for one in left}
        understood = sum(one.id not in there for one in unread)
        return visit.go(
            f"/console/sources/{quote(source.name)}?only=unreadable",
            said=f"{understood} of {len(unread)} are understood now.",
            is_good=understood == len(unread),
        )

    async def _source(self, visit: Visit) -> Source:
        found = await self._inbox.sources.get(visit.path["name"], also_ended=True)
        if found is None:
            raise no_such_source()
        return found


def _without_secret(source: Source, *, base_url: str) -> str:
    address = f"{base_url}receive/{source.name}"
    return f"{address}/{_SECRET}" if words_for(source.dialect).is_secret_in_url else address


def _number(text: str) -> int:
    try:
        number = read_cursor(text, start=0)
    except Invalid:
        number = 0
    if not number:
        raise NotFound("there is no such receipt of this source, or it is kept no more")
    return number
