"""What is sent and answered about questions and properties, which actions and packages both have."""

from collections.abc import Sequence
from typing import Any

from tidings.dialects.kaizala.wire.lenient import Flag, Wire, is_true
from tidings.workspace.properties import Property, SentProperty
from tidings.workspace.properties import UpdateKind as Kind
from tidings.workspace.questions import Asked, Question


class Option(Wire, frozen=True, kw_only=True):
    """One option of a question."""

    title: str


class SentQuestion(Wire, frozen=True, kw_only=True):
    """A question; only SingleOption and MultiOption have options."""

    title: str
    type: str
    options: list[Option | str] | None = None
    is_invisible: Flag | None = None

    def meant(self) -> Asked:
        options = [option if isinstance(option, str) else option.title for option in self.options or ()]
        return Asked(self.title, self.type, options, is_true(self.is_invisible or False))


class SentValue(Wire, frozen=True, kw_only=True):
    """A property and its value; `type` is a name or Kaizala's number. A list may be sent as JSON in a text.

    `updateType`, when something changes: Update if absent, Add, Delete, ReplaceEntry, AddEntries, DeleteEntries, or
    Kaizala's number.
    """

    name: str
    type: str | int | None = None
    value: Any = None
    update_type: str | int | None = None

    def meant(self) -> SentProperty:
        kind = Kind.UPDATE if self.update_type is None else self.update_type
        return SentProperty(name=self.name, type=self.type, value=self.value, kind=kind)


class ToldQuestion(Wire, frozen=True, kw_only=True):
    title: str
    type: str
    options: list[Option]
    is_invisible: bool


class ToldProperty(Wire, frozen=True, kw_only=True):
    name: str
    type: str
    value: Any


def asked_of(questions: Sequence[SentQuestion] | None) -> list[Asked]:
    return [question.meant() for question in questions or ()]


def properties_of(properties: Sequence[SentValue] | None) -> list[SentProperty]:
    return [one.meant() for one in properties or ()]


def questions_told(questions: Sequence[Question]) -> list[ToldQuestion]:
    return [
        ToldQuestion(
            title=one.title,
            type=one.type,
            options=[Option(title=title) for title in one.options],
            is_invisible=one.is_invisible,
        )
        for one in questions
    ]


def properties_told(properties: Sequence[Property]) -> list[ToldProperty]:
    return [ToldProperty(name=one.name, type=one.type, value=one.value) for one in properties]
