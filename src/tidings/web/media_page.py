"""Media page: where anybody who has a file's address gets the file, whole or in part."""

import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tidings.store.media import CHUNK, MediaStore, StoredFile
from tidings.web.openapi import refusals
from tidings.web.page import Page
from tidings.web.refusal import Refusal

# What stands at an address never changes. A file is somebody's own: only whoever asked for it may keep it.
_CACHING = {"cache-control": "private, max-age=31536000, immutable", "accept-ranges": "bytes"}
# What is uploaded is anybody's: no browser may run it, whatever it takes it for.
_CAUTION = {"content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff"}
_RANGE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)
_BINARY = {"type": "string", "format": "binary"}
_OPERATION = {
    "description": (
        "Needs no token: the address is the key. It stays valid, its last part and any query are not looked at."
        " One range of bytes can be asked for. HEAD is answered too."
    ),
    "responses": {
        "200": {"description": "The file", "content": {"*/*": {"schema": _BINARY}}},
        "206": {"description": "The range of the file", "content": {"*/*": {"schema": _BINARY}}},
        "304": {"description": "You have it already"},
        **refusals(400, 404, 416, 500, 503),
    },
}


class MediaPage:
    """Serves files piece by piece."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store

    def page(self) -> Page:
        return Page(
            path="/media/{secret}/{name}",
            name="getMedia",
            summary="Get an uploaded file",
            endpoint=self._serve,
            tag="Media",
            operation=_OPERATION,
        )

    async def _serve(self, request: Request) -> Response:
        file = await self._store.get(request.path_params["secret"])
        headers = {**_CACHING, **_CAUTION, "etag": _tag(file), "content-disposition": _disposition(file)}
        if _tag(file) in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        asked = _range(request, file)
        if asked is not None and not asked:
            return Refusal(
                status=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                code="InvalidParameters",
                message=f"Range: the file has {file.size} bytes; ask for some of those",
                headers={"content-range": f"bytes */{file.size}"},
            ).response()
        part = asked or range(file.size)
        headers["content-length"] = str(len(part))
        if asked:
            headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        if request.method == "HEAD":
            return Response(status_code=status, headers=headers, media_type=file.content_type)
        return StreamingResponse(self._bytes(file, part), status, headers=headers, media_type=file.content_type)

    async def _bytes(self, file: StoredFile, part: range) -> AsyncIterator[bytes]:
        for number in range(part.start // CHUNK, (part.stop - 1) // CHUNK + 1):
            chunk = await self._store.chunk(file.id, number)
            begin = number * CHUNK
            yield chunk[max(part.start - begin, 0) : part.stop - begin]


def _tag(file: StoredFile) -> str:
    return f'"{file.id[:16]}"'


def _disposition(file: StoredFile) -> str:
    # A browser would open a document with a program of its own, outside of all caution.
    shown = "attachment" if file.content_type.startswith("application/") else "inline"
    return f"{shown}; filename*=UTF-8''{quote(file.name, safe='')}"


def _range(request: Request, file: StoredFile) -> range | None:
    """The bytes that are asked for, empty if there are none of them; None if no single range is asked for."""
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if not found or request.headers.get("if-range", _tag(file)) != _tag(file):
        return None
    first, last = found.groups()
    if not first:
        return range(max(file.size - int(last), 0), file.size) if last else None
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, file.size) if last else file.size)
