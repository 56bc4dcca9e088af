"""Schemas: what the data of registered event types must look like, checked from memory."""

import logging
from collections.abc import Iterable
from typing import Any, NoReturn

import jsonschema_rs
import msgspec

from tidings.core.clock import Clock
from tidings.core.errors import Invalid, TidingsError
from tidings.store.event_types import EventTypes
from tidings.web.intricacy import MOST_VISITS, visits
from tidings.web.refusal import Unprocessable

log = logging.getLogger(__name__)

# Seconds. How long another process may go on by a schema that was replaced.
_REFRESH_EVERY_S = 1.0
_READ_AT_ONCE = 200
# Bytes. A schema is read by people too; the largest public ones for webhooks have a tenth of it.
LARGEST_SCHEMA = 64 * 1024
# Visits of a byte of data: under a second in any case (25 ns each, measured), for a megabyte by a usual schema.
_MOST_WORK = 1 << 26
# The same where the place of a mistake is looked for, which takes a thousand times as long.
_MOST_WORK_FOR_PLACE = 1 << 16


class Schemas:
    """The compiled schemas of registered types, kept true to the store."""

    def __init__(self, types: EventTypes, clock: Clock) -> None:
        self._types = types
        self._clock = clock
        self._validators: dict[str, tuple[jsonschema_rs.Validator, int]] = {}
        self._since = 0

    async def refresh(self) -> None:
        """Take over what was registered or changed since the last time."""
        while True:
            changed = await self._types.changed(since=self._since, most=_READ_AT_ONCE)
            for one in changed:
                self._validators.pop(one.name, None)
                if one.schema:
                    schema = msgspec.json.decode(one.schema)
                    self._validators[one.name] = compiled(schema), visits(schema)
            # What changed at the last instant is read again next time: another change may have the same.
            if changed:
                self._since = changed[-1].changed_at
            if len(changed) < _READ_AT_ONCE:
                return

    async def keep_fresh(self) -> None:
        """Refresh for ever. While the store is away, what is known goes on counting."""
        while True:
            await self._clock.sleep(_REFRESH_EVERY_S)
            try:
                await self.refresh()
            except TidingsError as error:
                log.warning("schemas.not_refreshed error=%r", error.message)

    def check(self, name: str, data: bytes) -> None:
        """Raise Unprocessable, with the place, if that type has a schema that the data does not follow."""
        if name not in self._validators:
            return
        validator, most_visits = self._validators[name]
        work = most_visits * len(data)
        if most_visits > MOST_VISITS or work > _MOST_WORK:
            raise Unprocessable(f"data: has {len(data)} bytes, too many for so intricate a schema; make that simpler")
        decoded = msgspec.json.decode(data)
        if validator.is_valid(decoded):
            return
        if work > _MOST_WORK_FOR_PLACE:
            raise Unprocessable("data: does not follow the schema of its type; send less, and the place is told")
        try:
            validator.validate(decoded)
        except jsonschema_rs.ValidationError as error:
            raise Unprocessable(f"{_place(error.instance_path)}: {error.message}") from error


def usable(schema: Any) -> None:  # noqa: ANN401 - any JSON until it is compiled
    """Raise Invalid, with the place, unless events can be checked by this schema, in bounded time."""
    compiled(schema)
    if visits(schema) > MOST_VISITS:
        raise Invalid(
            f"schema: is too intricate, a value could be looked at more than {MOST_VISITS} times; use fewer"
            " alternatives that refer to others, and references of the forms # and #/… alone"
        )


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
