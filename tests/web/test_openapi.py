"""The API describes itself, for programs and for people."""

import re
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tests.web.conftest import ROUTES
from tests.web.conversation import ask
from tidings.core.clock import Clock
from tidings.web.door import Door
from tidings.web.login import Login
from tidings.web.openapi import Sample, describe, refusals
from tidings.web.page import ANY_METHOD, Page
from tidings.web.reference import reference_pages
from tidings.web.server import Server


class Thing(msgspec.Struct):
    """Only a page speaks of it."""

    name: str


async def _nothing(_: Request) -> Response:
    return PlainTextResponse("")


PAGES = (
    Page(
        path="/things/{name}/{rest:path}",
        name="thing",
        summary="Things & more",
        endpoint=_nothing,
        methods=(ANY_METHOD,),
        operation={"responses": {"200": {"description": "Text", "content": {"text/plain": {"schema": {}}}}}},
        shapes=(Thing,),
    ),
    Page(path="/hidden", name="hidden", summary="Nobody's business", endpoint=_nothing),
)
SAMPLE = Sample(name="order.created", summary="An order <came>", content_type="application/json", body=b'{"a":"<b>"}')


@pytest.fixture
def document() -> dict[str, Any]:
    return describe(version="1.2.3", url="https://tidings.example.com/", routes=ROUTES, pages=PAGES, samples=(SAMPLE,))


def test_a_route_is_described_with_everything_that_it_may_answer(document: dict[str, Any]) -> None:
    echo = document["paths"]["/v1/groups/{id}/echo"]["post"]

    assert echo["operationId"] == "echo"
    assert echo["description"] == "Needs the scope `publish`."
    assert echo["security"] == [{"accessToken": []}, {"bearer": []}, {"apiKey": []}]
    assert echo["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    ]
    assert echo["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Order"}
    assert list(echo["responses"]) == ["200", "400", "401", "403", "404", "408", "413", "429", "500", "503"]


def test_an_open_route_needs_no_token_and_tells_its_own_errors(document: dict[str, Any]) -> None:
    fail = document["paths"]["/v1/fail/{how}"]["get"]

    assert "security" not in fail
    assert list(fail["responses"]) == ["200", "400", "404", "409", "429", "500", "503"]


def test_a_parameter_is_described_with_its_meaning(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/address"]["get"]["parameters"]

    assert parameters[0] == {
        "name": "limit",
        "in": "query",
        "description": "How many",
        "required": False,
        "schema": {"type": "integer", "minimum": 1, "maximum": 9},
    }
    assert parameters[3]["in"] == "header"


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"#/([^"]+)"', msgspec.json.encode(document).decode()):
        place: Any = document
        for part in reference.split("/"):
            place = place[part]


def test_a_page_that_takes_any_method_is_described_for_the_usual_ones(document: dict[str, Any]) -> None:
    thing = document["paths"]["/things/{name}/{rest}"]

    assert {method: operation["operationId"] for method, operation in thing.items()} == {
        "get": "thingGet",
        "post": "thingPost",
        "put": "thingPut",
        "delete": "thingDelete",
        "patch": "thingPatch",
    }
    assert "Thing" in document["components"]["schemas"]
    assert "/hidden" not in document["paths"]


def test_callbacks_are_described_by_the_samples(document: dict[str, Any]) -> None:
    post = document["webhooks"]["order.created"]["post"]

    assert post["requestBody"]["content"]["application/json"]["example"] == {"a": "<b>"}
    assert "webhook-signature" in {parameter["name"] for parameter in post["parameters"]}


def test_refusals_refer_to_the_one_shape() -> None:
    assert refusals(409, 400) == {
        "400": {"$ref": "#/components/responses/400"},
        "409": {"$ref": "#/components/responses/409"},
    }


async def test_the_description_is_served_to_programs_and_as_a_page_without_scripts(
    document: dict[str, Any], login: Login
) -> None:
    door = Door(routes=(), pages=reference_pages(lambda: document), login=login)
    async with Server(door, clock=Clock()).listening("127.0.0.1", 0) as port:
        machine, person = await ask(port, "GET /openapi.json"), await ask(port, "GET /docs")

    assert machine.json == document
    assert person.headers["content-type"] == "text/html; charset=utf-8"
    page = person.body.decode()
    assert "<script" not in page
    assert "POST /v1/groups/{id}/echo" in page
    assert "Things &amp; more" in page
    assert "An order &lt;came&gt;" in page
    assert "http" not in re.sub(r"<pre>.*?</pre>", "", page, flags=re.DOTALL)


async def test_the_bare_address_leads_to_the_page(document: dict[str, Any], login: Login) -> None:
    door = Door(routes=(), pages=reference_pages(lambda: document), login=login)
    async with Server(door, clock=Clock()).listening("127.0.0.1", 0) as port:
        answer = await ask(port, "GET /")

    assert (answer.status, answer.headers["location"]) == (303, "docs")
