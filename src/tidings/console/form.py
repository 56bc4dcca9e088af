"""Form: what somebody filled in, read within limits."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from tidings.core.errors import Invalid, TooLarge
from tidings.core.json_text import LARGEST_BODY
from tidings.core.upload import Upload
from tidings.web.body import SLOWEST_BODY_S, read_body

# Guesses: the form of a survey with fifty questions of ten options each has less than a thousand fields.
_MOST_FIELDS = 2_000
_MOST_FILES = 20


class Form:
    """The fields of a form in their order, as text, and its files; what is not there is empty."""

    def __init__(self, fields: Sequence[tuple[str, str]] = (), files: Sequence[tuple[str, Upload]] = ()) -> None:
        self.fields = tuple(fields)
        self._files = tuple(files)
        if any("\0" in name or "\0" in value for name, value in self.fields):
            raise Invalid("the form holds a NUL character, which cannot be part of anything; leave it out")

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self.fields)

    def text(self, name: str, default: str = "") -> str:
        """The last value of a field, without blanks around it."""
        return next((value.strip() for known, value in reversed(self.fields) if known == name), default)

    def all(self, name: str) -> list[str]:
        """All values of a field that are not empty, in their order."""
        return [value.strip() for known, value in self.fields if known == name and value.strip()]

    def is_on(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.text(name) != ""

    def number(self, name: str, *, default: int | None = None) -> int:
        """A whole number. Raises Invalid."""
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            return int(text)
        except ValueError as error:
            raise Invalid(f"{name}: write a whole number, not {text[:64]!r}") from error

    def needed(self, name: str) -> str:
        """A text that must be there. Raises Invalid."""
        text = self.text(name)
        if not text:
            raise Invalid(f"{name}: is empty; fill it in")
        return text

    def files(self, name: str) -> list[Upload]:
        """The files that were chosen in a field."""
        return [file for known, file in self._files if known == name and file.name]


@contextlib.asynccontextmanager
async def form_of(request: Request, *, limit: int) -> AsyncIterator[Form]:
    """The form that a request carries; its files are gone when the context is left.

    Raises Invalid, TooLarge and TimeoutError.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        yield _urlencoded(await read_body(request, limit=limit))
        return
    parser = MultiPartParser(
        request.headers,
        _limited(request, limit=limit),
        max_files=_MOST_FILES,
        max_fields=_MOST_FIELDS,
        max_part_size=limit,
    )
    try:
        async with asyncio.timeout(SLOWEST_BODY_S * max(1.0, limit / LARGEST_BODY)):
            sent = await parser.parse()
    except MultiPartException as error:
        raise Invalid(f"the form cannot be read: {error.message}") from error
    fields = [(name, value) for name, value in sent.multi_items() if not isinstance(value, UploadFile)]
    files = [(name, _upload(value)) for name, value in sent.multi_items() if isinstance(value, UploadFile)]
    try:
        yield Form(fields, files)
    finally:
        await sent.close()


def _urlencoded(body: bytes) -> Form:
    try:
        return Form(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError as error:
        raise Invalid("the form cannot be read; load the page again") from error


def _upload(sent: UploadFile) -> Upload:
    return Upload(file=sent.file, name=sent.filename or "", content_type=sent.content_type or "", size=sent.size or 0)


async def _limited(request: Request, *, limit: int) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"the form is larger than {limit} bytes; send less at a time")
        yield chunk
