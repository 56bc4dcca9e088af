"""URLs of several hosts, as SQLAlchemy and the programs of others are told them."""

import pytest
from sqlalchemy.engine import make_url

from tidings.tables.engine import place_of, url_of

SEVERAL = "postgresql+psycopg://me:p%40ss@one:5001,two:5002/tidings"


def test_of_several_hosts_libpq_takes_the_one_that_takes_writes() -> None:
    _, arguments = url_of(SEVERAL).get_dialect()().create_connect_args(url_of(SEVERAL))

    assert arguments == {
        "user": "me",
        "password": "p@ss",
        "dbname": "tidings",
        "host": "one,two",
        "port": "5001,5002",
        "target_session_attrs": "read-write",
    }


def test_whoever_says_which_of_the_hosts_is_meant_is_heard() -> None:
    assert url_of(f"{SEVERAL}?target_session_attrs=any").query["target_session_attrs"] == "any"


@pytest.mark.parametrize("text", ["postgresql://me@one:5001/tidings", "mariadb://me:a,b@one/tidings", "sqlite://"])
def test_a_url_of_one_host_stays_as_it_is(text: str) -> None:
    assert url_of(text) == make_url(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (SEVERAL, ("one", 5001)),
        ("postgresql://me@one,two/tidings", ("one", 5432)),
        ("postgresql://me@one:5001/tidings", ("one", 5001)),
        ("postgresql://me@/tidings?host=/run/postgresql", ("localhost", 5432)),
        ("postgresql:///tidings", ("localhost", 5432)),
    ],
)
def test_other_programs_are_told_the_first_host(text: str, place: tuple[str, int]) -> None:
    assert place_of(url_of(text)) == place
