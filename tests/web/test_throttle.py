"""Calls are counted by connector and over all, and whoever makes too many is told when to come back."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network

import pytest

from tests.web.callers import OTHER, SHOP
from tests.web.conftest import ROUTES
from tests.web.conversation import ask
from tidings.core.clock import MINUTE, SECOND, Clock
from tidings.core.errors import Throttled
from tidings.testing.clock import ManualClock
from tidings.web import throttle as throttling
from tidings.web.door import Door, opened
from tidings.web.login import Login
from tidings.web.peer import Proxies
from tidings.web.server import Server
from tidings.web.throttle import Throttle

ECHO = "POST /v1/groups/g1/echo"


def admitted(throttle: Throttle, connector: str, *, tries: int) -> int:
    """How many of so many calls are let through."""
    count = 0
    for _ in range(tries):
        try:
            throttle.admit(connector)
        except Throttled:
            break
        count += 1
    return count


@pytest.mark.parametrize("limit", [1, 3, 7, 100, 60_000])
def test_a_connector_may_make_its_calls_of_a_minute_at_once_and_not_one_more(
    limit: int, manual_clock: ManualClock
) -> None:
    throttle = Throttle(manual_clock, per_connector=limit)

    assert admitted(throttle, "shop", tries=limit + 1) == limit


async def test_calls_come_back_one_by_one_as_time_passes(manual_clock: ManualClock) -> None:
    throttle = Throttle(manual_clock, per_connector=6)
    admitted(throttle, "shop", tries=6)

    with pytest.raises(Throttled, match="this connector may make 6 calls a minute, and had them; wait for 10") as told:
        throttle.admit("shop")
    await manual_clock.advance(told.value.retry_after * SECOND)

    assert admitted(throttle, "shop", tries=2) == 1
    await manual_clock.advance(MINUTE)
    assert admitted(throttle, "shop", tries=7) == 6


def test_a_refused_call_is_not_counted(manual_clock: ManualClock) -> None:
    throttle = Throttle(manual_clock, per_connector=1)
    throttle.admit("shop")

    waits = set()
    for _ in range(5):
        with pytest.raises(Throttled) as told:
            throttle.admit("shop")
        waits.add(told.value.retry_after)

    assert waits == {60}


def test_one_connector_does_not_use_up_anothers_calls(manual_clock: ManualClock) -> None:
    throttle = Throttle(manual_clock, per_connector=2)
    admitted(throttle, "shop", tries=2)

    assert admitted(throttle, "other", tries=3) == 2


def test_all_connectors_together_have_a_limit_too(manual_clock: ManualClock) -> None:
    throttle = Throttle(manual_clock, per_connector=2, per_tenant=3)
    admitted(throttle, "shop", tries=2)

    assert admitted(throttle, "other", tries=2) == 1
    with pytest.raises(Throttled, match="all connectors together may make 3 calls a minute"):
        throttle.admit("third")


def test_without_limits_everything_is_let_through(manual_clock: ManualClock) -> None:
    assert admitted(Throttle(manual_clock), "shop", tries=1_000) == 1_000


def test_what_is_remembered_is_bounded(manual_clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "_MOST_CONNECTORS", 10)
    throttle = Throttle(manual_clock, per_connector=1)

    for number in range(100):
        throttle.admit(f"connector-{number}")
        assert len(throttle._spent) <= 12  # noqa: SLF001 - memory shows nowhere else


@pytest.fixture
async def throttled_port(login: Login, manual_clock: ManualClock) -> AsyncIterator[int]:
    """A door that lets three calls a minute through."""
    door = Door(
        routes=ROUTES,
        pages=(),
        login=login,
        throttle=Throttle(manual_clock, per_connector=3),
        proxies=Proxies([ip_network("127.0.0.1")]),
    )
    async with Server(opened(door), clock=Clock()).listening("127.0.0.1", 0) as port:
        yield port


async def test_too_many_calls_are_answered_with_429_and_when_to_come_back(throttled_port: int) -> None:
    calls = [ask(throttled_port, ECHO, headers=SHOP, json={"text": "a"}) for _ in range(4)]

    answers = sorted(await asyncio.gather(*calls), key=lambda answer: answer.status)

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[3].headers["retry-after"] == "20"
    assert (answers[3].json["errorCode"], answers[3].json["errorCategoryKey"]) == ("Throttled", "ServiceException")
    assert (await ask(throttled_port, ECHO, headers=OTHER, json={"text": "a"})).status == 200


async def test_calls_without_a_token_and_with_a_wrong_one_are_not_counted(throttled_port: int) -> None:
    for _ in range(5):
        open_call = await ask(throttled_port, "GET /v1/address", headers={**SHOP, "accept-language": "mr"})
        forged = await ask(throttled_port, ECHO, headers={"accessToken": "forged"}, json={"text": "a"})
        assert (open_call.status, forged.status) == (200, 401)

    assert (await ask(throttled_port, ECHO, headers=SHOP, json={"text": "a"})).status == 200
