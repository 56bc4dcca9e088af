"""Live: what a bin catches, as server-sent events, one a request."""

import logging
from collections.abc import AsyncIterator

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tidings.core.errors import Throttled, TidingsError, Unauthenticated
from tidings.inbox.inspector import Inspector
from tidings.store.bins import Bin, Glimpse
from tidings.web.bin_keys import BinKeys

log = logging.getLogger(__name__)

# Each asks the store once a second.
MOST_LISTENERS = 200
_STEP = 50
# Seconds. Proxies end what is silent for a minute.
_SIGN_OF_LIFE_S = 15.0
_MOST_DIGITS = 15


class BinLive:
    """Tells browsers what comes. They come back by themselves, and say what they saw last."""

    def __init__(self, inspector: Inspector, *, keys: BinKeys) -> None:
        self._inspector = inspector
        self._keys = keys
        self._listeners = 0

    async def answer(self, request: Request) -> Response:
        found = await self._keys.opened_in_browser(request)
        if found is None:
            raise Unauthenticated("this bin's view token is needed; enter it on the page ?inspect")
        if self._listeners >= MOST_LISTENERS:
            raise Throttled("too many look at bins just now; load the page again instead", retry_after=60)
        last = request.headers.get("last-event-id") or request.query_params.get("events", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) <= _MOST_DIGITS else found.captured
        return StreamingResponse(
            self._told(found, after=after), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
        )

    async def _told(self, bin_: Bin, *, after: int) -> AsyncIterator[bytes]:
        self._listeners += 1
        try:
            yield b"retry: 2000\n\n"
            # Whatever goes wrong, also that the bin has ended meanwhile, ends it: who listens comes back and is told.
            while not self._inspector.is_closed:
                news = await self._inspector.news(bin_.name, after=after, most=_STEP, wait_s=_SIGN_OF_LIFE_S)
                for one in news:
                    after = one.number
                    yield _event(one)
                if not news:
                    await self._inspector.get(bin_.name)
                    yield b": still here\n\n"
        except TidingsError as error:
            log.info("bin.live.ended bin=%s why=%r", bin_.name, error.message)
        finally:
            self._listeners -= 1


def _event(glimpse: Glimpse) -> bytes:
    # JSON has no line ends of its own, so that nothing in it can end the event.
    return b"id: %d\ndata: %b\n\n" % (glimpse.number, msgspec.json.encode(glimpse))
