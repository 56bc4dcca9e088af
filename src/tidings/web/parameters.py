"""Parameters: what a route reads from the query and the headers, checked by what it says of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from tidings.core.errors import Invalid
from tidings.core.route import Parameter


class Parameters:
    """The declared parameters of one route. Undeclared ones are left alone: nobody reads them."""

    def __init__(self, declared: Sequence[Parameter]) -> None:
        # What was sent is not repeated: it may be long, and it is not for every screen.
        self._declared = [
            (parameter, jsonschema_rs.validator_for(dict(parameter.schema), mask="this")) for parameter in declared
        ]

    def check(self, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Raise Invalid, naming the parameter, for the first that is missing or not as its schema says."""
        for parameter, validator in self._declared:
            text = (query if parameter.place == "query" else headers).get(parameter.name)
            if text is None:
                if parameter.is_required:
                    raise Invalid(f"{parameter.name}: is missing; send it in the {parameter.place}")
                continue
            try:
                validator.validate(_value(text, parameter.schema.get("type")))
            except jsonschema_rs.ValidationError as error:
                raise Invalid(f"{parameter.name}: {error.message}") from error


class CaseBlind(Mapping[str, str]):
    """Texts by names whose case does not count; of a name that stands twice, the last counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._texts = {name.lower(): text for name, text in pairs}

    def __getitem__(self, name: str) -> str:
        return self._texts[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _value(text: str, kind: str | None) -> Any:  # noqa: ANN401 - any JSON value
    if kind in {"integer", "number"}:
        try:
            return int(text) if kind == "integer" else float(text)
        except ValueError:
            return text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text.lower(), text)
    return text
