"""Formats of media: which files are taken, told by what is in them and not by what they are called."""

import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO


class MediaKind(StrEnum):
    """What a file is."""

    IMAGE = "Image"
    AUDIO = "Audio"
    DOCUMENT = "Document"
    VIDEO = "Video"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFormat:
    """A format that is taken; `holds` looks whether a file is in it, as far as it can be told without playing it."""

    kind: MediaKind
    extensions: tuple[str, ...]
    content_type: str
    holds: Callable[[IO[bytes]], bool]

    @property
    def family(self) -> str:
        """How the content types that a sender may give begin: browsers and systems name the same file differently."""
        return self.content_type.partition("/")[0] + "/"


# Bytes. Where the signatures stand, and the brands of an MPEG-4 file.
_HEAD = 256
# Bytes. A multiple of the sizes that the formats below are cut into.
_PIECE = 1 << 20
# Bytes of a zip file's table of contents: some five thousand names. A document has a hundred; each takes memory.
_LARGEST_CONTENTS = 512 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MP4_BRANDS = (b"iso", b"mp4", b"avc", b"M4V", b"dash", b"MSNV")


def _begins(*signatures: bytes) -> Callable[[IO[bytes]], bool]:
    return lambda file: _head(file).startswith(signatures)


def _is_mp3(file: IO[bytes]) -> bool:
    head = _head(file)
    # A tag, or at once a frame of layer III with a rate that there is (ISO 11172-3, 2.4.1.3).
    return head.startswith(b"ID3") or (
        len(head) > 2  # noqa: PLR2004 - three bytes tell
        and head[0] == 0xFF  # noqa: PLR2004
        and head[1] & 0xE6 == 0xE2  # noqa: PLR2004
        and head[1] & 0x18 != 0x08  # noqa: PLR2004
        and head[2] & 0xF0 != 0xF0  # noqa: PLR2004
        and head[2] & 0x0C != 0x0C  # noqa: PLR2004
    )


def _is_wav(file: IO[bytes]) -> bool:
    head = _head(file)
    return head.startswith(b"RIFF") and head[8:12] == b"WAVE"


def _is_mp4(file: IO[bytes]) -> bool:
    return any(brand.startswith(_MP4_BRANDS) for brand in _brands(file))


def _is_3gpp(file: IO[bytes]) -> bool:
    return any(brand.startswith((b"3gp", b"3g2")) for brand in _brands(file))


def _brands(file: IO[bytes]) -> list[bytes]:
    """The brands of an ISO base media file: the main one, and those that it can be read as (ISO 14496-12, 4.3)."""
    head = _head(file)
    if head[4:8] != b"ftyp":
        return []
    end = min(int.from_bytes(head[:4]), len(head))
    return [head[8:12], *(head[place : place + 4] for place in range(16, end - 3, 4))]


def _ole_with(*streams: str) -> Callable[[IO[bytes]], bool]:
    """Whether it is a compound file of the old Office that has one of those streams."""
    # The directory's entries begin at multiples of 128 bytes, so that no name lies across two pieces (MS-CFB, 2.6.1).
    names = [f"{stream}\0".encode("utf-16-le") for stream in streams]
    return lambda file: _head(file).startswith(_OLE) and any(name in piece for piece in _pieces(file) for name in names)


def _zip_with(folder: str) -> Callable[[IO[bytes]], bool]:
    """Whether it is an Office Open XML document whose parts are in that folder."""

    def holds(file: IO[bytes]) -> bool:
        names = _names_in_zip(file)
        return "[Content_Types].xml" in names and any(name.startswith(folder) for name in names)

    return holds


def _names_in_zip(file: IO[bytes]) -> list[str]:
    file.seek(0, 2)
    file.seek(max(file.tell() - (1 << 16), 0))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    # The size of the table of contents (APPNOTE 4.3.16); `zipfile` would read one of any size into memory.
    if not 0 <= end <= len(tail) - 22 or struct.unpack_from("<I", tail, end + 12)[0] > _LARGEST_CONTENTS:
        return []
    # What is 4 GB long says its sizes here (4.3.15), and `zipfile` believes them whatever was said above.
    if tail[max(end - 20, 0) : end].startswith(b"PK\6\7"):
        return []
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_HEAD)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _document(*extensions: str, content_type: str, holds: Callable[[IO[bytes]], bool]) -> MediaFormat:
    return MediaFormat(
        kind=MediaKind.DOCUMENT, extensions=extensions, content_type=f"application/{content_type}", holds=holds
    )


# What Kaizala took (Kaizala API reference 1.5); a file is named for the first extension.
JPEG = MediaFormat(
    kind=MediaKind.IMAGE, extensions=("jpg", "jpeg"), content_type="image/jpeg", holds=_begins(b"\xff\xd8\xff")
)
_OPEN_XML = "vnd.openxmlformats-officedocument"
FORMATS = (
    JPEG,
    MediaFormat(
        kind=MediaKind.IMAGE, extensions=("png",), content_type="image/png", holds=_begins(b"\x89PNG\r\n\x1a\n")
    ),
    MediaFormat(kind=MediaKind.AUDIO, extensions=("mp3",), content_type="audio/mpeg", holds=_is_mp3),
    MediaFormat(kind=MediaKind.AUDIO, extensions=("wav",), content_type="audio/wav", holds=_is_wav),
    _document("pdf", content_type="pdf", holds=_begins(b"%PDF-")),
    _document("docx", content_type=f"{_OPEN_XML}.wordprocessingml.document", holds=_zip_with("word/")),
    _document("xlsx", content_type=f"{_OPEN_XML}.spreadsheetml.sheet", holds=_zip_with("xl/")),
    _document("pptx", content_type=f"{_OPEN_XML}.presentationml.presentation", holds=_zip_with("ppt/")),
    _document("doc", content_type="msword", holds=_ole_with("WordDocument")),
    _document("xls", content_type="vnd.ms-excel", holds=_ole_with("Workbook", "Book")),
    _document("ppt", content_type="vnd.ms-powerpoint", holds=_ole_with("PowerPoint Document")),
    MediaFormat(kind=MediaKind.VIDEO, extensions=("3gp", "3gpp"), content_type="video/3gpp", holds=_is_3gpp),
    MediaFormat(kind=MediaKind.VIDEO, extensions=("mp4",), content_type="video/mp4", holds=_is_mp4),
)
BY_EXTENSION = {extension: one for one in FORMATS for extension in one.extensions}
TAKEN = ", ".join(BY_EXTENSION)


def format_within(file: IO[bytes]) -> MediaFormat | None:
    """The format that a file is in; None if it is none of those that are taken."""
    return next((one for one in FORMATS if one.holds(file)), None)
