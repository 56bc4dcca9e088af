"""Media: files that people and programs upload, and the addresses where anybody who has one gets the file."""

import asyncio
import base64
import logging
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple
from urllib.parse import quote, unquote, urlsplit

import msgspec

from tidings.core.caller import Caller
from tidings.core.clock import HOUR, SECOND, Clock
from tidings.core.errors import Invalid, NotFound, TooLarge, UnsupportedMedia
from tidings.core.json_text import read_typed
from tidings.core.upload import Upload
from tidings.egress.answer import Outcome
from tidings.egress.client import Client
from tidings.egress.request import Request
from tidings.store.database import Database
from tidings.store.media import CHUNK, MediaStore, StoredFile
from tidings.workspace.media_format import BY_EXTENSION, TAKEN, MediaFormat, MediaKind, format_within
from tidings.workspace.picture import Picture, look_at

__all__ = ["MOST_FILES", "Media", "MediaFile", "MediaKind"]

log = logging.getLogger(__name__)

# Files of an album; a guess at what somebody picks at once on a phone.
MOST_FILES = 10
# Bytes of random in a file's address (DESIGN asks for 128 bits; Kaizala's addresses had as many as this).
_SECRET_BYTES = 32
_LONGEST_STEM = 100
# What no upload takes, even of the largest file to a slow disk.
_FORGET_UNFINISHED_MS = HOUR
# A guess: callers wait 30 seconds (Kaizala API reference 1.0), and keeping takes some of them.
_FETCH_WITHIN_MS = 25 * SECOND
# Bytes that are held in memory while a file is fetched; the rest goes to a temporary file.
_IN_MEMORY = 1 << 20
# What the sizes of its chunks may add to an answer: an eighth, and a little for short ones.
_FRAMING = 64 * 1024
_ADDRESS = re.compile(r"/media/([0-9a-f]{64})/")
# Kaizala numbered them so; only that 3 is Image is known. An album is a picture with several files.
_ACTION_TYPES = {MediaKind.IMAGE: 3, MediaKind.AUDIO: 5, MediaKind.DOCUMENT: 6, MediaKind.VIDEO: 10}


class MediaFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is kept. `url` is absolute and all that one needs to get it; only pictures have width and height."""

    id: str
    name: str
    kind: MediaKind
    size: int
    url: str
    width: int = 0
    height: int = 0

    def __repr__(self) -> str:
        return f"MediaFile({self.kind}, {self.size} bytes)"  # whoever has id or address has the file


class _FileInResource(msgspec.Struct, rename="pascal"):
    id: str
    name: str
    size: int
    url: str
    height: int
    width: int


class _Resource(msgspec.Struct, rename="pascal"):
    """What a mediaResource is, in Base64: Kaizala's own shape (Kaizala API reference 1.5)."""

    thumbnail: str
    action_type: int
    files: list[_FileInResource]


class _NamedFile(msgspec.Struct, rename="pascal"):
    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class _NamedFiles(msgspec.Struct, rename="pascal"):
    files: list[_NamedFile]


_named_files = msgspec.json.Decoder(_NamedFiles)


class _Checked(NamedTuple):
    upload: Upload
    name: str
    format: MediaFormat
    picture: Picture


