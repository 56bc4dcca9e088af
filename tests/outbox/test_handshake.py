"""Before a URL is called, whoever answers there must show that they want to be."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.outbox.conftest import GROUP, House
from tidings.core.errors import Undeliverable
from tidings.core.event import Subject
from tidings.outbox import handshake
from tidings.outbox.handshake import shake_hands
from tidings.outbox.terms import Terms
from tidings.testing.endpoint import ANSWERS_GARBAGE, NEVER_ANSWERS, Answer, Captured, Endpoint, Item

KAIZALA = Subject("Group", "g-1")


def token_of(request: Captured) -> str:
    return parse_qs(urlsplit(request.target).query)["validationToken"][0]


def echoed(request: Captured) -> Answer:
    return Answer(200, (), f"\r\n{token_of(request)} ".encode())


async def test_the_token_is_digits_that_every_reader_of_json_keeps_exactly(house: House, endpoint: Endpoint) -> None:
    await shake_hands(house.client, endpoint.url)

    [request] = endpoint.requests
    assert request.method == "GET"
    assert token_of(request).isdigit()
    assert 10**14 <= int(token_of(request)) < 2**53


@pytest.mark.parametrize(
    ("url", "target"),
    [
        pytest.param("hook", "/hook?validationToken=", id="no query"),
        pytest.param("hook?a=1", "/hook?a=1&validationToken=", id="a query"),
        pytest.param("hook?a=1#part", "/hook?a=1&validationToken=", id="a fragment"),
    ],
)
async def test_the_token_is_added_to_the_url(house: House, endpoint: Endpoint, url: str, target: str) -> None:
    await shake_hands(house.client, endpoint.url + url)

    assert endpoint.requests[0].target.startswith(target)


async def test_white_space_around_the_token_does_no_harm(house: House) -> None:
    async with Endpoint(echoed, echo=False) as endpoint:
        await shake_hands(house.client, endpoint.url)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        pytest.param(Answer(200, (), b"welcome"), "status 200 and 'welcome' came back", id="another text"),
        pytest.param(Answer(200, (), b" "), "status 200 and an empty body came back", id="nothing"),
        pytest.param(Answer(404, (), b"no"), "status 404 and 'no' came back", id="another status"),
        pytest.param(Answer(302, (("location", "/"),)), "status 302 and an empty body", id="a redirect"),
        pytest.param(Answer(200, (), b"\xff" * 500), "came back", id="no text, and much of it"),
        pytest.param(ANSWERS_GARBAGE, "no answer came (", id="no HTTP"),
        pytest.param(NEVER_ANSWERS, "no answer came (no complete answer within 0.05 s", id="silence"),
    ],
)
async def test_a_refusal_says_what_was_sent_what_came_and_the_setting(
    house: House, item: Item, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if item is NEVER_ANSWERS:
        monkeypatch.setattr(handshake, "DEADLINE_MS", 50)
    async with Endpoint(item, echo=False) as endpoint:
        with pytest.raises(Undeliverable) as refusal:
            await shake_hands(house.client, endpoint.url)

    message = refusal.value.message
    assert said in message
    assert "TIDINGS_HANDSHAKE" in message
    assert f"validationToken={token_of(endpoint.requests[0])}" in message
    assert refusal.value.details is not None
    assert refusal.value.details["sent"] == token_of(endpoint.requests[0])
    assert len(message) < 1_000


async def test_an_address_that_may_not_be_called_is_refused_with_the_guards_words(house: House) -> None:
    with pytest.raises(Undeliverable, match="TIDINGS_EGRESS_ALLOW"):
        await shake_hands(house.client, "http://10.0.0.1/hook")


@pytest.mark.parametrize(
    ("setting", "subject", "validate", "is_asked"),
    [
        ("kaizala", KAIZALA, None, True),
        ("kaizala", GROUP, None, False),
        ("kaizala", GROUP, True, True),
        ("always", GROUP, None, True),
        ("never", KAIZALA, None, False),
    ],
)
async def test_the_setting_the_kind_and_the_webhook_decide_who_is_asked(
    *,
    house: House,
    endpoint: Endpoint,
    setting: str,
    subject: Subject,
    validate: bool | None,
    is_asked: bool,
) -> None:
    house.subscribing = replace(house.subscribing, handshake=setting)

    await house.subscribe(endpoint.url, subject=subject, validate=validate)

    assert len(endpoint.requests) == is_asked


async def test_another_url_must_pass_the_handshake_too_and_the_same_one_not_again(
    house: House, endpoint: Endpoint
) -> None:
    subscription = await house.subscribe(endpoint.url, subject=KAIZALA)
    async with Endpoint(404, echo=False) as other:
        with pytest.raises(Undeliverable):
            await house.subscribing.change(subscription, Terms(url=other.url))
        assert (await house.now(subscription.number)).url == endpoint.url

    await house.subscribing.change(subscription, Terms(url=endpoint.url, context="another"))
    assert len(endpoint.requests) == 1
    changed = await house.subscribing.change(subscription, Terms(url=f"{endpoint.url}elsewhere"))

    assert changed.url == f"{endpoint.url}elsewhere"
    assert len(endpoint.requests) == 2


async def test_our_own_urls_are_accepted_without_the_guard(house: House) -> None:
    own = "http://10.0.0.1/bin/mine"
    house.subscribing = replace(house.subscribing, is_own=lambda url: url == own)

    subscription = await house.subscribe(own)

    assert subscription.url == own
    with pytest.raises(Undeliverable):
        await house.subscribe("http://10.0.0.1/bin/other")
