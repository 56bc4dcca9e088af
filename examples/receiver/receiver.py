"""A receiver: takes callbacks from Tidings, keeps them in SQLite, and reserves stock for every order that comes in."""

import base64
import hashlib
import hmac
import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

DATABASE = os.environ.get("RECEIVER_DATABASE", "receiver.db")
# The answer of POST /v1/webhook, as it came: {"webhookId": …, "signingSecret": …}.
WEBHOOK = Path(os.environ.get("RECEIVER_WEBHOOK", "webhook.json"))
# What was given as callBackToken.
TOKEN = os.environ["RECEIVER_TOKEN"]
HOST = os.environ.get("RECEIVER_HOST", "127.0.0.1")
PORT = int(os.environ.get("RECEIVER_PORT", "9000"))

# Bytes; a callback is far smaller.
LONGEST_BODY = 1_000_000
# Seconds between signing and arrival, either way, as Standard Webhooks has it. Older ones may be somebody's replay.
TOLERANCE_S = 300

SCHEMA = """
CREATE TABLE IF NOT EXISTS callback (
    webhook_id TEXT PRIMARY KEY,        -- equal over all attempts of one delivery
    happened_at INTEGER NOT NULL,       -- epoch milliseconds
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'to do' -- or 'done', or 'failed'
);
CREATE INDEX IF NOT EXISTS callback_to_do ON callback (state) WHERE state = 'to do';
CREATE TABLE IF NOT EXISTS response (
    response_id TEXT PRIMARY KEY,       -- a changed response has the same
    action_id TEXT NOT NULL,
    responder TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    answers TEXT NOT NULL               -- JSON: question → answer
);
CREATE TABLE IF NOT EXISTS reservation (
    response_id TEXT NOT NULL,
    article TEXT NOT NULL,
    quantity REAL NOT NULL,
    PRIMARY KEY (response_id, article)
);
"""

log = logging.getLogger("receiver")
arrived = threading.Event()


def is_authentic(headers: Message, body: bytes) -> bool:
    """Whether Tidings sent this, to us, a moment ago. Compares in constant time."""
    secret = base64.b64decode(json.loads(WEBHOOK.read_text())["signingSecret"].removeprefix("whsec_"))
    sent_at = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256))
    return (
        hmac.compare_digest(headers.get("kz-callback-token", "").encode(), TOKEN.encode())
        # After the secret was changed, callbacks carry two signatures for a day.
        and any(hmac.compare_digest(one.encode(), expected) for one in headers.get("webhook-signature", "").split())
        and sent_at.isdigit()
        and abs(time.time() - int(sent_at)) <= TOLERANCE_S
    )


class Receiver(BaseHTTPRequestHandler):
    """Keeps what arrives and answers at once; what is to be done about it is done elsewhere."""

    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds; nobody holds a thread for longer

    def do_GET(self) -> None:
        """The handshake, when the webhook is made: say the number that the query holds."""
        token = parse_qs(urlsplit(self.path).query).get("validationToken", [""])[0]
        self.answer(200 if token.isdigit() else 404, token.encode() if token.isdigit() else b"")

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True
            return self.answer(413)
        body = self.rfile.read(int(length))
        if not WEBHOOK.exists():
            return self.answer(503)  # it will be tried again
        if not is_authentic(self.headers, body):
            return self.answer(401)
        with closing(connect()) as database, database:
            # A delivery that comes again, because our answer was lost, changes nothing.
            database.execute(
                "INSERT OR IGNORE INTO callback (webhook_id, happened_at, body) VALUES (?, ?, ?)",
                (self.headers["webhook-id"], int(self.headers["tidings-event-time"]), body.decode()),
            )
        arrived.set()
        return self.answer(200)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the library's own signature
        log.debug(format, *args)


def work() -> None:
    """Do what callbacks ask for, oldest first; what was left undone when the program ended comes first of all."""
    while True:
        arrived.clear()
        with closing(connect()) as database:
            to_do = database.execute(
                "SELECT webhook_id, happened_at, body FROM callback WHERE state = 'to do' ORDER BY rowid"
            ).fetchall()
            for webhook_id, happened_at, body in to_do:
                done = "UPDATE callback SET state = ? WHERE webhook_id = ?"
                try:
                    with database:  # all of it or nothing
                        take(json.loads(body), at=happened_at, database=database)
                        database.execute(done, ("done", webhook_id))
                except (KeyError, TypeError, ValueError):  # for a person to look at; the others go on
                    log.exception("failed webhook_id=%s", webhook_id)
                    with database:
                        database.execute(done, ("failed", webhook_id))
        arrived.wait()


def take(event: Mapping[str, Any], *, at: int, database: sqlite3.Connection) -> None:
    """Keep a response, and start what follows from it."""
    if event["eventType"] != "ActionResponse":
        return
    data = event["data"]
    questions = data["responseDetails"]["responseWithQuestions"]
    # What was not answered has no `answer`.
    answers = {one["title"]: one["answer"] for one in questions if "answer" in one}
    kept = database.execute(
        # Callbacks may overtake each other: a change that is older than what we have changes nothing.
        "INSERT INTO response (response_id, action_id, responder, happened_at, answers) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (response_id) DO UPDATE SET happened_at = excluded.happened_at, answers = excluded.answers"
        " WHERE excluded.happened_at > response.happened_at",
        (data["responseId"], data["actionId"], data["responder"], at, json.dumps(answers)),
    )
    if kept.rowcount:
        reserve_stock(data["responseId"], questions, database=database)


def reserve_stock(order: str, questions: Iterable[Mapping[str, Any]], *, database: sqlite3.Connection) -> None:
    """The workflow: reserve what was ordered, in place of what the same order reserved before it was changed."""
    ordered = {
        one["title"]: one["answer"] for one in questions if one["type"] == "Numeric" and one.get("answer", 0) > 0
    }
    database.execute("DELETE FROM reservation WHERE response_id = ?", (order,))
    database.executemany(
        "INSERT INTO reservation (response_id, article, quantity) VALUES (?, ?, ?)",
        [(order, article, quantity) for article, quantity in ordered.items()],
    )
    log.info("reserved order=%s articles=%d", order, len(ordered))


def connect() -> sqlite3.Connection:
    return sqlite3.connect(DATABASE, timeout=10)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with closing(connect()) as database:
        database.executescript(SCHEMA)
    threading.Thread(target=work, daemon=True).start()
    with ThreadingHTTPServer((HOST, PORT), Receiver) as server:
        log.info("receives on http://%s:%d/", HOST, server.server_port)
        server.serve_forever()


if __name__ == "__main__":
    main()
