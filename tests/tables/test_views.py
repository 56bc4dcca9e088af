"""What stands now, seen through changes, in every engine."""

from typing import Any

import msgspec
import pytest

from tidings.core.clock import Clock
from tidings.core.errors import NotFound
from tidings.core.receipt import Receipt
from tidings.core.row import Field, Place, Shape, row_of
from tidings.dialects.kaizala.rows.reader import KaizalaReader
from tidings.tables.condition import Compared, Literal, Named, Operator
from tidings.tables.query import Query
from tidings.tables.selection import Selection
from tidings.tables.tables import Tables, open_tables

READER = KaizalaReader()
AT = 1_773_640_800_000


def told(type_: str, data: dict[str, Any], *, at: int, group: str = "g1") -> Receipt:
    body = {"eventType": type_, "eventId": f"e{at}", "groupId": group, "data": data}
    headers = (("tidings-event-time", str(AT + at)),)
    return Receipt(source="s", at=AT, headers=headers, body=msgspec.json.encode(body))


def member(type_: str, *, at: int, name: str = "Asha", identifier: str | None = "p1", phone: int = 1) -> Receipt:
    data = {"member": f"+91000000000{phone}", "memberId": identifier, "memberName": name, "type": "Member"}
    return told(type_, data, at=at)


def beneath(type_: str, *, at: int, parent: str, name: str = "Site crew") -> Receipt:
    return told(type_, {"group": "g1", "groupName": name}, at=at, group=parent)


def write(tables: Tables, *receipts: Receipt) -> None:
    for receipt in receipts:
        tables.write(READER.read(receipt).changes)


def rows(tables: Tables, name: str) -> list[dict[str, Any]]:
    return [dict(row) for row in tables.rows(name)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_who_is_in_a_group_is_told_by_the_latest_change_in_whatever_order_they_come(
    tables: Tables, order: tuple[int, ...]
) -> None:
    changes = [
        member("MemberAdded", at=1),
        member("MemberRemoved", at=2),
        member("MemberAdded", at=3, name="Asha Verma"),
    ]

    write(tables, *(changes[number] for number in order))

    [row] = rows(tables, "members")
    assert {name: value for name, value in row.items() if name != "tidings_version"} == {
        "group_id": "g1",
        "member_id": "p1",
        "member": "+910000000001",
        "member_name": "Asha Verma",
        "role": "Member",
        "at": AT + 3,
    }


def test_whoever_left_is_no_member_and_one_without_an_id_goes_by_the_number(tables: Tables) -> None:
    write(tables, member("MemberAdded", at=1), member("MemberAdded", at=2, identifier=None, phone=2))
    write(tables, member("MemberRemoved", at=3))

    assert [row["member_id"] for row in rows(tables, "members")] == ["+910000000002"]


def test_a_group_stands_beneath_each_of_its_parents_until_it_is_taken_away(tables: Tables) -> None:
    write(tables, beneath("GroupAdded", at=1, parent="a"), beneath("GroupAdded", at=2, parent="b"))
    write(tables, beneath("GroupRemoved", at=3, parent="a"), beneath("GroupAdded", at=4, parent="b", name="Crew"))

    assert [(row["group_id"], row["parent_group_id"], row["name"]) for row in rows(tables, "groups")] == [
        ("g1", "b", "Crew")
    ]


def test_a_view_can_be_read_and_listed_like_a_table_also_by_whoever_opens_later(
    tables: Tables, tables_url: str
) -> None:
    before = Query(tables.engine, clock=Clock())
    with pytest.raises(NotFound):
        before.sheet("members")
    write(tables, member("MemberAdded", at=1))

    with open_tables(tables_url) as later:
        query = Query(later.engine, clock=Clock())
        sheet = query.sheet("members")
        part = query.part(Selection(table="members", columns=tuple(sheet.columns), most=10))

    assert [column.name for column in sheet.key] == ["group_id", "member_id"]
    assert (sheet.time, len(part.rows), part.after) == ("at", 1, None)


def test_on_postgresql_a_view_and_its_columns_say_what_they_are(tables: Tables) -> None:
    write(tables, member("MemberAdded", at=1))

    if tables.engine.dialect.name == "postgresql":
        about = "SELECT obj_description('dash.members'::regclass), col_description('dash.members'::regclass, 6)"
        with tables.engine.connect() as connection:
            [said] = connection.exec_driver_sql(about)
        assert [str(one)[:5] for one in said] == ["Who i", "Since"]


def test_emptied_tables_show_nobody_and_nothing_else_can_take_a_views_name(tables: Tables) -> None:
    write(tables, member("MemberAdded", at=1))
    place = Place("told:members", "members", "Something else.")
    key = Field("id", "id", Shape.TEXT, "1")
    tables.write([row_of(place=place, key=(key,), fields=(), version=1)])

    tables.empty()

    assert rows(tables, "members") == []
    assert {name for name in tables.known() if name.startswith("members")} != {"members"}


def test_a_span_of_time_of_a_view_is_read_like_any_other(tables: Tables) -> None:
    write(tables, member("MemberAdded", at=1), member("MemberAdded", at=2, identifier="p2", phone=2))
    late = Compared(Named("at", Shape.INSTANT), Operator.GE, Literal(AT + 2, Shape.INSTANT))
    wished = Selection(table="members", columns=("member_id",), most=10, condition=late)

    assert Query(tables.engine, clock=Clock()).part(wished).rows == [("p2",)]
