"""Press: reports are printed by a process of its own; read back by other libraries than made them."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
import pytest_asyncio
from PIL import Image

from tests.children import children_of
from tests.paper import needs_paper
from tidings.core.clock import Clock
from tidings.core.errors import Invalid, Unavailable
from tidings.core.report import DataSheet, Filter, ReportFormat, Value
from tidings.reports import printing
from tidings.reports.pages import PAGE_POLICY
from tidings.reports.printing import Drawn, Press, Printing

pytestmark = pytest.mark.asyncio(loop_scope="module")

AT = 1_764_000_000_000  # 2025-11-24 16:00 in UTC
HTML, PDF, PNG, PPTX = (ReportFormat(name) for name in ("html", "pdf", "png", "pptx"))
ROWS: list[tuple[Value, ...]] = [(f"<i>shop {n}</i>", n) for n in range(60)]
SHEET = DataSheet(columns=("shop", "sold"), rows=ROWS, total=60)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><text y="15">drawn</text></svg>'
TABLE = """<h1>{{ title }}</h1>{{ chart("sales") }}
<table><thead><tr><th>Shop</th><th>Sold</th></tr></thead>
{% for row in data.sales %}<tr><td>{{ row.shop }}</td><td>{{ row.sold }}</td></tr>{% endfor %}</table>"""
FILTERS = (Filter(field="town <x>", values=("Pune", None)),)

CHART = Drawn(svg=SVG, beyond=("town <x>",))


def order(html: str, *formats: ReportFormat, **changes: object) -> Printing:
    told: dict[str, Any] = {"title": "Sales & <more>", "at": AT, "within_s": 60.0, **changes}
    return Printing(html=html, formats=frozenset(formats or (HTML,)), **told)


def full(*formats: ReportFormat) -> Printing:
    return order(TABLE, *formats, sheets={"sales": SHEET}, charts={"sales": CHART}, filters=FILTERS)


def text_of(page: pypdf.PageObject) -> str:
    return "".join(page.extract_text().split())


def is_busy(number: int) -> bool:
    """It sleeps as long as it waits for an order."""
    return " R " in Path(f"/proc/{number}/stat").read_text("utf-8")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def press() -> AsyncIterator[Press]:
    found = Press(Clock())
    async with found.running():
        yield found


async def test_a_page_asks_nobody_runs_nothing_and_tells_the_filters_at_its_end(press: Press) -> None:
    page = (await press.print(full(HTML)))[HTML].decode()

    assert page.startswith("<!doctype html>")
    head = page[: page.index("</head>")]
    assert f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">' in head
    assert "<title>Sales &amp; &lt;more&gt;</title><style>" in head
    assert "<td>&lt;i&gt;shop 7&lt;/i&gt;</td>" in page
    assert '<img class="chart" alt="sales" src="data:image/svg+xml;base64,' in page
    assert '<small class="chart-note">Not limited by town &lt;x&gt;: what this chart counts has no' in page
    assert page.index("</table>") < page.index("<dt>town &lt;x&gt;</dt><dd>Pune, (empty)</dd>")


async def test_a_template_may_be_a_whole_document_with_its_own_style_and_place_for_filters(press: Press) -> None:
    html = (
        '<!doctype html><html lang="mr"><head><style>p {}</style></head><body>{{ applied_filters() }}<p>x</body></html>'
    )
    page = (await press.print(order(html, filters=FILTERS)))[HTML].decode()

    assert page.index("Content-Security-Policy") < page.index('<html lang="mr">')
    assert "@page" not in page
    assert page.count("Applied filters") == 1
    assert page.index("Applied filters") < page.index("<p>x")


@needs_paper
async def test_a_pdf_and_its_picture_are_read_back(press: Press) -> None:
    made = await press.print(full(PDF, PNG))

    pdf = pypdf.PdfReader(io.BytesIO(made[PDF]))
    told = pdf.metadata
    assert told is not None
    assert (told.title, told.creator) == ("Sales & <more>", "Tidings")
    assert str(told.creation_date) == "2025-11-24 16:00:00+00:00"
    first, *_, last = texts = [text_of(page) for page in pdf.pages]
    assert "Sales&<more>" in first
    assert "<i>shop59</i>" in last
    assert "Appliedfilterstown<x>Pune,(empty)" in last
    assert all("ShopSold" in one and f"Page{at}of{len(texts)}" in one for at, one in enumerate(texts, start=1))
    with Image.open(io.BytesIO(made[PNG])) as picture:
        assert (picture.format, picture.size) == ("PNG", (1191, 1684))


@needs_paper
async def test_a_pdf_carries_no_files_and_no_links_into_the_readers_machine(press: Press) -> None:
    html = """<link rel="attachment" href="data:text/plain,x"><a rel="attachment" href="data:text/plain,x">a</a>
    <a href="javascript:app.alert(1)">b</a> <a href="file:///etc/passwd">c</a> <a href="https://example.com/ok">d</a>"""
    made = await press.print(order(html, PDF))

    pdf = pypdf.PdfReader(io.BytesIO(made[PDF]))
    assert not pdf.attachments
    links = [one.get_object()["/A"]["/URI"] for one in pdf.pages[0]["/Annots"]]  # type: ignore[attr-defined] # a list
    assert links == ["https://example.com/ok"]


@needs_paper
@pytest.mark.parametrize(
    "html",
    [
        '<img src="file:///etc/passwd">',
        '<img src="http://127.0.0.1:9/x.png">',
        '<img src="HTTP://127.0.0.1:9/x.png">',
        '<base href="file:///etc/"><img src="passwd">',
        '<link rel="stylesheet" href="file:///etc/passwd">',
        "<style>@import url(http://127.0.0.1:9/x.css);</style>",
        "<style>@font-face { font-family: x; src: url(file:///etc/passwd) }</style><p style='font-family: x'>x",
        '<p style="background: url(http://127.0.0.1:9/)">x',
        "<style>@import url('data:text/css,p{background:url(http://127.0.0.1:9/)}');</style><p>x",
        """<img src='data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"
        width="9" height="9"/></svg>'>""",
        '<object data="file:///etc/passwd"></object>',
        '<svg width="9" height="9"><image href="file:///etc/passwd" width="9" height="9"/></svg>',
    ],
)
async def test_nothing_is_fetched_for_a_pdf(press: Press, html: str) -> None:
    with pytest.raises(Invalid, match=r"the template asks for '(?i:file|http):"):
        await press.print(order(html, PDF))


