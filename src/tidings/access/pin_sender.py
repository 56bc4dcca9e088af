"""How a PIN reaches its owner: `TIDINGS_PIN_SENDER` is `console`, `smtp://…` or an HTTPS URL.

- `console`: nobody is told; `tidings user pin +91…` prints the PIN that is waiting.
- `smtp://USER:PASSWORD@HOST:PORT/?to=ops@example.com&from=tidings@example.com`: a mail to an operator's mailbox, which
  passes the PIN on by the number that it names. STARTTLS is used, and must be offered when there is a password;
  `smtps://` speaks TLS from the start. `from` is `to` unless it is given.
- `https://…`: a POST of `{"mobileNumber", "pin"}`, through the egress guard, to a gateway that sends text messages.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from tidings.core.clock import SECOND
from tidings.core.errors import Invalid, Undeliverable
from tidings.egress.answer import Answer, Outcome
from tidings.egress.request import Request

# A guess: a mail server greylists within seconds or not at all; the person waits in front of a screen.
_LIMIT_MS = 15 * SECOND
_SETTING = "TIDINGS_PIN_SENDER"

Send = Callable[[Request], Awaitable[Answer]]


class PinSender(Protocol):
    """Tells a person the PIN. Raises Undeliverable if that fails."""

    async def send(self, phone: str, pin: str) -> None: ...


class ConsoleSender:
    """Leaves the PIN where `tidings user pin` finds it."""

    async def send(self, phone: str, pin: str) -> None:
        pass


class GatewaySender:
    """Posts number and PIN to a URL; any 2xx is success."""

    def __init__(self, url: str, *, send: Send) -> None:
        self._url = url
        self._send = send

    async def send(self, phone: str, pin: str) -> None:
        body = msgspec.json.encode({"mobileNumber": phone, "pin": pin})
        headers = (("content-type", "application/json"),)
        answer = await self._send(Request(url=self._url, headers=headers, body=body, timeout_ms=_LIMIT_MS))
        if answer.outcome is not Outcome.OK:
            raise Undeliverable(f"{_SETTING}: the gateway did not take a PIN: {answer.error}")


class MailSender:
    """Mails number and PIN to one mailbox. The server is the operator's own setting, so no guard judges it.

    `ca_file` is trusted besides the system's authorities.
    """

    def __init__(self, url: str, *, ca_file: Path | None = None) -> None:
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._to = query.get("to", [""])[0]
        if not parts.hostname or "@" not in self._to:
            raise Invalid(f"{_SETTING}: expected smtp://USER:PASSWORD@HOST/?to=MAILBOX, with a host and a mailbox")
        self._from = query.get("from", [self._to])[0]
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (smtplib.SMTP_SSL_PORT if self._is_tls else smtplib.SMTP_PORT)
        self._ca_file = ca_file
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    async def send(self, phone: str, pin: str) -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = f"Tidings: sign-in of {phone}", self._from, self._to
        mail.set_content(f"The PIN of {phone} is {pin}. It is good for ten minutes.\n")
        try:
            async with asyncio.timeout(_LIMIT_MS / SECOND):
                await asyncio.to_thread(self._deliver, mail)
        except (OSError, smtplib.SMTPException) as error:
            raise Undeliverable(f"{_SETTING}: the mail server did not take a PIN: {type(error).__name__}") from error

    def _deliver(self, mail: EmailMessage) -> None:
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        limit = _LIMIT_MS / SECOND
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=limit, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=limit)
        with server:
            if not self._is_tls and (self._user or server.has_extn("starttls")):
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
            server.send_message(mail)


def pin_sender(setting: str, *, send: Send, ca_file: Path | None = None) -> PinSender:
    """The sender that a setting names. Raises Invalid if it names none. `ca_file` is TIDINGS_EGRESS_CA."""
    scheme = setting.partition(":")[0].lower()
    if setting == "console":
        return ConsoleSender()
    if scheme in ("smtp", "smtps"):
        return MailSender(setting, ca_file=ca_file)
    if scheme == "https":
        return GatewaySender(setting, send=send)
    raise Invalid(f"{_SETTING}: expected console, smtp://… or an HTTPS URL")
