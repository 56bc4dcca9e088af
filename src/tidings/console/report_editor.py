"""Report editor: what is in a template, changed and tried before it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.page import POLICY
from tidings.console.place import Place
from tidings.console.report_doors import looking, making, may_make, put_off
from tidings.console.report_rows import MOST_OF, Rows, at_its_row, changed, content_of, rows_in, rows_of
from tidings.console.report_values import KINDS
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Conflict, Invalid, TidingsError, Unavailable
from tidings.core.report import Content, Filter, ReportAuthor, ReportRole, Template, is_at_least
from tidings.reports.pages import SERVED_POLICY
from tidings.reports.roles import may_rule

# Bytes: a page of the largest size in a form that writes most signs as three.
_LARGEST = 8 << 20
# A preview comes back to be shown: of the largest, in signs of four bytes each.
_LARGEST_SHOWN = 34 << 20
# Charts of dashboards to choose from; each form has a dashboard of its own.
_MOST_CHARTS = 300
# A preview is in a frame of ours, and an origin of its own.
_SHOWN_POLICY = f"{SERVED_POLICY}; frame-ancestors 'self'"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What stands in the form, and what became of it."""

    title: str
    html: str
    rows: Rows
    shown: str = ""
    error: TidingsError | None = None


class ReportEditor:
    """Whoever makes templates sees and changes them here."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._templates = offers.reports.templates
        self._showing = offers.showing

    def places(self) -> Sequence[Place]:
        here, right = "/reports/templates", Right.BE_ONESELF
        return [
            Place(path=f"{here}/shown", does=self._show, needs=right, method="POST", largest=_LARGEST_SHOWN),
            Place(path=f"{here}/{{id}}", does=self._edit, needs=right),
            Place(path=f"{here}/{{id}}", does=self._change, needs=right, method="POST", largest=_LARGEST),
        ]

    async def _edit(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        template = await self._templates.get(visit.path["id"])
        if not may_make(author):
            return visit.go(f"/console/reports/templates/{template.id}/versions/{template.version}")
        content = await self._templates.content(template.id)
        draft = _Draft(title=template.title, html=content.html, rows=rows_of(content))
        return await self._page(visit, template, author=author, draft=draft)

    async def _change(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        template = await self._templates.get(visit.path["id"])
        form, rows = visit.form, rows_in(visit.form)
        do = form.text("do")
        draft = _Draft(title=form.text("title"), html=form.text("html"), rows=changed(rows, do))
        if do not in {"save", "preview"}:
            return await self._page(visit, template, author=author, draft=draft)
        try:
            content = content_of(form, rows)
            if do == "preview":
                shown = await self._preview(visit, content, author=author)
                return await self._page(visit, template, author=author, draft=replace(draft, shown=shown))
            self._must_be_newest(visit, template)
            saved, waiting = await self._templates.save(
                template.id, author=author, content=content, title=form.needed("title")
            )
        except (Invalid, Conflict, Unavailable) as error:
            draft = replace(draft, error=at_its_row(error, rows))
            return await self._page(visit, template, author=author, draft=draft)
        said = f"Saved as version {saved.version}." if saved.version > template.version else "Saved."
        return visit.go(f"/console/reports/templates/{template.id}", said=f"{said}{put_off(waiting)}")

    async def _preview(self, visit: Visit, content: Content, *, author: ReportAuthor) -> str:
        parameters = {one.name: one.default for one in content.parameters}
        filters: Sequence[Filter] = content.filter_sets.get(visit.form.text("tried"), ())
        return await self._reports.jobs.preview(content, author=author, parameters=parameters, filters=filters)

    def _must_be_newest(self, visit: Visit, template: Template) -> None:
        if visit.form.text("version") not in {"", str(template.version)}:
            raise Conflict(
                f"somebody saved version {template.version} meanwhile; open the template again in another window, and"
                " bring over what you changed"
            )

    async def _show(self, visit: Visit) -> Response:
        """A preview in a frame. It is what the form of a page of ours holds, which nobody else can send."""
        await making(visit, self._reports)
        return Response(
            visit.form.text("document").encode("utf-8", "replace"),
            media_type="text/html",
            headers={
                "content-security-policy": _SHOWN_POLICY,
                "cache-control": "no-store",
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
            },
        )

    async def _page(self, visit: Visit, template: Template, *, author: ReportAuthor, draft: _Draft) -> Response:
        answer = visit.page(
            "reports/editor.html",
            block="editor",
            error=draft.error,
            held=template,
            draft=draft,
            kinds=tuple(KINDS.items()),
            connections=await self._connections(),
            charts=await self._charts(draft.rows),
            sets=[(name, name) for row in draft.rows["set"] if (name := row.values["name"])],
            most_of=MOST_OF,
            may_change=may_rule(author, owner=template.made_by)
            and (not template.is_base or is_at_least(author.role, ReportRole.PUBLISHER)),
        )
        # Only here may a page of ours have another in it: one of ours, in its own sandbox.
        answer.headers["content-security-policy"] = f"{POLICY}; frame-src 'self'"
        return answer

    async def _connections(self) -> list[tuple[str, str]]:
        found = await self._reports.connections.list()
        return [("", "our own tables"), *((one.name, f"{one.name} ({one.kind})") for one in found)]

    async def _charts(self, rows: Rows) -> list[tuple[str, str]]:
        """Charts to choose from. What stands in the form stays, even if it is no more."""
        try:
            boards = await self._showing.boards()
        except Unavailable:
            # A template can be written while the tables are away.
            boards = {}
        found = {
            f"{board.name}/{chart.name}": f"{board.title}: {chart.title}"
            for board in boards.values()
            for chart in board.charts
        }
        named = [one for row in rows["chart"] if (one := row.values["source"])]
        shown = dict.fromkeys((*named, *list(found)[:_MOST_CHARTS]))
        return [("", "one of its own, below"), *((one, found.get(one, one)) for one in shown)]
