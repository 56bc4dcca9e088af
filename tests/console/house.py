"""A house with a console, and visitors who behave as browsers do."""

import contextlib
import re
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

from tidings.app.serve import Served
from tidings.console.rights import Role
from tidings.core.event import Actor
from tidings.testing.clock import ManualClock

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Visitor:
    """Somebody's browser: keeps cookies, sends forms with what proves that they are its own."""

    def __init__(self, http: httpx.AsyncClient, person: Actor) -> None:
        self.http = http
        self.person = person
        self.origin = str(http.base_url).rstrip("/")
        self.csrf = ""

    async def get(self, path: str, *, htmx: bool = False, headers: Mapping[str, str] | None = None) -> httpx.Response:
        answer = await self.http.get(path, headers={**({"hx-request": "true"} if htmx else {}), **(headers or {})})
        if found := _CSRF.search(answer.text):
            self.csrf = found[1]
        return answer

    async def post(
        self,
        path: str,
        form: Mapping[str, str | list[str]] | None = None,
        *,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        htmx: bool = False,
    ) -> httpx.Response:
        """Send a form, as a page of ours does."""
        headers = {"origin": self.origin, "sec-fetch-site": "same-origin"} | ({"hx-request": "true"} if htmx else {})
        return await self.http.post(path, data={"csrf": self.csrf} | dict(form or {}), files=files, headers=headers)


class ConsoleHouse:
    """`parts` are those of the installation, `clock` is moved by hand, `stranger` has not signed in."""

    def __init__(self, server: Served, *, clock: ManualClock, stranger: httpx.AsyncClient) -> None:
        self.server = server
        self.parts = server.parts
        self.clock = clock
        self.stranger = Visitor(stranger, Actor())
        self._stack = contextlib.AsyncExitStack()
        self._people = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def person(self, role: Role, *, name: str = "") -> Visitor:
        """Somebody new of that role, signed in."""
        self._people += 1
        phone = f"+9100000{self._people:05}"
        person = await self.parts.access.create_person(phone, actor="test", name=name or f"{role or 'member'} {phone}")
        if role is not Role.MEMBER:
            await self.parts.entrance.give_role(person.id, role, actor="test")
        visitor = await self.browser(person)
        answer = await visitor.get(f"/console/first/{await self.parts.entrance.link(actor='test', phone=phone)}")
        assert answer.status_code == 303
        await visitor.get("/console/settings/sessions")
        assert visitor.csrf
        return visitor

    async def browser(self, person: Actor | None = None) -> Visitor:
        """A browser that has been nowhere yet."""
        client = httpx.AsyncClient(base_url=self.server.url, headers={"accept": "text/html"}, timeout=60)
        return Visitor(await self._stack.enter_async_context(client), person or Actor())
