"""What a program sees of an installation, and the parts behind it."""

from dataclasses import dataclass
from typing import Any

import httpx

from tidings.access.access import NewConnector
from tidings.app.parts import Parts
from tidings.core.caller import TokenKind

ASHA, RAVI, MEERA = "+910000000001", "+910000000002", "+910000000003"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    parts: Parts
    http: httpx.AsyncClient
    connector: NewConnector

    async def sign_in(self, phone: str, *, name: str = "Somebody") -> str:
        """Make a person and get them an access token, as a program does."""
        await self.parts.access.create_person(phone, actor="test", name=name)
        await self.post("/v1/generatePin", {"mobileNumber": phone, "applicationId": self.connector.id})
        login = {
            "mobileNumber": phone,
            "applicationId": self.connector.id,
            "pin": await self.parts.access.waiting_pin(phone),
        }
        refresh = (await self.post("/v1/loginWithPinAndApplicationId", login)).json()["refreshToken"]
        return await self.access_token(refresh)

    async def tenant(self) -> str:
        """An access token that acts for the whole installation."""
        refresh = await self.parts.access.create_refresh_token(self.connector.id, actor="test", kind=TokenKind.TENANT)
        return await self.access_token(refresh.token)

    async def access_token(self, refresh_token: str) -> str:
        headers = {
            "applicationId": self.connector.id,
            "applicationSecret": self.connector.secret,
            "refreshToken": refresh_token,
        }
        answer = await self.http.get("/v1/accessToken", headers=headers)
        token: str = answer.json()["accessToken"]
        return token

    async def group(self, token: str, *members: str) -> str:
        """Make a group; its id."""
        answer = await self.post("/v1/groups", {"name": "Harbour works", "members": list(members)}, token=token)
        group: str = answer.json()["groupId"]
        return group

    async def get(self, path: str, *, token: str = "", **query: str) -> httpx.Response:
        return await self.http.get(path, params=query or None, headers={"accessToken": token})

    async def post(self, path: str, body: Any, *, token: str = "") -> httpx.Response:  # noqa: ANN401 - any JSON
        return await self.http.post(path, json=body, headers={"accessToken": token})

    async def put(self, path: str, body: Any, *, token: str = "") -> httpx.Response:  # noqa: ANN401 - any JSON
        return await self.http.put(path, json=body, headers={"accessToken": token})

    async def delete(self, path: str, *, token: str = "") -> httpx.Response:
        return await self.http.delete(path, headers={"accessToken": token})
