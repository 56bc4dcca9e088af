"""Ports for servers that are told theirs, or that come back to it after they were ended."""

import secrets
import socket

# Below those that kernels hand out by themselves (Linux from 32,768 on): nobody is given one of these while its server
# is about to start, or away.
_FIRST, _BEYOND = 10_240, 32_768


def free_port() -> int:
    """A port of loopback that nobody listened on a moment ago, and that nobody gets by chance."""
    while True:
        port = _FIRST + secrets.randbelow(_BEYOND - _FIRST)
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
