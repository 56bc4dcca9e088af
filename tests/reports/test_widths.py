"""Widths: a table whose words certainly fit is laid out without breaking them; what is not certain is not."""

from xml.etree.ElementTree import Element, SubElement, tostring

import pytest

from tidings.reports.widths import ROOMY, mark_roomy_tables

SHORT = "TextMessageCreated"
LONG = "0b7a6a52-2c3f-4f3e-9a1e-0d4f7c1f8a55"


def page(*cells: str, tag: str = "div", **more: str) -> Element:
    """A page with a table of one row in that tag, whose attributes are `more`."""
    html = Element("html", lang="en")
    row = SubElement(SubElement(SubElement(SubElement(html, "body"), tag, more), "table"), "tr")
    for text in cells:
        SubElement(row, "td").text = text
    return html


def is_roomy(html: Element) -> bool:
    mark_roomy_tables(html)
    return ROOMY.encode() in tostring(html)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ((SHORT, "1,234", "North"), True),
        ((f"{SHORT} {SHORT} " * 9, "many words, of which each is short"), True),
        ((LONG, "one fits"), True),
        ((LONG, LONG, "two do not"), False),
        (("x",) * 30, False),
        (("W" * 60,), False),
        # Spaces that hold together, and letters of which nobody knows how wide they are.
        (("held\u00a0" * 20,), False),
        (("नमस्ते" * 6,), False),
        ((), True),
    ],
)
def test_a_table_has_room_if_its_longest_words_fit_beside_one_another(
    cells: tuple[str, ...], *, expected: bool
) -> None:
    assert is_roomy(page(*cells)) is expected


def test_what_is_styled_or_stands_in_less_than_the_page_is_not_certain() -> None:
    for tag, attributes in (
        ("div", {"style": "width: 3cm"}),
        ("div", {"class": "figures"}),
        ("p", {}),
        ("td", {}),
    ):
        assert not is_roomy(page(SHORT, tag=tag, **attributes))
    for name in ("style", "width", "colspan"):
        html = page(SHORT)
        html.findall(".//td")[0].set(name, "2")
        assert not is_roomy(html)
    for within in ("img", "table", "code"):
        html = page(SHORT)
        SubElement(html.findall(".//td")[0], within)
        assert not is_roomy(html)


def test_a_cell_of_numbers_is_one_line_and_a_word_may_be_of_several_parts() -> None:
    html = page("10 000 " * 12)
    html.findall(".//td")[0].set("class", "number")
    assert not is_roomy(html)
    html = page("bold" * 12)
    SubElement(html.findall(".//td")[0], "b").text = "andmore" * 6
    assert not is_roomy(html)
    assert is_roomy(page("10 000 " * 12))
