"""Connecting tools in the console: a login for each, told once, listed with its last use, and ended."""

import base64
import io
import re
import zipfile

import httpx
import pytest

from tests.console.house import ConsoleHouse
from tests.console.test_data_dashboards import filled
from tests.dashboards.forms import TABLE
from tidings.console.rights import Role
from tidings.core.clock import MINUTE

HERE = "/console/connect"
_ARCHIVE = re.compile(r'href="data:application/zip;base64,([^"]+)"')
_PASSWORD = re.compile(r"password  (\S+)")


def archive(page: str) -> zipfile.ZipFile:
    found = _ARCHIVE.search(page)
    assert found is not None
    return zipfile.ZipFile(io.BytesIO(base64.b64decode(found[1])))


async def read(house: ConsoleHouse, password: str) -> int:
    async with httpx.AsyncClient(base_url=house.server.url, auth=("any", password)) as program:
        return (await program.get(f"/tables/{TABLE}.csv")).status_code


async def test_a_tool_is_connected_and_its_login_ended(house: ConsoleHouse) -> None:
    await filled(house)
    owner = await house.person(Role.OWNER)

    made = await owner.post(HERE, {"tool": "powerbi", "table": "", "name": "Sales <b>team</b>"})
    page = (await owner.get(HERE)).text

    password = _PASSWORD.search(made.text)
    assert made.status_code == 201
    assert password is not None
    files = archive(made.text).namelist()
    assert {"README.txt", "tidings.pbids", "project/Tidings.pbip"} <= set(files)
    assert "Open tidings.pbids" in made.text
    assert "Sales &lt;b&gt;team&lt;/b&gt; (powerbi)" in page
    assert password[1] not in page
    assert "never" in page
    assert await read(house, password[1]) == 200
    await house.clock.advance(2 * MINUTE)
    [reading] = await house.parts.access.connectors()

    revoked = await owner.post(f"{HERE}/{reading.id}/revoke")

    assert revoked.status_code == 303
    assert await read(house, password[1]) == 401
    assert "Nobody yet" in (await owner.get(HERE)).text
    actions = {one.action for one in await house.parts.access.audit_entries()}
    assert {"connector.created", "key.created", "connector.revoked"} <= actions


@pytest.mark.parametrize(
    ("tool", "file"), [("excel", "excel.txt"), ("grafana", "tidings.json"), ("tableau", "tableau.txt")]
)
async def test_every_tool_gets_what_it_needs_for_one_table(house: ConsoleHouse, tool: str, file: str) -> None:
    await filled(house)
    owner = await house.person(Role.OWNER)

    made = await owner.post(HERE, {"tool": tool, "table": TABLE, "name": ""})

    files = archive(made.text)
    assert made.status_code == 201
    assert file in files.namelist()
    assert TABLE in files.read(file).decode()


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"tool": "metabase", "table": "", "name": ""}, 422, "the tables must be in PostgreSQL"),
        ({"tool": "nonsense", "table": "", "name": ""}, 422, "Choose one of the list"),
        ({"tool": "excel", "table": "nothing", "name": ""}, 422, "there is no such table"),
        ({"tool": "", "table": "", "name": ""}, 422, "Is empty"),
    ],
)
async def test_what_cannot_be_connected_is_told_and_nothing_is_made(
    house: ConsoleHouse, form: dict[str, str], status: int, said: str
) -> None:
    await filled(house)
    owner = await house.person(Role.OWNER)

    answer = await owner.post(HERE, form)

    assert answer.status_code == status
    assert said.lower() in answer.text.lower()
    assert not await house.parts.access.connectors()


async def test_who_is_no_owner_sees_the_logins_and_makes_none(house: ConsoleHouse) -> None:
    reader = await filled(house)

    page = await reader.get(HERE)

    assert page.status_code == 200
    assert 'name="tool"' not in page.text
    assert "owners make them" in page.text


async def test_other_connectors_are_not_listed_and_not_ended_here(house: ConsoleHouse) -> None:
    await filled(house)
    owner = await house.person(Role.OWNER)
    other = await house.parts.access.create_connector("Payroll", actor="test")

    page = (await owner.get(HERE)).text
    answer = await owner.post(f"{HERE}/{other.id}/revoke")

    assert "Payroll" not in page
    assert answer.status_code == 404
    assert (await owner.post(f"{HERE}/roles/nothing/drop")).status_code == 404
    [kept] = await house.parts.access.connectors()
    assert kept.revoked_at is None


async def test_a_connection_on_an_empty_installation_says_when_there_will_be_tables(house: ConsoleHouse) -> None:
    owner = await house.person(Role.OWNER)

    answer = await owner.post(HERE, {"tool": "excel", "table": "", "name": ""})

    assert answer.status_code == 422
    assert "there are no tables yet" in answer.text.lower()
