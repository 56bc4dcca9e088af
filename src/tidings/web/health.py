"""Health: whether the process lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidings.core.errors import TidingsError
from tidings.web.openapi import answer, refusals
from tidings.web.page import Page
from tidings.web.refusal import Refusal

# Seconds. Probes give up after a few; one that hangs must say so before.
_ANSWER_WITHIN_S = 2.0
_TAG = "Operating"

# What must hold; raises a TidingsError that says why it does not.
Check = Callable[[], Awaitable[None]]


def health_pages(checks: Mapping[str, Check]) -> Sequence[Page]:
    """`/healthz`, and `/readyz`, which is ready if all of these hold."""

    async def alive(_: Request) -> Response:
        return _ok("alive")

    async def ready(_: Request) -> Response:
        faults = {name: fault for name, check in checks.items() if (fault := await _fault(check))}
        if not faults:
            return _ok("ready")
        return Refusal(
            status=503,
            code="Unavailable",
            message="not ready: " + "; ".join(f"{name}: {fault}" for name, fault in faults.items()),
            details=faults,
            headers={"retry-after": "2"},
        ).response()

    responses = {"200": answer("It is so", {"type": "object"})}
    return [
        Page(
            path="/healthz",
            name="alive",
            summary="Whether the process lives",
            endpoint=alive,
            operation={"responses": responses},
            tag=_TAG,
        ),
        Page(
            path="/readyz",
            name="ready",
            summary="Whether it can keep and deliver events",
            endpoint=ready,
            operation={"responses": responses | refusals(503)},
            tag=_TAG,
        ),
    ]


async def _fault(check: Check) -> str:
    try:
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            await check()
    except TidingsError as error:
        return error.message
    except TimeoutError:
        return f"no answer within {_ANSWER_WITHIN_S:.0f} seconds"
    return ""


def _ok(status: str) -> Response:
    return Response(msgspec.json.encode({"status": status}), media_type="application/json")
