"""An announcer: whatever other programs put into a folder, it announces to a group, once Tidings has taken it."""

import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

log = logging.getLogger("announcer")

# Seconds. Between looks into the folder; for one request; before the end of a token to ask for the next.
LOOK_S = 1.0
REQUEST_S = 60
EARLY_S = 300
# Seconds to wait after the first, second … failure that says nothing of how long.
PAUSES_S = (1, 5, 30, 120)


class Refused(Exception):
    """Tidings will not have it, however often it is tried."""


@dataclass(slots=True)
class Connector:
    """Speaks the connector API. `kept_in` is a JSON file with url, applicationId, applicationSecret, refreshToken."""

    kept_in: Path
    token: str = field(default="", repr=False)
    token_until: float = 0.0

    def call(self, line: str, body: object) -> dict[str, Any]:
        """What the API answers, however long it takes to be well. Raises Refused."""
        method, path = line.split()
        failures = 0
        while True:
            try:
                headers = {"accessToken": self.access_token(), "content-type": "application/json"}
                return self.request(method, path, headers=headers, body=json.dumps(body).encode())
            except HTTPError as error:
                wait = self.wait_after(error, failures)
            except (URLError, TimeoutError, ConnectionError) as error:
                log.warning("unreachable error=%s", error)
                wait = pause_after(failures)
            failures += 1
            threading.Event().wait(wait)

    def wait_after(self, error: HTTPError, failures: int) -> float:
        """For how long to wait before it is tried again, in seconds. Raises Refused if it need not be tried."""
        told = error.read().decode(errors="replace")
        log.warning("refused status=%d answer=%s", error.code, told)
        if error.code == HTTPStatus.UNAUTHORIZED:
            self.token_until = 0.0  # it ended early; if the refresh token did too, somebody has to make a new one
            return pause_after(failures) if failures else 0.0
        if error.code == HTTPStatus.TOO_MANY_REQUESTS or error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            asked = error.headers.get("retry-after", "")
            return float(asked) if asked.isdigit() else pause_after(failures)
        raise Refused(told)

    def access_token(self) -> str:
        """The token to send; a new one if it is about to end."""
        if time.time() > self.token_until - EARLY_S:
            kept = json.loads(self.kept_in.read_text())
            names = ("applicationId", "applicationSecret", "refreshToken")
            told = self.request("GET", "v1/accessToken", headers={name: kept[name] for name in names})
            self.token, self.token_until = told["accessToken"], told["accessTokenExpiry"] / 1_000
            if told["refreshToken"]:  # a new one comes in the last tenth of the old one's year
                self.keep(kept | {"refreshToken": told["refreshToken"]})
        return self.token

    def keep(self, content: dict[str, str]) -> None:
        """Replace the file in one step, so that no crash can lose the refresh token."""
        new = self.kept_in.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(content))
        new.replace(self.kept_in)

    def request(self, method: str, path: str, *, headers: dict[str, str], body: bytes | None = None) -> dict[str, Any]:
        url = json.loads(self.kept_in.read_text())["url"].rstrip("/") + "/" + path
        with urlopen(Request(url, body, headers, method=method), timeout=REQUEST_S) as answer:
            told: dict[str, Any] = json.load(answer)
            return told


def announce(path: Path, *, connector: Connector, group: str) -> None:
    """Post what a file holds, and put it where it belongs: into `sent`, or into `refused`."""
    try:
        news = json.loads(path.read_text())
        body = {"actionType": "Announcement", "actionBody": {"title": news["title"], "message": news["message"]}}
        told = connector.call(f"POST v1/groups/{group}/actions", body)
    except (Refused, ValueError, KeyError, TypeError) as error:
        log.error("not announced file=%s reason=%s", path.name, error)  # noqa: TRY400 - the sentence says it all
        move(path, "refused")
    else:
        log.info("announced file=%s referenceId=%s", path.name, told["referenceId"])
        move(path, "sent")


def move(path: Path, folder: str) -> None:
    (path.parent / folder).mkdir(exist_ok=True)
    path.replace(path.parent / folder / path.name)


def pause_after(failures: int) -> float:
    return PAUSES_S[min(failures, len(PAUSES_S) - 1)]


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    folder = Path(os.environ.get("ANNOUNCER_FOLDER", "news"))
    connector = Connector(Path(os.environ.get("ANNOUNCER_CONNECTOR", "connector.json")))
    group = os.environ["ANNOUNCER_GROUP"]
    folder.mkdir(exist_ok=True)
    log.info("announces what comes into %s", folder)
    while True:
        for path in sorted(folder.glob("*.json")):
            announce(path, connector=connector, group=group)
        threading.Event().wait(LOOK_S)


if __name__ == "__main__":
    main()
