"""Adapters: what a file may say, and the sentence for what it may not."""

from pathlib import Path

import pytest

from tidings.bench.adapter import names_in, read_adapter
from tidings.bench.foreign import Foreign
from tidings.bench.load import STAMP, UNIQUE
from tidings.core.errors import Invalid

PUBLISH = '[publish]\ncall = "POST ${url}/e"\nbody = { t = "${text}" }\n'
GIVEN = {"url": "http://127.0.0.1:9", "run": "r", "now": "n"}


def written(folder: Path, text: str) -> Path:
    path = folder / "adapter.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(Path("docs/adapters").glob("*.toml")), ids=lambda path: path.stem)
def test_every_adapter_that_is_shipped_is_whole(path: Path) -> None:
    adapter = read_adapter(path)

    foreign = Foreign(adapter=adapter, names=GIVEN | dict.fromkeys(adapter.variables, "x"))
    for call in adapter.set_up:
        foreign.names.update(dict.fromkeys(call.take, "7"))
    url, request = foreign.request(payload=50, is_batch=False)
    assert url.startswith("http://127.0.0.1:9/")
    assert STAMP in request.body
    assert adapter.tear_down


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name = ", "is not TOML"),
        ('name = "A"', "missing required field `publish`"),
        ('name = ""\n' + PUBLISH, "$.name"),
        ('name = "A"\nport = 1\n' + PUBLISH, "unknown field `port`"),
        ('name = "A"\n' + PUBLISH + "acepted = [200]", "unknown field `acepted`"),
        ('name = "A"\n' + PUBLISH + "accepted = [404]", "$.publish.accepted[0]"),
        ('name = "A"\n' + PUBLISH + 'stamp = "text"', "$.publish.stamp"),
        ('name = "A"\n' + PUBLISH.replace("POST $", "FETCH $"), "'FETCH ${url}/e' is no call"),
        ('name = "A"\n' + PUBLISH.replace("${url}/e", "/e"), "is no call; write it like POST ${url}/events"),
        ('name = "A"\n' + PUBLISH.replace("${text}", "x"), "publish.body: has no ${text}"),
        ('name = "A"\n' + PUBLISH.replace("${text}", "${text} $"), "has a $ that begins no ${name}"),
        ('name = "A"\n' + PUBLISH.replace("/e", "/${app}"), "there is no ${app} here; there are now, run, url"),
        ('name = "A"\nheaders = { a = "${place}" }\n' + PUBLISH, "headers: there is no ${place} here"),
        ('name = "A"\nvariables = { "a-b" = "X" }\n' + PUBLISH, "variables: 'a-b' is no name"),
        ('name = "A"\nvariables = { uuid = "X" }\n' + PUBLISH, "variables: 'uuid' means something already"),
        ('name = "A"\n[[set-up]]\ncall = "GET ${webhook}"\n' + PUBLISH, "set-up, call 1: there is no ${webhook} here"),
        (
            'name = "A"\n[[set-up]]\nper-webhook = true\ncall = "GET ${url}"\ntake = { id = "/id" }\n'
            '[[tear-down]]\ncall = "DELETE ${url}/${id}"\n' + PUBLISH,
            "tear-down, call 1: there is no ${id} here",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_before_anything_is_called(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_adapter(written(tmp_path, text))

    assert why in refused.value.message


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        read_adapter(tmp_path / "nowhere.toml")


def test_what_was_taken_from_an_answer_cannot_lead_elsewhere(tmp_path: Path) -> None:
    adapter = read_adapter(
        written(
            tmp_path,
            'name = "A"\n[[set-up]]\ncall = "POST ${url}/apps"\ntake = { app = "/id" }\n'
            '[publish]\ncall = "POST ${url}/apps/${app}/events?now=${now}"\n'
            'body = { t = "${text}", k = ["${uuid}", 1] }\n',
        )
    )
    foreign = Foreign(adapter=adapter, names=GIVEN | {"app": "../../admin?x=1#"})

    url, request = foreign.request(payload=50, is_batch=False)

    assert url == "http://127.0.0.1:9/apps/..%2F..%2Fadmin%3Fx%3D1%23/events?now=n"
    assert request.path == "/apps/..%2F..%2Fadmin%3Fx%3D1%23/events?now=n"
    assert f'"k":["{UNIQUE}",1]' in request.body


def test_a_header_that_would_begin_another_line_is_refused(tmp_path: Path) -> None:
    adapter = read_adapter(
        written(tmp_path, 'name = "A"\nvariables = { key = "K" }\nheaders = { a = "${key}" }\n' + PUBLISH)
    )

    with pytest.raises(Invalid, match="the header 'a' cannot be sent"):
        Foreign(adapter=adapter, names=GIVEN | {"key": "x\r\nb: c"}).request(payload=50, is_batch=False)


def test_names_are_found_however_deep_they_stand() -> None:
    assert sorted(names_in("${a}$$", {"x": ["${b}", 1, {"y": "$c"}]}, None)) == ["a", "b", "c"]
