"""TLS as a client: whom we trust, who we are, and sessions that are taken up again."""

import os
import ssl
from pathlib import Path
from typing import Self

from tidings.core.clock import Clock
from tidings.core.errors import Invalid

# A session that is taken up again skips the certificate's check, so it lives no longer than a kept connection does.
_SESSION_LIFE_S = 300.0
# Guesses: a session is about 2 kB, a context with the certificates that it trusts about 1 MB.
_SESSIONS_KEPT = 4_096
_CONTEXTS_KEPT = 64


class Context(ssl.SSLContext):
    """A context that takes sessions up again: asyncio has no place to hand one in, but asks `wrap_bio` for its object.

    Checks the certificate and its name; trusts the system's authorities, and those in `ca_file`.
    """

    _clock: Clock
    _sessions: dict[str, tuple[ssl.SSLSession, float]]

    @classmethod
    def made(cls, clock: Clock, *, ca_file: Path | None) -> Self:
        """Raises `Invalid` if the file cannot be used."""
        context = cls(ssl.PROTOCOL_TLS_CLIENT)
        context._clock, context._sessions = clock, {}
        context.set_alpn_protocols(["http/1.1"])
        context.load_default_certs()
        if ca_file is not None:
            try:
                context.load_verify_locations(ca_file)
            except OSError as error:
                raise Invalid(
                    f"TIDINGS_EGRESS_CA: no certificates can be read from {ca_file}; give a PEM file ({error.strerror})"
                ) from error
        return context

    def wrap_bio(  # noqa: PLR0917 - the signature that is overridden
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - the signature that is overridden
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        kept = self._sessions.get(str(server_hostname))
        if kept is not None and self._clock.monotonic() - kept[1] < _SESSION_LIFE_S:
            session = kept[0]
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def keep_session(self, connected: ssl.SSLObject) -> None:
        """Keep the session of a connection for the next one to the same name."""
        name, session = str(connected.server_hostname), connected.session
        # Renewing it from a resumed one would put off the certificate's next check for ever.
        if session is None or connected.session_reused:
            return
        self._sessions.pop(name, None)
        self._sessions[name] = (session, self._clock.monotonic())
        if len(self._sessions) > _SESSIONS_KEPT:
            del self._sessions[next(iter(self._sessions))]


class Contexts:
    """One context for whoever needs no certificate of ours, and one for each client certificate lately used."""

    def __init__(self, *, clock: Clock, ca_file: Path | None = None) -> None:
        self._clock = clock
        self._ca_file = ca_file
        self._plain = Context.made(clock, ca_file=ca_file)
        self._personal: dict[str, Context] = {}

    def context(self, client_certificate: str | None) -> Context:
        """Raises `Invalid` if the certificate cannot be used."""
        if client_certificate is None:
            return self._plain
        context = self._personal.pop(client_certificate, None)
        if context is None:
            context = Context.made(self._clock, ca_file=self._ca_file)
            _load(context, client_certificate)
        self._personal[client_certificate] = context
        if len(self._personal) > _CONTEXTS_KEPT:
            del self._personal[next(iter(self._personal))]
        return context


def check_client_certificate(pem: str) -> None:
    """Check a certificate with its key that somebody wants used. Raises `Invalid`."""
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), pem)


def _load(context: ssl.SSLContext, pem: str) -> None:
    # OpenSSL reads files only; this one is memory, and gone when it is closed.
    descriptor = os.memfd_create("client-certificate")
    try:
        path = Path(f"/proc/self/fd/{descriptor}")
        path.write_text(pem, encoding="utf-8")
        # With no password given, OpenSSL would ask for one at the terminal.
        context.load_cert_chain(path, password="")
    except (OSError, ValueError) as error:
        raise Invalid(
            "the client certificate cannot be used; give PEM of the certificate, its chain and its unencrypted key"
        ) from error
    finally:
        os.close(descriptor)
