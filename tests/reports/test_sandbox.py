"""Sandbox: what templates may do, and what becomes of those that want more."""

import pytest

from tidings.core.errors import Invalid
from tidings.core.report import DataSheet, Value
from tidings.reports.figures import filters_of
from tidings.reports.sandbox import rendered
from tidings.reports.seen import Names, Table

AT = 1_764_000_000_000  # 2025-11-24 16:00 in UTC
ROWS: list[tuple[Value, ...]] = [("<b>tea</b>", 2, None), ('" onload="x', 0.5, 3)]
SHEET = DataSheet(columns=("name", "count", "items"), rows=ROWS, total=1_234)


def written(html: str) -> str:
    values = {
        "data": Names({"q": Table(SHEET)}),
        "parameters": Names({"place": "Pune", "items": 3}),
        "at": AT,
    }
    return rendered(html, values=values, time_zone="Asia/Kolkata")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("{% for row in data.q %}{{ row.name }};{% endfor %}", "&lt;b&gt;tea&lt;/b&gt;;&#34; onload=&#34;x;"),
        ("{{ data.q[1].items }} {{ data.q[1]['count'] }} {{ data.q[1][2] }}", "3 0.5 3"),
        ("{% for cell in data.q[0] %}[{{ cell }}]{% endfor %}", "[&lt;b&gt;tea&lt;/b&gt;][2][]"),
        ("{{ data.q.columns|join(' ') }} {{ data.q|length }} {{ data.q.total }}", "name count items 2 1234"),
        ("{{ data.q|sum(attribute='count') }} {{ data.q|map(attribute='items')|list }}", "2.5 [None, 3]"),
        ("{{ parameters.place }} {{ parameters.items }}", "Pune 3"),
        ("{{ parameters.colour|default('red') }} {{ data.q[0].x is defined }}", "red False"),
        (
            "{% set ns = namespace(n=0) %}{% for i in range(3) %}{% set ns.n = ns.n + i * 2 %}{% endfor %}{{ ns.n }}",
            "6",
        ),
        ("{{ '%.2f'|format(2) }} {{ 2 ** 10 }}", "2.00 1024"),
    ],
)
def test_a_template_sees_rows_and_parameters_and_nothing_in_them_is_markup(html: str, expected: str) -> None:
    assert written(html) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("1234567.5|number", "1,234,567.5"),
        ("1234567.5|number(0)", "1,234,568"),
        ("1000|number", "1,000"),
        ("'12.30'|number(1)", "12.3"),
        ("none|number", ""),
        ("0.256|percent", "26%"),
        ("0.256|percent(1)", "25.6%"),
        ("1234.5|money", "1,234.50"),
        ("1234.5|money('INR', decimals=0)", "INR 1,234"),
        ("450|duration", "450 ms"),
        ("7500000|duration", "2 h 5 min"),
        ("90061000|duration", "1 d 1 h"),
        ("3600000|duration", "1 h"),
        ("at|date", "2025-11-24"),
        ("at|datetime", "2025-11-24 21:30"),
        ("'2025-11-24T20:00:00.000Z'|datetime", "2025-11-25 01:30"),
        ("'2025-11-24 20:00:00'|date('%d.%m.%y')", "25.11.25"),
        ("none|date", ""),
    ],
)
def test_numbers_money_durations_and_times_are_told_as_people_read_them(html: str, expected: str) -> None:
    assert written(f"{{{{ {html} }}}}") == expected


# Each on its second line.
REFUSED = {
    # reaching for what is Python's
    "{{ ''.__class__ }}": "unsafe",
    "{{ data.q[0].__class__.__mro__ }}": "unsafe",
    "{{ ''['__class__'] }}": "unsafe",
    "{{ ''|attr('__class__') }}": "unsafe",
    "{{ ['']|map(attribute='__class__')|join }}": "unsafe",
    "{{ data._things }}": "unsafe",
    "{{ data.q._sheet }}": "unsafe",
    "{{ range.__init__ }}": "unsafe",
    "{{ self._TemplateReference__context }}": "unsafe",
    "{{ cycler.__init__.__globals__ }}": "unsafe",
    "{{ '{0.__class__}'.format('') }}": "unsafe",
    "{{ ''.format_map({}) }}": "unsafe",
    "{{ ('x'|safe).format(1) }}": "unsafe",
    "{{ [1].append(2) }}": "unsafe",
    "{{ {}.update(a=1) }}": "unsafe",
    # reaching for files
    "{% include '/etc/passwd' %}": "loader",
    "{% extends 'other' %}": "loader",
    "{% import 'os' as os %}": "loader",
    "{{ open('/etc/passwd') }}": "'open' is undefined",
    "{{ lipsum(10000) }}": "'lipsum' is undefined",
    # numbers and loops without end
    "{{ 9 ** 9 ** 9 ** 9 ** 9 }}": "too large",
    "{% set n = 2 ** 4000 %}{{ n * n }}": "too large",
    "{{ range(10 ** 9) }}": "too big",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}": "goes too deep",
    "{{ at|date('%9999999Y') }}": "pattern",
    "{{ 'soon'|date }}": "is no time",
    "{{ 'many'|number }}": "is no number",
    "{{ 1|number(999999999) }}": "decimals",
    # mistakes
    "{{ data.q[0].nmae }}": "there is no 'nmae' here; there are name, count, items",
    "{{ data.other }}": "there is no 'other' here; there are q",
    "{{ parameters.colour }}": "there is no 'colour' here; there are place, items",
    "{{ who }}": "'who' is undefined",
    "{% for row in data.q %}": "Unexpected end of template",
    "{{ 1 / 0 }}": "division by zero",
    "{{ 1 + 'a' }}": "unsupported operand",
    "{{ 'a'|colourful }}": "No filter named",
}


@pytest.mark.parametrize("html", REFUSED)
def test_a_template_that_wants_more_is_told_why_not_and_in_which_line(html: str) -> None:
    with pytest.raises(Invalid, match=f"^the template, line 2: .*{REFUSED[html]}"):
        written(f"<p>\n{html}")


def test_a_template_that_nests_without_end_or_is_or_writes_far_too_much_is_refused() -> None:
    with pytest.raises(Invalid, match=r"^the template: it goes too deep"):
        written("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}")
    with pytest.raises(Invalid, match="more than 20,000,000 characters"):
        written("{{ 'x' * 30000000 }}")
    with pytest.raises(Invalid, match="make it shorter"):
        written("x" * 5_000_001)


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid, match="time zone"):
        filters_of("../../etc/passwd")
