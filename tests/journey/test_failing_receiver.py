"""What a receiver meets that is away for days, and comes back."""

import msgspec

from tests.journey.conftest import House
from tidings.core.clock import HOUR, MINUTE, SECOND
from tidings.testing.endpoint import Captured, Endpoint

WAITS = (10 * SECOND, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR)


def texts(callbacks: list[Captured]) -> list[str]:
    return [msgspec.json.decode(callback.body)["data"]["text"] for callback in callbacks]


async def test_after_seven_attempts_the_webhook_is_disabled_and_reviving_it_sends_what_was_held(house: House) -> None:
    await house.sign_in()
    group, courier = await house.make_group(), house.parts.hub.courier
    assert courier is not None
    async with Endpoint(503, tls=house.tls) as endpoint:
        # One at a time, so that the order of arrival is the order of sending.
        made = await house.call("POST /v1/webhook", _ordered(group, endpoint.url))
        webhook = f"/v1/webhook/{made['webhookId']}"
        endpoint.requests.clear()  # the handshake
        await house.call(f"POST /v1/groups/{group}/messages", {"message": "first"})

        for attempt, wait in enumerate(WAITS, start=1):
            await endpoint.received(attempt)
            await house.reaches(lambda: not (courier.in_flight or courier.recorder.waiting))
            await house.clock.jump(round(wait * 0.89))
            assert len(endpoint.requests) == attempt
            await house.reaches(lambda: len(endpoint.requests) > attempt, by=round(wait * 0.03))  # noqa: B023
        await endpoint.received(7)
        await house.renew_token()  # the one of the first day has run out since
        while (told := await house.call(f"GET {webhook}"))["active"]:
            await house.clock.advance(10)
        for text in ("second", "third"):
            await house.call(f"POST /v1/groups/{group}/messages", {"message": text})
        endpoint.script(200)
        held = (await house.call(f"GET {webhook}"))["health"]["held"]
        revived = await house.call(f"PUT {webhook}", {"Active": "true"})
        await house.reaches(lambda: len(endpoint.requests) == 10, by=10)

        assert texts(endpoint.requests[:7]) == ["first"] * 7
        assert told["active"] is False
        assert "503" in told["health"]["disabledWhy"]
        assert held == 2
        assert revived["active"] is True
        assert texts(endpoint.requests[7:]) == ["first", "second", "third"]


def _ordered(group: str, url: str) -> dict[str, object]:
    return {
        "objectId": group,
        "objectType": "Group",
        "eventTypes": ["TextMessageCreated"],
        "callBackUrl": url,
        "order": True,
    }
