"""Reports: the API that tells of a report and renders it, in ConnectReport's words."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from .failure import Later, Refused
from .publication import Report
from .web import Answer, ask

# Seconds: between looks at a job, growing; and until a job is given up, for Tidings to deliver again.
LOOKS_S = (0.2, 0.5, 1.0, 2.0)
LONGEST_JOB_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Asks the API at `url`, which has no last `/`. Raises Later or Refused."""

    url: str
    key: str = field(repr=False)

    def report(self, identifier: str) -> Report:
        told = self._get(f"reports/{quote(identifier, safe='')}").json
        try:
            tags = frozenset(str(tag["title"]) for tag in told.get("tags") or ())
            is_made = told.get("status", "success") == "success"
            at = datetime.fromisoformat(told["completedAt"]) if "completedAt" in told else datetime.now(UTC)
            return Report(id=str(told["id"]), title=str(told["title"]), tags=tags, at=at, is_made=is_made)
        except (KeyError, TypeError, ValueError) as error:
            raise Later("the API tells of the report in a way that is not understood") from error

    def render(self, report: Report, ending: str, *, into: Path) -> str:
        """Render it into a file; its media type."""
        job = str(self._get(f"reports/{quote(report.id, safe='')}/render?format={quote(ending)}").json.get("jobId"))
        return self._get(self._location(job), into=into).headers.get_content_type()

    def _location(self, job: str) -> str:
        """Where the document is, once the job is done."""
        waited, pauses = 0.0, iter(LOOKS_S)
        while waited < LONGEST_JOB_S:
            told = self._get(f"jobs/{quote(job, safe='')}").json
            if told.get("status") == "complete":
                return str(told["result"]["data"]["location"])
            if told.get("status") == "err":
                raise Refused(f"the report could not be rendered: {str(told.get('error'))[:300]}")
            pause = next(pauses, LOOKS_S[-1])
            threading.Event().wait(pause)
            waited += pause
        raise Later("the report was not rendered in ten minutes")

    def _get(self, path: str, *, into: Path | None = None) -> Answer:
        # What it tells us to fetch is always fetched from the same server.
        answer = ask("GET", f"{self.url}/api/v1/{path.lstrip('/')}", headers={"x-api-key": self.key}, into=into)
        return answer.good("the API")