class Media:
    """Keeps files; `most_bytes` is what those of one upload may have together. `public_url` ends in `/`."""

    def __init__(self, database: Database, *, client: Client, clock: Clock, public_url: str, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._store = MediaStore(database)
        self._client = client
        self._clock = clock
        self._public_url = public_url
        # Decoding a picture takes up to 150 MB: one at a time.
        self._looking = asyncio.Lock()

    async def add(self, caller: Caller, uploads: Sequence[Upload]) -> str:
        """Keep a file, or the pictures of an album; the mediaResource that stands for them.

        A file is taken for what is in it. Raises UnsupportedMedia if that is nothing that is taken, or not what its
        name and content type say; TooLarge; Invalid for no file, or several that are no album.
        """
        if not 1 <= len(uploads) <= MOST_FILES:
            raise Invalid(f"expected a file, or up to {MOST_FILES} pictures for an album, not {len(uploads)}")
        if sum(upload.size for upload in uploads) > self.most_bytes:
            raise TooLarge(f"media: send at most {self.most_bytes} bytes at a time; TIDINGS_MEDIA_MAX can allow more")
        async with self._looking:
            checked = [await asyncio.to_thread(_checked, upload) for upload in uploads]
        if len(checked) > 1 and any(one.format.kind is not MediaKind.IMAGE for one in checked):
            raise Invalid("several files are an album, which has pictures only; send the others one at a time")
        files = [await self._keep(caller, one) for one in checked]
        resource = _Resource(
            thumbnail=base64.b64encode(checked[0].picture.thumbnail).decode(),
            action_type=_ACTION_TYPES[files[0].kind],
            files=[
                _FileInResource(id=f.id, name=f.name, size=f.size, url=f.url, height=f.height, width=f.width)
                for f in files
            ],
        )
        return base64.b64encode(msgspec.json.encode(resource)).decode()

    async def fetch(self, caller: Caller, url: str, *, field: str) -> str:
        """Get a file from somewhere else and keep it, as `add`. Raises Invalid naming the field if it cannot be got."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            most = self.most_bytes + self.most_bytes // 8 + _FRAMING
            request = Request(url=url, method="GET", timeout_ms=_FETCH_WITHIN_MS, into=file, most=most)
            answer = await self._client.send(request)
            if answer.outcome is Outcome.TOO_BIG:
                raise TooLarge(f"{field}: {answer.error}; at most {self.most_bytes} bytes are taken")
            if answer.outcome is not Outcome.OK:
                raise Invalid(f"{field}: {answer.error}")
            return await self.add(caller, [Upload(file=file, name=_name_in(url), content_type="", size=file.tell())])

    async def files(self, resources: Sequence[str], *, field: str) -> list[MediaFile]:
        """The files that mediaResources stand for, in order. Only the ids in them count; the rest is looked up.

        Raises Invalid, naming the field.
        """
        found = []
        for number, resource in enumerate(resources):
            place = field if len(resources) == 1 else f"{field}[{number}]"
            for media in _ids_in(resource, place=place):
                try:
                    found.append(self._shown(await self._store.get(media)))
                except NotFound as error:
                    raise Invalid(f"{place}: names a file that is not here; upload it with POST /v1/media") from error
        return found

    async def forget_unfinished(self) -> None:
        """Forget the pieces of files whose keeping was broken off; once a minute is more than often enough."""
        await self._store.forget_unfinished(before=self._clock.now() - _FORGET_UNFINISHED_MS)

    async def _keep(self, caller: Caller, checked: _Checked) -> MediaFile:
        upload = checked.upload
        stored = StoredFile(
            id=secrets.token_hex(_SECRET_BYTES),
            name=checked.name,
            content_type=checked.format.content_type,
            kind=checked.format.kind,
            size=upload.size,
            width=checked.picture.width,
            height=checked.picture.height,
        )
        await self._store.begin(stored, connector=caller.connector, author=caller.person.id, at=self._clock.now())
        upload.file.seek(0)
        number = 0
        while data := await asyncio.to_thread(upload.file.read, CHUNK):
            await self._store.add(stored.id, number=number, data=data)
            number += 1
        await self._store.finish(stored.id)
        log.info("media.kept kind=%s bytes=%d connector=%s", stored.kind, stored.size, caller.connector)
        return self._shown(stored)

    def _shown(self, stored: StoredFile) -> MediaFile:
        return MediaFile(
            id=stored.id,
            name=stored.name,
            kind=MediaKind(stored.kind),
            size=stored.size,
            url=f"{self._public_url}media/{stored.id}/{quote(stored.name)}",
            width=stored.width,
            height=stored.height,
        )


def resource_of(url: str) -> str:
    """The mediaResource of a file that is kept, by its address; empty if that is no address of a file of ours."""
    found = _ADDRESS.search(url)
    return base64.b64encode(msgspec.json.encode({"Files": [{"Id": found[1]}]})).decode() if found else ""


def _checked(upload: Upload) -> _Checked:
    stem, extension = _split(upload.name)
    told = f"{stem or 'the file'}{extension and '.'}{extension}"
    format_ = BY_EXTENSION.get(extension) if extension else format_within(upload.file)
    if format_ is None:
        raise UnsupportedMedia(f"{told}: expected one of {TAKEN}")
    if extension and not format_.holds(upload.file):
        raise UnsupportedMedia(f"{told}: what is in it is not {extension}; name it for what it is")
    if upload.content_type and not upload.content_type.lower().startswith(format_.family):
        raise UnsupportedMedia(
            f"{told}: its content type is {upload.content_type[:_LONGEST_STEM]!r}; expected {format_.content_type}"
        )
    upload.file.seek(0)
    picture = look_at(upload.file) if format_.kind is MediaKind.IMAGE else Picture(0, 0, b"")
    return _Checked(upload, f"{stem or 'file'}.{extension or format_.extensions[0]}", format_, picture)


def _split(name: str) -> tuple[str, str]:
    """What a file is called, without folders and what cannot be seen, and its extension, empty if there is none."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(character for character in last if character.isprintable()).strip()
    stem, dot, extension = visible.rpartition(".")
    return (stem[:_LONGEST_STEM], extension[:_LONGEST_STEM].lower()) if dot else (visible[:_LONGEST_STEM], "")


def _name_in(url: str) -> str:
    """What a file at that URL may be called: there, an extension need not say what the file is."""
    name = unquote(urlsplit(url).path)
    stem, extension = _split(name)
    return f"{stem}.{extension}" if extension in BY_EXTENSION else stem


def _ids_in(resource: str, *, place: str) -> Iterator[str]:
    try:
        read = base64.b64decode(resource, validate=True)
        named = read_typed(read, _named_files, limit=len(read)).files
    except (ValueError, Invalid) as error:
        raise Invalid(f"{place}: expected a mediaResource, as POST /v1/media answers it") from error
    if not 1 <= len(named) <= MOST_FILES:
        raise Invalid(f"{place}: expected 1 to {MOST_FILES} files in a mediaResource")
    return (file.id for file in named)
