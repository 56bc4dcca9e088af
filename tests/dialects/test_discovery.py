"""A source is added by adding its folder."""

from pathlib import Path

import pytest

from tidings import dialects
from tidings.dialects.discovery import discover

PACKAGE = '''
"""A source that only this test has."""

class Shouting:
    name = "shouting"
    content_type = "application/json"

    def write(self, event, subscription):
        return event.data.upper()

DIALECTS = (Shouting(),)
DEFAULT_FOR = {"Crowd": "shouting"}
'''
SAMPLE = """
{
  "type": "crowd.shouted",
  "subjects": [{"objectType": "Crowd", "objectId": "c"}],
  "data": {"text": "oh"},
  "eventId": "e",
  "fromUser": "+910000000001"
}
"""


def test_a_new_folder_is_found_with_everything_that_it_offers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shouting_crowd"
    (folder / "samples").mkdir(parents=True)
    (folder / "__init__.py").write_text(PACKAGE)
    (folder / "samples" / "crowd.shouted.json").write_text(SAMPLE)
    monkeypatch.setattr(dialects, "__path__", [*dialects.__path__, str(tmp_path)])

    found = discover()

    assert found.default_format("Crowd") == "shouting"
    assert "shouting" in found.dialects
    sample = found.samples["crowd.shouted"]
    assert (sample.data, sample.wire_id, sample.actor.phone) == (b'{"text":"oh"}', "e", "+910000000001")


def test_a_folder_that_only_reads_is_found_with_what_it_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "listening_crowd"
    (folder / "received").mkdir(parents=True)
    (folder / "__init__.py").write_text("class Ear:\n    name = 'ear'\n\nREADERS = (Ear(),)\n")
    (folder / "received" / "a.json").write_text(
        '{"reader": "ear", "headers": {"X-Said": "yes"}, "body": {"text": "oh"}}'
    )
    monkeypatch.setattr(dialects, "__path__", [*dialects.__path__, str(tmp_path)])

    found = discover()

    assert found.readers["ear"].name == "ear"
    [receipt] = found.received["ear"]
    assert (receipt.source, receipt.header("x-said"), receipt.body) == ("ear", "yes", b'{"text":"oh"}')


def test_what_stands_beside_the_folders_is_left_alone() -> None:
    found = discover()

    assert set(found.dialects) == {
        "kaizala",
        "standard",
        "cloudevents",
        "raw",
        "connectreport",
        "connectreport-extended",
    }
    assert set(found.readers) == {*found.dialects, "github", "stripe"} - {"connectreport-extended"}
