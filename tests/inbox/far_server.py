"""A server to pull from that says what a test wants, and what was kept of it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from tidings.app.parts import Parts
from tidings.core.clock import DAY, MINUTE
from tidings.store.pulls import Pull
from tidings.testing.clock import ManualClock
from tidings.testing.endpoint import Answer, Captured, Step

GROUP = "g1"
EVERY = 5 * MINUTE
TOKEN_LIFE = DAY
Json = dict[str, Any]


def action(number: int, **also: Any) -> Json:  # noqa: ANN401 - any JSON
    body = {"title": "Lunch", "questions": [{"title": "What?", "type": "Text"}]}
    said = {"createdAt": number, "changedAt": number} | also
    return {"actionId": f"a{number}", "actionType": "Survey", "sender": "+910000000001", "actionBody": body} | said


def response(number: int, *, answer: str = "Rice", at: int = 0) -> Json:
    questions = [{"title": "What?", "type": "Text", "answer": answer}]
    return {
        "eventType": "SurveyResponse",
        "actionId": "a1",
        "groupId": GROUP,
        "responseId": f"r{number}",
        "responseDetails": {"responseWithQuestions": questions},
        "fromUser": "+910000000001",
        "updatedAt": at or number,
    }


class FarServer:
    """What a server answers, by path; a list has a page for each item, a status is that answer once."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.granted = 0
        self.refresh_token = ""
        self.answers: dict[str, list[Any]] = {
            "": [{"groupId": GROUP, "groupName": "Site crew", "callerRole": "Admin"}],
            "/subGroups": [{"groupId": GROUP, "subGroups": []}],
            "/members": [{"members": []}],
            "/actions": [{"actions": []}],
            "/responses": [{"responses": []}],
        }
        self.once: dict[str, list[Step]] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    def answer(self, request: Captured) -> Step:
        parts = urlsplit(request.target)
        if parts.path == "/base/v1/accessToken":
            assert request.header("applicationSecret") == "s3cret"
            return self._grant()
        path = parts.path.removeprefix(f"/base/v1/groups/{GROUP}")
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.asked.append((path, query))
        if request.header("accessToken") != f"t{self.granted}":
            return Answer(401)
        if self.once.get(path):
            return self.once[path].pop(0)
        pages = self.answers.get(path)
        if pages is None:
            return Answer(404)
        number = int(query.get("cursor", "0"))
        more = {"cursor": str(number + 1), "hasMore": True} if number + 1 < len(pages) else {}
        return Answer(200, (("content-type", "application/json"),), msgspec.json.encode(pages[number] | more))

    def pages(self, path: str) -> list[Mapping[str, str]]:
        return [query for one, query in self.asked if one == path]

    def _grant(self) -> Step:
        self.granted += 1
        token = {"accessToken": f"t{self.granted}", "accessTokenExpiry": self.clock.now() + TOKEN_LIFE}
        return Answer(200, (), msgspec.json.encode(token | {"refreshToken": self.refresh_token}))


async def follow(parts: Parts, *, remote: str, name: str = "crew", source: str = "crew", every_ms: int = EVERY) -> Pull:
    return await parts.pulling.create(
        name,
        source=source,
        remote=remote,
        application="app",
        secret="s3cret",
        refresh_token="first",
        group=GROUP,
        every_ms=every_ms,
        actor="test",
    )


async def kept(parts: Parts, *, type_: str = "") -> list[str]:
    """What was kept and is laid flat now, as types and names of events, oldest first; the group's own apart."""
    while await parts.inbox.laying.step():
        continue
    entries = await parts.inbox.receipts.of_source("crew", most=1_000)
    bodies = [msgspec.json.decode(entry.receipt.body) for entry in reversed(entries)]
    told = [f"{body['eventType']} {body['eventId']}" for body in bodies]
    return [one for one in told if not one.startswith("GroupAdded") and one.startswith(type_)]
