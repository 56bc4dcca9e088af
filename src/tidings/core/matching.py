"""Matching: which subscriptions want an event, from memory, however many there are."""

from collections.abc import Iterable
from typing import Any

from tidings.core.event import ANY, Event, Subject
from tidings.core.subscription import State, Subscription


class Index:
    """All subscriptions that have not ended, by subject. `version` is the store's version that it reflects."""

    def __init__(self) -> None:
        self.version = 0
        self._by_subject: dict[Subject, dict[int, Subscription]] = {}
        self._by_number: dict[int, Subscription] = {}
        # Who may want what is about the subjects of the latest event; most are about the same as the one before.
        self._subjects: tuple[Subject, ...] = ()
        self._candidates: list[dict[int, Subscription]] = []

    def __len__(self) -> int:
        return len(self._by_number)

    def get(self, number: int) -> Subscription | None:
        """The subscription of that number, unless it has ended."""
        return self._by_number.get(number)

    def take(self, version: int, changed: Iterable[Subscription]) -> None:
        """Bring the index up to that version with the subscriptions that changed since the one it had."""
        for subscription in changed:
            before = self._by_number.pop(subscription.number, None)
            if before is not None:
                alike = self._by_subject[before.subject]
                del alike[before.number]
                if not alike:  # subjects come and go, and there is no end of them
                    del self._by_subject[before.subject]
            if subscription.state is not State.ENDED:
                self._by_number[subscription.number] = subscription
                self._by_subject.setdefault(subscription.subject, {})[subscription.number] = subscription
        self.version = version
        self._subjects, self._candidates = (), []

    def matches(self, event: Event) -> list[Subscription]:
        """The subscriptions that want the event, each once."""
        # By identity: to compare them would cost as much as to look them up. Who publishes has them made once a second.
        if event.subjects is not self._subjects:
            self._subjects = event.subjects
            self._candidates = [self._by_subject[key] for key in _keys(event) if key in self._by_subject]
        if not self._candidates:
            return []
        document = _Document(event)
        return [one for candidates in self._candidates for one in candidates.values() if one.chooses(event, document)]


class _Document:
    """The event's JSON, made when a filter asks for it, once."""

    __slots__ = ("_event", "_made")

    def __init__(self, event: Event) -> None:
        self._event = event
        self._made: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        if self._made is None:
            self._made = self._event.document()
        return self._made


def _keys(event: Event) -> Iterable[Subject]:
    subjects = event.subjects
    if len(subjects) == 1 and subjects[0].id != ANY:
        return subjects[0], Subject(subjects[0].kind, ANY)
    # A kind with `*` is looked up once, even if several subjects of the event are of that kind.
    return dict.fromkeys([*subjects, *[Subject(subject.kind, ANY) for subject in subjects]])
