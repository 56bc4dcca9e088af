"""Upload: a file that somebody sent."""

from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What came, as its sender calls it; `content_type` is empty if they did not say. Whoever received it closes it."""

    file: IO[bytes]
    name: str
    content_type: str
    size: int
