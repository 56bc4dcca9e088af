"""Publication: a report on its way to where people find it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

# Bytes. Most file systems take 255 for a name, OneDrive 400 characters for the whole path.
LONGEST_STEM = 200
# Characters of a title in a file's name; of a longer one the id's beginning keeps it apart from its like.
LONGEST_TITLE, LONGEST_ID = 90, 8
# What OneDrive, SharePoint or Windows take in no name, and what would end a name or a header early.
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f"*:<>?/\\|#%]+')
PART = re.compile(r"\{(\w+)\}")
# Names that Windows keeps to itself, with any ending.
RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d|desktop|_vti_)(\.|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the API tells of a report; `at` is when it was completed, in UTC."""

    id: str
    title: str
    tags: frozenset[str]
    at: datetime
    is_made: bool = True  # there is something to render

    def named(self, pattern: str) -> str:
        """The pattern with {title}, {date}, {time} and {id} in place."""
        title = self.title
        if len(title) > LONGEST_TITLE:
            title = f"{title[:LONGEST_TITLE]} {self.id[:LONGEST_ID]}"
        return filled(pattern, title=title, date=f"{self.at:%Y-%m-%d}", time=f"{self.at:%H%M}", id=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A rendered report; `name` is safe in every destination."""

    path: Path
    name: str
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What a destination gets. `file` renders the report when it is first asked for, `places` has it already."""

    report: Report
    file: Callable[[], File]
    places: Sequence[str] = ()


class Destination(Protocol):
    """Where reports are published."""

    def publish(self, publication: Publication) -> str:
        """Publish it, over what has the same name already; says where it is. Raises Later or Refused."""


def filled(pattern: str, **parts: str) -> str:
    """The pattern with `{title}` and the like in place; whatever else has braces stays as it is."""
    return PART.sub(lambda found: parts.get(found[1], found[0]), pattern)


def safe_name(stem: str, ending: str) -> str:
    """A file name that every destination takes. A title is whatever its author wrote, `../` included."""
    shown = FORBIDDEN.sub(" ", stem)
    short = " ".join(shown.split()).encode()[:LONGEST_STEM].decode(errors="ignore").strip(" .~$")
    if not short or RESERVED.match(short):
        short = f"report {short}".strip()
    return f"{short}.{ending}"
