"""Remembered: what was made of texts lately, if they are short, so that nobody can fill memory with long ones."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def remembered(most: int, *, longest: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """As `lru_cache`, for functions of texts: what is made of more than `longest` characters is made each time."""

    def of(make: Callable[P, T]) -> Callable[P, T]:
        kept = lru_cache(most)(make)

        @wraps(make)
        def call(*texts: P.args, **named: P.kwargs) -> T:
            size = sum(len(str(text)) for text in (*texts, *named.values()))
            return kept(*texts, **named) if size <= longest else make(*texts, **named)  # type: ignore[arg-type]  # texts

        return call

    return of
