"""Discovery: what the folders here offer, found by looking, so that adding a source is adding a folder.

A folder is a package with some of `DIALECTS` (how it writes callbacks), `READERS` (how received ones are understood),
`PULLERS` (how what was not received is asked for),
`DEFAULT_FOR` (which dialect a webhook gets that names none, by object type), `samples/` (an example of each event type,
as `POST /v1/events` takes it) and `received/` (examples of what its readers read, where no dialect writes them).
"""

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import msgspec

from tidings import dialects
from tidings.core.dialect import Dialect, Reader
from tidings.core.event import Actor, Event, Subject
from tidings.core.pull import Puller
from tidings.core.receipt import Receipt

# Tests, documents and the demo want the same bytes each time; whoever publishes a sample sets its own instant.
SAMPLE_AT = 1_773_640_800_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Everything that the folders offer.

    Dialects, readers, pullers and examples of receipts by name, defaults by object type, samples by event type.
    """

    dialects: Mapping[str, Dialect]
    readers: Mapping[str, Reader]
    pullers: Mapping[str, Puller]
    default_for: Mapping[str, str]
    samples: Mapping[str, Event]
    received: Mapping[str, Sequence[Receipt]]

    def default_format(self, kind: str) -> str:
        """The dialect of a webhook that names none."""
        return self.default_for.get(kind, "standard")


def discover() -> Found:
    """Import every package beside this module and gather what it offers."""
    by_name: dict[str, Dialect] = {}
    readers: dict[str, Reader] = {}
    pullers: dict[str, Puller] = {}
    default_for: dict[str, str] = {}
    samples: dict[str, Event] = {}
    received: dict[str, list[Receipt]] = defaultdict(list)
    for module in pkgutil.iter_modules(dialects.__path__, f"{dialects.__name__}."):
        if module.ispkg:
            package = importlib.import_module(module.name)
            by_name |= {dialect.name: dialect for dialect in getattr(package, "DIALECTS", ())}
            readers |= {reader.name: reader for reader in getattr(package, "READERS", ())}
            pullers |= {puller.name: puller for puller in getattr(package, "PULLERS", ())}
            default_for |= getattr(package, "DEFAULT_FOR", {})
            samples |= {event.type: event for event in read_samples(module.name)}
            for receipt in _read_received(module.name):
                received[receipt.source].append(receipt)
    return Found(
        dialects=by_name,
        readers=readers,
        pullers=pullers,
        default_for=default_for,
        samples=samples,
        received=received,
    )


def read_samples(package: str) -> Iterator[Event]:
    """The samples of one dialect's package, by name of their files."""
    for content in _files(package, "samples"):
        sample = msgspec.json.decode(content, type=_Sample)
        yield Event(
            type=sample.type,
            subjects=tuple(Subject(one.object_type, one.object_id) for one in sample.subjects),
            data=msgspec.json.encode(sample.data),
            at=SAMPLE_AT,
            actor=Actor(
                phone=sample.from_user,
                id=sample.from_user_id,
                name=sample.from_user_name,
                picture=sample.from_user_profile_pic,
            ),
            wire_id=sample.event_id,
        )


def _read_received(package: str) -> Iterator[Receipt]:
    for content in _files(package, "received"):
        example = msgspec.json.decode(content, type=_Received)
        headers = tuple(example.headers.items())
        yield Receipt(source=example.reader, at=SAMPLE_AT, headers=headers, body=msgspec.json.encode(example.body))


def _files(package: str, name: str) -> Iterator[bytes]:
    folder = files(package) / name
    if folder.is_dir():
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            yield file.read_bytes()


class _Received(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    reader: str
    headers: dict[str, str] = {}
    body: dict[str, Any]


class _Subject(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    object_type: str
    object_id: str


class _Sample(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    type: str
    subjects: list[_Subject]
    data: dict[str, Any]
    event_id: str = ""
    from_user: str = ""
    from_user_id: str = ""
    from_user_name: str = ""
    from_user_profile_pic: str = ""
