"""JSON pointer (RFC 6901): the way to one value of a JSON text."""

import msgspec


def at(pointer: str, body: bytes) -> object:
    """What a JSON pointer leads to. Raises ValueError where there is nothing, or no JSON."""
    try:
        value = msgspec.json.decode(body)
        for step in pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (msgspec.DecodeError, LookupError, TypeError) as error:
        raise ValueError(f"there is nothing at {pointer!r}") from error
    return value
