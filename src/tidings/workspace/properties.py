"""Properties: values beside the questions that programs read and change while an action lives."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from tidings.core.errors import Conflict, Invalid
from tidings.workspace.answers import read_answers
from tidings.workspace.questions import Question, QuestionType

# Guesses: a card with more is a table, and a longer value a file.
MOST_PROPERTIES = 100
LONGEST_VALUE = 4_000
LONGEST_NAME = 200


class PropertyType(StrEnum):
    """What a value is; the order is that of Kaizala's numbers, from 0."""

    TEXT = "Text"  # a text
    NUMERIC = "Numeric"  # a number
    LOCATION = "Location"  # {lt, lg, n}
    DATE_TIME = "DateTime"  # epoch milliseconds
    STRING_LIST = "StringList"  # texts in an order
    ATTACHMENT = "Attachment"  # a mediaResource
    STRING_SET = "StringSet"  # texts, each once
    ATTACHMENT_LIST = "AttachmentList"  # mediaResources

    @property
    def is_list(self) -> bool:
        return self in (PropertyType.STRING_LIST, PropertyType.STRING_SET, PropertyType.ATTACHMENT_LIST)


class UpdateKind(StrEnum):
    """What becomes of a property; the order is that of Kaizala's numbers, from 0."""

    UPDATE = "Update"  # has that value from now on, whether it was there or not
    ADD = "Add"  # is new
    DELETE = "Delete"  # is gone
    REPLACE_ENTRY = "ReplaceEntry"  # of a list: [the entry that is there, the one that takes its place]
    ADD_ENTRIES = "AddEntries"  # of a list: these come in at the end
    DELETE_ENTRIES = "DeleteEntries"  # of a list: these go


N = TypeVar("N", bound=StrEnum)
Value = str | float | int | list[str] | dict[str, Any]


