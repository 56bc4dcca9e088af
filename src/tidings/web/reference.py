"""Reference: `/openapi.json`, and `/docs`, the same for people: one page that needs neither script nor network."""

import asyncio
import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from tidings.web.page import Page

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; }
pre { overflow-x: auto; padding: .5rem; border: 1px solid; border-radius: .3rem; }
summary { cursor: pointer; padding: .3rem 0; overflow-wrap: anywhere; }
dt { font-family: ui-monospace, monospace; }
"""
_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def reference_pages(document: Callable[[], Mapping[str, Any]], *, front: str = "docs") -> Sequence[Page]:
    """The pages that show an OpenAPI document. The bare address leads to them, people to `front`.

    Both are made once, when somebody asks: that takes a tenth of a second, which a start need not wait for.
    """

    @cache
    def as_json() -> bytes:
        return msgspec.json.encode(document())

    @cache
    def as_html() -> str:
        return "".join(_document(document()))

    async def machine(_: Request) -> Response:
        return Response(await asyncio.to_thread(as_json), media_type="application/json")

    async def person(_: Request) -> Response:
        return HTMLResponse(await asyncio.to_thread(as_html), headers={"content-security-policy": _CSP})

    async def bare(request: Request) -> Response:
        is_person = "text/html" in request.headers.get("accept", "")
        return RedirectResponse(front if is_person else "docs", status_code=303)

    return [
        Page(path="/openapi.json", name="openapi", summary="This description, as OpenAPI 3.1", endpoint=machine),
        Page(path="/", name="front", summary="Lead whoever opens the bare address", endpoint=bare),
        Page(path="/docs", name="docs", summary="This description, for people", endpoint=person),
    ]


def _document(document: Mapping[str, Any]) -> Iterator[str]:
    info = document["info"]
    title = html.escape(f"{info['title']} {info['version']}")
    yield "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    yield f"<title>{title}: the API</title><style>{_STYLE}</style><h1>{title}</h1><p>{html.escape(info['summary'])}"
    yield " The same as <a href=/openapi.json>OpenAPI 3.1</a>.</p>"
    yield "<p>Send your token as <code>Authorization: Bearer …</code> or <code>accessToken: …</code>.</p>"
    tag = None
    for path, method, operation in _operations(document):
        if (now := (operation["tags"] or ["Other"])[0]) != tag:
            tag = now
            yield f"<h2>{html.escape(tag)}</h2>"
        yield from _operation(path, method, operation=operation)
    yield "<h2>Callbacks</h2>"
    for name, item in document["webhooks"].items():
        yield f"<details><summary><code>{html.escape(name)}</code> {html.escape(item['post']['summary'])}</summary>"
        for kind, content in item["post"]["requestBody"]["content"].items():
            yield f"<p>{html.escape(kind)}</p>{_json(content['example'])}"
        yield "</details>"
    yield "<h2>Shapes</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f"<details id='{html.escape(name)}'><summary><code>{html.escape(name)}</code></summary>"
        yield f"{_json(schema)}</details>"
    yield "</html>"


def _operations(document: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """All operations, those of one tag together, tags in the order in which they come first."""
    found = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    order = {tag: place for place, tag in reversed(list(enumerate(str(one[2]["tags"]) for one in found)))}
    return sorted(found, key=lambda one: order[str(one[2]["tags"])])


def _operation(path: str, method: str, *, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<details><summary><code>{method.upper()} {html.escape(path)}</code> {html.escape(operation['summary'])}"
    yield f"</summary><p>{html.escape(operation.get('description', ''))}</p><dl>"
    for parameter in operation["parameters"]:
        meaning = parameter.get("description", "in the path")
        yield f"<dt>{html.escape(parameter['name'])}</dt><dd>{html.escape(meaning)}</dd>"
    yield "</dl>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Send {html.escape(kind)}:</p>{_schema(content['schema'])}"
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield f"<p>{status}, {html.escape(kind)}:</p>{_schema(content['schema'])}"
    others = ", ".join(status for status, response in operation["responses"].items() if "$ref" in response)
    yield f"<p>Refusals: {others}</p></details>"


def _schema(schema: Mapping[str, Any]) -> str:
    reference = schema.get("$ref", "")
    name = html.escape(reference.rpartition("/")[2])
    return f"<p><a href='#{name}'><code>{name}</code></a></p>" if reference else _json(schema)


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON
    return f"<pre>{html.escape(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())}</pre>"
