"""Each call and each callback that a document shows, with our own values: the same keys, in order, of the same types.

The documents are "Integrating Kaizala data to your existing dashboards", "Webhook response schema for registered
events", "APIs to register & manage webhooks", the article on webhooks, and the Kaizala API reference. What we answer
beside that stands between or behind it. The calls are one story, in which each builds on those before it.
"""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.dialects.installation import ASHA, MEERA, RAVI, Installation
from tests.workspace.files import png
from tidings.testing.endpoint import Endpoint

_GOLDEN = Path(__file__).parent / "golden"
_CALLS = [msgspec.json.decode(line) for line in (_GOLDEN / "kaizala_calls.ndjson").read_bytes().splitlines()]
_HEARD = [msgspec.json.decode(line) for line in (_GOLDEN / "kaizala_heard.ndjson").read_bytes().splitlines()]
_PLACE = re.compile(r"\{(\w+)\}")


class Story:
    """The calls, one after the other; `known` is what they may refer to."""

    def __init__(self, installation: Installation, endpoint: Endpoint) -> None:
        self._api = installation
        self._endpoint = endpoint
        self._tokens = {"": ""}
        self.known: dict[str, str] = {}

    async def begin(self) -> None:
        api = self._api
        people = {"asha": ASHA, "ravi": RAVI, "meera": MEERA}
        for name, phone in people.items():
            self._tokens[name] = await api.sign_in(phone, name=name.title())
            self.known[name] = (await api.get("/v1/users/me", token=self._tokens[name])).json()["id"]
        self._tokens["tenant"] = await api.tenant()
        await api.post("/v1/generatePin", {"mobileNumber": RAVI, "applicationId": api.connector.id})
        self.known |= {f"{name}_phone": phone for name, phone in people.items()} | {
            "connector": api.connector.id,
            "secret": api.connector.secret,
            "receiver": self._endpoint.url,
            "png": base64.b64encode(png()).decode(),
        }

    async def tell(self, step: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Make a call; what is answered."""
        if "pin" in step.get("body", {}):
            self.known["pin"] = await self._api.parts.access.waiting_pin(RAVI)
        step = self.filled(step)
        method, _, path = step["call"].partition(" ")
        answer = await self._api.http.request(
            method,
            path,
            json=step.get("body"),
            files={"files": (step["upload"], png(), "image/png")} if "upload" in step else None,
            headers={"accessToken": self._tokens[step.get("by", "asha")], **step.get("headers", {})},
        )
        assert answer.status_code == 200, f"{step['call']}: {answer.text}"
        told = answer.json()
        self.known |= {name: told[field] for name, field in step.get("keep", {}).items()}
        return told

    def filled(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """With what is known in place of its names."""
        if isinstance(value, dict):
            return {self.filled(name): self.filled(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.filled(part) for part in value]
        return _PLACE.sub(lambda found: self.known[found[1]], value) if isinstance(value, str) else value


@pytest.fixture
async def story(installation: Installation, endpoint: Endpoint) -> Story:
    story = Story(installation, endpoint)
    await story.begin()
    return story


def differences(sample: object, told: object, *, place: str = "") -> Iterator[str]:
    """Where something has not the keys of the sample, or not in their order, or a value of another type."""
    if type(sample) is not type(told):
        yield f"{place}: {type(told).__name__} for {type(sample).__name__}"
    elif isinstance(sample, dict) and isinstance(told, dict):
        if [name for name in told if name in sample] != list(sample):
            yield f"{place}: {list(told)} for {list(sample)}"
        for name in sample.keys() & told.keys():
            yield from differences(sample[name], told[name], place=f"{place}.{name}")
    elif isinstance(sample, list) and isinstance(told, list):
        if bool(sample) is not bool(told):
            yield f"{place}: {len(told)} for {len(sample)}"
        for number, (one, other) in enumerate(zip(sample, told, strict=False)):
            yield from differences(one, other, place=f"{place}[{number}]")


async def test_every_call_is_answered_and_told_like_its_sample(story: Story, endpoint: Endpoint) -> None:
    found = []
    for step in _CALLS:
        told = await story.tell(step)
        found += [f"{step['call']}{line}" for line in differences(story.filled(step["answer"]), told)]
    assert found == []

    wanted = {(one["objectType"], one["eventType"]) for one in _HEARD}
    heard = await heard_of(wanted, endpoint=endpoint)
    for sample in _HEARD:
        kind, type_ = sample["objectType"], sample["eventType"]
        found += [f"{kind} {type_}{line}" for line in differences(sample, heard[kind, type_])]
    assert found == []


async def heard_of(wanted: set[tuple[str, str]], *, endpoint: Endpoint) -> dict[tuple[str, str], dict[str, Any]]:
    """The first callback of each kind of object and type of event; waits until all are there."""
    heard: dict[tuple[str, str], dict[str, Any]] = {}
    number = 0
    while not wanted <= heard.keys():
        number += 1
        request = (await endpoint.received(number))[number - 1]
        if request.method == "POST":
            body = msgspec.json.decode(request.body)
            heard.setdefault((body["objectType"], body["eventType"]), body)
    return heard


def test_a_difference_in_keys_order_or_type_is_found() -> None:
    sample = {"a": 1, "b": [{"c": "x"}]}

    assert list(differences(sample, {"a": 2, "z": None, "b": [{"c": "y", "d": 1}, {}]})) == []
    assert list(differences(sample, {"b": [{"c": "y"}], "a": 2})) == [": ['b', 'a'] for ['a', 'b']"]
    assert list(differences(sample, {"a": True, "b": [{"c": "y"}]})) == [".a: bool for int"]
    assert list(differences(sample, {"a": 1, "b": []})) == [".b: 0 for 1"]
    assert list(differences(sample, {"a": 1, "b": [{"c": 1}]})) == [".b[0].c: int for str"]
