"""The calls about templates and base templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET

from tidings.access.scope import REPORTS_WRITE
from tidings.core.errors import Conflict, Forbidden, Invalid, NotFound
from tidings.core.report import Content, Template
from tidings.core.route import Call, Route
from tidings.dialects.connectreport.api.calls import (
    PAGE,
    RENDER,
    VERSION,
    author_of,
    filters_of,
    format_of,
    page_of,
    parameters_of,
    version_of,
)
from tidings.dialects.connectreport.wire import template as wire
from tidings.dialects.connectreport.wire.report import JobMade
from tidings.reports.content import LARGEST
from tidings.reports.opening import Reports

_TAG = "Report templates"
_PATH, _BASE = "/api/v1/templates", "/api/v1/base-templates"
# Bytes: what a template may hold is checked where it is kept, and names and escapes come on top.
_LARGEST = LARGEST + 2_000_000
_CHANGING = (Invalid, Forbidden, NotFound, Conflict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateApi:
    """Templates hold queries and are for those who write reports; viewers see what came of them."""

    reports: Reports

    def routes(self) -> list[Route]:
        return [
            _route(
                "GET",
                _PATH,
                name="listTemplates",
                summary="List templates",
                handler=self._list,
                parameters=PAGE,
                answers=wire.ToldTemplates,
            ),
            _route(
                "POST",
                _PATH,
                name="createTemplate",
                summary="Make a template",
                handler=self._create,
                body=wire.NewTemplate,
                answers=wire.ToldTemplate,
                errors=_CHANGING,
                largest=_LARGEST,
            ),
            *self._routes_of_one(),
            *self._carrying(),
            *self._twofold(),
            _route(
                "GET",
                _BASE,
                name="listBaseTemplates",
                summary="List the templates that are there to be duplicated",
                handler=self._list_bases,
                parameters=PAGE,
                answers=wire.ToldBaseTemplates,
            ),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            _route(
                "GET",
                f"{_PATH}/{{id}}",
                name="getTemplate",
                summary="Get a template with its content, also that of an earlier version",
                handler=self._get,
                answers=wire.ToldTemplate,
                parameters=(VERSION,),
                errors=(Invalid,),
            ),
            _route(
                "PUT",
                f"{_PATH}/{{id}}",
                name="changeTemplate",
                summary="Change what is named of a template",
                handler=self._change,
                body=wire.TemplateChanges,
                answers=wire.ToldTemplate,
                errors=_CHANGING,
                largest=_LARGEST,
            ),
            _route(
                "DELETE",
                f"{_PATH}/{{id}}",
                name="deleteTemplate",
                summary="Remove a template that no task uses",
                handler=self._remove,
                answers=dict[str, str],
                errors=(Forbidden, Conflict),
            ),
        ]

    def _carrying(self) -> list[Route]:
        return [
            _route(
                "GET",
                f"{_PATH}/{{id}}/export",
                name="exportTemplate",
                summary="Get a template as a .crpt file",
                handler=self._export,
                answers=dict[str, Any],
            ),
            _route(
                "POST",
                "/api/v1/template-imports",
                name="importTemplate",
                summary="Make a template of a .crpt file",
                handler=self._import,
                body=dict[str, Any],
                answers=wire.ToldTemplate,
                errors=_CHANGING,
                largest=_LARGEST,
            ),
        ]

    def _twofold(self) -> list[Route]:
        # The one public list of ConnectReport's calls has all of them as GET; who makes something sends POST.
        return [
            route
            for method in ("GET", "POST")
            for route in (
                _route(
                    method,
                    f"{_PATH}/{{id}}/duplicate",
                    name=f"duplicateTemplate{method.capitalize()}",
                    summary="Copy a template",
                    handler=self._duplicate,
                    answers=wire.ToldTemplate,
                    errors=_CHANGING,
                ),
                _route(
                    method,
                    f"{_BASE}/{{id}}/duplicate",
                    name=f"duplicateBaseTemplate{method.capitalize()}",
                    summary="Make a template of a base template",
                    handler=self._duplicate_base,
                    answers=wire.ToldTemplate,
                    errors=_CHANGING,
                ),
                _route(
                    method,
                    f"{_PATH}/{{id}}/render",
                    name=f"renderTemplate{method.capitalize()}",
                    summary="Render a template with the data as they are: a job",
                    handler=self._render,
                    parameters=RENDER,
                    answers=JobMade,
                    errors=_CHANGING,
                ),
            )
        ]

    async def _list(self, call: Call) -> wire.ToldTemplates:
        told, total = await self._page(call, is_base=False)
        number, most = page_of(call)
        return wire.ToldTemplates(templates=told, total=total, page_num=number, per_page=most)

    async def _list_bases(self, call: Call) -> wire.ToldBaseTemplates:
        told, total = await self._page(call, is_base=True)
        number, most = page_of(call)
        return wire.ToldBaseTemplates(base_templates=told, total=total, page_num=number, per_page=most)

    async def _page(self, call: Call, *, is_base: bool) -> tuple[list[wire.ToldTemplate], int]:
        number, most = page_of(call)
        found: Sequence[Template]
        found, total = await self.reports.templates.list(is_base=is_base, skip=(number - 1) * most, most=most)
        return [wire.told_template(one) for one in found], total

    async def _create(self, call: Call) -> wire.ToldTemplate:
        asked: wire.NewTemplate = call.body
        content = asked.content(Content(html=asked.html))
        meta = {} if asked.meta is UNSET else asked.meta
        template = await self.reports.templates.create(
            asked.title, content, author=author_of(call), is_base=asked.base_template, meta=meta
        )
        return await self._told(template)

    async def _get(self, call: Call) -> wire.ToldTemplate:
        template, version = await self.reports.templates.get(call.path["id"]), version_of(call)
        if version is None:
            return await self._told(template)
        content = await self.reports.templates.content(template.id, version=version)
        return wire.told_template(msgspec.structs.replace(template, version=version), content)

    async def _change(self, call: Call) -> wire.ToldTemplate:
        asked: wire.TemplateChanges = call.body
        before = await self.reports.templates.content(call.path["id"])
        content = asked.content(before)
        template, _ = await self.reports.templates.save(
            call.path["id"],
            author=author_of(call),
            content=None if content == before else content,
            title=None if asked.title is UNSET else asked.title,
            meta=None if asked.meta is UNSET else asked.meta,
        )
        return await self._told(template)

    async def _remove(self, call: Call) -> dict[str, str]:
        await self.reports.templates.remove(call.path["id"], author=author_of(call))
        return {}

    async def _export(self, call: Call) -> msgspec.Raw:
        return msgspec.Raw(await self.reports.templates.exported(call.path["id"]))

    async def _import(self, call: Call) -> wire.ToldTemplate:
        template = await self.reports.templates.imported(msgspec.json.encode(call.body), author=author_of(call))
        return await self._told(template)

    async def _duplicate(self, call: Call) -> wire.ToldTemplate:
        copy = await self.reports.templates.duplicate(call.path["id"], author=author_of(call))
        return await self._told(copy)

    async def _duplicate_base(self, call: Call) -> wire.ToldTemplate:
        base = await self.reports.templates.get(call.path["id"])
        if not base.is_base:
            raise NotFound("there is no such base template; list them with GET /api/v1/base-templates")
        return await self._duplicate(call)

    async def _render(self, call: Call) -> JobMade:
        job = await self.reports.jobs.render_template(
            call.path["id"],
            format_of(call),
            author=author_of(call),
            parameters=parameters_of(call),
            filters=tuple(one.meant() for one in filters_of(call)),
        )
        return JobMade(job_id=job.id)

    async def _told(self, template: Template) -> wire.ToldTemplate:
        return wire.told_template(template, await self.reports.templates.content(template.id))


def _route(method: str, path: str, /, **rest: Any) -> Route:  # noqa: ANN401 - the fields of a Route
    return Route(method=method, path=path, needs=REPORTS_WRITE, tag=_TAG, **rest)
