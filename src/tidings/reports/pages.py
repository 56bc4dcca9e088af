"""Pages: a report as one HTML document, which asks nobody for anything and runs nothing."""

import base64
import re
from collections.abc import Callable, Sequence
from importlib import resources

from markupsafe import Markup, escape

from tidings.core.errors import Invalid
from tidings.core.report import Filter
from tidings.reports.printing import Drawn, Printing
from tidings.reports.sandbox import rendered
from tidings.reports.seen import Names, Table

# A page may show pictures that it holds itself, and be styled; that is all.
PAGE_POLICY = (
    "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
# With what a server answers a page: `sandbox` also gives it an origin of its own, and no scripts, forms or windows.
SERVED_POLICY = f"sandbox; {PAGE_POLICY}"
_STYLE = re.compile(r"<style\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"<html\b[^>]*\blang\b", re.IGNORECASE)
# Of a filter, so many values are named.
_MOST_VALUES = 20


def page(order: Printing) -> str:
    """The document. Raises Invalid and Spent."""
    applied = Applied(order.filters)
    values = {
        "title": order.title,
        "at": order.at,
        "parameters": Names(order.parameters),
        "data": Names({name: Table(sheet) for name, sheet in order.sheets.items()}),
        "filters": tuple(order.filters),
        "applied_filters": applied.told,
        "chart": charting(order),
    }
    body = rendered(order.html, values=values, time_zone=order.time_zone)
    if not applied.is_told:
        body = f"{body}{applied.told()}"  # + would escape what is text
    # A template that is a whole document stands within ours: HTML takes its <html>, <head> and <body> for ours, and the
    # policy is the first thing that is read.
    style = "" if _STYLE.search(order.html) else f"<style>{_stylesheet()}</style>"
    language = "" if _LANGUAGE.search(body) else ' lang="en"'
    return (
        f'<!doctype html>\n<html{language}><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{PAGE_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(order.title)}</title>{style}</head>\n<body>{body}</body></html>\n"
    )


class Applied:
    """The filters that a report was limited by, and whether the template has printed them itself."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        self._filters = filters
        self.is_told = False

    def told(self) -> Markup:
        """Nothing where there are none."""
        self.is_told = True
        if not self._filters:
            return Markup()
        terms = Markup().join(
            Markup("<dt>{}</dt><dd>{}</dd>").format(one.field, told_values(one)) for one in self._filters
        )
        return Markup('<section class="applied-filters"><h2>Applied filters</h2><dl>{}</dl></section>').format(terms)


def told_values(one: Filter) -> str:
    """The values of a filter in a line."""
    told = ", ".join("(empty)" if value is None else str(value) for value in one.values[:_MOST_VALUES])
    rest = len(one.values) - _MOST_VALUES
    return f"{told}, … and {rest:,} more" if rest > 0 else told


def charting(order: Printing) -> Callable[[str], Markup]:
    """What a template calls for a chart: a picture, so that nothing in it is part of the page."""

    def chart(name: str) -> Markup:
        drawn = order.charts.get(name)
        if drawn is None:
            raise Invalid(f"there is no chart {name!r}; there are {', '.join(order.charts) or 'none'}")
        note = Markup('<small class="chart-note">{}</small>').format(drawn.note) if drawn.note else ""
        return Markup('<img class="chart" alt="{}" src="{}">{}').format(name, _inside(drawn), note)

    return chart


def _inside(drawn: Drawn) -> str:
    kind, picture = ("svg+xml", drawn.svg) if drawn.svg else ("png", drawn.png)
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _stylesheet() -> str:
    return resources.files("tidings.reports").joinpath("report.css").read_text("utf-8")
