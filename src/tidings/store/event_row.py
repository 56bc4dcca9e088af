"""Events and attempts as rows: what of them is JSON in a column."""

from functools import lru_cache

import msgspec

from tidings.core.event import NOBODY, Actor, Event, Subject

# Most events are about what one just before was about. So many of the longest take 3 MB.
_SUBJECTS_KEPT = 256

_encode = msgspec.json.Encoder().encode
_subjects = msgspec.json.Decoder(tuple[Subject, ...])
_actor = msgspec.json.Decoder(Actor)


class EventRow(msgspec.Struct, frozen=True, array_like=True):
    """The columns of `event`, in their order."""

    id: int
    type: str
    at: int
    source: str
    wire_id: str
    subjects: str
    actor: str | None
    data: str

    @property
    def event(self) -> Event:
        return Event(
            id=self.id,
            type=self.type,
            subjects=_subjects.decode(self.subjects),
            data=self.data.encode(),
            at=self.at,
            actor=_actor.decode(self.actor) if self.actor else NOBODY,
            wire_id=self.wire_id,
            source=self.source,
        )


def event_values(event: Event) -> tuple[str, int, str, str, str, str | None, str]:
    """The columns of `event` after `id`."""
    actor = None if event.actor == NOBODY else json_text(event.actor)
    return event.type, event.at, event.source, event.wire_id, _about(event.subjects), actor, event.data.decode()


@lru_cache(_SUBJECTS_KEPT)
def _about(subjects: tuple[Subject, ...]) -> str:
    return json_text(subjects)


def json_text(value: object) -> str:
    return _encode(value).decode()
