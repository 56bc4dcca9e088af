"""`tidings bench`, as a process with all its processes. No figure is judged: machines differ."""

import subprocess
from pathlib import Path
from typing import TypeVar

import asyncpg
import msgspec
import pytest

from tests.cli.terminal import Terminal
from tidings.bench.figures import Delivered, Figures, LaidFlat, Reported


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    return Terminal(folder=tmp_path)


T = TypeVar("T", bound=Figures)


def measured(done: "subprocess.CompletedProcess[str]", type_: type[T]) -> T:
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=type_)


def test_nothing_is_lost_on_either_engine(here: Terminal, database_url: str) -> None:
    sizes = ("--events", "300", "--concurrency", "8", "--batch", "10", "--fan-out", "2", "--payload", "200")

    figures = measured(here.run("bench", *sizes, "--database", database_url, "--json"), Delivered)

    assert (figures.lost, figures.duplicates, figures.refused, figures.why) == (0, 0, 0, "")
    assert (figures.of, figures.events, figures.fan_out) == ("events", 300, 2)
    assert figures.engine == database_url.partition(":")[0]
    assert {"server", "receiver", "load"} <= figures.cpu_us_per_event.keys()
    assert 0 < figures.latency_ms.p50 <= figures.latency_ms.p99
    assert figures.accepted_per_s > 0 < figures.delivered_per_s
    assert figures.peak_rss_mb > 0


@pytest.mark.parametrize("of", ["messages", "responses"])
def test_what_people_do_in_groups_is_measured_the_same_way(here: Terminal, of: str) -> None:
    sizes = ("--events", "60", "--concurrency", "4", "--fan-out", "2", "--payload", "200")

    figures = measured(here.run("bench", "--of", of, *sizes, "--json"), Delivered)

    assert (figures.of, figures.events, figures.fan_out) == (of, 60, 2)
    assert (figures.lost, figures.duplicates, figures.refused, figures.why) == (0, 0, 0, "")
    assert 0 < figures.latency_ms.p50 <= figures.latency_ms.p99


def test_received_callbacks_are_followed_into_the_tables(here: Terminal, database_url: str) -> None:
    sizes = ("--events", "60", "--concurrency", "4", "--database", database_url)

    figures = measured(here.run("bench", "--of", "callbacks", *sizes, "--json"), LaidFlat)

    assert (figures.of, figures.events, figures.lost, figures.refused, figures.why) == ("callbacks", 60, 0, 0, "")
    assert figures.accepted_per_s > 0
    assert 0 < figures.rows_per_s <= figures.accepted_per_s
    assert {"server", "load"} <= figures.cpu_us_per_event.keys()


def test_reports_that_are_due_at_once_are_made_and_the_events_beside_them_delivered(here: Terminal) -> None:
    sizes = ("--events", "22", "--rate", "50")

    figures = measured(here.run("bench", "--of", "reports", *sizes, "--json"), Reported)

    assert (figures.of, figures.format, figures.events, figures.lost, figures.refused) == ("reports", "csv", 22, 0, 0)
    assert list(figures.began_s) == [str(priority) for priority in range(10, -1, -1)]
    assert 0 < figures.began_s["10"] <= figures.began_s["0"] <= figures.made_s
    assert 0 < figures.before_ms.p50 <= figures.before_ms.p99
    assert 0 < figures.beside_ms.p50 <= figures.beside_ms.p99
    assert {"server", "clerks"} <= figures.cpu_us_per_event.keys()


def test_what_the_server_refuses_is_told_with_its_reason(here: Terminal) -> None:
    done = here.run("bench", "--of", "messages", "--events", "3", "--payload", "5000", "--json")

    figures = msgspec.json.decode(done.stdout, type=Delivered)
    assert done.returncode == 1
    assert (figures.refused, figures.lost) == (3, 0)
    assert "message: expected" in figures.why


def test_nothing_is_left_behind_in_the_folder(here: Terminal) -> None:
    measured(here.run("bench", "--events", "10", "--database", f"sqlite:{here.folder}/tidings.db", "--json"), Delivered)

    assert list(here.folder.iterdir()) == []


async def test_nothing_is_left_behind_on_the_server(here: Terminal, postgres_url: str) -> None:
    measured(here.run("bench", "--events", "10", "--database", postgres_url, "--json"), Delivered)

    connection = await asyncpg.connect(postgres_url)
    left = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'tidings_bench_%'")
    await connection.close()
    assert left == []


def test_the_settings_of_an_installation_have_no_part_in_it(here: Terminal) -> None:
    here.settings["TIDINGS_ROLES"] = "api"
    (here.folder / "tidings.toml").write_text('egress_http = "off"\n')

    assert measured(here.run("bench", "--events", "10", "--json"), Delivered).lost == 0


def test_a_rate_and_tls_can_be_asked_for(here: Terminal) -> None:
    figures = measured(here.run("bench", "--events", "60", "--rate", "100", "--tls", "--json"), Delivered)

    assert figures.lost == 0
    # Six tenths of a second is the least that it can take; the most depends on the machine.
    assert figures.accepted_per_s < 110


def test_a_table_is_printed_for_people(here: Terminal) -> None:
    said = here.says("bench", "--events", "10")

    assert "10 events, each to 1" in said
    assert "lost" in said
    assert "duplicates" in said


def test_a_table_of_callbacks_tells_of_rows(here: Terminal) -> None:
    said = here.says("bench", "--of", "callbacks", "--events", "10")

    assert "10 callbacks" in said
    assert "rows laid, a second" in said


def test_what_cannot_be_measured_is_refused(here: Terminal) -> None:
    assert "at most 50,000,000 deliveries" in here.refuses("bench", "--events", "1000000", "--fan-out", "100")
    assert "there is no folder" in here.refuses("bench", "--database", f"sqlite:{here.folder}/nowhere/x.db")
    assert "write sqlite:PATH or postgresql://" in here.refuses("bench", "--database", "mysql:x")
    assert "only events are taken several at once" in here.refuses("bench", "--of", "messages", "--batch", "10")
    assert "received, not delivered" in here.refuses("bench", "--of", "callbacks", "--fan-out", "2")
    assert "0 is not in the range" in here.refuses("bench", "--events", "0", status=2)
