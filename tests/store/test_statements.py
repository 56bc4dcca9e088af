"""The named statements, as each engine reads them."""

import re

import pytest

from tidings.store.statements import Text, migrations, statements


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_parameters_are_numbered_in_the_order_of_their_first_use(engine: str) -> None:
    text = statements(engine)["subscription_ended"]
    sign = {"sqlite": "?", "postgresql": "$"}[engine]

    assert text.parameters == ("at", "number")
    assert f"ended_at = {sign}1" in text.sql
    assert f"number = {sign}2" in text.sql


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_no_statement_keeps_a_name_a_comment_or_its_semicolon(engine: str) -> None:
    for text in statements(engine).values():
        assert not re.search(r"(?<!:):[a-z]", re.sub(r"'[^']*'", "", text.sql)), text.name
        assert "--" not in text.sql, text.name
        assert not text.sql.endswith(";"), text.name


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_whatever_stores_a_version_of_the_subscriptions_says_that_it_changes_them(engine: str) -> None:
    for text in statements(engine).values():
        stores = re.search(r"\b(INSERT INTO|UPDATE) subscription\b", text.sql) and "subscription_version" in text.sql
        assert text.changes_subscriptions == bool(stores), text.name


def test_a_row_is_repeated_with_its_parameters_in_order() -> None:
    text = Text(
        name="kept",
        sql="INSERT INTO event (id, type)\nVALUES (?1, ?2)\nON CONFLICT DO NOTHING",
        parameters=("id", "type"),
        changes_subscriptions=False,
        finds_by_key=False,
    )

    assert text.repeated(2) == "INSERT INTO event (id, type)\nVALUES (?, ?), (?, ?)\nON CONFLICT DO NOTHING"


def test_each_engine_runs_its_own_migrations_and_the_shared_ones_in_order() -> None:
    sqlite, postgresql = migrations("sqlite"), migrations("postgresql")

    assert list(sqlite) == sorted(sqlite)
    assert list(postgresql) == sorted(postgresql)
    assert {"0001_hub", "0002_access"} <= set(sqlite) & set(postgresql)
    assert "AUTOINCREMENT" in sqlite["0001_hub"]
    assert "PARTITION BY" in postgresql["0001_hub"]
    assert not any(re.search(r"\bBLOB\b", script) for script in postgresql.values())