class Property(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    type: PropertyType
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SentProperty:
    """A property as it was sent: `type` and `kind` are names in any case, or Kaizala's numbers.

    Without a type a property keeps the one that it has, and a new one is Text.
    """

    name: str
    value: Any
    type: str | int | None = None
    kind: str | int = UpdateKind.UPDATE


# The app's own model says Array and Set.
_TYPES: dict[str | int, PropertyType] = {type_.lower(): type_ for type_ in PropertyType}
_TYPES |= dict(enumerate(PropertyType)) | {"array": PropertyType.STRING_LIST, "set": PropertyType.STRING_SET}
_KINDS: dict[str | int, UpdateKind] = {kind.lower(): kind for kind in UpdateKind} | dict(enumerate(UpdateKind))

_ANSWERED_AS = {
    PropertyType.NUMERIC: QuestionType.NUMERIC,
    PropertyType.LOCATION: QuestionType.LOCATION,
    PropertyType.DATE_TIME: QuestionType.DATE_TIME,
}

_decoder = msgspec.json.Decoder(tuple[Property, ...])


def read_properties(text: str) -> tuple[Property, ...]:
    """The properties of the JSON that is kept."""
    return _decoder.decode(text)


def written_properties(properties: Sequence[Property]) -> str:
    """The JSON that is kept."""
    return msgspec.json.encode(properties).decode()


def new_properties(sent: Sequence[SentProperty], *, field: str) -> tuple[Property, ...]:
    """The properties of something new. Raises Invalid, naming the field."""
    found = {one.name: _property(one, field=f"{field}[{place}]", known=None) for place, one in enumerate(sent)}
    return _few(found, field=field)


def changed_properties(
    properties: Sequence[Property], changes: Sequence[SentProperty], *, field: str
) -> tuple[Property, ...]:
    """The properties after all changes, one after the other. Raises Invalid and Conflict, naming the field."""
    found = {one.name: one for one in properties}
    for place, change in enumerate(changes):
        _change(found, change, field=f"{field}[{place}]")
    return _few(found, field=field)


def _change(found: dict[str, Property], change: SentProperty, *, field: str) -> None:
    kind = _named(_KINDS, change.kind, field=f"{field}.updateType", what=UpdateKind)
    known = found.get(change.name)
    match kind:
        case UpdateKind.DELETE:
            found.pop(change.name, None)
        case UpdateKind.ADD if known:
            raise Conflict(f"{field}: there is a property {change.name[:64]!r} already; send Update to change it")
        case UpdateKind.UPDATE | UpdateKind.ADD:
            found[change.name] = _property(change, field=field, known=known)
        case _:
            found[change.name] = _with_entries(change, kind, field=field, known=known)


def _with_entries(change: SentProperty, kind: UpdateKind, *, field: str, known: Property | None) -> Property:
    if known is None or not (known.type.is_list and isinstance(known.value, list)):
        raise Invalid(f"{field}.name: {kind} needs a property that is there and holds a list")
    entries, sent = known.value, _texts(change.value, field=f"{field}.value")
    if kind is UpdateKind.ADD_ENTRIES:
        entries = [*entries, *sent]
    elif kind is UpdateKind.DELETE_ENTRIES:
        entries = [entry for entry in entries if entry not in sent]
    elif len(sent) == 2 and sent[0] in entries:  # noqa: PLR2004 - the old and the new one
        entries = [sent[1] if entry == sent[0] else entry for entry in entries]
    else:
        raise Invalid(f"{field}.value: expected two entries, one that is there and the one that takes its place")
    return _checked(known.name, known.type, value=entries, field=field)


def _property(sent: SentProperty, *, field: str, known: Property | None) -> Property:
    if not 0 < len(sent.name) <= LONGEST_NAME:
        raise Invalid(f"{field}.name: expected 1 to {LONGEST_NAME} characters")
    if sent.type is not None:
        type_ = _named(_TYPES, sent.type, field=f"{field}.type", what=PropertyType)
    else:
        type_ = known.type if known else PropertyType.TEXT
    return _checked(sent.name, type_, value=sent.value, field=f"{field}.value")


def _checked(name: str, type_: PropertyType, *, value: object, field: str) -> Property:
    checked = _list(type_, value, field=field) if type_.is_list else _single(type_, value, field=field)
    if len(msgspec.json.encode(checked)) > LONGEST_VALUE:
        raise Invalid(f"{field}: expected at most {LONGEST_VALUE} bytes of JSON")
    return Property(name=name, type=type_, value=checked)


def _single(type_: PropertyType, value: object, *, field: str) -> Value:
    asked = Question(title=type_, type=_ANSWERED_AS.get(type_, QuestionType.TEXT))
    [answer] = read_answers([asked], [value], field=field)
    if answer is not None:
        made: Value = answer
        return made
    # An empty text is a value here, and no answer there.
    if asked.type is QuestionType.TEXT and (value is None or isinstance(value, str)):
        return value or ""
    raise Invalid(f"{field}: is missing; send a {type_}, or the update Delete")


def _list(type_: PropertyType, value: object, *, field: str) -> list[str]:
    entries = _texts(value, field=field)
    return list(dict.fromkeys(entries)) if type_ is PropertyType.STRING_SET else entries


def _texts(value: object, *, field: str) -> list[str]:
    """Texts as a list, as the JSON of one, or as a single text."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value, type=list[str])
        except msgspec.MsgspecError:
            value = [value] if value else []
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return value
    raise Invalid(f"{field}: expected a list of texts")


def _named(names: Mapping[str | int, N], name: str | int, *, field: str, what: Iterable[N]) -> N:
    found = names.get(name.strip().lower() if isinstance(name, str) else name)
    if found is None and isinstance(name, str) and name.isascii() and name.isdigit():
        found = names.get(int(name[:3]))
    if found is None:
        raise Invalid(f"{field}: expected one of {', '.join(what)}, or its number from 0")
    return found


def _few(found: Mapping[str, Property], *, field: str) -> tuple[Property, ...]:
    if len(found) > MOST_PROPERTIES:
        raise Invalid(f"{field}: an action has at most {MOST_PROPERTIES} properties; delete some first")
    return tuple(found.values())
