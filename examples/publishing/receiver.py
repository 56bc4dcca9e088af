"""Receiver: takes the callbacks that tell of finished reports, and answers when they are published."""

import base64
import hashlib
import hmac
import json
import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .failure import Later, Refused
from .publisher import Publisher
from .rules import Rules

# Bytes; a callback holds the whole HTML of its template.
LONGEST_BODY = 20_000_000
# Seconds between signing and arrival, either way, as Standard Webhooks has it. Older ones may be somebody's replay.
TOLERANCE_S = 300
# Reports that are published at a time, and that may wait for it; the others are asked to come again.
AT_A_TIME, MOST = 4, 64

log = logging.getLogger("publishing")


def is_authentic(headers: Message, body: bytes, *, secret: str) -> bool:
    """Whether Tidings signed this, a moment ago. Compares in constant time."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent_at = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256))
    # After the secret was changed, callbacks carry two signatures for a day.
    given = headers.get("webhook-signature", "").split()
    return (
        any(hmac.compare_digest(one.encode(), expected) for one in given)
        and sent_at.isascii()
        and sent_at.isdigit()
        and abs(time.time() - int(sent_at)) <= TOLERANCE_S
    )


class Desk:
    """Has reports published; one that is asked for again while it is under way is not published twice.

    A run of a task makes one report and tells of it once, so its id, which is in the signed body, says which event it
    is: all attempts of a delivery have it, and the deliveries of several webhooks have it too.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._threads = ThreadPoolExecutor(AT_A_TIME)
        self._lock = threading.Lock()
        self._doing: dict[str, Future[None]] = {}

    def publish(self, report: str, *, within_s: int) -> None:
        """Raises Later if it is not done in that time; it goes on, and whoever asks again later is told."""
        with self._lock:
            doing = self._doing.get(report)
            if doing is None:
                if len(self._doing) >= MOST:
                    raise Later("too many reports are waiting")
                doing = self._doing[report] = self._threads.submit(self._publisher.publish, report)
                doing.add_done_callback(lambda _: self._doing.pop(report, None))
        try:
            doing.result(within_s)
        except TimeoutError:
            raise Later("it is still under way") from None

    def close(self) -> None:
        """Ends what is under way; what has not begun comes again."""
        self._threads.shutdown(cancel_futures=True)


class Server(ThreadingHTTPServer):
    """Knows what its requests need."""

    daemon_threads = True

    def __init__(self, rules: Rules, desk: Desk) -> None:
        super().__init__((rules.settings.host, rules.settings.port), Receiver)
        self.rules = rules
        self.desk = desk


class Receiver(BaseHTTPRequestHandler):
    """200: published, or nothing to be done about it. 503: deliver it again."""

    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds without a byte; nobody holds a thread for longer
    server: Server

    def do_GET(self) -> None:
        """The handshake, when the webhook is made: say the number that the query holds."""
        token = parse_qs(urlsplit(self.path).query).get("validationToken", [""])[0]
        self.answer(200 if token.isdigit() else 404, token if token.isdigit() else "")

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        rules = self.server.rules
        if rules.settings.signed and not rules.signing_secret:
            return self.answer(503, "the signing secret is not set yet")
        if rules.settings.signed and not is_authentic(self.headers, body, secret=rules.signing_secret):
            return self.answer(401)
        try:
            told = json.loads(body)
            report, is_ours = str(told["reportTask"]["id"]), told["trigger"] == "postReportTask"
            is_ours = is_ours and told["status"] == "success"
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.answer(400, "this is no callback of a report task")
        if is_ours:
            return self.publish(report)
        return self.answer(200, "nothing to publish")

    def publish(self, report: str) -> None:
        try:
            self.server.desk.publish(report, within_s=self.server.rules.settings.answer_within)
        except Later as error:
            return self.answer(503, str(error), **({"retry-after": str(error.wait_s)} if error.wait_s else {}))
        except Refused as error:
            # Nothing gets better when it is delivered again.
            log.error("refused report=%s reason=%s", report, error)  # noqa: TRY400 - the sentence says it all
            return self.answer(200, str(error))
        except Exception:  # the outermost door: Tidings delivers again, and the log has what went wrong
            log.exception("failed report=%s", report)
            return self.answer(500)
        return self.answer(200, "published")

    def answer(self, status: int, sentence: str = "", **headers: str) -> None:
        body = sentence.encode()
        self.send_response(status)
        for name, value in (headers | {"content-type": "text/plain; charset=utf-8"}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the library's own signature
        log.debug(format, *args)
