"""Assets: the files that pages load, each at an address that changes with its content."""

import asyncio
import gzip
import hashlib
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from tidings.core.errors import NotFound, Unavailable

_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"
_CHARTS = "charts.js"
# Seconds. It takes two, and a machine may be busy.
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file, packed once."""

    hash: str
    packed: bytes
    kind: str


class Assets:
    """Serves them under `/console/static/`. The library of charts is put together when it is first asked for."""

    def __init__(self) -> None:
        self._assets = dict(_on_disk())
        self._charts_hash = _hash(version("vl-convert-python").encode())
        self._alone = asyncio.Lock()

    def address(self, name: str) -> str:
        """Where a file is."""
        known = self._charts_hash if name == _CHARTS else self._assets[name].hash
        return f"/console/static/{known}/{name}"

    async def serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        asset = await self._charts() if name == _CHARTS else self._assets.get(name)
        if asset is None:
            raise NotFound("there is no such file; load the page again")
        # A page from before an update still finds what is there now, and does not keep it under the old address.
        is_this = request.path_params["hash"] == asset.hash
        headers = {
            "cache-control": _FOR_EVER if is_this else "no-cache",
            "etag": f'"{asset.hash}"',
            "vary": "accept-encoding",
            "cross-origin-resource-policy": "same-origin",
        }
        if f'"{asset.hash}"' in request.headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, headers=headers | {"content-encoding": "gzip"}, media_type=asset.kind)
        return Response(gzip.decompress(asset.packed), headers=headers, media_type=asset.kind)

    async def _charts(self) -> Asset:
        async with self._alone:
            if _CHARTS not in self._assets:
                packed = await _put_together()
                self._assets[_CHARTS] = Asset(hash=self._charts_hash, packed=packed, kind=_TYPES["js"])
            return self._assets[_CHARTS]


@cache
def _on_disk() -> Mapping[str, Asset]:
    ours = files("tidings.console") / "static"
    texts = {one.name: one.read_bytes() for one in ours.iterdir() if one.is_file()}
    texts["htmx.js"] = (files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js").read_bytes()
    return {name: _packed(name, content) for name, content in texts.items()}


async def _put_together() -> bytes:
    """The library of charts, packed; made by a process of its own, because that takes 100 MB and two seconds."""
    try:
        made = await asyncio.to_thread(_made)
    except subprocess.TimeoutExpired as error:
        raise Unavailable("the library of charts was not ready in time; load the page again") from error
    if made.returncode != 0:
        raise Unavailable("the library of charts could not be put together; see whether vl-convert-python is whole")
    return made.stdout


def _made() -> "subprocess.CompletedProcess[bytes]":
    # In a thread, as every process of ours begins: see `inbox.child`.
    return subprocess.run(
        [sys.executable, "-m", "tidings.console.charts_library"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )


def _packed(name: str, content: bytes) -> Asset:
    kind = _TYPES[name.rpartition(".")[2]]
    return Asset(hash=_hash(content), packed=gzip.compress(content, mtime=0), kind=kind)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
