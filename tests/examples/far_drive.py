"""A drive of OneDrive behind Graph, as Graph's documentation tells of it: tokens, small files, upload sessions."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tidings.testing.endpoint import Answer, Captured, Endpoint

DRIVE = "users/sales@contoso.example.com/drive"
_ROOT = f"/v1.0/{DRIVE}/root"
_UNIT = 320 << 10
Trouble = Callable[[Captured], Answer | None]


def answered(status: int, body: object = None, **headers: str) -> Answer:
    return Answer(status, tuple(headers.items()), b"" if body is None else json.dumps(body).encode())


def failed(status: int, code: str, **headers: str) -> Answer:
    return answered(status, {"error": {"code": code, "message": "Some words."}}, **headers)


class FarDrive:
    """Behaves at `endpoint`. `troubles` are asked before a request is looked at; each goes when it has answered."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.files: dict[str, bytes] = {}
        self.folders: set[str] = {""}
        self.ranges: list[str] = []
        self.tokens = 0
        self.troubles: list[Trouble] = []
        self._endpoint = endpoint
        self._sessions: list[tuple[str, bytearray]] = []
        endpoint.script(self._answer)

    def steps(self) -> list[str]:
        """What was asked for, in short."""
        return [f"{one.method} {unquote(urlsplit(one.target).path)}" for one in self._endpoint.requests]

    def _answer(self, request: Captured) -> Answer:
        path = unquote(urlsplit(request.target).path)
        for trouble in self.troubles:
            if (answer := trouble(request)) is not None:
                self.troubles.remove(trouble)
                return answer
        if path == "/contoso/oauth2/v2.0/token":
            return self._token(request)
        if path.startswith("/upload/"):
            return self._range(request, int(path.removeprefix("/upload/")))
        if request.header("authorization") != f"Bearer token-{self.tokens}":
            return failed(401, "InvalidAuthenticationToken")
        assert path.startswith(_ROOT)
        where, _, action = path.removeprefix(_ROOT).removeprefix(":/").rpartition("/")
        where = where.removesuffix(":")
        if action == "children":
            return self._folder(where, request)
        if where.rpartition("/")[0] not in self.folders:
            return failed(404, "itemNotFound")
        return self._put(where, request) if action == "content" else self._session(where, request)

    def _token(self, request: Captured) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assert (form["grant_type"], form["client_id"]) == ("client_credentials", "client")
        assert form["scope"] == self._endpoint.url + ".default"
        if form["client_secret"] != "hush":
            return answered(401, {"error": "invalid_client", "error_description": "AADSTS7000215: not hush."})
        self.tokens += 1
        return answered(200, {"token_type": "Bearer", "expires_in": 3599, "access_token": f"token-{self.tokens}"})

    def _put(self, where: str, request: Captured) -> Answer:
        assert request.method == "PUT"
        assert len(request.body) <= 4 << 20
        return self._kept(where, request.body)

    def _kept(self, where: str, content: bytes) -> Answer:
        status = 200 if where in self.files else 201
        self.files[where] = content
        name = where.rpartition("/")[2]
        return answered(status, {"id": "01", "name": name, "webUrl": f"https://contoso.example.com/{where}"})

    def _session(self, where: str, request: Captured) -> Answer:
        said: dict[str, Any] = json.loads(request.body)
        assert said["item"]["@microsoft.graph.conflictBehavior"] == "replace"
        self._sessions.append((where, bytearray()))
        url = f"{self._endpoint.url}upload/{len(self._sessions) - 1}"
        return answered(200, {"uploadUrl": url, "nextExpectedRanges": ["0-"]})

    def _range(self, request: Captured, number: int) -> Answer:
        # "If you include the Authorization header … it may result in an HTTP 401."
        assert request.header("authorization") is None
        where, got = self._sessions[number]
        if request.method == "GET":
            return answered(200, {"nextExpectedRanges": [f"{len(got)}-"]})
        span = str(request.header("content-range"))
        self.ranges.append(span)
        begin, end, size = map(int, span.removeprefix("bytes ").replace("/", "-").split("-"))
        if begin != len(got):
            return failed(416, "invalidRange")
        assert end - begin + 1 == len(request.body)
        assert end + 1 == size or len(request.body) % _UNIT == 0
        got += request.body
        if len(got) == size:
            return self._kept(where, bytes(got))
        return answered(202, {"nextExpectedRanges": [f"{len(got)}-"]})

    def _folder(self, parent: str, request: Captured) -> Answer:
        said = json.loads(request.body)
        assert said["folder"] == {}
        made = f"{parent}/{said['name']}".strip("/")
        if parent not in self.folders:
            return failed(404, "itemNotFound")
        if made in self.folders:
            return failed(409, "nameAlreadyExists")
        self.folders.add(made)
        return answered(201, {"name": said["name"]})
