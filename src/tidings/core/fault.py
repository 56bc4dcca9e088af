"""Fault: what a decoder finds wrong with JSON from outside, in words for whoever wrote it."""

import re

# The decoder's names of JSON's types, ours, and what they are counted in.
_TYPES = {
    "str": ("a text", " characters"),
    "bytes": ("a text in base64", " bytes"),
    "array": ("a list", " members"),
    "object": ("an object", " fields"),
    "int": ("a whole number", ""),
    "float": ("a number", ""),
    "bool": ("true or false", ""),
    "null": ("null", ""),
}
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_EXPECTED = re.compile(
    r"Expected `(?P<types>[^`]+)`(?: of length)?(?: (?P<bound>[<>]=?)? ?(?P<number>[0-9][0-9.]*))?"
    r"(?P<rest>.*?)(?:, got `(?P<got>\w+)`)?",
    re.DOTALL,
)
_BOUNDS = {">=": "at least ", "<=": "at most ", ">": "more than ", "<": "less than "}
_CHOICE = re.compile(r"Invalid enum value (.*)", re.DOTALL)


def parted(error: str) -> tuple[str, str]:
    """What a decoder says, and of what: the path of a field, empty for the whole."""
    what, _, where = error.partition(" - at `$")
    return what, where.strip(".`")


def worded(error: str) -> str:
    """What a decoder says, as a sentence that begins with the field."""
    what, where = parted(error)
    if missing := _MISSING.fullmatch(what):
        return f"{_within(where, missing[1])}: is missing; send it"
    if unknown := _UNKNOWN.fullmatch(what):
        return f"{_within(where, unknown[1])}: is not known here; leave it out"
    if found := _EXPECTED.fullmatch(what):
        types = [name for name in found["types"].split(" | ") if name != "null" or found["types"] == "null"]
        number = f" of {_BOUNDS.get(found['bound'], '')}{found['number']}{_unit(types)}" if found["number"] else ""
        got = f", not {_named([found['got']])}" if found["got"] else ""
        what = f"expected {_named(types)}{number}{found['rest']}{got}"
    if choice := _CHOICE.fullmatch(what):
        what = f"{choice[1]} is none of its values; /openapi.json lists them"
    return f"{where or 'the body'}: {what[:1].lower()}{what[1:]}"


def _within(where: str, name: str) -> str:
    return f"{where}.{name}".lstrip(".")


def _named(types: list[str]) -> str:
    """Types as people call them; that null stands for absent goes without saying."""
    return " or ".join(_TYPES.get(name, (name, ""))[0] for name in types)


def _unit(types: list[str]) -> str:
    return _TYPES.get(types[0], ("", ""))[1]
