"""Table: what the API offers, found by the path of a request, however the caller spells it."""

import re
from typing import Generic, TypeVar
from urllib.parse import unquote

from starlette.routing import compile_path

T = TypeVar("T")

_SLASHES = re.compile(r"/{2,}")
_TRAILING = re.compile(r"(?:/|%20| )+$")


def normal(raw_path: str) -> str:
    """Bring a path, percent-encoded as it was sent, into the one spelling that the table knows.

    Callers of Kaizala's API double slashes, append a slash or a space, and leave out `/v1` before groups
    (Kaizala API reference 1.0.1).
    """
    path = _TRAILING.sub("", _SLASHES.sub("/", raw_path)) or "/"
    return f"/v1{path}" if path == "/groups" or path.startswith("/groups/") else path


class Table(Generic[T]):
    """Things by method and path. A path's parameters stand in braces; `{name:path}` takes whatever is left."""

    def __init__(self) -> None:
        self._fixed: dict[str, dict[str, T]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, T]]] = {}

    def add(self, thing: T, *, method: str, path: str) -> None:
        if "{" in path:
            methods = self._patterns.setdefault(path, (compile_path(path)[0], {}))[1]
        else:
            methods = self._fixed.setdefault(path, {})
        if method in methods:
            raise ValueError(f"{method} {path} is there twice")
        methods[method] = thing

    def find(self, path: str) -> dict[str, tuple[T, dict[str, str]]]:
        """What stands at that path: things by method, each with the values of its parameters; empty for nothing."""
        found: dict[str, tuple[T, dict[str, str]]] = {}
        for method, thing in self._fixed.get(path, {}).items():
            found[method] = thing, {}
        for pattern, methods in () if found else self._patterns.values():
            if match := pattern.match(path):
                values = {name: unquote(value) for name, value in match.groupdict().items()}
                for method, thing in methods.items():
                    found.setdefault(method, (thing, values))
        return found
