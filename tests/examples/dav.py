"""WsgiDAV, a WebDAV server, on a port of its own."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp  # type: ignore[import-untyped]  # it ships no types


@contextlib.contextmanager
def serving_dav(folder: Path, *, user: str, password: str) -> Iterator[tuple[str, Path]]:
    """Its address, which ends in `/`, and the folder that it shares, for whoever knows the password."""
    share = folder / "dav"
    share.mkdir()
    logging.getLogger("wsgidav").setLevel(logging.CRITICAL)
    application = WsgiDAVApp(
        {
            "provider_mapping": {"/": str(share)},
            "simple_dc": {"user_mapping": {"*": {user: {"password": password}}}},
            "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
            "logging": {"enable": False},
            "verbose": 0,
        }
    )
    server = Server(("127.0.0.1", 0), application, numthreads=2)
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}/", share
    finally:
        server.stop()
        thread.join()
