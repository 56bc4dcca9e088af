"""Deliveries in the console: found by how they stand, shown with all that was tried, and made again."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.console.house import ConsoleHouse, Visitor
from tests.console.shop import HOSTILE, happen, hears
from tests.console.webhook_house import Attempts, audited, opened_house
from tidings.console.rights import Role
from tidings.core.identifier import outside
from tidings.core.subscription import Subscription
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import Answer, Endpoint


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ConsoleHouse]:
    async with opened_house(tmp_path) as house:
        yield house


def address(event: int, hook: Subscription) -> str:
    return f"/console/deliveries/{outside(event, hook.number)}"


async def refused(house: ConsoleHouse, endpoint: Endpoint, *, schedule: str = "1h") -> tuple[int, Subscription]:
    """An event that an endpoint did not take."""
    attempts = Attempts(house)
    hook = await hears(house, endpoint.url, terms=Terms(types=("*",), url=endpoint.url, schedule=schedule))
    event = await happen(house)
    await attempts.reach(1)
    return event, hook


async def failed(house: ConsoleHouse, endpoint: Endpoint) -> tuple[int, Subscription]:
    """An event that was given up, to a webhook that goes on because it has taken another since."""
    endpoint.script(lambda request: 503 if b"order.created" in request.body else 200)
    event, hook = await refused(house, endpoint, schedule="1s")
    attempts = Attempts(house)
    await house.clock.advance(100)
    await happen(house, type_="order.paid")
    await attempts.reach(1)
    await house.clock.advance(2_000)
    await attempts.reach(2)
    return event, hook


async def test_an_empty_list_says_what_to_do_next(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    for query, words in {
        "": "Nothing was delivered yet",
        "?state=failed": "Nothing has failed",
        "?state=held": "No delivery stands so",
        "?type=none": "No delivery is like that",
    }.items():
        assert words in (await reader.get(f"/console/deliveries{query}")).text


async def test_deliveries_are_found_by_state_webhook_type_status_and_time(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    async with Endpoint(503) as endpoint:
        event, hook = await refused(house, endpoint)
        link = f'href="{address(event, hook)}"'

        for query, is_there in {
            "": True,
            "state=retrying": True,
            "state=failed": False,
            f"webhook={hook.id}": True,
            f"webhook={hook.id}&state=delivered": False,
            "type=order.created": True,
            "type=order.paid": False,
            "status=503": True,
            "status=500": False,
            "span=1h": True,
            "until=2026-01-01T00:00": False,
        }.items():
            page = await reader.get(f"/console/deliveries?{query}")
            assert page.status_code == 200
            assert (link in page.text) == is_there, query


async def test_a_filter_that_makes_no_sense_is_refused_at_its_field(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)

    for query, words in {
        "status=many": "Write a status code",
        "state=odd": "Choose one of the list",
        "webhook=nobody": "There is none of that id",
        "cursor=x": "Give the cursor",
        "since=never": "Must be epoch",
    }.items():
        page = await reader.get(f"/console/deliveries?{query}")
        assert page.status_code == 422, query
        assert words in page.text, query


async def test_a_delivery_tells_each_attempt_in_words_with_its_answer_and_what_comes_next(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    busy = Answer(503, (("content-type", "text/plain"), ("retry-after", "60")), b"too busy just now")
    async with Endpoint(busy) as endpoint:
        event, hook = await refused(house, endpoint, schedule="5m,5m")
        page = (await operator.get(address(event, hook))).text

    for words in (
        "The server answered 503 Service Unavailable",
        "Try 1 of 3. To be tried again after",
        "too busy just now",
        "retry-after",
        "first byte",
        "webhook-signature",
        str(endpoint.requests[0].header("webhook-signature")),
        "&#34;type&#34;: &#34;order.created&#34;",
        "Retry now",
    ):
        assert words in page, words


async def test_a_delivery_that_nobody_answers_says_why(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    async with Endpoint() as endpoint:
        url = endpoint.url
    attempts = Attempts(house)
    hook = await hears(house, url)
    event = await happen(house)
    await attempts.reach(1)

    page = (await reader.get(address(event, hook))).text

    assert "No connection" in page
    assert "There was no answer" in page


async def test_readers_see_neither_tokens_nor_what_the_webhook_adds(house: ConsoleHouse) -> None:
    reader, operator = await house.person(Role.READER), await house.person(Role.OPERATOR)
    answer = Answer(200, (("set-cookie", "sid=c00kie"),), b'{"token": "t0ken", "plain": "seen"}')
    attempts = Attempts(house)
    async with Endpoint(answer) as endpoint:
        terms = Terms(types=("*",), url=endpoint.url, token="callback-t0ken", headers={"x-own": "0wn"})
        hook = await hears(house, endpoint.url, terms=terms)
        event = await happen(house, data=b'{"secret": "hush", "plain": "open"}')
        await attempts.reach(1)

    read, operated = [(await one.get(address(event, hook))).text for one in (reader, operator)]

    for secret in ("callback-t0ken", "0wn", "c00kie", "t0ken", "hush"):
        assert secret not in read, secret
        assert secret in operated, secret
    assert "seen" in read
    assert "open" in read
    assert "Retry now" not in read
    assert "Send again" in operated


async def test_a_delivery_is_tried_again_by_hand_and_that_is_on_record(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    async with Endpoint(503, 200) as endpoint:
        event, hook = await refused(house, endpoint)
        attempts = Attempts(house)

        answer = await operator.post(f"{address(event, hook)}/retry")
        await attempts.reach(1)
        page = (await operator.get(address(event, hook))).text

    assert answer.headers["location"] == address(event, hook)
    assert "It is tried again at once" in page
    assert "Try 2 of 2. Delivered" in page
    assert (operator.person.id, "delivery.retried", outside(event, hook.number)) in await audited(house)


async def test_a_delivery_is_skipped_by_hand_and_that_is_on_record(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    async with Endpoint(503) as endpoint:
        event, hook = await refused(house, endpoint)

        await operator.post(f"{address(event, hook)}/skip")
        page = (await operator.get(address(event, hook))).text
        again = await operator.post(f"{address(event, hook)}/skip")

    assert "Skipped by hand" in page
    assert again.status_code == 409
    assert (operator.person.id, "delivery.skipped", outside(event, hook.number)) in await audited(house)


async def test_what_a_disabled_webhook_is_owed_is_said_to_be_held(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    async with Endpoint(503) as endpoint:
        event, hook = await refused(house, endpoint)
        await house.parts.subscribing.change(hook, Terms(), active=False)
        page = (await reader.get(address(event, hook))).text

    assert "Held, because the webhook is disabled: it was disabled by its owner" in page


async def test_a_delivery_that_is_not_there_is_said_to_be_gone(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)

    for name in ("0", outside(1), outside(2**40, 7)):
        assert (await operator.get(f"/console/deliveries/{name}")).status_code == 404
        assert (await operator.post(f"/console/deliveries/{name}/retry")).status_code == 404


async def test_whatever_an_endpoint_answers_is_text_on_the_page(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    answer = Answer(500, (("x-evil", "<script>alert(1)</script>"),), HOSTILE.encode() + b"\xff\x00")
    async with Endpoint(answer) as endpoint:
        event, hook = await refused(house, endpoint)

    for path in (address(event, hook), "/console/deliveries", f"/console/deliveries?type={'%3Cscript%3Ealert'}"):
        page = (await operator.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page


# Replaying


async def counted(operator: Visitor, hook: Subscription, **fields: str) -> dict[str, str]:
    """The form that asks whether to go on, as it stands on the page."""
    query = "&".join(f"{name}={value}" for name, value in {"span": "1d", "count": "1", **fields}.items())
    page = await operator.get(f"/console/deliveries/replay?webhook={hook.id}&{query}")
    assert page.status_code == 200
    return dict(
        re.findall(r'<input type="hidden" name="(webhook|since|until|types|states)" value="([^"]*)">', page.text)
    )


async def test_failed_deliveries_are_counted_then_made_again_and_delivered(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    async with Endpoint(503) as endpoint:
        event, hook = await failed(house, endpoint)
        endpoint.script(200)
        attempts = Attempts(house)

        asked = await operator.get(f"/console/deliveries/replay?webhook={hook.id}&span=1d&count=1")
        begun = await operator.post("/console/deliveries/replay", await counted(operator, hook))
        page = await done(operator, begun.headers["location"])
        await attempts.reach(1)
        shown = (await operator.get(address(event, hook))).text

    assert "<strong>1 delivery</strong>" in asked.text
    assert "1 delivery</strong> made again" in page
    assert "Delivered" in shown
    assert (operator.person.id, "webhook.replayed", hook.id) in await audited(house)


async def done(visitor: Visitor, path: str) -> str:
    """The page of a replay, once that is through."""
    async with asyncio.timeout(60):
        while True:
            page = (await visitor.get(path)).text
            if "They go out now" in page or "It stopped" in page:
                return page


async def test_a_replay_of_nothing_is_not_offered(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    async with Endpoint() as endpoint:
        hook = await hears(house, endpoint.url)

        assert not await counted(operator, hook)


async def test_a_replay_that_makes_no_sense_is_refused_at_its_field(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)
    async with Endpoint() as endpoint:
        hook = await hears(house, endpoint.url)

    for fields, words in (
        (f"webhook={hook.id}", "Say from when on"),
        ("webhook=nobody&span=1d", "There is none of that id"),
        (f"webhook={hook.id}&span=1d&states=pending", "Choose at least one"),
        (f"webhook={hook.id}&span=1d&types=a*b", "wrong place"),
    ):
        page = await operator.get(f"/console/deliveries/replay?count=1&{fields}")
        assert page.status_code == 422, fields
        assert words in page.text, fields
    forged = await operator.post("/console/deliveries/replay", {"webhook": hook.id, "span": "1d"})
    assert "/console/deliveries/replay?" in forged.headers["location"]


async def test_a_replay_that_is_not_known_here_is_said_so(house: ConsoleHouse) -> None:
    operator = await house.person(Role.OPERATOR)

    page = await operator.get("/console/deliveries/replay/0")

    assert page.status_code == 404
    assert "not known here any more" in page.text


async def test_home_leads_to_the_deliveries_of_what_fails(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    async with Endpoint(503) as endpoint:
        _, hook = await refused(house, endpoint)
        await house.clock.advance(10_000)

        page = await reader.get("/console/")

    assert f'href="/console/deliveries?webhook={hook.id}"' in page.text


@pytest.mark.parametrize("role", [Role.READER, Role.MEMBER])
async def test_who_may_not_operate_changes_nothing(house: ConsoleHouse, role: Role) -> None:
    visitor = await house.person(role)
    async with Endpoint(503) as endpoint:
        event, hook = await refused(house, endpoint)

        answers = [
            await visitor.post(f"{address(event, hook)}/retry"),
            await visitor.post(f"{address(event, hook)}/skip"),
            await visitor.post("/console/deliveries/replay", {"webhook": hook.id, "span": "1d", "states": "failed"}),
        ]

    assert [one.status_code for one in answers] == [403] * 3
    assert len(endpoint.requests) == 1
