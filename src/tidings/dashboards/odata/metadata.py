"""Metadata: the tables in CSDL, OData's description of data in XML."""

from collections.abc import Iterable, Iterator
from html import escape

from tidings.core.row import Shape
from tidings.tables.selection import Column, Sheet

_NAMESPACE = "Tidings"
_TYPES = {
    Shape.TEXT: 'Edm.String"',
    Shape.NUMBER: 'Edm.Double"',
    Shape.WHOLE: 'Edm.Int64"',
    Shape.TRUTH: 'Edm.Boolean"',
    Shape.INSTANT: 'Edm.DateTimeOffset" Precision="3"',
}
_VOCABULARY = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies/Org.OData.Core.V1.xml"
# A question's title may hold what XML cannot.
_NOT_XML = {code: " " for code in (*range(32), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)) if code not in {9, 10, 13}}


def metadata(sheets: Iterable[Sheet]) -> bytes:
    """The metadata document: an entity type and an entity set of each table's name."""
    sheets = list(sheets)
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">',
            f'<edmx:Reference Uri="{_VOCABULARY}"><edmx:Include Namespace="Org.OData.Core.V1"/></edmx:Reference>',
            "<edmx:DataServices>",
            f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{_NAMESPACE}">',
            *(line for sheet in sheets for line in _entity_type(sheet)),
            '<EntityContainer Name="Tables">',
            *(f'<EntitySet Name="{sheet.name}" EntityType="{_NAMESPACE}.{sheet.name}"/>' for sheet in sheets),
            "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n",
        ]
    ).encode()


def _entity_type(sheet: Sheet) -> Iterator[str]:
    yield f'<EntityType Name="{sheet.name}"><Key>'
    yield from (f'<PropertyRef Name="{column.name}"/>' for column in sheet.key)
    yield "</Key>"
    yield from map(_property, sheet.columns.values())
    yield f"{_description(sheet.comment)}</EntityType>"


def _property(column: Column) -> str:
    nullable = ' Nullable="false"' if column.is_key else ""
    named = f'<Property Name="{column.name}" Type="{_TYPES[column.shape]}{nullable}>'
    return f"{named}{_description(column.comment)}</Property>"


def _description(comment: str) -> str:
    told = escape(comment.translate(_NOT_XML))
    return f'<Annotation Term="Org.OData.Core.V1.Description" String="{told}"/>' if told else ""
