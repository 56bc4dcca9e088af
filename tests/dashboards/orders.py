"""Orders: rows with every shape, and with what files and dashboards may take for something else."""

from tidings.core.row import Cell, Field, Place, Row, Shape, row_of

PLACE = Place("orders", "orders", 'What was <ordered> & "paid".\x01')
COLUMNS = {
    "id": Shape.TEXT,
    "line": Shape.WHOLE,
    "goods": Shape.TEXT,
    "price": Shape.NUMBER,
    "paid": Shape.TRUTH,
    "at": Shape.INSTANT,
}
AT = 1_705_314_645_678  # 2024-01-15T10:30:45.678Z
ORDERS: tuple[tuple[Cell, ...], ...] = (
    ("a", 1, "rice", 10.5, True, AT),
    ("a", 2, '=HYPERLINK("https://example.com")', -3.0, False, AT + 1_000),
    ("b", 1, None, None, None, None),
    ("o'neil", 2**53 + 1, 'नमस्ते 🍚, \n"x"', 0.1, True, AT + 2_000),
)


def order(*cells: Cell, place: Place = PLACE) -> Row:
    fields = [
        Field(name, name, shape, cell, f"The {name}, & more.")
        for (name, shape), cell in zip(COLUMNS.items(), cells, strict=True)
    ]
    return row_of(place=place, key=tuple(fields[:2]), fields=tuple(fields[2:]), version=1)
