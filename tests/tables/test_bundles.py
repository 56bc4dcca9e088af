"""The newest surveys have tables of their own, and the others do not; in every engine."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.dashboards.forms import AT, told
from tidings.core.row import Change
from tidings.tables import bundle
from tidings.tables.tables import Tables, open_tables


@pytest.fixture(autouse=True)
def most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MOST", 3)


def answered(survey: int, *, response: str = "r", at: int = AT) -> list[Change]:
    """One response to a survey."""
    questions = [
        {"title": "Lunch", "type": "Text", "answer": f"Soup {response}"},
        {"title": "Extras", "type": "MultiOption", "answer": ["Salt", "Oil"]},
    ]
    data = {
        "actionId": f"{survey:08}-0000",
        "responseId": f"{survey}-{response}",
        "responseDetails": {"responseWithQuestions": questions},
    }
    return told("SurveyResponse", data, event=f"{survey}-{response}", at=at)


def surveys(tables: Tables) -> list[int]:
    """Those that have tables."""
    tables.refresh()
    names = sorted(name for name in tables.known() if name.startswith("responses_survey_"))
    found = sorted({int(name.split("_")[2]) for name in names})
    assert len(names) == 2 * len(found)
    look = sa.inspect(tables.engine)
    schema = "dash" if tables.engine.dialect.name == "postgresql" else None
    assert sorted(name for name in look.get_table_names(schema=schema) if name.startswith("responses_")) == names
    return found


def test_the_newest_surveys_have_tables_and_the_answers_to_all_stand_together(tables: Tables) -> None:
    for survey in range(6):
        tables.write(answered(survey))

    assert surveys(tables) == [3, 4, 5]
    assert [row["answer"] for row in tables.rows("answers")] == ["Soup r", "Salt, Oil"] * 6


def test_an_older_survey_that_is_answered_again_gets_no_table_again(tables: Tables, tables_url: str) -> None:
    tables.write([change for survey in range(5) for change in answered(survey)])

    late = tables.write(answered(0, response="late"))
    with open_tables(tables_url) as others:
        others.write(answered(1, response="late"))
    again = tables.write([change for survey in range(5) for change in answered(survey)])

    assert late == {"answers", "events"}
    assert again >= {"answers", "events", "responses_survey_00000004"}
    assert surveys(tables) == [2, 3, 4]
    assert len(list(tables.rows("answers"))) == 2 * (5 + 2)


def test_a_process_that_still_knows_a_table_which_another_has_dropped_goes_on_without_it(
    tables: Tables, tables_url: str
) -> None:
    tables.write([change for survey in range(3) for change in answered(survey)])
    with open_tables(tables_url) as others:
        others.write(answered(3))

    tables.write(answered(0, response="late") + answered(1, response="late"))

    assert surveys(tables) == [1, 2, 3]
    assert len(list(tables.rows("responses_survey_00000001"))) == 2
    assert len(list(tables.rows("answers"))) == 2 * 6


def test_a_table_on_postgresql_that_somebodys_view_stands_on_is_left_to_them(
    new_postgresql_database: Callable[[], str],
) -> None:
    with open_tables(new_postgresql_database()) as tables:
        tables.write(answered(0))
        with tables.engine.begin() as connection:
            connection.exec_driver_sql("CREATE VIEW dash.mine AS SELECT lunch FROM dash.responses_survey_00000000")

        for survey in range(1, 5):
            tables.write(answered(survey))
        tables.write(answered(0, response="late"))

        assert "responses_survey_00000000" not in tables.known()
        with tables.engine.begin() as connection:
            assert connection.exec_driver_sql("SELECT lunch FROM dash.mine").all() == [("Soup r",)]
