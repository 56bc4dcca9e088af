"""`tidings openapi`."""

import json

from tests.cli.terminal import Terminal


def test_the_document_is_printed_without_a_server_and_without_touching_anything(here: Terminal) -> None:
    here.settings["TIDINGS_PUBLIC_URL"] = "https://hooks.example.com/"

    document = json.loads(here.says("openapi"))

    assert document["openapi"] == "3.1.0"
    assert "/v1/webhook" in document["paths"]
    assert document["servers"] == [{"url": "https://hooks.example.com"}]
    assert list(here.folder.iterdir()) == []
