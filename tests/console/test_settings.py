"""Settings: people and their roles, connectors and what they hold, the audit log, what is kept for how long."""

import asyncio
import re

import httpx
import pytest

from tests.console.house import ConsoleHouse, Visitor
from tidings.access.scope import ADMIN
from tidings.access.token import hash_of
from tidings.console.rights import Role
from tidings.core.caller import TokenKind
from tidings.core.clock import DAY, HOUR, Clock
from tidings.core.errors import InvalidToken
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft

EVIL = "<img src=x onerror=alert(1)>"
PEOPLE = "/console/settings/people"
CONNECTORS = "/console/settings/connectors"
AUDIT = "/console/settings/audit"
NUMBER = "+910000011111"
LINK = re.compile(r"http://127\.0\.0\.1:\d+(/console/first/[\w-]+)")
KEY = re.compile(r"td[kr]_[\w-]{43}")


async def actions(house: ConsoleHouse) -> list[tuple[str, str]]:
    return [(one.actor, one.action) for one in await house.parts.access.audit_entries(most=100)]


# People


async def test_somebody_is_invited_by_number_and_comes_in_by_the_link(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)

    answer = await owner.post(PEOPLE, {"phone": "+91 00000 11111", "name": "Ravi Menon", "role": "operator"})
    [link] = LINK.findall(answer.text)
    ravi = await house.browser()
    await ravi.get(link)
    page = await ravi.get(PEOPLE)

    assert answer.status_code == 200
    assert "Ravi Menon" in page.text
    assert ">you<" in page.text
    assert "Invite somebody" not in page.text
    assert (owner.person.id, "console.role_operator") in await actions(house)


