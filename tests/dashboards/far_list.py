"""A list of SharePoint behind Graph, as Graph's documentation tells of them: tokens, columns, items, batches."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from tidings.testing.endpoint import Answer, Captured, Endpoint

Json = dict[str, Any]
SITE, LIST = "contoso.example.com,11,22", "8f0c"
_PATH = f"/sites/{SITE}/lists/{LIST}"
_CONDITION = re.compile(r"fields/(\w+) (eq|lt) ('(?:[^']|'')*'|\S+)")
_PAGE = 2  # Graph gives pages; small ones here


def answered(status: int, body: object = None, **headers: str) -> Answer:
    return Answer(status, tuple(headers.items()), msgspec.json.encode(body))


class FarList:
    """Behaves at `endpoint`. `troubles` are asked of each part of a batch before it is done: a status and headers."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.columns: list[Json] = [
            {"name": "Title", "displayName": "Title", "text": {"allowMultipleLines": False, "maxLength": 255}},
            {"name": "ID", "displayName": "ID", "readOnly": True, "number": {}},
            {"name": "Order", "displayName": "Order", "hidden": True, "number": {}},
        ]
        self.items: dict[str, Json] = {}
        self.tokens = 0
        self.token_lasts = 3_600
        self.secret = "hush"
        self.troubles: list[Callable[[Json], tuple[int, dict[str, str]] | None]] = []
        self.batches: list[list[Json]] = []
        self.whole: list[Answer] = []
        self._made = 0
        endpoint.script(self._answer)

    def rows(self) -> list[Json]:
        """The items' fields without ours, by key."""
        items = sorted(self.items.values(), key=lambda item: str(item["fields"].get("word", "")))
        return [
            {name: value for name, value in item["fields"].items() if not name.startswith(("Tidings", "Title"))}
            for item in items
        ]

    def column(self, name: str) -> Json:
        [found] = [one for one in self.columns if one["name"] == name]
        return found

    def _answer(self, request: Captured) -> Answer:
        path = unquote(urlsplit(request.target).path)
        if path == "/tenant/oauth2/v2.0/token":
            return self._token(request)
        if request.header("authorization") != f"Bearer token-{self.tokens}":
            return answered(401, {"error": {"code": "InvalidAuthenticationToken", "message": "It has expired."}})
        if self.whole:
            return self.whole.pop(0)
        if path == "/v1.0/$batch":
            return self._batch(msgspec.json.decode(request.body)["requests"])
        assert path == f"/v1.0{_PATH}/columns"
        if request.method == "GET":
            return answered(200, {"value": self.columns})
        return self._column(msgspec.json.decode(request.body))

    def _token(self, request: Captured) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        assert (form["grant_type"], form["client_id"]) == ("client_credentials", "client")
        assert form["scope"].endswith("/.default")
        if form["client_secret"] != self.secret:
            return answered(401, {"error": "invalid_client", "error_description": "Wrong secret."})
        self.tokens += 1
        return answered(
            200, {"token_type": "Bearer", "expires_in": self.token_lasts, "access_token": f"token-{self.tokens}"}
        )

    def _column(self, column: Json) -> Answer:
        if any(one["name"].lower() == column["name"].lower() for one in self.columns):
            return answered(409, {"error": {"code": "nameAlreadyExists", "message": "Taken."}})
        self.columns.append(column | {"name": column["name"][:32]})
        return answered(201, self.columns[-1])

    def _batch(self, parts: list[Json]) -> Answer:
        assert len(parts) <= 20
        assert len({part["id"] for part in parts}) == len(parts)
        self.batches.append(parts)
        told = [{"id": part["id"]} | self._part(part) for part in parts]
        return answered(200, {"responses": told[::-1]})

    def _part(self, part: Json) -> Json:
        for trouble in self.troubles:
            if said := trouble(part):
                return {"status": said[0], "headers": said[1], "body": {"error": {"code": "trouble"}}}
        if "body" in part:
            assert part["headers"]["Content-Type"] == "application/json"
        url = urlsplit(part["url"])
        path, query = unquote(url.path).removeprefix(f"{_PATH}/items"), parse_qs(url.query)
        match part["method"]:
            case "GET":
                return self._found(query)
            case "POST":
                return self.create(part["body"]["fields"])
            case "DELETE":
                return {"status": 204 if self.items.pop(path.strip("/"), None) else 404}
        return self._change(path.removeprefix("/").removesuffix("/fields"), part)

    def _found(self, query: dict[str, list[str]]) -> Json:
        conditions = _CONDITION.findall(query["$filter"][0])
        assert conditions
        found = [item for item in self.items.values() if all(_passes(item["fields"], *one) for one in conditions)]
        more = {"@odata.nextLink": "https://graph.example.com/more"} if len(found) > _PAGE else {}
        return {"status": 200, "body": {"value": found[:_PAGE]} | more}

    def create(self, fields: Json) -> Json:
        if any(item["fields"]["TidingsKey"] == fields["TidingsKey"] for item in self.items.values()):
            return {"status": 400, "body": {"error": {"code": "invalidRequest", "message": "It is there already."}}}
        self._made += 1
        kept = self._keep(str(self._made), fields, number=1)
        return kept | {"status": 201} if kept["status"] == 200 else kept

    def _change(self, name: str, part: Json) -> Json:
        item = self.items.get(name)
        if item is None:
            return {"status": 404, "body": {"error": {"code": "itemNotFound"}}}
        if part["headers"].get("If-Match") != item["eTag"]:
            return {"status": 412, "body": {"error": {"code": "notAllowed"}}}
        return self._keep(name, item["fields"] | part["body"], number=item["number"] + 1)

    def _keep(self, name: str, fields: Json, *, number: int) -> Json:
        names = {one["name"] for one in self.columns if not (one.get("readOnly") or one.get("hidden"))}
        if unknown := fields.keys() - names:
            return {"status": 400, "body": {"error": {"code": "invalidRequest", "message": f"No {sorted(unknown)}."}}}
        if any(len(str(value)) > 255 for key, value in fields.items() if self._is_line(key)):
            return {"status": 400, "body": {"error": {"code": "invalidRequest", "message": "Too long."}}}
        self.items[name] = {"id": name, "eTag": f'"{name},{number}"', "number": number, "fields": fields}
        return {"status": 200, "body": self.items[name]}

    def _is_line(self, name: str) -> bool:
        text = self.column(name).get("text")
        return text is not None and not text["allowMultipleLines"]


def _passes(fields: Json, name: str, operator: str, literal: str) -> bool:
    value = fields.get(name)
    if literal.startswith("'"):
        return bool(value == literal[1:-1].replace("''", "'"))
    return value is not None and (value == float(literal) if operator == "eq" else value < float(literal))
