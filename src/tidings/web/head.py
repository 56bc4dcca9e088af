"""Head: what the head of a request must be, beyond what the parser itself refuses (RFC 9110 and RFC 9112).

A proxy in front that reads a head in another way than we do can be made to take one request for two.
"""

import re
from collections.abc import Iterable

from tidings.web.refusal import Refusal

# A name, an address of version 4 or, in brackets, a later one; and a port. RFC 3986, 3.2.2 and 3.2.3.
_HOST = re.compile(rb"(?:\[[0-9A-Za-z:.%~_-]+\]|[0-9A-Za-z._~!$&'()*+,;=%-]+)(?::[0-9]*)?")
# A URL without a path, and its query if it has one.
_NO_PATH = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*://[^/?#]+)(\?[^#]*)?")

NOT_HTTP = Refusal(status=400, code="InvalidParameters", message="this is not a valid HTTP/1.1 request")
_WRONG_HOST = Refusal(
    status=400,
    code="InvalidParameters",
    message="a request names its server in one Host header, as NAME or NAME:PORT; this one does not",
)
_OTHER_VERSION = Refusal(status=505, code="NotSupported", message="this server speaks HTTP/1.1; send the request so")
_OTHER_CODING = Refusal(
    status=501,
    code="NotSupported",
    message="the only Transfer-Encoding here is chunked, in HTTP/1.1; send the body so, or with its Content-Length",
)
_NO_PROXY = Refusal(status=501, code="NotSupported", message="this server is no proxy; it does not CONNECT")


def fault_in(headers: Iterable[tuple[bytes, bytes]], *, method: bytes, version: str) -> Refusal | None:
    """Why a request with those headers, whose names are in lower case, is refused; None if it is not."""
    host = coding = None
    for name, value in headers:
        if name == b"host":
            if host is not None:
                return _WRONG_HOST
            host = value
        elif name == b"transfer-encoding":
            coding = value if coding is None else b"several"
    if version not in {"1.1", "1.0"}:
        return _OTHER_VERSION
    # Before 1.1 there was none (RFC 9112, 3.2).
    if _HOST.fullmatch(host.strip()) is None if host is not None else version == "1.1":
        return _WRONG_HOST
    if coding is not None and (version == "1.0" or coding.strip().lower() != b"chunked"):
        return _OTHER_CODING
    return _NO_PROXY if method == b"CONNECT" else None


def target_of(url: bytes, *, method: bytes) -> bytes:
    """What a request line names, with the path that a URL without one means (RFC 9112, 3.2.2 and 3.2.4)."""
    if url.startswith(b"/"):
        return url
    bare = _NO_PATH.fullmatch(url)
    if bare is None:
        return url
    server, query = bare.groups(b"")
    return b"*" if method == b"OPTIONS" and not query else server + b"/" + query
