"""A server spoken to over HTTP from a terminal: one request at a time, each with its time limit."""

import http.client
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tidings.core.errors import Invalid, Unavailable

_OK = range(200, 300)
_KINDS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
# Bytes. Twenty requests of 1 MiB each, in base64 and JSON, are well below it.
_LARGEST = 64 << 20

Headers = Iterable[tuple[str, str]]


class Remote:
    """What answers at a URL. `patience_s` is what the slowest answer may take."""

    def __init__(self, url: str, *, token: str = "", patience_s: float = 15.0) -> None:
        try:
            parts = urlsplit(url)
            make = _KINDS[parts.scheme]
            self._make = partial(make, parts.hostname or "", parts.port, timeout=patience_s)
            self._connection = self._make()
        except (ValueError, KeyError, http.client.InvalidURL) as error:
            raise Invalid(f"{url!r} is no address of a server; write http://HOST:PORT or https://HOST") from error
        self.path = parts.path
        self._url = url
        self._token = token
        self.is_hung_up = False

    def hang_up(self) -> None:
        """Break off what is under way and refuse what follows, as Unavailable. A signal's handler may call it.

        A KeyboardInterrupt would be lost if it came while Python runs a finalizer.
        """
        self.is_hung_up = True
        if self._connection.sock is not None:
            with suppress(OSError):
                self._connection.sock.shutdown(socket.SHUT_RDWR)

    def ask(self, method: str, path: str, *, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Call Tidings' API below the URL; the answer's JSON. Raises Invalid with why it refuses, and Unavailable."""
        octets = b"" if body is None else msgspec.json.encode(body)
        headers = [("authorization", f"Bearer {self._token}"), ("content-type", "application/json")]
        status, answer = self.send(method, self.path.rstrip("/") + path, body=octets, headers=headers)
        try:
            read = msgspec.json.decode(answer, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Invalid(f"{self._url} does not answer as Tidings does; is this its address?") from error
        if status not in _OK:
            raise Invalid(f"the server refuses: {read.get('message', status)}")
        return read

    def send(self, method: str, target: str, *, body: bytes, headers: Headers) -> tuple[int, bytes]:
        """Send one request on a connection of its own; the answer's status and body. Raises Unavailable."""
        self._connection = self._make()
        try:
            self._connection.connect()
            # Looked at only now: whoever hangs up later finds a connection to break off.
            if self.is_hung_up:
                raise Unavailable("it was hung up")
            self._connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                self._connection.putheader(name, value)
            self._connection.putheader("content-length", str(len(body)))
            self._connection.endheaders(body)
            response = self._connection.getresponse()
            return response.status, response.read(_LARGEST)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._url} does not answer: {str(error) or type(error).__name__}") from error
        except ValueError as error:
            raise Invalid(f"what is to be sent to {self._url} is no valid request: {error}") from error
        finally:
            self._connection.close()