async def test_whoever_is_known_keeps_their_name_when_they_are_invited(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    answer = await owner.post(PEOPLE, {"phone": NUMBER, "name": "Somebody else", "role": "reader"})

    assert "Ravi Menon" in answer.text
    assert await house.parts.entrance.sessions.role(ravi.id) == "reader"


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"phone": "12", "name": "A", "role": ""}, "phone", "Expected a phone number"),
        ({"phone": "", "name": "A", "role": ""}, "phone", "Is empty"),
        ({"phone": NUMBER, "name": "", "role": ""}, "name", "Is empty"),
        ({"phone": NUMBER, "name": "A", "role": "emperor"}, "role", "Choose one"),
        ({"phone": NUMBER, "name": "A", "role": "stranger"}, "role", "Choose one"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said_at_its_field(
    house: ConsoleHouse, form: dict[str, str], field: str, words: str
) -> None:
    owner = await house.person(Role.OWNER)

    answer = await owner.post(PEOPLE, form)

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert words in answer.text


async def test_people_are_found_by_a_part_of_their_name(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER, name="Asha Verma")
    await house.person(Role.MEMBER, name="Ravi Menon")

    roles = (await reader.get(PEOPLE)).text
    everybody = (await reader.get(f"{PEOPLE}?whom=all")).text
    found = (await reader.get(f"{PEOPLE}?search=MENON")).text
    nobody = (await reader.get(f"{PEOPLE}?search=%25")).text

    assert "Asha Verma</bdi></a>" in roles
    assert "Ravi Menon" not in roles
    assert "Ravi Menon" in everybody
    assert "Ravi Menon" in found
    assert "Asha Verma</bdi></a>" not in found
    assert "Nobody found" in nobody


async def test_a_long_list_of_people_goes_on_page_by_page(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER, name="Asha Verma")
    for number in range(55):
        await house.parts.access.create_person(f"+92000000{number:04}", actor="test", name=f"Person {number}")

    first = (await reader.get(f"{PEOPLE}?whom=all")).text
    [older] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = (await reader.get(older.replace("&amp;", "&"))).text

    shown = [set(re.findall(r"<bdi>(Person \d+|Asha Verma)</bdi></a>", page)) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 6]
    assert not shown[0] & shown[1]
    assert "Newest" in second


async def test_a_role_is_given_and_the_last_owner_keeps_theirs(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    mine, theirs = f"{PEOPLE}/{owner.person.id}", f"{PEOPLE}/{reader.person.id}"

    last = await owner.post(f"{mine}/role", {"role": ""})
    given = await owner.post(f"{theirs}/role", {"role": "owner"})
    again = await owner.post(f"{theirs}/role", {"role": "owner"})
    left = await owner.post(f"{mine}/role", {"role": "reader"})

    assert last.status_code == 409
    assert "The last owner stays one" in last.text
    assert given.status_code == again.status_code == left.status_code == 303
    assert left.headers["location"] == "/console/"
    assert (await owner.get(f"{PEOPLE}/new")).status_code == 403
    assert (await reader.get(f"{PEOPLE}/new")).status_code == 200


async def test_when_somebody_was_last_seen_is_told(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    await house.clock.advance(2 * HOUR)
    page = f"{PEOPLE}/{reader.person.id}"

    before = (await owner.get(page)).text
    await reader.get("/console/components")
    after = (await owner.get(page)).text

    assert before.count("2 h ago") > after.count("2 h ago")
    assert ">now<" in after


async def test_an_owner_signs_somebody_out_everywhere_and_lets_them_in_again(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    page = f"{PEOPLE}/{reader.person.id}"

    await owner.post(f"{page}/sign-out")
    gone = await reader.get("/console/components")
    [link] = LINK.findall((await owner.post(f"{page}/link")).text)
    await reader.get(link)

    assert gone.status_code == 303
    assert (await reader.get("/console/components")).status_code == 200
    assert (owner.person.id, "console.sessions_ended") in await actions(house)


async def erase(house: ConsoleHouse, owner: Visitor, *, person: str) -> httpx.Response:
    """Erase somebody, while the time goes on."""
    sending = asyncio.create_task(owner.post(f"{PEOPLE}/{person}/erase", {"number": NUMBER}))
    async with asyncio.timeout(20):
        while not sending.done():
            await house.clock.advance(500)
            await Clock().sleep(0.01)  # disk and network are real, and take real time
    return sending.result()


async def test_a_person_is_erased_once_their_number_is_written(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    wrong = await owner.post(f"{PEOPLE}/{ravi.id}/erase", {"number": "+910000000009"})
    done = await erase(house, owner, person=ravi.id)

    assert wrong.status_code == 422
    assert 'id="number-error"' in wrong.text
    assert done.headers["location"] == PEOPLE
    assert (await owner.get(f"{PEOPLE}/{ravi.id}")).status_code == 404
    assert (owner.person.id, "person.erased") in await actions(house)


async def test_an_erasure_that_takes_long_goes_on_behind_the_page(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)
    ravi = await house.parts.access.create_person(NUMBER, actor="test", name="Ravi Menon")

    # Without time going on it waits until everybody refuses the person.
    going_on = await owner.post(f"{PEOPLE}/{ravi.id}/erase", {"number": NUMBER})
    page = (await owner.get(f"{PEOPLE}/{ravi.id}")).text
    listed = (await owner.get(f"{PEOPLE}?whom=all")).text
    done = await erase(house, owner, person=ravi.id)

    assert going_on.headers["location"] == f"{PEOPLE}/{ravi.id}"
    assert "This person is being erased" in page
    assert "being erased" in listed
    assert done.headers["location"] == PEOPLE


async def test_whoever_has_a_role_is_not_erased(house: ConsoleHouse) -> None:
    owner, reader = await house.person(Role.OWNER), await house.person(Role.READER)
    page = f"{PEOPLE}/{reader.person.id}/erase"

    asked = await owner.get(page)
    refused = await owner.post(page, {"number": reader.person.phone})

    assert "Take the role away first" in asked.text
    assert refused.status_code == 409


# Connectors and tokens


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


# The audit log


async def test_the_audit_log_is_read_by_who_what_to_what_and_when(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER, name="Asha Verma")
    await owner.post(CONNECTORS, {"name": "Shop", "id": "shop", "scope": "publish"})
    today = (await owner.get(AUDIT)).text

    who = (await owner.get(f"{AUDIT}?actor={owner.person.id}")).text
    what = (await owner.get(f"{AUDIT}?action=connector.created")).text
    about = (await owner.get(f"{AUDIT}?about=shop")).text
    later = (await owner.get(f"{AUDIT}?since=2099-01-01")).text
    wrong = await owner.get(f"{AUDIT}?until=31.12.")

    rows = [page.count('data-label="What"') for page in (who, what, about, later)]
    assert rows == [2, 1, 1, 0]
    assert f'href="{CONNECTORS}/shop"' in what
    assert f'href="{PEOPLE}/{owner.person.id}"' in today
    assert "Only what was done to" in about
    assert "Nothing was recorded that is like this" in later
    assert wrong.status_code == 422
    assert 'id="until-error"' in wrong.text


async def test_the_audit_log_goes_on_page_by_page_as_it_was_asked(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    for number in range(60):
        await house.parts.access.audit("the robot", "thing.done", about=f"thing {number}")

    first = (await reader.get(f"{AUDIT}?actor=the+robot")).text
    [older] = re.findall(r'rel="next" href="([^"]+)"', first)
    second = (await reader.get(older.replace("&amp;", "&"))).text

    shown = [set(re.findall(r"thing \d+", page)) for page in (first, second)]
    assert [len(one) for one in shown] == [50, 10]
    assert not shown[0] & shown[1]
    assert (await reader.get(f"{AUDIT}?cursor=x")).status_code == 422


# Retention


async def test_what_is_kept_is_told_with_sizes_and_settings_but_no_secret(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    event = Event(type="order.created", subjects=(Subject("Application", "shop"),), at=0, source="test", data=b"{}")
    await house.parts.hub.publisher.publish_one(Draft(event=event))

    page = (await reader.get("/console/settings/retention")).text

    for words in ("TIDINGS_RETENTION", "30 d", "400 d", "Write-ahead log", "Audit log", "TIDINGS_SECRET_KEY"):
        assert words in page
    assert house.parts.settings.secret_key.reveal() not in page
    assert house.parts.settings.database.reveal() not in page


# All of them


async def test_names_from_outside_are_text_on_every_page(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER, name=f"{EVIL}\u202e")
    await house.parts.access.create_connector(EVIL, identifier="shop", actor="test")
    await house.parts.access.create_key("shop", actor="test", phone=owner.person.phone)
    await house.parts.access.audit(EVIL, EVIL, about=EVIL)

    pages = [
        PEOPLE,
        f"{PEOPLE}?search=%3Cimg+src",
        f"{PEOPLE}/{owner.person.id}",
        f"{PEOPLE}/{owner.person.id}/erase",
        CONNECTORS,
        f"{CONNECTORS}/shop",
        f"{CONNECTORS}/shop/keys/new",
        AUDIT,
        f"{AUDIT}?actor=%3Cimg+src=x%3E&about=%3Cimg+src=x%3E",
    ]

    for path in pages:
        page = (await owner.get(path)).text
        assert "<img" not in page, path
        assert "&lt;img" in page, path
        assert "\u202e" not in page, path


@pytest.mark.parametrize(
    "path",
    [
        f"{PEOPLE}?whom=all&cursor=x.y",
        f"{PEOPLE}/none",
        f"{CONNECTORS}/none",
    ],
)
async def test_addresses_that_lead_nowhere_say_what_to_do(house: ConsoleHouse, path: str) -> None:
    reader = await house.person(Role.READER)

    answer = await reader.get(path)

    assert answer.status_code in {404, 422}
    assert "<h1>" in answer.text
