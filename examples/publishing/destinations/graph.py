"""Graph: a folder of OneDrive or SharePoint, written by an application of the tenant."""

import json
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from ..failure import Later, Misconfigured
from ..publication import File, Publication
from ..web import BROKEN, Answer, ask, checked_url

# Bytes. What goes in one request, as Graph had it for long; more is taken today, but a broken connection costs all.
SMALL = 4 << 20
# Ranges of an upload session are multiples of this.
UNIT = 320 << 10
# Ranges that may fail one after the other before Tidings is asked to come again.
TRIES = 3
# Seconds before its end that a token is not used any more.
EARLY_S = 300
UNAUTHORIZED, NOT_FOUND, CONFLICT, OUT_OF_RANGE = 401, 404, 409, 416
WHO = "Graph"
# A drive of a user, a group or a site, as Graph's addresses have it.
DRIVE = re.compile(r"(users/[^/?#]+|groups/[^/?#]+|sites/[^/?#]+)/(drive|drives/[^/?#]+)|drives/[^/?#]+")


@dataclass(slots=True, kw_only=True)
class Graph:
    """`drive` as `users/sales@example.com/drive`, `folder` below its root, made if it is not there."""

    tenant: str
    client: str
    drive: str
    folder: str = ""
    secret: str = field(repr=False)
    authority: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    units: int = 32  # of a range: 10 MiB
    _token: str = field(default="", init=False, repr=False)
    _good_until: float = field(default=0.0, init=False)
    _renewing: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        checked_url(self.authority)
        checked_url(self.graph)
        if not DRIVE.fullmatch(self.drive):
            raise Misconfigured("drive must be as users/…/drive, groups/…/drive, sites/…/drive or drives/… are")

    def publish(self, publication: Publication) -> str:
        """One request for a small file, an upload session for a larger one; what has the same name is replaced."""
        file = publication.file()
        send = self._put if file.path.stat().st_size <= SMALL else self._upload
        answer = send(file)
        if answer.status == NOT_FOUND and self.folder:
            self._make_folders()
            answer = send(file)
        return str(answer.good(WHO).json.get("webUrl", ""))

    def _put(self, file: File) -> Answer:
        headers = {"content-type": file.media_type}
        return self._ask("PUT", f"{self._item(file.name)}:/content", headers=headers, body=file.path)

    def _upload(self, file: File) -> Answer:
        item = {"item": {"@microsoft.graph.conflictBehavior": "replace"}}
        session = self._post(f"{self._item(file.name)}:/createUploadSession", item)
        if session.status == NOT_FOUND:
            return session
        url = checked_url(str(session.good(WHO).json.get("uploadUrl")))
        begin, failures = 0, 0
        while failures < TRIES:
            answer = self._send_range(url, path=file.path, begin=begin)
            if answer is None or answer.status >= BROKEN or answer.status == OUT_OF_RANGE:
                answer = ask("GET", url)  # it says what it has
            if answer.status == NOT_FOUND:
                raise Later("the upload session has ended")
            following = _next(answer.good(WHO))
            if following is None:
                return answer
            failures = 0 if following > begin else failures + 1
            begin = following
        raise Later("Graph takes no more of the file")

    def _send_range(self, url: str, *, path: Path, begin: int) -> Answer | None:
        """What is answered to the range that begins there; None if nothing is.

        The address itself is the permission: a token beside it is refused.
        """
        with path.open("rb") as whole:
            whole.seek(begin)
            piece = whole.read(self.units * UNIT)
        place = f"bytes {begin}-{begin + len(piece) - 1}/{path.stat().st_size}"
        try:
            return ask("PUT", url, headers={"content-range": place}, body=piece)
        except Later:
            return None

    def _make_folders(self) -> None:
        levels = [level for level in self.folder.split("/") if level]
        for depth, name in enumerate(levels):
            parent = "root" + (f":/{quote('/'.join(levels[:depth]))}:" if depth else "")
            body = {"name": name, "folder": {}, "@microsoft.graph.conflictBehavior": "fail"}
            made = self._post(f"{parent}/children", body)
            if made.status != CONFLICT:  # which says that it is there
                made.good(WHO)

    def _item(self, name: str) -> str:
        return "root:/" + quote("/".join([*(level for level in self.folder.split("/") if level), name]))

    def _post(self, path: str, body: object) -> Answer:
        headers = {"content-type": "application/json"}
        return self._ask("POST", path, headers=headers, body=json.dumps(body).encode())

    def _ask(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | Path) -> Answer:
        """Ask with a token, and once more with a new one if that is refused."""
        url = f"{checked_url(self.graph)}/v1.0/{self.drive}/{path}"
        token = self._bearer()
        answer = ask(method, url, headers={"authorization": f"Bearer {token}", **headers}, body=body)
        if answer.status == UNAUTHORIZED:
            token = self._bearer(instead_of=token)
            answer = ask(method, url, headers={"authorization": f"Bearer {token}", **headers}, body=body)
        return answer

    def _bearer(self, *, instead_of: str = "") -> str:
        """A token that is good for a while; one that was refused is not given again."""
        with self._renewing:
            if self._token == instead_of or time.monotonic() > self._good_until:
                url = f"{checked_url(self.authority)}/{quote(self.tenant, safe='')}/oauth2/v2.0/token"
                form = {
                    "grant_type": "client_credentials",
                    "client_id": self.client,
                    "client_secret": self.secret,
                    "scope": f"{checked_url(self.graph)}/.default",
                }
                headers = {"content-type": "application/x-www-form-urlencoded"}
                answer = ask("POST", url, headers=headers, body=urlencode(form).encode())
                if answer.status < BROKEN and answer.json.get("access_token") is None:
                    raise Later(f"no token is given for {self.client}: {answer.json.get('error', answer.status)}")
                told = answer.good("Graph's authority").json
                self._token = str(told["access_token"])
                self._good_until = time.monotonic() + float(told["expires_in"]) - EARLY_S
            return self._token


def _next(answer: Answer) -> int | None:
    """Where the first range begins that is lacking; None if none is."""
    lacking = answer.json.get("nextExpectedRanges")
    return int(str(lacking[0]).partition("-")[0]) if lacking else None
