"""Jobs: renders that were asked for, of reports as they were and of templates as they are; and previews."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from tidings.core.clock import SECOND, Clock
from tidings.core.errors import Conflict, Forbidden, Invalid, TidingsError, Unavailable
from tidings.core.report import (
    MOST_SEEN,
    Content,
    Filter,
    Job,
    Report,
    ReportAuthor,
    ReportFormat,
    ReportRole,
    ReportState,
    Value,
)
from tidings.reports.content import checked_content
from tidings.reports.file_names import Naming, file_name, report_file_name
from tidings.reports.files import Files
from tidings.reports.folder import folder_of_our_own
from tidings.reports.making import Maker, Making
from tidings.reports.roles import must_be
from tidings.store.report_files import FileStore, JobStore, Order
from tidings.store.report_templates import ReportTemplates, no_such_template
from tidings.store.reports import ReportStore

log = logging.getLogger(__name__)

# Milliseconds. Somebody waits for it; a task may take longer.
_WITHIN_MS = 120 * SECOND
_PREVIEW_WITHIN_MS = 30 * SECOND
# Characters that a browser shows without trouble (a guess).
_LARGEST_PREVIEW = 8_000_000
_GRACE_S = 10.0
_LONGEST_ERROR = 1_000


class Jobs:
    """Takes orders for renders, and answers how far they are."""

    def __init__(
        self,
        store: JobStore,
        *,
        reports: ReportStore,
        files: FileStore,
        templates: ReportTemplates,
        maker: Maker,
        clock: Clock,
        on_asked: Callable[[], None],
    ) -> None:
        self._store = store
        self._reports = reports
        self._files = files
        self._templates = templates
        self._maker = maker
        self._clock = clock
        self._on_asked = on_asked

    async def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        return await self._store.get(job_id)

    async def render_report(self, report_id: str, format: ReportFormat, *, author: ReportAuthor) -> Job:  # noqa: A002 - the word that all use
        """Render a report from the data that it was made of. Viewers, what was published.

        Raises NotFound, Forbidden, and Conflict if it is not made, or its data were too large to keep.
        """
        must_be(author, ReportRole.VIEWER)
        report = await self._reports.get(report_id)
        if report.is_dry and author.role is ReportRole.VIEWER:
            raise Forbidden("this was a dry run, which authors see; ask one of them")
        if report.state is not ReportState.SUCCESS:
            raise Conflict(f"the report is {report.state.value!r}; only one that is made can be rendered")
        made = next((file for file in await self._files.of(report_id) if file.format is format), None)
        if made is None and await self._files.snapshot(report_id) is None:
            raise Conflict("the data of this report were too large to keep; take one of its files")
        order = Order(
            id=str(uuid.uuid4()),
            report=report.id,
            template=report.template,
            version=report.version,
            format=format,
            parameters={},
            filters=(),
        )
        return await self._ask(order, author=author, file=made.id if made else "")

    async def render_template(
        self,
        template_id: str,
        format: ReportFormat,  # noqa: A002 - as above
        *,
        author: ReportAuthor,
        parameters: Mapping[str, Value] | None = None,
        filters: Sequence[Filter] = (),
    ) -> Job:
        """Render a template as it is, with the data of now. Raises NotFound, Forbidden."""
        must_be(author, ReportRole.AUTHOR)
        template = await self._templates.get(template_id)
        if template is None:
            raise no_such_template()
        order = Order(
            id=str(uuid.uuid4()),
            report="",
            template=template.id,
            version=template.version,
            format=format,
            parameters=dict(parameters or {}),
            filters=tuple(filters),
        )
        return await self._ask(order, author=author)

    async def preview(
        self,
        content: Content,
        *,
        author: ReportAuthor,
        parameters: Mapping[str, Value] | None = None,
        filters: Sequence[Filter] = (),
    ) -> str:
        """What a template would look like, as HTML: of hostile making maybe, so it is shown in a sandbox only.

        Raises Forbidden, Unavailable, and Invalid, saying what is wrong in the template or its SQL.
        """
        must_be(author, ReportRole.AUTHOR)
        content = checked_content(content)
        queries = tuple(
            msgspec.structs.replace(one, most_rows=min(one.most_rows, MOST_SEEN)) for one in content.queries
        )
        try:
            async with asyncio.timeout(_PREVIEW_WITHIN_MS / SECOND + _GRACE_S), folder_of_our_own() as folder:
                making = Making(
                    content=msgspec.structs.replace(content, queries=queries),
                    title="Preview",
                    formats=frozenset({ReportFormat.HTML}),
                    folder=folder,
                    at=self._clock.now(),
                    within_ms=_PREVIEW_WITHIN_MS,
                    parameters=parameters or {},
                    filters=filters,
                )
                read = await self._maker.read(making)
                pages = await self._maker.pages(making, read, within_ms=_PREVIEW_WITHIN_MS)
        except TimeoutError:
            raise Unavailable("the preview took too long; ask for fewer rows, or look again in a moment") from None
        html = pages[ReportFormat.HTML].decode(errors="replace")
        if len(html) > _LARGEST_PREVIEW:
            raise Invalid(f"the preview has more than {_LARGEST_PREVIEW} characters; show fewer rows")
        return html

    async def _ask(self, order: Order, *, author: ReportAuthor, file: str = "") -> Job:
        job = await self._store.add(order, author=author.id, at=self._clock.now(), file=file)
        self._on_asked()
        return job


class Renderer:
    """Makes what `Jobs` was asked for."""

    def __init__(
        self,
        store: JobStore,
        *,
        reports: ReportStore,
        kept: FileStore,
        files: Files,
        templates: ReportTemplates,
        maker: Maker,
        clock: Clock,
    ) -> None:
        self._store = store
        self._reports = reports
        self._kept = kept
        self._files = files
        self._templates = templates
        self._maker = maker
        self._clock = clock

    async def make(self, order: Order) -> None:
        """Render it; whatever comes of it is written down. Raises Unavailable if nothing could be."""
        try:
            async with asyncio.timeout(_WITHIN_MS / SECOND + _GRACE_S), folder_of_our_own() as folder:
                file = await self._made(order, folder=folder)
        except TimeoutError:
            await self._store.end(order.id, error="it took too long; ask for less of it")
        except TidingsError as error:
            await self._store.end(order.id, error=error.message[:_LONGEST_ERROR])
        except Exception:  # a worker's loop: whoever waits for the file must hear that there is none
            log.exception("report_job.failed job=%s", order.id)
            await self._store.end(order.id, error="a mistake of ours; the server's log tells it")
        else:
            await self._store.end(order.id, file=file)

    async def _made(self, order: Order, *, folder: Path) -> str:
        content = await self._templates.content(order.template, version=order.version)
        if content is None:
            raise no_such_template()
        making = await self._making(order, content, folder=folder)
        read = await self._maker.read(making)
        drawn = await self._maker.draw(making, read, within_ms=_WITHIN_MS)
        made = next((one for one in (*read.made, *drawn) if one.format is order.format), None)
        if made is None:
            raise Invalid(f"the template gives nothing that can be written as {order.format}; it has no query")
        name = await self._name(order, making)
        kept = await self._files.keep(
            Path(made.path), report=order.report, format=order.format, name=name, job=order.id
        )
        return kept.id

    async def _name(self, order: Order, making: Making) -> str:
        if order.report:
            report, made_with = await self._reports.get(order.report), await self._reports.made_with(order.report)
            return report_file_name(report, made_with, ending=order.format)
        naming = Naming(title=making.title, task=making.title, at=making.at, time_zone=making.time_zone)
        return file_name("{title}", naming, ending=order.format)

    async def _making(self, order: Order, content: Content, *, folder: Path) -> Making:
        formats = frozenset({order.format})
        if not order.report:
            template = await self._templates.get(order.template)
            return Making(
                content=content,
                title=template.title if template else "report",
                formats=formats,
                folder=folder,
                at=self._clock.now(),
                within_ms=_WITHIN_MS,
                parameters=order.parameters,
                filters=order.filters,
            )
        report = await self._reports.get(order.report)
        made_with = await self._reports.made_with(order.report)
        return Making(
            content=content,
            title=report.title,
            formats=formats,
            folder=folder,
            at=report.due_at,
            within_ms=_WITHIN_MS,
            time_zone=made_with.time_zone,
            parameters=made_with.parameters,
            filters=made_with.filters,
            snapshot=await self._restored(report, folder),
        )

    async def _restored(self, report: Report, folder: Path) -> Path:
        snapshot = await self._kept.snapshot(report.id)
        if snapshot is None:
            raise Conflict("the data of this report were too large to keep, or have been removed")
        path = folder / "kept-snapshot"
        await self._files.restore(snapshot, path)
        return path
