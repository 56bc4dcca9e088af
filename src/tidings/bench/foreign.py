"""Foreign: a webhook server of another make, set up for a run by the calls of its adapter and left as it was found."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import msgspec

from tidings.bench.adapter import Adapter, Batch, Call, filled, names_in
from tidings.bench.load import STAMP, UNIQUE, Request
from tidings.bench.pointer import at
from tidings.bench.stamp import LENGTH
from tidings.core.errors import Invalid, Unavailable

# Seconds for one call; making an application may begin migrations on a machine that is busy.
_PATIENCE_S = 30.0
_LARGEST_ANSWER = 1 << 20
# Characters of a refusal that are told.
_LONGEST_REFUSAL = 300
_OK = range(200, 300)
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreign:
    """A server that has an adapter. `names` are what its texts may name, `left` is what could not be taken down."""

    adapter: Adapter
    names: dict[str, str]
    of_webhook: list[dict[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def set_up(self, urls: Sequence[str]) -> AsyncIterator[None]:
        """A webhook at each URL, until the context is left. Raises Invalid or Unavailable for a call that fails."""
        self.of_webhook.extend({"webhook": url, "place": str(place)} for place, url in enumerate(urls))
        try:
            for call in self.adapter.set_up:
                for own in self._own(call):
                    taken = await asyncio.to_thread(self._make, call, self.names | own)
                    (own if call.per_webhook else self.names).update(taken)
            yield
        finally:
            await self._take_down()

    def request(self, *, payload: int, is_batch: bool) -> tuple[str, Request]:
        """Where events are published, and what the load repeats. The text that is stamped has `payload` characters."""
        publish = self.adapter.publish
        if is_batch and publish.batch is None:
            raise Invalid(f"--batch: {self.adapter.name} takes one event a request; leave it out")
        batch = publish.batch if is_batch and publish.batch else Batch()
        of_event = {"text": STAMP + "x" * max(0, payload - LENGTH), "uuid": UNIQUE}
        method, url = self._address((is_batch and batch.call) or publish.call, self.names)
        headers = {**self.adapter.headers, **publish.headers, **(batch.headers if is_batch else {})}
        sent = {name.lower(): filled(value, self.names) for name, value in headers.items()}
        for name, value in sent.items():
            if ":" in name or not (name + value).isascii() or not (name + value).isprintable():
                raise Invalid(f"{self.adapter.name}: publish: the header {name!r} cannot be sent as it is")
        return url, Request(
            path=_target(url),
            method=method,
            headers=sent,
            body=_written(filled(publish.body, self.names | of_event)).decode(),
            accepted=list(publish.accepted),
            around=tuple(filled(text, self.names) for text in (batch.before, batch.between, batch.after)),
        )

    async def _take_down(self) -> None:
        """Make the calls that can be made; whatever fails is told and does not end the others."""
        for call in self.adapter.tear_down:
            for own in self._own(call):
                names = self.names | own
                if names.keys() >= set(names_in(call.call, dict(call.headers), call.body)):
                    try:
                        await asyncio.to_thread(self._make, call, names)
                    except (Invalid, Unavailable) as error:
                        self.left.append(error.message)

    def _own(self, call: Call) -> Sequence[dict[str, str]]:
        return self.of_webhook if call.per_webhook else [{}]

    def _make(self, call: Call, names: Mapping[str, str]) -> dict[str, str]:
        """Make one call; what it takes from the answer."""
        method, url = self._address(call.call, names)
        body = _written(filled(call.body, names)) if call.body is not None else b""
        headers = {
            name.lower(): filled(value, names) for name, value in {**self.adapter.headers, **call.headers}.items()
        }
        if body:
            headers.setdefault("content-type", "application/json")
        said = f"{self.adapter.name}: {method} {urlsplit(url).path or '/'}"
        status, answer = _sent(method, url, headers=headers, body=body, said=said)
        if status not in _OK:
            raise Invalid(f"{said} is answered with {status} {answer[:_LONGEST_REFUSAL].decode('utf-8', 'replace')}")
        return {name: _taken(answer, pointer, said=said) for name, pointer in call.take.items()}

    def _address(self, text: str, names: Mapping[str, str]) -> tuple[str, str]:
        """Method and URL. What was taken from answers stands for itself and cannot lead elsewhere."""
        given = {"url", "webhook", *self.adapter.variables}
        safe = {name: value if name in given else quote(value, safe="") for name, value in names.items()}
        method, _, url = filled(text, safe).partition(" ")
        parts = urlsplit(url)
        if parts.scheme not in _KINDS or not parts.hostname or not url.isascii() or not url.isprintable() or " " in url:
            raise Invalid(f"{self.adapter.name}: {text!r} does not lead to an address; write --url http://HOST:PORT")
        return method, url


def _taken(answer: bytes, pointer: str, *, said: str) -> str:
    try:
        value = at(pointer, answer)
    except ValueError as error:
        raise Invalid(f"{said}: the answer has nothing at {pointer!r}") from error
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Invalid(f"{said}: what stands at {pointer!r} is no text and no number")
    return str(value)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _written(body: object) -> bytes:
    return body.encode() if isinstance(body, str) else msgspec.json.encode(body)


def _sent(method: str, url: str, *, headers: Mapping[str, str], body: bytes, said: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    try:
        connection = _KINDS[parts.scheme](parts.hostname or "", parts.port, timeout=_PATIENCE_S)
        try:
            connection.request(method, _target(url), body=body or None, headers=dict(headers))
            response = connection.getresponse()
            return response.status, response.read(_LARGEST_ANSWER)
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise Unavailable(f"{said} is not answered: {str(error) or type(error).__name__}") from error
    except ValueError as error:
        # What is wrong may stand in a header, whose value is nobody's to see.
        raise Invalid(f"{said} cannot be sent: the address or a header is not as HTTP has it") from error
