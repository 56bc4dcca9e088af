"""`tidings bench --workers`: whoever works beside the server is weighed beside it."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from tests.cli.terminal import Terminal
from tidings.bench.figures import Delivered


def test_processes_that_send_for_the_server_are_weighed(tmp_path: Path) -> None:
    sizes = ("--events", "300", "--concurrency", "8", "--batch", "10", "--fan-out", "2", "--payload", "200")

    done = Terminal(folder=tmp_path).run("bench", *sizes, "--workers", "2", "--json")

    assert done.returncode == 0, done.stderr
    figures = msgspec.json.decode(done.stdout, type=Delivered)
    assert figures.cpu_us_per_event["workers"] > 0
    assert (figures.lost, figures.duplicates) == (0, 0)


def test_equal_processes_are_weighed_once_all_of_them_listen(
    tmp_path: Path, new_postgresql_database: Callable[[], str]
) -> None:
    sizes = ("--events", "300", "--concurrency", "16", "--database", new_postgresql_database())

    done = Terminal(folder=tmp_path).run("bench", *sizes, "--workers", "2", "--json")

    assert done.returncode == 0, done.stderr
    figures = msgspec.json.decode(done.stdout, type=Delivered)
    assert figures.cpu_us_per_event["workers"] > 0
    assert (figures.lost, figures.duplicates) == (0, 0)
