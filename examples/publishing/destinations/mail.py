"""Mail: the report as an attachment."""

import mimetypes
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate

from ..failure import Later, Misconfigured, Refused
from ..publication import Publication, filled
from ..web import LOOPBACK

# Bytes; beyond 25 MB, a third more than this once it is encoded, hardly a server takes a message.
LARGEST = 18_000_000
SILENCE_S = 60
PERMANENT = 500
SECURITIES = ("starttls", "tls", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message to all recipients. With a `user` it logs in, which it does over TLS alone."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    security: str = "starttls"
    user: str = ""
    text: str = "{title} is attached."
    secret: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.security not in SECURITIES:
            raise Misconfigured(f"security must be one of {', '.join(SECURITIES)}")
        if self.security == "none" and self.host not in LOOPBACK:
            raise Misconfigured("security may be none for this machine alone")
        if not self.recipients:
            raise Misconfigured("recipients names nobody")

    def publish(self, publication: Publication) -> str:
        message = self._message(publication)
        try:
            with self._connected() as server:
                if self.user:
                    server.login(self.user, self.secret)
                refused = server.send_message(message, self.sender, self.recipients)
        except smtplib.SMTPAuthenticationError as error:
            raise Later(f"{self.host} refuses the login") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise _failed(self.host, min(code for code, _ in error.recipients.values())) from error
        except smtplib.SMTPResponseException as error:
            raise _failed(self.host, error.smtp_code) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Later(f"{self.host} cannot be reached: {type(error).__name__}") from error
        took = len(self.recipients) - len(refused)
        return f"mail to {took} of {len(self.recipients)} recipients"

    def _message(self, publication: Publication) -> EmailMessage:
        report, file = publication.report, publication.file()
        if file.path.stat().st_size > LARGEST:
            raise Refused(f"the file is too large for a mail, which takes {LARGEST:,} bytes")
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Subject"] = " ".join(report.title.split())  # a line's end would begin another header
        message["Date"] = formatdate()
        # Equal whenever it is sent again, so that mail programs show it once.
        message["Message-ID"] = f"<{report.id}.{file.path.suffix[1:]}@{self.sender.rpartition('@')[2]}>"
        message.set_content(filled(self.text, title=report.title) + "\n")
        media_type = mimetypes.guess_type(file.name)[0] or file.media_type
        main, _, sub = media_type.partition("/")
        message.add_attachment(file.path.read_bytes(), maintype=main, subtype=sub, filename=file.name)
        return message

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SILENCE_S, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=SILENCE_S)
        if self.security == "starttls":
            try:
                server.starttls(context=context)
            except (smtplib.SMTPException, OSError):
                server.close()
                raise
        return server


def _failed(host: str, code: int) -> Exception:
    """SMTP's own distinction: 4xx may pass, 5xx will not."""
    sentence = f"{host} answered {code} to the mail"
    return Refused(sentence) if code >= PERMANENT else Later(sentence)
