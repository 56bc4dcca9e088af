"""Table: what the API offers, found by the path of a request, however the caller spells it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

T = TypeVar("T")
_Things = dict[str, tuple[T, tuple[str, ...]]]  # by method, each with the names of its parameters

# Callers of Kaizala's API leave it out before groups.
_ROOT, _ROOTLESS = "v1", "groups"
_REST = ":path"


@dataclass(slots=True, kw_only=True)
class _Place(Generic[T]):
    """Where a path leads so far: by its next word, or by anything, to another place or to things that stand here."""

    by_word: "dict[str, _Place[T]]" = field(default_factory=dict)
    by_any: "_Place[T] | None" = None
    things: _Things[T] = field(default_factory=dict)
    things_with_rest: _Things[T] = field(default_factory=dict)


class Table(Generic[T]):
    """Things by method and path. A path's parameters stand in braces; a last `{name:path}` takes whatever is left.

    Callers of Kaizala's API double slashes, append a slash or a space, leave out `/v1` before groups, and write words
    in any case (Kaizala API reference 1.0.1); all of that leads to the same place.
    """

    def __init__(self) -> None:
        self._start: _Place[T] = _Place()

    def add(self, thing: T, *, method: str, path: str) -> None:
        place, names = self._start, []
        words = _words(path)
        has_rest = bool(words) and words[-1].endswith(f"{_REST}}}")
        for word in words[: len(words) - has_rest]:
            if word.startswith("{"):
                names.append(word[1:-1])
                place.by_any = place.by_any or _Place()
                place = place.by_any
            else:
                place = place.by_word.setdefault(word.lower(), _Place())
        if has_rest:
            names.append(words[-1][1:].removesuffix(f"{_REST}}}"))
        things = place.things_with_rest if has_rest else place.things
        if method in things:
            raise ValueError(f"{method} {path} is there twice")
        things[method] = thing, tuple(names)

    def find(self, raw_path: str) -> dict[str, tuple[T, dict[str, str]]]:
        """What stands at that path, which is percent-encoded as it was sent; empty for nothing.

        Things by method, each with the values of its parameters. A word in a path counts more than a parameter.
        """
        words = _words(raw_path)
        if words and words[0].lower() == _ROOTLESS:
            words.insert(0, _ROOT)
        found: dict[str, tuple[T, dict[str, str]]] = {}
        for things, values in _leads(self._start, words, values=()):
            for method, (thing, names) in things.items():
                found.setdefault(method, (thing, dict(zip(names, values, strict=True))))
        return found


def _leads(
    place: _Place[T], words: Sequence[str], *, values: tuple[str, ...]
) -> Iterator[tuple[_Things[T], tuple[str, ...]]]:
    """All that a path may mean, the most literal first. As deep as the table, however long the path."""
    if not words:
        yield place.things, values
        return
    word, *rest = words
    if (by_word := place.by_word.get(word.lower())) is not None:
        yield from _leads(by_word, rest, values=values)
    if place.by_any is not None:
        yield from _leads(place.by_any, rest, values=(*values, word))
    if place.things_with_rest:
        yield place.things_with_rest, (*values, "/".join(words))


def _words(path: str) -> list[str]:
    """What stands between the slashes, decoded one by one, so that an id may hold a slash."""
    words = [unquote(word) if "%" in word else word for word in path.split("/") if word]
    while words and not words[-1].strip(" "):
        words.pop()
    return [*words[:-1], words[-1].rstrip(" ")] if words else []
