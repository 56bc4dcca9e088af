"""How far a request has come: for its timings, and for the sentence that says where it ended."""

from time import perf_counter

from tidings.egress.connection import Connection


class Course:
    __slots__ = ("asked_at", "connect_ms", "connection", "doing", "name_ms", "reused", "started", "tls_ms")

    def __init__(self) -> None:
        self.started = perf_counter()
        self.asked_at = 0.0
        self.name_ms = self.connect_ms = self.tls_ms = -1.0
        self.connection: Connection | None = None
        self.reused = False
        self.doing = "looking up the name"
