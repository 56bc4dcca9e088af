"""Paper: a page as PDF, and its first sheet as a picture; nothing is fetched for it."""

import contextlib
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tidings.core.errors import Invalid, Unavailable
from tidings.reports.widths import mark_roomy_tables

if TYPE_CHECKING:
    from weasyprint import Document  # type: ignore[import-untyped] # ships no types

# Sheets; a book. Of a plain table, 300 take a minute to lay out (measured).
MOST_PAGES = 500
# Bytes. Mail and shares refuse larger ones.
_MOST_PDF = 64 << 20
# Pictures in a template: kinds that need no other program (Pillow would run Ghostscript for EPS), and their pixels.
_PICTURES = ("PNG", "JPEG", "GIF", "WEBP")
_MOST_PIXELS = 25_000_000
# Where a link may lead; `javascript:` and `file:` lead into the reader's machine.
_LINKS = ("http://", "https://", "mailto:", "tel:")
# Of the first sheet as a picture: dots a point, and the longest side.
_SCALE, _LONGEST = 2.0, 4_000.0
_PANGO = (
    "PDF and PNG need Pango, which this machine lacks; on Debian: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0. The other formats do without"
)


def pdf(page: str, *, at: int) -> bytes:
    """Raises Invalid for what is too long or asks for anything outside, and Unavailable without Pango."""
    try:
        import weasyprint  # noqa: PLC0415 - a second, for those alone who print
        from weasyprint import urls  # noqa: PLC0415 - as above
    except OSError as error:
        raise Unavailable(_PANGO) from error

    class Refusing(urls.URLFetcher):  # type: ignore[misc] # it ships no types
        """Takes what stands in the page itself; the rest ends the printing, however the page came to ask for it."""

        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ANN401 - as it is there
            if url[:5].lower() != "data:":
                refused.append(url)
                raise urls.FatalURLFetchingError(url)
            return super().fetch(url, headers)

    refused: list[str] = []
    _only_known_pictures()
    try:
        with _most_pages():
            html = weasyprint.HTML(string=page, url_fetcher=Refusing(allowed_protocols=["data"]), media_type="print")
            mark_roomy_tables(html.etree_element)
            document = html.render(presentational_hints=True)
        _cleaned(document, at=at)
        made: bytes = document.write_pdf()
    except urls.FatalURLFetchingError:
        made = b""
    if refused:  # told of here, since a picture within a picture keeps every error to itself
        raise Invalid(
            f"the template asks for {refused[0][:100]!r}; a report may hold pictures, styles and fonts as data: alone"
        )
    if len(made) > _MOST_PDF:
        raise Invalid(f"the PDF has more than {_MOST_PDF >> 20} MB; use fewer or smaller pictures")
    return made


def picture(made: bytes) -> bytes:
    """The first sheet of a PDF as PNG."""
    import pypdfium2  # type: ignore[import-untyped] # noqa: PLC0415 - ships no types; for those who want a picture

    document = pypdfium2.PdfDocument(made)
    try:
        sheet = document[0]
        bitmap = sheet.render(scale=min(_SCALE, _LONGEST / max(sheet.get_size())))
        found = io.BytesIO()
        bitmap.to_pil().save(found, "PNG")
        return found.getvalue()
    finally:
        document.close()


def _cleaned(document: "Document", *, at: int) -> None:
    """Without attachments and links that do not lead onto the web; and with our name, and the report's date."""
    document.metadata.attachments = []
    document.metadata.generator = "Tidings"
    made = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    document.metadata.created = made.strftime("%Y-%m-%dT%H:%M:%SZ")
    for sheet in document.pages:
        sheet.links = [link for link in sheet.links if _leads_onto_the_web(link[0], link[1])]


def _leads_onto_the_web(kind: str, target: str) -> bool:
    return kind == "internal" or (kind == "external" and target.lower().startswith(_LINKS))


def _only_known_pictures() -> None:
    from PIL import Image  # noqa: PLC0415 - WeasyPrint opens pictures by it

    Image.init()
    Image.ID[:] = _PICTURES
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS


@contextlib.contextmanager
def _most_pages() -> Iterator[None]:
    """End the layout at the page that is one too many: it tells its log of each."""
    progress = logging.getLogger("weasyprint.progress")
    progress.setLevel(logging.INFO)
    progress.propagate = False

    def count(record: logging.LogRecord) -> bool:
        if "Step 5" in record.msg and isinstance(record.args, tuple) and record.args and record.args[-1] > MOST_PAGES:  # type: ignore[operator]
            raise Invalid(f"the report has more than {MOST_PAGES} pages; ask for fewer rows, or take XLSX or CSV")
        return False

    progress.addFilter(count)
    try:
        yield
    finally:
        progress.removeFilter(count)
