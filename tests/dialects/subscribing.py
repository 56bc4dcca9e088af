"""Webhooks made over HTTP, as tests of them want them."""

import httpx

from tests.dialects.installation import ASHA, Installation
from tidings.testing.endpoint import Endpoint

TYPES = ["TextMessageCreated", "MemberAdded"]


async def subscribe(installation: Installation, endpoint: Endpoint, *, token: str, **fields: object) -> httpx.Response:
    body = {"objectType": "Group", "eventTypes": TYPES, "callBackUrl": endpoint.url} | fields
    return await installation.post("/v1/webhook", body, token=token)


async def made(installation: Installation, endpoint: Endpoint, **fields: object) -> tuple[str, str, str]:
    """Somebody's token, their group, and a webhook on it."""
    token = await installation.sign_in(ASHA)
    group = await installation.group(token)
    answer = await subscribe(installation, endpoint, token=token, objectId=group, **fields)
    webhook: str = answer.json()["webhookId"]
    return token, group, webhook
