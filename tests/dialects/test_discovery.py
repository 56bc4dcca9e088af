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


def test_what_stands_beside_the_folders_is_left_alone() -> None:
    assert set(discover().dialects) == {"kaizala", "standard", "cloudevents", "raw"}
