"""All pages of the settings: what is kept for how long, and what they make of names and addresses."""

import pytest

from tests.console.house import ConsoleHouse
from tests.console.settings_pages import AUDIT, CONNECTORS, EVIL, PEOPLE
from tidings.console.rights import Role
from tidings.core.event import Event, Subject
from tidings.outbox.publisher import Draft


async def test_what_is_kept_is_told_with_sizes_and_settings_but_no_secret(house: ConsoleHouse) -> None:
    reader = await house.person(Role.READER)
    event = Event(type="order.created", subjects=(Subject("Application", "shop"),), at=0, source="test", data=b"{}")
    await house.parts.hub.publisher.publish_one(Draft(event=event))

    page = (await reader.get("/console/settings/retention")).text

    for words in ("TIDINGS_RETENTION", "30 d", "400 d", "Write-ahead log", "Audit log", "TIDINGS_SECRET_KEY"):
        assert words in page
    assert house.parts.settings.secret_key.reveal() not in page
    assert house.parts.settings.database.reveal() not in page


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
