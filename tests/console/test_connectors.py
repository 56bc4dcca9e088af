"""Connectors in the settings: made and revoked, with their secrets, keys and tokens."""

import re

import pytest

from tests.console.house import ConsoleHouse
from tests.console.settings_pages import CONNECTORS, KEY, NUMBER, PEOPLE, actions
from tidings.access.scope import ADMIN
from tidings.access.token import hash_of
from tidings.console.rights import Role
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY
from tidings.core.errors import InvalidToken


async def test_a_connector_is_made_and_its_secret_shown_once(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)

    made = await owner.post(CONNECTORS, {"name": "Shop", "id": "shop", "scope": ["publish", "events.read"]})
    [secret] = re.findall(r'id="told-2">([\w-]{43})<', made.text)
    page = (await owner.get(f"{CONNECTORS}/shop")).text
    token = await house.parts.access.create_refresh_token("shop", actor="test", kind=TokenKind.TENANT)
    changed = await owner.post(f"{CONNECTORS}/shop/secret")
    [other] = re.findall(r'id="told-2">([\w-]{43})<', changed.text)

    assert secret not in page
    assert "events.read" in page
    assert secret != other
    with pytest.raises(Exception, match="applicationId and secret"):
        await house.parts.access.access_token(
            application_id="shop", application_secret=secret, refresh_token=token.token
        )
    await house.parts.access.access_token(application_id="shop", application_secret=other, refresh_token=token.token)
    assert (owner.person.id, "connector.secret_changed") in await actions(house)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "scope": "publish"}, 'id="name-error"'),
        ({"name": "Shop", "id": "a b", "scope": "publish"}, 'id="id-error"'),
        ({"name": "Shop", "id": "taken", "scope": "publish"}, "There is a connector taken already"),
        ({"name": "Shop"}, 'id="scope-error"'),
        ({"name": "Shop", "scope": "everything"}, 'id="scope-error"'),
        ({"name": "Shop", "scope": "publish", "redirect-uri": "http://example.com/"}, 'id="redirect-uri-error"'),
    ],
)
async def test_what_is_wrong_with_a_new_connector_is_said_at_its_field(
    house: ConsoleHouse, form: dict[str, str], said: str
) -> None:
    owner = await house.person(Role.OWNER)
    await house.parts.access.create_connector("Taken", identifier="taken", actor="test")

    answer = await owner.post(CONNECTORS, form)

    assert answer.status_code == 422
    assert said in answer.text


async def test_a_revoked_connector_is_told_as_such_and_gets_nothing_more(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    await house.parts.access.create_connector("Shop", identifier="shop", actor="test")

    revoked = await owner.post(f"{CONNECTORS}/shop/revoke")
    page = (await owner.get(f"{CONNECTORS}/shop")).text
    key = await owner.post(f"{CONNECTORS}/shop/keys", {"scope": "publish"})

    assert revoked.headers["location"] == CONNECTORS
    assert "nothing that it holds is worth anything" in page
    assert "New key" not in page
    assert key.status_code == 409


async def test_a_key_is_made_with_scopes_and_an_end_and_ends_then(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    await house.parts.access.create_connector("Shop", identifier="shop", actor="test")

    made = await owner.post(f"{CONNECTORS}/shop/keys", {"scope": ["publish"], "life": "30", "phone": ""})
    [key] = KEY.findall(made.text)
    caller = await house.parts.access.authenticate(key)
    page = (await owner.get(f"{CONNECTORS}/shop")).text
    await house.clock.jump(30 * DAY)

    assert caller.scopes == {"publish"}
    assert key not in page
    assert hash_of(key)[:12] in page
    assert "in 30 d" in page or "datetime" in page
    with pytest.raises(InvalidToken):
        await house.parts.access.authenticate(key)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"scope": ADMIN}, 'id="scope-error"'),
        ({"phone": NUMBER, "scope": "publish"}, "Nobody here has this number"),
        ({"phone": "x", "scope": "publish"}, 'id="phone-error"'),
        ({}, 'id="scope-error"'),
    ],
)
async def test_what_is_wrong_with_a_new_key_is_said_at_its_field(
    house: ConsoleHouse, form: dict[str, str], said: str
) -> None:
    owner = await house.person(Role.OWNER)
    await house.parts.access.create_connector("Shop", identifier="shop", actor="test")

    answer = await owner.post(f"{CONNECTORS}/shop/keys", form)

    assert answer.status_code == 422
    assert said in answer.text


@pytest.mark.parametrize(("overlap", "lives_on_ms"), [("24", DAY), ("0", 0)])
async def test_a_key_is_rolled_and_the_former_one_ends_after_the_overlap(
    house: ConsoleHouse, overlap: str, lives_on_ms: int
) -> None:
    owner = await house.person(Role.OWNER)
    access = house.parts.access
    await access.create_connector("Shop", identifier="shop", actor="test")
    former = await access.create_key("shop", actor="test", scopes=["publish"], life_ms=90 * DAY)
    before = await access.authenticate(former)

    rolled = await owner.post(f"{CONNECTORS}/shop/tokens/{hash_of(former)}/roll", {"overlap": overlap})
    [following] = KEY.findall(rolled.text)
    if lives_on_ms:
        assert await access.authenticate(former) == before
    await house.clock.jump(lives_on_ms)

    with pytest.raises(InvalidToken):
        await access.authenticate(former)
    assert await access.authenticate(following) == before
    assert (owner.person.id, "key.rolled") in await actions(house)


async def test_a_token_is_revoked_from_the_list_and_worth_nothing_at_once(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    access = house.parts.access
    await access.create_connector("Shop", identifier="shop", actor="test")
    key = await access.create_key("shop", actor="test")
    await access.authenticate(key)
    page = f"{CONNECTORS}/shop/tokens/{hash_of(key)}"

    revoked = await owner.post(f"{page}/revoke")
    again = await owner.post(f"{page}/revoke")
    rolled = await owner.post(f"{page}/roll", {"overlap": "0"})

    assert revoked.headers["location"] == f"{CONNECTORS}/shop"
    assert again.status_code == rolled.status_code == 404
    with pytest.raises(InvalidToken):
        await access.authenticate(key)


async def test_refresh_tokens_are_made_by_hand_and_listed_with_whose_they_are(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER, name="Asha Verma")
    made = await house.parts.access.create_connector("Shop", identifier="shop", actor="test")
    tokens = f"{CONNECTORS}/shop/tokens"

    mine = await owner.post(tokens, {"kind": "user", "phone": owner.person.phone})
    [token] = KEY.findall(mine.text)
    await house.parts.access.access_token(application_id="shop", application_secret=made.secret, refresh_token=token)
    everything = await owner.post(tokens, {"kind": "tenant"})
    nobody = await owner.post(tokens, {"kind": "user", "phone": NUMBER})
    nowhere = await owner.post(tokens, {"kind": "group", "group": "none"})
    nothing = await owner.post(tokens, {"kind": "?"})
    page = (await owner.get(f"{CONNECTORS}/shop?of=tokens")).text
    person = (await owner.get(f"{PEOPLE}/{owner.person.id}")).text

    assert KEY.search(everything.text)
    assert "Nobody here has this number" in nobody.text
    assert 'id="group-error"' in nowhere.text
    assert 'id="kind-error"' in nothing.text
    assert "Asha Verma</bdi></a></th>" not in page
    assert ">everything<" in page
    assert f'{PEOPLE}/{owner.person.id}"' in page
    assert ">now</time>" in page
    assert "Shop</bdi></a>" in person
