"""An API that tells of reports and renders them, as ConnectReport's is told to."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.testing.endpoint import Answer, Captured, Endpoint

KEY = "a-token-of-a-viewer"
DONE = "2026-01-31T23:00:00.000Z"
SALES, OTHER, BROKEN, SKIPPED = "report-sales", "report-other", "report-broken", "report-skipped"


class FarReports:
    """Behaves at `endpoint`. A job is looked at once before it is done; `slow` documents wait for its event."""

    def __init__(self, endpoint: Endpoint, *, slow: Any = None) -> None:  # noqa: ANN401 - an event of asyncio, or none
        self.renders: list[str] = []
        self._looked: set[str] = set()
        self._slow = slow
        endpoint.script(self._answer)

    def _answer(self, request: Captured) -> Answer:
        url = urlsplit(request.target)
        if request.header("x-api-key") != KEY:
            return Answer(401)
        match unquote(url.path).removeprefix("/api/v1/").split("/"):
            case ["reports", (str() as name)] if name in {SALES, OTHER, BROKEN, SKIPPED}:
                tag = "other" if name == OTHER else "sales"
                tags = [{"id": "1", "title": tag}, {"id": "2", "title": "all"}]
                status = "skipped" if name == SKIPPED else "success"
                return _told(
                    {"id": name, "title": f"Weekly: {tag}", "tags": tags, "status": status, "completedAt": DONE}
                )
            case ["reports", name, "render"]:
                self.renders.append(f"{name} {parse_qs(url.query)['format'][0]}")
                return _told({"jobId": self.renders[-1]})
            case ["jobs", name]:
                return _told(self._job(name))
            case ["documents", ending, name]:
                body = f"{ending} of {name}".encode()
                return Answer(200, (("content-type", "application/x"),), body, after=self._slow)
        return Answer(404)

    def _job(self, name: str) -> dict[str, object]:
        report, _, ending = name.partition(" ")
        if name not in self._looked:
            self._looked.add(name)
            return {"status": "pending"}
        if report == BROKEN:
            return {"status": "err", "error": "it takes longer than five minutes"}
        return {"status": "complete", "result": {"data": {"location": f"documents/{ending}/{report}?signature=1"}}}


def _told(body: object) -> Answer:
    return Answer(200, (("content-type", "application/json"),), json.dumps(body).encode())
