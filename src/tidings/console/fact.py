"""Fact: a setting as the console shows it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Never a secret."""

    name: str
    value: str
    meaning: str
