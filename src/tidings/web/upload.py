"""Upload: the files of a multipart form, taken in piece by piece."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tidings.core.errors import Invalid, TooLarge, UnsupportedMedia
from tidings.core.json_text import LARGEST_BODY
from tidings.core.upload import Upload
from tidings.web.body import SLOWEST_BODY_S

# What boundaries and heads of the parts may add to the files.
_FRAMING = 64 * 1024
# More than any upload may have; whoever takes them says how many it wants.
_MOST_FILES = 100
_MOST_FIELDS = 100
_LARGEST_FIELD = 64 * 1024


@contextlib.asynccontextmanager
async def uploads_in(request: Request, *, limit: int) -> AsyncIterator[tuple[Upload, ...]]:
    """The files of a multipart/form-data body, whatever their fields are called; other fields are passed over.

    A megabyte of each is held in memory, the rest in a temporary file, which is gone when the context is left. Raises
    TooLarge if they have over `limit` bytes, UnsupportedMedia and Invalid if the body is no such form, and
    TimeoutError if it is sent slower than any body may be.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise UnsupportedMedia("send the file as multipart/form-data, in a part that has its own Content-Type")
    whole = asyncio.Event()
    parser = _Parser(
        request.headers,
        _limited(request, limit=limit, whole=whole),
        whole=whole,
        max_files=_MOST_FILES,
        max_fields=_MOST_FIELDS,
        max_part_size=_LARGEST_FIELD,
    )
    try:
        async with asyncio.timeout(SLOWEST_BODY_S * max(1.0, limit / LARGEST_BODY)):
            form = await parser.parse()
    except MultiPartException as error:
        raise Invalid(f"the body is not a form as multipart/form-data has it: {error.message}") from error
    try:
        yield tuple(_upload(value) for _, value in form.multi_items() if isinstance(value, UploadFile))
    finally:
        await form.close()


def _upload(sent: UploadFile) -> Upload:
    return Upload(file=sent.file, name=sent.filename or "", content_type=sent.content_type or "", size=sent.size or 0)


class _Parser(MultiPartParser):
    """Tells when the last boundary has come."""

    def __init__(
        self, headers: Headers, stream: AsyncGenerator[bytes, None], *, whole: asyncio.Event, **most: int
    ) -> None:
        super().__init__(headers, stream, **most)
        self._whole = whole

    def on_end(self) -> None:
        super().on_end()
        self._whole.set()


async def _limited(request: Request, *, limit: int, whole: asyncio.Event) -> AsyncGenerator[bytes, None]:
    too_large = TooLarge(f"the files are larger than {limit} bytes; send less at a time")
    said = request.headers.get("content-length", "0")
    if said.isdigit() and int(said) > limit + _FRAMING:
        raise too_large
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit + _FRAMING:
            raise too_large
        yield chunk
    if not whole.is_set():
        # Raised in the middle of the parser's work, so that it closes the file that is not all there.
        raise MultiPartException("it ends before its last boundary")
