"""JSON as Kaizala's callers write it: what Json.NET read, and what Python's `str` makes of a dictionary.

Names without quotes, texts in single quotes, Python's True, False and None, trailing commas, and any Unicode space
between tokens (Kaizala API reference 1.0.1). Not comments, which Json.NET skipped too: no caller is known to send any.
"""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from tidings.core import json_text
from tidings.core.json_text import LARGEST_BODY, Malformed

T = TypeVar("T")

# Bytes. Each costs up to a microsecond here (measured), where strict JSON costs a few nanoseconds: this much, at worst,
# holds up everybody else for 50 ms. The longest message has 40,000, if Python escapes all of its characters.
LARGEST_LENIENT = 64 * 1024

# Possessive throughout: whatever is sent, no character is looked at more than twice.
_TOKEN = re.compile(
    r"""
      (?P<space>   [\s\ufeff]++)
    | (?P<text>    "(?:[^"\\]++|\\.)*+" | '(?:[^'\\]++|\\.)*+')
    | (?P<name>    [\w$]++ (?=[\s\ufeff]*+:))
    | (?P<word>    [\w.+-]++)
    | (?P<surplus> , (?=[\s\ufeff]*+[\]}]))
    | (?P<mark>    [\[\]{}:,])
    | (?P<strange> .)
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
# All escapes, and what cannot stand in a strict text as it is.
_IN_TEXT = re.compile(r'\\x([0-9a-fA-F]{2})|\\U([0-9a-fA-F]{8})|\\.|["\x00-\x1f]', re.DOTALL)
_BEYOND_TWO_BYTES = 0x10000
_LAST_CHARACTER = 0x10FFFF


def read_typed(body: bytes, decoder: msgspec.json.Decoder[T], *, limit: int = LARGEST_BODY) -> T:
    """Decode as `json_text.read_typed` does; what is no strict JSON is decoded as what it stands for.

    Raises as that does, with the byte of the body where its meaning is lost.
    """
    try:
        return json_text.read_typed(body, decoder, limit=limit)
    except Malformed:
        if len(body) > LARGEST_LENIENT:
            raise
    text = body.decode()
    places, pieces = _rewritten(text)
    strict = " ".join(pieces).encode()
    try:
        # The limit has been kept; escapes take more room than what they stand for.
        return json_text.read_typed(strict, decoder, limit=len(strict))
    except Malformed as error:
        if error.byte is None:
            raise
        number = _piece_at(error.byte, pieces)
        place = places[number] if number < len(places) else len(text)
        raise Malformed(error.what, byte=len(text[:place].encode())) from error


def _rewritten(text: str) -> tuple[list[int], list[str]]:
    """The tokens in strict JSON, and where each began; what makes no sense is left for the decoder to refuse."""
    places: list[int] = []
    pieces: list[str] = []
    for token in _TOKEN.finditer(text):
        piece = token[0]
        match token.lastgroup:
            case "space":
                continue
            case "text":
                piece = f'"{_IN_TEXT.sub(_strictly, piece[1:-1])}"'
            case "name":
                piece = f'"{piece}"'
            case "word":
                piece = _WORDS.get(piece, piece)
            case "surplus":
                if pieces and pieces[-1] not in {"[", "{"}:
                    continue
            case "strange":
                # Not left to the decoder, for which a lone quote would begin a text.
                what = "a text without an end" if piece in {"'", '"'} else "invalid character"
                raise Malformed(what, byte=len(text[: token.start()].encode()))
        places.append(token.start())
        pieces.append(piece)
    return places, pieces


def _strictly(found: re.Match[str]) -> str:
    it, digits = found[0], found[1] or found[2]
    if digits:
        code = int(digits, 16)
        if code < _BEYOND_TWO_BYTES:
            return f"\\u{code:04x}"
        return chr(code) if code <= _LAST_CHARACTER else it
    if len(it) > 1:
        return "'" if it == r"\'" else it
    return r"\"" if it == '"' else f"\\u{ord(it):04x}"


def _piece_at(byte: int, pieces: Sequence[str]) -> int:
    """Which piece that byte of the rewritten document is in; their number if it is behind them all."""
    end = 0
    for number, piece in enumerate(pieces):
        end += len(piece.encode())
        if byte < end:
            return number
        end += len(" ")
    return len(pieces)
