"""`tidings bench --against`: the same load and receiver, with Tidings called from outside or another server between."""

import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.bench.other_server import ADAPTER, KEY, other_server
from tests.cli.terminal import Terminal
from tidings.bench.against import Against, measure_against
from tidings.bench.figures import Compared
from tidings.bench.run import Plan
from tidings.core.errors import TidingsError

TIDINGS = Path("docs/adapters/tidings.toml").resolve()
SCOPES = ("--scope", "webhook.write", "--scope", "webhook.remove", "--scope", "publish")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def here(tmp_path: Path) -> Terminal:
    (tmp_path / "other.toml").write_text(ADAPTER)
    return Terminal(folder=tmp_path, settings={"OTHER_KEY": KEY})


def test_tidings_called_from_outside_loses_nothing_and_is_left_as_it_was(here: Terminal) -> None:
    here.settings.update(TIDINGS_EGRESS_ALLOW="127.0.0.1/32", TIDINGS_EGRESS_HTTP="on", TIDINGS_CALLS_PER_CONNECTOR="0")
    here.says("connector", "create", "--name", "bench", "--id", "bench")
    key = here.says("token", "create", "--connector", "bench", "--static", *SCOPES)
    here.settings["BENCH_TIDINGS_KEY"] = key
    with here.running("serve", "--port", "0") as server:
        assert server.stdout is not None
        url = next(line for line in server.stdout if line.strip()).split()[-1]
        sizes = ("--events", "200", "--concurrency", "4", "--fan-out", "2", "--batch", "10")
        figures = msgspec.json.decode(
            here.says("bench", "--against", str(TIDINGS), "--url", url, *sizes, "--pid", str(server.pid), "--json"),
            type=Compared,
        )

        assert (figures.engine, figures.events, figures.fan_out) == ("Tidings", 200, 2)
        assert (figures.lost, figures.duplicates, figures.refused, figures.why) == (0, 0, 0, "")
        assert figures.left == []
        assert figures.accepted_per_s > 0 < figures.delivered_per_s
        assert 0 < figures.latency_ms.p50 <= figures.latency_ms.p99
        assert figures.peak_rss_mb > 0
        assert len(figures.cpu_us_per_event) == 3


def test_a_server_with_another_api_is_set_up_counted_and_taken_down(here: Terminal) -> None:
    with other_server() as server:
        told = here.says(
            "bench", "--against", "other.toml", "--url", server.url, "--events", "40", "--batch", "4",
            "--concurrency", "2", "--fan-out", "2", "--payload", "100", "--pid", str(os.getpid()), "--json",
        )  # fmt: skip

    figures = msgspec.json.decode(told, type=Compared)
    assert (figures.engine, figures.lost, figures.refused) == ("Other", 0, 0)
    assert figures.duplicates == 20
    assert figures.foreign == 0
    assert [re.sub(r"bench [0-9a-f]+", "bench", text) for text in server.told[:1]] == ["bench"]
    assert msgspec.json.decode(server.told[2])["price"] == "$1"
    assert len(set(server.keys)) == 40
    assert all(map(_UUID.fullmatch, server.keys))
    # What could not be taken down is told, and the rest was.
    assert [path for method, path in server.calls if method == "DELETE"] == [
        "/teams/7/hooks/h%2F0",
        "/teams/7/hooks/h%2F1",
        "/teams/7",
    ]
    assert figures.left == ["Other: DELETE /teams/7 is answered with 404 {}"]


async def refused(folder: Path, url: str, *, against: dict[str, Any] | None = None, **sizes: Any) -> str:  # noqa: ANN401 - a plan's
    plan = Plan(**{"events": 1, **sizes})
    other = Against(**{"adapter": folder / "other.toml", "url": url, **(against or {})})
    with pytest.raises(TidingsError) as error:
        await measure_against(plan, other, tell=lambda _: None)
    return error.value.message


async def test_what_the_other_server_refuses_is_told_without_secrets(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", "made-up, and wrong")
    with other_server() as server:
        why = await refused(here.folder, server.url)
    assert why == 'Other: PUT /teams is answered with 401 {"error": "who are you?"}'
    assert (await refused(here.folder, server.url)).startswith("Other: PUT /teams is not answered: ")
    monkeypatch.setenv("OTHER_KEY", "made-up\r\nx: y")
    assert "a header is not as HTTP has it" in await refused(here.folder, server.url)
    monkeypatch.delenv("OTHER_KEY")
    assert await refused(here.folder, server.url) == "Other: set OTHER_KEY in the environment; it is used as ${key}"


async def test_what_cannot_be_measured_is_told_and_what_was_made_is_taken_down(
    here: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", KEY)
    single = here.folder / "single.toml"
    single.write_text("".join(line for line in ADAPTER.splitlines(keepends=True) if not line.startswith("batch")))
    with other_server() as server:
        why = await refused(here.folder, server.url, against={"adapter": single}, batch=2)
        assert why == "--batch: Other takes one event a request; leave it out"
        assert server.calls[-1] == ("DELETE", "/teams/7")
        single.write_text(ADAPTER.replace("/a~1b", "/nothing"))
        assert "the answer has nothing at '/nothing'" in await refused(
            here.folder, server.url, against={"adapter": single}
        )
        assert server.calls[-1] == ("DELETE", "/teams/7")
    assert "--pid 4194305: there is no such" in await refused(here.folder, server.url, against={"pids": [4_194_305]})
    assert "is no address of a server" in await refused(here.folder, "ftp://example.com")
    assert "write an IPv4 address" in await refused(here.folder, server.url, against={"receive_at": "0.0.0.0"})  # noqa: S104
    assert "are for our own server" in await refused(here.folder, server.url, is_tls=True)
    assert "at most 50,000,000" in await refused(here.folder, server.url, events=10_000_000, fan_out=10)


def test_options_of_another_server_want_its_adapter(here: Terminal) -> None:
    assert "name its adapter with --against" in here.refuses("bench", "--url", "http://127.0.0.1:9")
