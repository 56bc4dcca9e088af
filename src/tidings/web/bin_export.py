"""Exports of a bin: all that it caught as HAR 1.2 or NDJSON, or one request as it came; sent piece by piece."""

from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from tidings.dashboards.moment import moment_text
from tidings.inbox.inspector import Inspector
from tidings.store.bins import Bin, Capture
from tidings.web.bin_copies import as_curl, as_python, url_of
from tidings.web.bin_shapes import shown, text_or_base64

# At 1 MiB each, what is in memory at a time.
_STEP = 5
_MOST_FIELDS = 1_000
_CAUTION = {"content-security-policy": "sandbox", "x-content-type-options": "nosniff"}
# Of an answer, which a bin does not keep.
_UNKNOWN = {
    "statusText": "",
    "cookies": [],
    "headers": [],
    "content": {"size": -1, "mimeType": ""},
    "redirectURL": "",
    "headersSize": -1,
    "bodySize": -1,
}
COPIES = {"curl": as_curl, "python": as_python}


class BinExport:
    """Writes files. `public_url` ends in a slash."""

    def __init__(self, inspector: Inspector, *, public_url: str) -> None:
        self._inspector = inspector
        self._public_url = public_url

    def all_of(self, bin_: Bin, kind: str) -> Response:
        """Everything that the bin caught, oldest first, as `har` or `ndjson`."""
        lines, media_type = (
            (self._har(bin_), "application/json") if kind == "har" else (self._ndjson(bin_), "application/x-ndjson")
        )
        return StreamingResponse(lines, media_type=media_type, headers=_attached(f"{bin_.name}.{kind}"))

    def one_of(self, bin_: Bin, capture: Capture, *, kind: str) -> Response:
        """One request: its body (`raw`), or how to send it again (`curl`, `python`)."""
        if kind == "raw":
            return Response(
                capture.request.body,
                media_type="application/octet-stream",
                headers=_attached(f"{bin_.name}-{capture.number}.bin"),
            )
        return PlainTextResponse(COPIES[kind](capture.request, public_url=self._public_url), headers=_CAUTION)

    async def _captures(self, bin_: Bin) -> AsyncIterator[Capture]:
        """What was there at the beginning: a bin that is sent to faster than it is read must not be endless."""
        last, is_whole = 0, False
        while not is_whole and last < bin_.captured:
            found = await self._inspector.caught(bin_.name, after=last, most=_STEP, wait_s=0)
            last, is_whole = found.last, found.is_whole
            for capture in found.captures:
                if capture.number <= bin_.captured:
                    yield capture

    async def _ndjson(self, bin_: Bin) -> AsyncIterator[bytes]:
        async for capture in self._captures(bin_):
            yield msgspec.json.encode(shown(capture)) + b"\n"

    async def _har(self, bin_: Bin) -> AsyncIterator[bytes]:
        creator = msgspec.json.encode({"name": "Tidings", "version": version("tidings")})
        yield b'{"log":{"version":"1.2","creator":%b,"entries":[' % creator
        comma = b""
        async for capture in self._captures(bin_):
            yield comma + msgspec.json.encode(har_entry(capture, public_url=self._public_url))
            comma = b",\n"
        yield b"]}}\n"


def har_entry(capture: Capture, *, public_url: str) -> dict[str, Any]:
    """A caught request as HAR 1.2 has it; of the answer only the status is known."""
    request = capture.request
    told = {
        "method": request.method,
        "url": url_of(request, public_url=public_url),
        "httpVersion": f"HTTP/{request.http_version}",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in request.headers],
        "queryString": [{"name": name, "value": value} for name, value in fields_of(request.query)],
        "headersSize": -1,
        "bodySize": len(request.body),
    }
    if request.body:
        text, encoded = text_or_base64(request.body)
        told["postData"] = {
            "mimeType": request.header("content-type"),
            "params": [],
            "text": encoded if text is None else text,
            # HAR has no word for it in requests; in answers it is this one.
            **({"_encoding": "base64"} if text is None else {}),
        }
    return {
        "startedDateTime": moment_text(request.at),
        "time": request.took_ms,
        "clientIPAddress": request.client,
        "request": told,
        "response": {"status": capture.status, "httpVersion": f"HTTP/{request.http_version}", **_UNKNOWN},
        "cache": {},
        "timings": {"send": request.took_ms, "wait": 0, "receive": 0},
        "_number": capture.number,
    }


def fields_of(query: str) -> list[tuple[str, str]]:
    """The fields of a query or a form, decoded, in order; none if it has more than anybody writes."""
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return []


def _attached(name: str) -> dict[str, str]:
    return {**_CAUTION, "content-disposition": f'attachment; filename="{name}"'}
