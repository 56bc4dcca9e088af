"""Report templates: the list of them, new ones, copies, their files and their versions."""

from collections.abc import Sequence

from starlette.responses import Response

from tidings.console.offers import Offers
from tidings.console.place import Place
from tidings.console.report_doors import looking, making, may_make, put_off
from tidings.console.report_rows import rows_of
from tidings.console.rights import Right
from tidings.console.visit import Visit
from tidings.core.errors import Invalid, NotFound, TidingsError
from tidings.core.report import Content, ReportAuthor, ReportRole, Template, is_at_least
from tidings.reports.roles import may_rule

A_PAGE = 20
# Base templates to begin from: an installation has a handful (a guess).
_MOST_BASES = 100
# Bytes: `imported` takes somewhat less.
_LARGEST_FILE = 15_000_000
_ROOM = 1 << 16
# What a template begins with that begins empty; without a style of its own it has that of all reports.
_EMPTY = Content(html="<h1>{{ title }}</h1>\n<p>As of {{ at | date }}</p>\n")


class ReportTemplates:
    """Lists templates and makes them; what is in one is `report_editor`'s."""

    def __init__(self, offers: Offers) -> None:
        self._reports = offers.reports
        self._templates = offers.reports.templates

    def places(self) -> Sequence[Place]:
        here, right = "/reports/templates", Right.BE_ONESELF
        return [
            Place(path=here, does=self._list, needs=right),
            Place(path=f"{here}/new", does=self._new, needs=right),
            Place(path=f"{here}/new", does=self._create, needs=right, method="POST"),
            Place(path=f"{here}/import", does=self._import, needs=right, method="POST", largest=_LARGEST_FILE + _ROOM),
            Place(path=f"{here}/{{id}}/duplicate", does=self._duplicate, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/remove", does=self._remove, needs=right, method="POST"),
            Place(path=f"{here}/{{id}}/export", does=self._export, needs=right),
            Place(path=f"{here}/{{id}}/versions", does=self._versions, needs=right),
            Place(path=f"{here}/{{id}}/versions/{{version}}", does=self._version, needs=right),
            Place(path=f"{here}/{{id}}/versions/{{version}}", does=self._bring_back, needs=right, method="POST"),
        ]

    async def _list(self, visit: Visit, error: TidingsError | None = None) -> Response:
        author = await looking(visit, self._reports)
        is_base = visit.query.get("base", "") != ""
        skip = number_in(visit, "skip")
        found, total = await self._templates.list(is_base=is_base, skip=skip, most=A_PAGE)
        return visit.page(
            "reports/templates.html",
            error=error,
            author=author,
            may_make=may_make(author),
            templates=found,
            is_base=is_base,
            total=total,
            skip=skip,
            step=A_PAGE,
        )

    async def _new(self, visit: Visit, error: TidingsError | None = None) -> Response:
        author = await making(visit, self._reports)
        bases, _ = await self._templates.list(is_base=True, skip=0, most=_MOST_BASES)
        return visit.page(
            "reports/new_template.html",
            error=error,
            bases=[(one.id, one.title) for one in bases],
            may_publish=is_at_least(author.role, ReportRole.PUBLISHER),
        )

    async def _create(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        form = visit.form
        try:
            made = await self._made(form.needed("title"), base=form.text("base"), visit=visit, author=author)
        except Invalid as error:
            return await self._new(visit, error)
        return visit.go(f"/console/reports/templates/{made.id}", said="The template is there: fill it.")

    async def _made(self, title: str, *, base: str, visit: Visit, author: ReportAuthor) -> Template:
        is_base = visit.form.is_on("is_base")
        if base and not is_base:
            return await self._templates.duplicate(base, author=author, title=title)
        content = await self._templates.content(base) if base else _EMPTY
        return await self._templates.create(title, content, author=author, is_base=is_base)

    async def _import(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        files = visit.form.files("file")
        if not files:
            return await self._list(visit, Invalid("choose a .crpt file first, as a template's page exports it"))
        try:
            made = await self._templates.imported(files[0].file.read(_LARGEST_FILE), author)
        except Invalid as error:
            return await self._list(visit, error)
        return visit.go(f"/console/reports/templates/{made.id}", said="The template is imported.")

    async def _duplicate(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        made = await self._templates.duplicate(visit.path["id"], author=author, title=visit.form.text("title"))
        return visit.go(f"/console/reports/templates/{made.id}", said="This is the copy.")

    async def _remove(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        await self._templates.remove(visit.path["id"], author=author)
        return visit.go("/console/reports/templates", said="The template is gone.")

    async def _export(self, visit: Visit) -> Response:
        await looking(visit, self._reports)
        template = await self._templates.get(visit.path["id"])
        answer = visit.data(await self._templates.exported(template.id), "application/octet-stream")
        answer.headers["content-disposition"] = f'attachment; filename="template-{template.id}.crpt"'
        return answer

    # Versions

    async def _versions(self, visit: Visit) -> Response:
        await looking(visit, self._reports)
        template = await self._templates.get(visit.path["id"])
        return visit.page(
            "reports/versions.html", held=template, versions=await self._templates.versions(template.id, most=50)
        )

    async def _version(self, visit: Visit) -> Response:
        author = await looking(visit, self._reports)
        template, version = await self._templates.get(visit.path["id"]), version_in(visit)
        content = await self._templates.content(template.id, version=version)
        return visit.page(
            "reports/version.html",
            held=template,
            version=version,
            content=content,
            rows=rows_of(content),
            may_change=may_rule(author, owner=template.made_by),
        )

    async def _bring_back(self, visit: Visit) -> Response:
        author = await making(visit, self._reports)
        version = version_in(visit)
        content = await self._templates.content(visit.path["id"], version=version)
        saved, waiting = await self._templates.save(visit.path["id"], author=author, content=content)
        said = f"What version {version} held is version {saved.version} now.{put_off(waiting)}"
        return visit.go(f"/console/reports/templates/{saved.id}", said=said)


def number_in(visit: Visit, name: str, *, most: int = 1_000_000) -> int:
    """A number in the address; 0 for whatever is none."""
    text = visit.query.get(name, "")
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < len(str(most)) + 1 else 0


def version_in(visit: Visit) -> int:
    text = visit.path["version"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - more than anybody saves
        raise NotFound("there is no such version; go back, and choose one of those that there are")
    return int(text)
