"""The composed application behind real sockets, with a clock moved by hand and callbacks over TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.web.conversation import ask
from tidings.app.parts import Parts
from tidings.app.serve import served
from tidings.app.settings import load
from tidings.core.clock import Clock
from tidings.core.vault import new_key
from tidings.testing.authority import Authority
from tidings.testing.clock import ManualClock

REAL = Clock()
ADMIN = "+910000000001"


class House:
    """A running server, and a program that talks to it over HTTP."""

    def __init__(self, parts: Parts, clock: ManualClock, *, tls: ssl.SSLContext) -> None:
        self.parts = parts
        self.clock = clock
        self.tls = tls
        self.token = ""
        self._credentials: dict[str, str] = {}

    async def call(
        self,
        line: str,
        json: Any = None,  # noqa: ANN401 - any JSON
        *,
        expect: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON
        """What the API answers, with the token that we have."""
        standing = {"content-type": "application/json"} | ({"accesstoken": self.token} if self.token else {})
        answer = await ask(self.parts.settings.port, line, headers=standing | dict(headers or {}), json=json)
        assert answer.status == expect, answer.body
        return answer.json

    async def sign_in(self) -> None:
        """Connector, person, PIN, login and access token, as the first step of the walk-through has them."""
        connector = await self.parts.access.create_connector("Walk", actor="test")
        await self.parts.access.create_person(
            ADMIN, actor="test", name="Asha Verma", picture="https://example.com/a.jpg"
        )
        who = {"mobileNumber": ADMIN, "applicationId": connector.id}
        await self.call("POST /v1/generatePin", who)
        pin = await self.parts.access.waiting_pin(ADMIN)
        refresh = await self.call("POST /v1/loginWithPinAndApplicationId", who | {"pin": pin})
        self._credentials = {
            "applicationid": connector.id,
            "applicationsecret": connector.secret,
            "refreshtoken": refresh["refreshToken"],
        }
        await self.renew_token()

    async def renew_token(self) -> None:
        """An access token is good for a day."""
        self.token = (await self.call("GET /v1/accessToken", headers=self._credentials))["accessToken"]

    async def make_group(self) -> str:
        """A group of which we are admin; its id as the list of groups tells it."""
        await self.call("POST /v1/groups", {"name": "Site crew", "members": ["+910000000002"]})
        return str((await self.call("GET /v1/groups"))["groups"][0]["groupId"])

    async def reaches(self, condition: Callable[[], object], *, by: int = 0) -> None:
        """Wait until a condition holds, moving the clock by so many milliseconds at each look if it does not."""
        async with asyncio.timeout(120):
            while not condition():
                if by:
                    await self.clock.jump(by)
                await REAL.sleep(0.005)  # disk and network are real, and take real time


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    # The verifiers of other people know the machine's time only.
    clock = ManualClock(REAL.now())
    authority = Authority(tmp_path)
    settings = load(
        {},
        folder=tmp_path,
        database=database_url,
        port="0",
        secret_key=new_key(),
        egress_allow="127.0.0.1/32",
        egress_ca=str(authority.ca_file),
    )
    async with served(settings, clock=clock) as server:
        yield House(server.parts, clock, tls=authority.issue("127.0.0.1").server_context())
