"""The audit log in the settings: filtered, and page by page."""

import re

from tests.console.house import ConsoleHouse
from tests.console.settings_pages import AUDIT, CONNECTORS, PEOPLE
from tidings.console.rights import Role


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
