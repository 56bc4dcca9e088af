"""Schemas: what the data of registered event types must look like, checked from memory."""

from collections.abc import Iterable
from typing import Any, NoReturn

import jsonschema_rs
import msgspec

from tidings.core.errors import Invalid
from tidings.web.refusal import Unprocessable

# Bytes. A schema is read by people too; the largest public ones for webhooks have a tenth of it.
LARGEST_SCHEMA = 64 * 1024


class Schemas:
    """The compiled schemas of all registered types."""

    def __init__(self) -> None:
        self._validators: dict[str, tuple[str, jsonschema_rs.Validator]] = {}

    def take(self, registered: Iterable[tuple[str, str]]) -> None:
        """Replace them all by these, as (type, schema's JSON); what has not changed is not compiled again."""
        known = self._validators
        self._validators = {
            name: known[name]
            if name in known and known[name][0] == text
            else (text, compiled(msgspec.json.decode(text)))
            for name, text in registered
        }

    def check(self, name: str, data: bytes) -> None:
        """Raise Unprocessable, with the place, if that type has a schema that the data does not follow."""
        if name not in self._validators:
            return
        try:
            self._validators[name][1].validate(msgspec.json.decode(data))
        except jsonschema_rs.ValidationError as error:
            raise Unprocessable(f"{_place(error.instance_path)}: {error.message}") from error


def compiled(schema: Any) -> jsonschema_rs.Validator:  # noqa: ANN401 - any JSON until it is compiled
    """Compile a JSON Schema. Raises Invalid, with the place, if it is none.

    Patterns run in linear time, and nothing is fetched: a schema is a publisher's, and its `$ref`s are not to make us
    call anybody.
    """
    try:
        return jsonschema_rs.validator_for(schema, retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions())
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        place = _place(getattr(error, "instance_path", ()), root="schema")
        raise Invalid(f"{place}: is not a usable JSON Schema: {getattr(error, 'message', error)}") from error


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not in the schema; references to other documents are not followed")


def _place(path: Iterable[str | int], *, root: str = "data") -> str:
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
