"""`tidings serve` and `tidings worker`, as processes."""

import os
import re
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.children import children_of
from tests.cli.terminal import LONGEST_S, Terminal, eventually, line_of


def is_gone(pid: int) -> bool:
    """Whether a process that is none of our children has ended; a zombie has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def answering(url: str) -> set[str]:
    """Which of the processes at that port answer some requests, each on a connection of its own."""
    names: set[str] = set()
    for _ in range(8):
        with urlopen(f"{url}metrics") as answer:  # noqa: S310 - our own server
            names |= set(re.findall(r'tidings_build_info\{.*process="(\d)"', answer.read().decode()))
    return names


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_server_says_where_it_listens_and_stops_in_good_order(terminal: Terminal, how: signal.Signals) -> None:
    with terminal.running("serve", "--port", "0") as process:
        url = line_of(process).removeprefix("Tidings listens on ")
        with urlopen(f"{url}readyz") as answer:  # noqa: S310 - our own server
            assert answer.status == 200

        process.send_signal(how)
        process.wait(LONGEST_S)

    assert process.returncode == 0


def test_options_go_before_variables(here: Terminal, free_port: int) -> None:
    here.settings["TIDINGS_PORT"] = "1"

    with here.running("serve", "--port", str(free_port)) as process:
        assert line_of(process) == f"Tidings listens on http://127.0.0.1:{free_port}/"


def test_help_shows_each_setting_with_its_default_but_takes_no_secret(here: Terminal) -> None:
    said = here.says("serve", "--help")

    assert "--retry-schedule" in said
    assert "10s,1m,10m,1h,6h" in said
    assert "--secret-key" not in said
    assert "--database" not in said


def test_a_second_server_on_the_same_file_is_refused(here: Terminal) -> None:
    with here.serving():
        assert "another process serves" in here.refuses_after_log("serve", "--port", "0")


def test_an_address_that_is_taken_is_refused(here: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert f"cannot listen on 127.0.0.1 port {port}" in here.refuses_after_log("serve", "--port", str(port))


def test_a_misspelt_variable_is_named_in_the_log(here: Terminal) -> None:
    here.settings["TIDINGS_DATABSE"] = "sqlite:other.db"

    with here.serving():
        assert "setting.unknown name=TIDINGS_DATABSE" in (here.folder / "log").read_text()


def test_siblings_end_with_the_server_however_it_ends(postgresql: Terminal) -> None:
    with postgresql.running("serve", "--port", "0", "--workers", "2") as process:
        line_of(process)
        [sibling] = eventually(lambda: children_of(process.pid))

        process.kill()

        assert eventually(lambda: is_gone(sibling))


def test_siblings_share_a_port_that_nobody_else_may_share(postgresql: Terminal) -> None:
    with postgresql.running("serve", "--port", "0", "--workers", "2") as process:
        url = line_of(process).split()[-1]

        assert eventually(lambda: answering(url) == {"0", "1"})
        assert f"cannot listen on 127.0.0.1 port {urlsplit(url).port}" in postgresql.refuses_after_log(
            "serve", "--port", str(urlsplit(url).port), "--workers", "2"
        )


def test_what_sends_for_a_server_ends_with_it_however_it_ends(here: Terminal) -> None:
    with here.running("serve", "--port", "0", "--workers", "3") as process:
        line_of(process)
        porters = children_of(process.pid, running="tidings.egress.porter")

        process.kill()

        assert len(porters) == 2
        assert eventually(lambda: all(map(is_gone, porters)))


def test_what_sends_for_a_server_leaves_the_end_to_it(here: Terminal) -> None:
    with here.running("serve", "--port", "0", "--workers", "2") as process:
        line_of(process)
        [porter] = children_of(process.pid, running="tidings.egress.porter")
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(porter, number)
        assert children_of(process.pid, running="tidings.egress.porter") == [porter]

        process.send_signal(signal.SIGINT)
        process.wait(LONGEST_S)

    assert process.returncode == 0
    assert eventually(lambda: is_gone(porter))
    assert "porter.ended" not in (here.folder / "log").read_text()


def test_a_worker_listens_nowhere_and_stops_when_told(postgresql: Terminal) -> None:
    with postgresql.running("worker") as process:
        assert line_of(process) == "Tidings delivers"

    assert process.returncode == 0