async def test_loops_and_allocations_without_end_are_ended_and_the_next_report_is_printed(press: Press) -> None:
    loops = "<p>\n{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}"
    with pytest.raises(Invalid, match="the template, line 2: the time that the report has is over"):
        await press.print(order(loops + "{% endfor %}{% endfor %}", within_s=0.3))
    with pytest.raises(Invalid, match="the template, line 3: it wants more memory"):
        await press.print(order("<p>\n\n{% set x = 'x' * 1000000000 %}{{ (x + x + x)|length }}"))

    assert await press.print(order("<p>fine"))


async def test_what_hears_no_signal_is_ended_from_outside(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "_GRACE_S", 0.1)
    await press.print(order("<p>warm"))
    [number] = children_of(os.getpid(), running="tidings.reports.press")
    os.kill(number, signal.SIGSTOP)

    with pytest.raises(Invalid, match=r"not printed within 0\.1 s; ask for fewer rows"):
        await press.print(order("<p>late", within_s=0.1))

    assert not children_of(os.getpid(), running="tidings.reports.press")


async def test_a_process_that_died_is_replaced_as_is_one_that_has_printed_much(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.print(order("<p>warm"))
    [number] = children_of(os.getpid(), running="tidings.reports.press")
    os.kill(number, signal.SIGKILL)
    await asyncio.to_thread(os.waitid, os.P_PID, number, os.WEXITED | os.WNOWAIT)

    monkeypatch.setattr(printing, "_MOST_ORDERS", 1)
    assert await press.print(order("<p>after"))

    assert not children_of(os.getpid(), running="tidings.reports.press")


@needs_paper
async def test_a_report_of_more_than_500_pages_is_refused(press: Press) -> None:
    html = "<style>p { break-after: page }</style>{% for n in range(501) %}<p>{{ n }}{% endfor %}"

    with pytest.raises(Invalid, match="more than 500 pages; ask for fewer rows, or take XLSX or CSV"):
        await press.print(order(html, PDF))


async def test_a_process_that_ends_over_an_order_is_told_as_such(press: Press) -> None:
    await press.print(order("<p>warm"))
    [number] = children_of(os.getpid(), running="tidings.reports.press")
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    lost = asyncio.create_task(press.print(order(loops)))
    while not await asyncio.to_thread(is_busy, number):
        pass
    os.kill(number, signal.SIGKILL)

    with pytest.raises(Unavailable, match="the process that prints reports ended"):
        await lost


async def test_without_pango_pages_are_printed_and_paper_says_what_is_missing() -> None:
    program = """
import cffi, msgspec
def none(self, *names): raise OSError("no such library")
cffi.FFI.dlopen = none
from tidings.core.report import ReportFormat
from tidings.reports.press import told
from tidings.reports.printing import Printing
for one in "html", "pdf":
    order = Printing(html="x", title="x", at=0, within_s=60, formats=frozenset([ReportFormat(one)]))
    print(told(msgspec.msgpack.encode(order))[:200])
"""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], capture_output=True, check=True)
    html, pdf = (line for line in done.stdout.decode().splitlines() if line.startswith("b'"))

    assert html[2] == "="
    assert pdf[2:].startswith("?PDF and PNG need Pango")
    assert "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in pdf
