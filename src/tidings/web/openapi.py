"""OpenAPI: the description of the API, made from the routes themselves and from the dialects' samples."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tidings.core.errors import (
    Forbidden,
    Invalid,
    NotFound,
    Throttled,
    TidingsError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from tidings.core.route import Parameter, Route
from tidings.web.page import ANY_METHOD, Page
from tidings.web.refusal import ErrorBody, status_of

_SCHEMAS = "#/components/schemas/{name}"
_MEANINGS = {
    400: "Something in the request is not as it must be; the message names it",
    401: "No token, or one that is not valid",
    403: "The token may not do this",
    404: "There is no such thing, or it is not the caller's",
    408: "The body did not arrive in time",
    409: "It is there already, and differs",
    413: "The body is too large",
    415: "A file of a kind that is not taken, or that is not what it says it is",
    416: "The file has no such bytes",
    422: "The data does not follow the schema of its type",
    429: "Too many calls or tries; wait for as many seconds as Retry-After says",
    500: "A fault of the server, whose log tells more under the id in the message",
    503: "Nothing can be kept just now; try again after Retry-After",
}
SECURITY: list[dict[str, list[str]]] = [{"accessToken": []}, {"bearer": []}, {"apiKey": []}]
_SCHEMES = {
    "accessToken": {"type": "apiKey", "in": "header", "name": "accessToken"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-KEY"},
    "basic": {"type": "http", "scheme": "basic"},
}
# What stands in the head of every callback (DESIGN, callback request).
_CALLBACK_HEADERS = {
    "webhook-id": "The delivery's id, equal over all its attempts",
    "webhook-timestamp": "Seconds since 1970, when the attempt was made",
    "webhook-signature": "Standard Webhooks signatures, separated by spaces",
    "tidings-event-id": "The event's id, equal for all webhooks",
    "tidings-event-time": "Milliseconds since 1970, when the event happened",
}
_OBJECT = {"type": "object"}
# Whatever the fields are called, each is a file.
_FORM = {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string", "format": "binary"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A callback as a receiver gets it: one event in one dialect."""

    name: str
    summary: str
    content_type: str
    body: bytes


def describe(
    *, version: str, url: str, routes: Sequence[Route], pages: Sequence[Page], samples: Iterable[Sample] = ()
) -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    schemas, components = _schemas(routes, pages)
    paths: dict[str, dict[str, Any]] = {}
    for route, (body, told) in zip(routes, schemas, strict=True):
        path = paths.setdefault(_plain(route.path), {})
        path[route.method.lower()] = _of_route(route, body=body, told=told)
    for page in pages:
        for method in _methods(page):
            path = paths.setdefault(_plain(page.path), {})
            path[method.lower()] = _of_page(page, method=method)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidings",
            "version": version,
            "summary": "Carries the news out of one system and into another.",
        },
        "servers": [{"url": url.rstrip("/")}],
        "paths": paths,
        "webhooks": {sample.name: {"post": _of_sample(sample)} for sample in samples},
        "components": {
            "schemas": components,
            "securitySchemes": _SCHEMES,
            "responses": {str(status): _refusal(meaning) for status, meaning in _MEANINGS.items()},
        },
    }


def refusals(*statuses: int) -> dict[str, Any]:
    """The responses of an operation that refuses with those statuses."""
    return {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def answer(meaning: str, schema: Mapping[str, Any], *, kind: str = "application/json") -> dict[str, Any]:
    """A response of an operation."""
    return {"description": meaning, "content": {kind: {"schema": schema}}}


def schema_of(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The reference to a shape that a route or a page names."""
    return {"$ref": _SCHEMAS.format(name=shape.__name__)}


def _schemas(routes: Sequence[Route], pages: Sequence[Page]) -> tuple[list[tuple[Any, Any]], dict[str, Any]]:
    """The schemas of each route's body (None for none) and answer, and what they refer to."""
    shapes = [shape for route in routes for shape in (route.body, route.answers)]
    extra = [ErrorBody, *(shape for page in pages for shape in page.shapes)]
    found, components = msgspec.json.schema_components([*shapes, *extra], ref_template=_SCHEMAS)
    pairs = zip(found[: len(shapes) : 2], found[1 : len(shapes) : 2], strict=True)
    return [
        (None if route.body is None else body, answer) for route, (body, answer) in zip(routes, pairs, strict=True)
    ], components


def _of_route(route: Route, *, body: Mapping[str, Any] | None, told: Mapping[str, Any]) -> dict[str, Any]:
    errors: set[type[TidingsError]] = {*route.errors, Unavailable}
    errors |= {Unauthenticated, Forbidden, Throttled} if route.needs is not None else set()
    errors |= {Invalid, TooLarge} if body is not None or route.takes_files else set()
    errors |= {Invalid} if route.parameters or "{" in route.path else set()
    errors |= {NotFound} if "{" in route.path else set()
    statuses = {500, *map(status_of, errors), *([408] if body is not None or route.takes_files else [])}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag] if route.tag else [],
        "parameters": [*_path_parameters(route.path), *map(_parameter, route.parameters)],
        "responses": {
            "200": answer("Done", told),
            **refusals(*statuses),
        },
    }
    if route.needs is not None:
        operation |= {"security": SECURITY, "description": f"Needs the scope `{route.needs}`."}
    elif Unauthenticated in route.errors:
        operation["security"] = SECURITY
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    elif route.takes_files:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    return operation


def _of_page(page: Page, *, method: str) -> dict[str, Any]:
    several = len(_methods(page)) > 1
    return {
        "operationId": f"{page.name}{method.capitalize()}" if several else page.name,
        "summary": page.summary,
        "tags": [page.tag] if page.tag else [],
        "parameters": _path_parameters(page.path),
        **page.operation,
    }


def _of_sample(sample: Sample) -> dict[str, Any]:
    return {
        "summary": sample.summary,
        "parameters": [
            {"name": name, "in": "header", "description": meaning, "required": True, "schema": {"type": "string"}}
            for name, meaning in _CALLBACK_HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {sample.content_type: {"schema": _OBJECT, "example": msgspec.json.decode(sample.body)}},
        },
        "responses": {"2XX": {"description": "The callback has arrived; whatever else is answered, it comes again"}},
    }


def _methods(page: Page) -> tuple[str, ...]:
    if not page.operation:
        return ()
    return ("GET", "POST", "PUT", "DELETE", "PATCH") if page.methods == (ANY_METHOD,) else page.methods


def _plain(path: str) -> str:
    return re.sub(r":\w+\}", "}", path)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)", path)
    ]


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.meaning,
        "required": parameter.is_required,
        "schema": dict(parameter.schema),
    }


def _refusal(meaning: str) -> dict[str, Any]:
    return answer(meaning, schema_of(ErrorBody))
