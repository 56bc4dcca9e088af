"""Codes that browsers bring to programs: one behaviour, two engines."""

import asyncio

import pytest

from tidings.access.access import Access, AccessToken
from tidings.access.authorization import CODE_LIVES_MS, checked_redirect_uris
from tidings.access.pin_sender import ConsoleSender
from tidings.core.clock import SECOND
from tidings.core.errors import Invalid, Unauthenticated
from tidings.core.vault import Vault
from tidings.store.database import Database
from tidings.testing.clock import START, ManualClock

ROBIN = "+910000000001"
BACK = "https://example.com/back"


@pytest.fixture
async def access(database: Database, vault: Vault, manual_clock: ManualClock) -> Access:
    """Robin can sign in to the connector `shop`."""
    access = Access(database, vault=vault, clock=manual_clock, pin_sender=ConsoleSender())
    await access.create_person(ROBIN, name="Robin", identifier="robin", actor="test")
    await access.create_connector("Shop", identifier="shop", secret="hush", redirect_uris=[BACK], actor="test")
    return access


async def code_for(access: Access) -> str:
    await access.generate_pin(ROBIN, application_id="shop", address="192.0.2.1")
    pin = await access.waiting_pin(ROBIN)
    return await access.authorize(ROBIN, application_id="shop", redirect_uri=BACK, pin=pin, address="192.0.2.1")


async def trade(access: Access, code: str) -> AccessToken:
    return await access.trade_code(code, application_id="shop", application_secret="hush")


async def test_a_code_is_traded_for_tokens_of_the_person_who_signed_in(access: Access) -> None:
    token = await trade(access, await code_for(access))

    assert (await access.authenticate(token.token)).person.id == "robin"
    renewed = await access.access_token(
        application_id="shop", application_secret="hush", refresh_token=token.refresh_token
    )
    assert (await access.authenticate(renewed.token)).person.id == "robin"


async def test_a_code_runs_out_after_a_minute(access: Access, manual_clock: ManualClock) -> None:
    in_time, late = await code_for(access), await code_for(access)

    await manual_clock.advance(CODE_LIVES_MS - 1)
    await trade(access, in_time)
    await manual_clock.advance(1)
    with pytest.raises(Unauthenticated):
        await trade(access, late)


async def test_of_two_who_trade_a_code_at_once_one_gets_tokens(access: Access) -> None:
    code = await code_for(access)

    results = await asyncio.gather(trade(access, code), trade(access, code), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["AccessToken", "Unauthenticated"]


async def test_signing_in_again_ends_the_former_refresh_token(access: Access) -> None:
    former = await trade(access, await code_for(access))

    await trade(access, await code_for(access))

    with pytest.raises(Unauthenticated):
        await access.access_token(application_id="shop", application_secret="hush", refresh_token=former.refresh_token)


async def test_a_code_of_a_person_who_was_erased_meanwhile_opens_nothing(
    access: Access, manual_clock: ManualClock
) -> None:
    code = await code_for(access)
    erasing = asyncio.create_task(access.erase(ROBIN, actor="test"))
    async with asyncio.timeout(60):
        while not erasing.done():
            await manual_clock.advance(SECOND)
    await manual_clock.jump(START - manual_clock.now())

    with pytest.raises(Unauthenticated):
        await trade(access, code)


async def test_codes_that_have_run_out_are_forgotten(access: Access, manual_clock: ManualClock) -> None:
    code = await code_for(access)
    await manual_clock.advance(CODE_LIVES_MS)
    await code_for(access)

    await manual_clock.jump(-CODE_LIVES_MS)

    with pytest.raises(Unauthenticated):
        await trade(access, code)


@pytest.mark.parametrize(
    "uri",
    ["https://example.com", "https://example.com:8443/a?b=c", "http://127.0.0.1:8080/back", "http://localhost:1/"],
)
def test_people_are_sent_back_over_https_or_to_their_own_machine(uri: str) -> None:
    assert checked_redirect_uris([uri, uri]) == (uri,)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "example.com/back",
        "http://example.com/",
        "http://127.0.0.1/",
        "http://127.0.0.1:80@example.com/",
        "https://",
        "https://user@example.com/",
        "https://example.com/#part",
        "https://example.com/ back",
        "https://exa;mple.com/",
        "https://example.com:port/",
        "javascript:alert(1)",
        "https://example.com/" + "a" * 2_000,
    ],
)
def test_any_other_address_to_be_sent_back_to_is_refused(uri: str) -> None:
    with pytest.raises(Invalid, match="redirect-uri"):
        checked_redirect_uris([uri])


def test_more_addresses_than_any_program_needs_are_refused() -> None:
    with pytest.raises(Invalid, match="has 11 addresses"):
        checked_redirect_uris(f"https://example.com/{number}" for number in range(11))
