"""Listening at an address, or saying in a sentence why that cannot be done."""

import socket

from tidings.core.errors import Invalid

_BACKLOG = 2048


def listening(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A socket that listens there, beside others that share the port if all of them do. Raises Invalid."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=is_shared)
    except (OSError, OverflowError) as error:
        why = str(error.strerror if isinstance(error, OSError) else error).partition(" (while")[0]
        raise Invalid(
            f"cannot listen on {host} port {port}: {why}; choose another TIDINGS_HOST or TIDINGS_PORT"
        ) from error
